package talk

import (
	"context"
	"errors"
	"fmt"
	"net/http"

	"chatgate/gateway/audit"
	"chatgate/gateway/chat"
	"chatgate/gateway/decision"
	"chatgate/gateway/keyring"
	"chatgate/gateway/problem"
	"chatgate/gateway/session"
)

// refuse counts and audits why a page got no token, and returns what it is told.
func (c *connector) refuse(ctx context.Context, who chat.Caller, err error) error {
	switch {
	case errors.Is(err, errNoEmail):
		c.env.Record(ctx, who, audit.Event{Act: audit.ChatTokenRefused, Reason: audit.EmailUnverified})
	case errors.Is(err, errGivenAway):
		c.env.Record(ctx, who, audit.Event{Act: audit.ChatTokenRefused, Reason: audit.LinkedElsewhere})
	case errors.Is(err, session.ErrEnded):
		c.env.Record(ctx, who, audit.Event{Act: audit.ChatTokenRefused, Reason: audit.SessionEnded})
	}
	told := c.told(err)
	c.env.Metrics.Refused(c.env.Name, told)
	return told
}

// accountMoved is what somebody is told whose account went over to another sign-in of theirs (D6).
var accountMoved = problem.Reason{Code: "account_moved", Phrase: "it went over to another sign-in of yours, which is the one to use"}

// told words an error for the caller.
func (c *connector) told(err error) error {
	switch {
	case errors.Is(err, errNoEmail):
		return problem.EmailUnverified(c.env.Title, err)
	case errors.Is(err, errGivenAway):
		return problem.AccountRefused(c.env.Title, accountMoved, err)
	case errors.Is(err, keyring.ErrNotLoaded):
		return problem.KeysNotLoaded(err)
	case errors.Is(err, errOvertaken): // whoever asks again gets what they may have now
		return problem.ChatUnavailable(c.env.Title, err)
	}
	return chat.Told(err)
}

// tokenRefused answers a server that asks about a token which is not good here. The reason is for the log: the answer
// is the same for all of them (S101).
func tokenRefused(reason error) error {
	return fmt.Errorf("%w: %w", &problem.Error{
		Status: http.StatusUnauthorized, Code: "talk_token_refused",
		Heading: "Not authorized", Detail: "The request carries no token that is good here.",
	}, decision.Because(decision.TokenRefused, reason))
}
