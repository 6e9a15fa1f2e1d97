package talk

import (
	"context"
	"errors"
	"fmt"
	"net/http"

	"github.com/gin-gonic/gin"

	"chatgate/gateway/audit"
	"chatgate/gateway/chat"
	"chatgate/gateway/keyring"
	"chatgate/gateway/limit"
	"chatgate/gateway/problem"
	"chatgate/gateway/session"
	"chatgate/oidc"
	"chatgate/store"
)

// errNoEmail says that Coral's single sign-on would need an e-mail address and there is none to vouch for.
var errNoEmail = errors.New("no verified e-mail address")

// admit says as whom Talk may have an identity. It returns a *chat.DeniedError for one that the access rules leave out
// (D7), and errNoEmail.
func (c *connector) admit(ctx context.Context, id oidc.Identity) (account, error) {
	if err := c.cfg.Access.Allow(id); err != nil {
		return account{}, err
	}
	a, err := c.account(ctx, id)
	if err == nil && c.cfg.Profile == CoralSSO && a.Email == "" {
		return account{}, errNoEmail
	}
	return a, err
}

// phrases say to the end user why the access rules leave them out.
var phrases = map[chat.Reason]string{
	chat.ReasonProvider: "it does not take sign-ins of your identity provider",
	chat.ReasonGroup:    "none of your groups may enter",
	chat.ReasonEmail:    "your e-mail address is not on its list",
	chat.ReasonVerified: "your e-mail address is not verified",
}

// refusal is an error as the caller and the audit hear of it.
type refusal struct {
	told   error
	act    audit.Act // empty when nobody was refused anything: an outage is no refusal
	reason audit.Reason
}

// refusal words an error. One that is not known here stays what it is.
func (c *connector) refusal(err error) refusal {
	var denied *chat.DeniedError
	var exceeded *limit.Exceeded
	switch {
	case errors.As(err, &denied):
		told := problem.AccessDenied(c.env.Name, phrases[denied.Reason], err)
		return refusal{told: told, act: audit.ChatTokenRefused, reason: audit.Reason(denied.Reason)}
	case errors.Is(err, errNoEmail):
		return refusal{told: needsEmail(c.env.Name, err), act: audit.ChatTokenRefused, reason: audit.EmailUnverified}
	case errors.Is(err, session.ErrEnded):
		return refusal{told: problem.SessionRequired(err), act: audit.ChatTokenRefused, reason: audit.SessionEnded}
	case errors.As(err, &exceeded):
		told := problem.TooManyRequests(exceeded.RetryAfter, err)
		return refusal{told: told, act: audit.LimitExceeded, reason: audit.Reason(exceeded.Rule)}
	case errors.Is(err, keyring.ErrNotLoaded):
		return refusal{told: problem.KeysNotLoaded(err)}
	case errors.Is(err, store.ErrUnavailable):
		return refusal{told: problem.StoreUnavailable(err)}
	default:
		return refusal{told: err}
	}
}

// needsEmail says what EmailUnverified does not: here no account is in the way, the chat takes nobody without an address.
func needsEmail(chat string, err error) error {
	told := problem.EmailUnverified(chat, err)
	told.Detail = "You are signed in, but " + chat + " needs an e-mail address that your identity provider has verified. " +
		"Verify yours there, then sign in again."
	return told
}

// tokenRefused answers a server that asks about a token which is not good here. The reason is for the log: the answer
// is the same for all of them (S101).
func tokenRefused(reason error) error {
	return fmt.Errorf("%w: %w", &problem.Error{
		Status: http.StatusUnauthorized, Code: "talk_token_refused",
		Heading: "Not authorized", Detail: "The request carries no token that is good here.",
	}, reason)
}

// refuse counts and audits why a page got no token, and returns what it is told.
func (c *connector) refuse(g *gin.Context, s session.Session, err error) error {
	r := c.refusal(err)
	c.env.Metrics.Token(c.env.Name, codeOf(r.told))
	if r.act != "" {
		c.record(g, s, audit.Event{Act: r.act, Reason: r.reason})
	}
	return r.told
}

// codeOf is the code that the caller is told.
func codeOf(err error) string {
	var told *problem.Error
	if errors.As(err, &told) {
		return told.Code
	}
	return problem.Internal(err).Code
}

// record writes an audit line about a session, which is the zero one where none was looked at.
func (c *connector) record(g *gin.Context, s session.Session, e audit.Event) {
	e.Provider, e.Subject = s.Identity.Provider, s.Identity.Subject
	e.Chat, e.Session, e.Address = c.env.Name, s.Label(), g.ClientIP()
	c.env.Audit.Record(g.Request.Context(), e)
}
