package rocketchat

import (
	"errors"
	"net/http"

	"chatgate/gateway/audit"
	"chatgate/gateway/chat"
	"chatgate/gateway/problem"
)

// Reasons in the audit log that only this connector has.
const (
	byUsername         audit.Reason = "username"            // linked where the operator trusts the provider with names
	addressUnconfirmed audit.Reason = "address_unconfirmed" // the account has the address and has not confirmed it
)

// Why a person is given no account. That an account is not a person's also keeps people out of the accounts of bots, of
// apps and of this gateway itself.
var (
	severalAccounts = problem.Reason{Code: "several_accounts", Phrase: "several accounts have your e-mail address"}
	notAPerson      = problem.Reason{Code: "not_a_person", Phrase: "the account with your name or address is not a person's"}
	notLinked       = problem.Reason{Code: "not_linked_by_email", Phrase: "an account with your e-mail address exists, and accounts are not linked by address here"}
	notConfirmed    = problem.Reason{Code: "email_not_confirmed", Phrase: "the account with your e-mail address has not confirmed it there, so an administrator has to"}
	noFreeName      = problem.Reason{Code: "no_free_name", Phrase: "no name is free for your account"}
	notMadeHere     = problem.Reason{Code: "not_made_here", Phrase: "your account was not made by signing in here, and this gateway may open no other"}
	notCreated      = problem.Reason{Code: "creation_disabled", Phrase: "signing in makes none here, so an administrator has to"}
	emailMissing    = problem.Reason{Code: "email_missing", Phrase: "an account needs an e-mail address, and your identity provider gave none"}
	emailRefused    = problem.Reason{Code: "email_not_accepted", Phrase: "your e-mail address is not accepted there"}
)

// Codes of what only a Rocket.Chat frame is told. The frame has a sentence for each, in the reader's language.
const (
	codeHeld            = "held"
	codeTokenUnverified = "token_unverified"
	codeJustGiven       = "just_given"
)

// held answers a live session while a frame completes a sign-in (B-16).
func held() *problem.Error {
	return &problem.Error{
		Status: http.StatusUnauthorized, Code: codeHeld,
		Heading: "One moment", Detail: "A sign-in is being completed on this page.",
	}
}

// tokenUnverified answers when Rocket.Chat did not say whether it still takes the login: nothing is posted until the
// person presses Continue (D12).
func tokenUnverified() *problem.Error {
	return &problem.Error{
		Status: http.StatusConflict, Code: codeTokenUnverified,
		Heading: "Continue?", Detail: "It is not known whether you are still signed in. Press Continue to go on.",
	}
}

// justGiven answers when the same login was handed out a moment ago, so that a chat which does not take it cannot ask
// for it in a loop (D13, R16).
func justGiven() *problem.Error {
	return &problem.Error{
		Status: http.StatusConflict, Code: codeJustGiven,
		Heading: "Continue?", Detail: "Press Continue to sign in once more.",
	}
}

// refuse counts why a call got no token, and returns what its caller is told.
func (c *connector) refuse(err error) error {
	told := c.told(err)
	c.env.Metrics.Refused(c.env.Name, told)
	return told
}

// told words an error for the caller: what is about every chat first, then what Rocket.Chat said.
func (c *connector) told(err error) error {
	told := chat.Told(err)
	if _, known := errors.AsType[*problem.Error](told); known {
		return told
	}
	if limited, ok := errors.AsType[*limitedError](err); ok {
		unavailable := problem.ChatUnavailable(c.env.Title, err)
		unavailable.RetryAfter = limited.wait
		return unavailable
	}
	// Whose account was taken away meanwhile asks again, and is then judged anew.
	if errors.Is(err, errUnavailable) || errors.Is(err, errRelinked) || errors.As(err, new(*operatorError)) || errors.As(err, new(*apiError)) {
		return problem.ChatUnavailable(c.env.Title, err)
	}
	return err
}
