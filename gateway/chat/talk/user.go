package talk

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/gin-gonic/gin"

	"chatgate/gateway/chat"
	"chatgate/gateway/decision"
	"chatgate/gateway/keyring"
	"chatgate/gateway/limit"
	"chatgate/gateway/problem"
	"chatgate/gateway/session"
	"chatgate/store"
)

// userAnswer is the answer that a tokenUserNotFound hook of Talk 4 expects (G13).
type userAnswer struct {
	ID       string `json:"id"`
	Email    string `json:"email,omitempty"`
	Username string `json:"username"`
}

// errNobody says that a token is good and nobody stands behind it any more.
var errNobody = decision.Because(decision.NobodyBehind, errors.New("no live session behind the talk token"))

// user says who a Talk token belongs to, while the session it was signed for lives: 401 for a token that is not this
// site's or not good any more, 404 when the session is over or its person may not enter now (G13). It is for servers:
// no CORS header is ever sent, and the token itself is the credential.
func (c *connector) user(g *gin.Context) error {
	g.Header("Cache-Control", "no-store")
	ctx, who := g.Request.Context(), chat.Caller{Address: g.ClientIP()}
	claims, err := c.signer.verify(bearer(g.Request))
	if errors.Is(err, keyring.ErrRefused) {
		if limited := c.countRefused(ctx, who); limited != nil {
			return c.told(limited)
		}
		g.Header("WWW-Authenticate", `Bearer error="invalid_token"`) // RFC 6750, Section 3
		return tokenRefused(err)
	}
	if err == nil {
		err = c.asked.Allow(claims.ID)
	}
	if err != nil {
		return c.told(err)
	}
	a, err := c.behind(ctx, claims)
	if errors.Is(err, errNobody) {
		return problem.NotFound(err)
	}
	if err != nil {
		return c.told(err)
	}
	g.JSON(http.StatusOK, userAnswer{ID: a.ID, Email: a.Email, Username: a.Username})
	return nil
}

// askedRule is how often one replica answers about one token: Talk's plugin asks once, and whoever has a token, as every
// reader has their own, could ask for ever.
var askedRule = limit.Rule{Name: "talk_user_token", Max: 120, Per: time.Minute}

// countRefused counts the credentials that are refused at an address, and no others. Behind a product's server stand all
// its readers, and a stranger makes it bring what they like: a credential that is good must be let through whatever else
// comes from there (S125). To guess a signature, or a secret of 32 characters, no limit is needed.
func (c *connector) countRefused(ctx context.Context, who chat.Caller) error {
	return c.env.Allow(ctx, c.env.Rules.TalkUserAddress, limit.AddressText(who.Address), who)
}

// owner is the session that a token was signed for.
type owner struct {
	Session string `json:"s"`
}

// own remembers whose a token is for as long as it is good. The token itself names no session.
func (c *connector) own(ctx context.Context, jti, session string, expires time.Time) error {
	if err := c.owners.Put(ctx, jti, owner{Session: session}, expires.Sub(c.env.Now())); err != nil {
		return fmt.Errorf("remember whose the talk token is: %w", err)
	}
	return nil
}

// behind returns the account of whoever a token was signed for, or errNobody: there is no record of it or none that
// opens (S68), no session, nobody who may enter, or they go by another user id now (D6).
func (c *connector) behind(ctx context.Context, claims keyring.Claims) (account, error) {
	o, err := c.owners.Get(ctx, claims.ID)
	if err != nil {
		return account{}, nobodyFor(err, store.ErrNotFound, store.ErrCorrupt, store.ErrUnknownKey)
	}
	s, err := c.env.Sessions.ByKey(ctx, o.Session, c.env.Name)
	if err != nil {
		return account{}, nobodyFor(err, session.ErrNone)
	}
	if err := c.cfg.Access.Allow(s.Identity); err != nil {
		return account{}, fmt.Errorf("%w: %w", errNobody, err)
	}
	a, err := c.account(ctx, s.Identity)
	if err != nil {
		return account{}, nobodyFor(err, errNoEmail, errGivenAway)
	}
	if claims.Subject != "" && claims.Subject != a.ID { // tokens of single sign-on name no subject there, and end by the ledger
		return account{}, fmt.Errorf("%w: a former user id", errNobody)
	}
	return c.named(ctx, a)
}

// nobodyFor makes errNobody of an error that is one of those given, and leaves any other, such as that of a store which
// cannot say.
func nobodyFor(err error, gone ...error) error {
	if slices.ContainsFunc(gone, func(is error) bool { return errors.Is(err, is) }) {
		return fmt.Errorf("%w: %w", errNobody, err)
	}
	return err
}

// moveOwner lets the kept token answer for the session that it has gone over to.
func (c *connector) moveOwner(ctx context.Context, to session.Session) error {
	to, err := c.env.Sessions.ByKey(ctx, to.Key, c.env.Name)
	if errors.Is(err, session.ErrNone) {
		return nil
	}
	if err != nil {
		return err
	}
	last := lastSigned(to)
	expires := time.Unix(last.Expires, 0)
	if !expires.After(c.env.Now()) {
		return nil
	}
	return c.own(ctx, last.ID, to.Key, expires)
}

// bearer is the request's only credential (RFC 6750, Section 2.1), or nothing.
func bearer(r *http.Request) string {
	scheme, token, _ := strings.Cut(r.Header.Get("Authorization"), " ")
	if len(r.Header.Values("Authorization")) != 1 || !strings.EqualFold(scheme, "Bearer") {
		return ""
	}
	return token
}
