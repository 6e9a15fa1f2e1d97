package rocketchat

import (
	"errors"
	"net/http"

	"chatgate/gateway/audit"
	"chatgate/gateway/chat"
	"chatgate/gateway/problem"
	"chatgate/gateway/session"
	"chatgate/store"
)

// byUsername is why an account was linked where the operator trusts the provider with names.
const byUsername audit.Reason = "username"

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

// deniedPhrases say why the access rules leave a person out, in words that complete a sentence.
var deniedPhrases = map[chat.Reason]string{
	chat.ReasonProvider: "it is open to people of another identity provider",
	chat.ReasonGroup:    "you are in none of the groups it is open to",
	chat.ReasonEmail:    "it is not open to your e-mail address",
	chat.ReasonVerified: "your e-mail address is not verified",
}

// told turns any error into what a client may know. Errors that nobody has words for stay as they are.
func (c *connector) told(err error) error {
	known, limited, operator := (*problem.Error)(nil), (*limitedError)(nil), (*operatorError)(nil)
	switch {
	case errors.As(err, &known):
		return err
	case errors.Is(err, session.ErrNone), errors.Is(err, session.ErrEnded):
		return problem.SessionRequired(err)
	case errors.Is(err, store.ErrUnavailable), errors.Is(err, store.ErrUnknownKey):
		return problem.StoreUnavailable(err)
	case errors.As(err, &limited):
		unavailable := problem.ChatUnavailable(c.env.Name, err)
		unavailable.RetryAfter = limited.wait
		return unavailable
	case errors.Is(err, errUnavailable), errors.As(err, &operator), errors.As(err, new(*apiError)):
		return problem.ChatUnavailable(c.env.Name, err)
	}
	return err
}
