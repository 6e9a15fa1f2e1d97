package talk

import (
	"context"
	"crypto/sha256"
	"crypto/subtle"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"time"

	"github.com/gin-gonic/gin"

	"chatgate/gateway/audit"
	"chatgate/gateway/chat"
	"chatgate/gateway/decision"
	"chatgate/gateway/problem"
	"chatgate/gateway/session"
	"chatgate/store"
)

// issueRequest names the person that a token is wanted for, by their user id at this site.
type issueRequest struct {
	ID string `json:"id"`
}

// person is whose a user id is.
type person struct {
	Provider string `json:"p"`
	Subject  string `json:"b"`
}

// personKept is how long a user id leads to its person after their last token. Whoever has been away for longer is found
// again with the next one.
const personKept = 90 * 24 * time.Hour

// issue signs a token for a site's own server (G13, D19). The person must be signed in: what the token says comes from
// their session, and it ends with it. Nothing of that is the caller's to choose. No CORS header is ever sent.
func (c *connector) issue(g *gin.Context) error {
	g.Header("Cache-Control", "no-store")
	ctx, who := g.Request.Context(), chat.Caller{Address: g.ClientIP()}
	client, err := c.issueClient(g.Request)
	if err != nil {
		if limited := c.countRefused(ctx, who); limited != nil {
			return c.told(limited)
		}
		c.env.Record(ctx, who, audit.Event{Act: audit.ChatTokenRefused, Reason: audit.ClientRefused})
		g.Header("WWW-Authenticate", `Basic realm="chatgate", charset="UTF-8"`) // RFC 7617, Section 2
		return clientRefused(err)
	}
	if err := c.env.Allow(ctx, c.env.Rules.TalkIssueClient, c.env.Name+"/"+client, who); err != nil {
		return c.told(err)
	}
	var request issueRequest
	if err := chat.ReadObject(g.Request.Body, &request); err != nil {
		return problem.InvalidRequest("The body must be a JSON object with id.", err)
	}
	t, err := c.issueFor(ctx, &who, request.ID)
	if errors.Is(err, errNobody) {
		return problem.NotFound(err)
	}
	if err != nil {
		return c.told(err)
	}
	c.env.Metrics.Token(c.env.Name, resultIssued)
	c.env.Record(ctx, who, audit.Event{Act: audit.TalkTokenSigned, Attrs: []slog.Attr{
		slog.String("jti", t.ID), slog.String("kid", t.KID), slog.String("client", client),
	}})
	g.JSON(http.StatusCreated, t.answer())
	return nil
}

const resultIssued = "issued"

// issueClient is the name of the server that a request proves to come from.
func (c *connector) issueClient(r *http.Request) (string, error) {
	name, secret, ok := r.BasicAuth()
	if !ok || len(r.Header.Values("Authorization")) != 1 {
		return "", errors.New("no client's name and secret")
	}
	client, known := c.cfg.IssueClients[name]
	// An unknown name costs what a wrong secret does, so that the answer's time tells nothing of names.
	want, got := sha256.Sum256([]byte(client.Secret.Reveal())), sha256.Sum256([]byte(secret))
	if subtle.ConstantTimeCompare(want[:], got[:]) != 1 || !known {
		return "", errors.New("unknown client, or wrong secret")
	}
	last, err := client.lastDay()
	if err != nil || !c.env.Now().Before(last.AddDate(0, 0, 1)) {
		return "", fmt.Errorf("the secret of client %q was good until %s", name, client.Expires)
	}
	return name, nil
}

// issueFor signs for the newest session of the person with a user id, and makes them the one in who.
func (c *connector) issueFor(ctx context.Context, who *chat.Caller, userID string) (signed, error) {
	s, err := c.newestOf(ctx, userID)
	if err != nil {
		return signed{}, err
	}
	who.Session = s
	if err := c.cfg.Access.Allow(s.Identity); err != nil {
		return signed{}, fmt.Errorf("%w: %w", errNobody, err)
	}
	a, err := c.account(ctx, s.Identity)
	if err != nil {
		return signed{}, nobodyFor(err, errNoEmail, errGivenAway)
	}
	if a.ID != userID {
		return signed{}, fmt.Errorf("%w: a user id of another generation", errNobody)
	}
	basis, err := c.basis(s.Identity)
	if err != nil {
		return signed{}, err
	}
	t, err := c.signApart(ctx, *who, a, c.stamp(s, basis, c.cfg.TokenLifetime))
	if _, denied := errors.AsType[*chat.DeniedError](err); denied {
		return signed{}, fmt.Errorf("%w: %w", errNobody, err)
	}
	return t, nobodyFor(err, session.ErrNone)
}

// newestOf is the last session that the person with a user id began, with what it keeps for this chat, or errNobody.
func (c *connector) newestOf(ctx context.Context, userID string) (session.Session, error) {
	p, err := c.people.Get(ctx, userID)
	if err != nil {
		return session.Session{}, nobodyFor(err, store.ErrNotFound, store.ErrCorrupt, store.ErrUnknownKey)
	}
	all, err := c.env.Sessions.OfSubject(ctx, p.Provider, p.Subject)
	if err != nil {
		return session.Session{}, err
	}
	var newest session.Session
	for _, s := range all {
		if newest.Key == "" || s.Begun.After(newest.Begun) {
			newest = s.Session
		}
	}
	if newest.Key == "" {
		return session.Session{}, fmt.Errorf("%w: not signed in", errNobody)
	}
	s, err := c.env.Sessions.ByKey(ctx, newest.Key, c.env.Name)
	return s, nobodyFor(err, session.ErrNone)
}

// remember lets servers ask for tokens of a person by the user id. Where none may, nothing is kept.
func (c *connector) remember(ctx context.Context, s session.Session, a account) error {
	if len(c.cfg.IssueClients) == 0 {
		return nil
	}
	who := person{Provider: s.Identity.Provider, Subject: s.Identity.Subject}
	if err := c.people.Put(ctx, a.ID, who, personKept); err != nil {
		return fmt.Errorf("remember whose the talk user id is: %w", err)
	}
	return nil
}

// clientRefused answers a server that has not proved who it is. The reason is for the log.
func clientRefused(reason error) error {
	return fmt.Errorf("%w: %w", &problem.Error{
		Status: http.StatusUnauthorized, Code: "client_refused",
		Heading: "Not authorized", Detail: "The request does not prove which client sends it.",
	}, decision.Because(decision.ClientRefused, reason))
}
