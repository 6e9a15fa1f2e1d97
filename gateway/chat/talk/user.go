package talk

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/netip"
	"slices"
	"strings"
	"time"

	"github.com/gin-gonic/gin"

	"chatgate/gateway/chat"
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
var errNobody = errors.New("no live session behind the talk token")

// user says who a Talk token belongs to, while the session it was signed for lives: 401 for a token that is not this
// site's or not good any more, 404 when the session is over or its person may not enter now (G13). It is for servers:
// no CORS header is ever sent, and the token itself is the credential.
func (c *connector) user(g *gin.Context) error {
	g.Header("Cache-Control", "no-store")
	ctx := g.Request.Context()
	if err := c.env.Limits.Allow(ctx, c.env.Rules.TalkUserAddress, address(g)); err != nil {
		return c.refusal(err).told
	}
	claims, err := c.signer.verify(bearer(g.Request))
	if errors.Is(err, keyring.ErrRefused) {
		g.Header("WWW-Authenticate", `Bearer error="invalid_token"`) // RFC 6750, Section 3
		return tokenRefused(err)
	}
	if err != nil {
		return c.refusal(err).told
	}
	a, err := c.behind(ctx, claims.ID)
	if errors.Is(err, errNobody) {
		return problem.NotFound(err)
	}
	if err != nil {
		return c.refusal(err).told
	}
	g.JSON(http.StatusOK, userAnswer{ID: a.ID, Email: a.Email, Username: a.Username})
	return nil
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

// behind returns the account of whoever a token was signed for, or errNobody.
func (c *connector) behind(ctx context.Context, jti string) (account, error) {
	o, err := c.owners.Get(ctx, jti)
	if err != nil {
		return account{}, nobody(err)
	}
	s, err := c.env.Sessions.ByKey(ctx, o.Session, "")
	if err != nil {
		return account{}, nobody(err)
	}
	a, err := c.admit(ctx, s.Identity)
	return a, nobody(err)
}

// gone is everything that leaves nobody behind a token: no record of it or none that opens (S68), no session, nobody
// who may enter.
var gone = []error{store.ErrNotFound, store.ErrCorrupt, store.ErrUnknownKey, session.ErrNone, errNoEmail}

func nobody(err error) error {
	var denied *chat.DeniedError
	if errors.As(err, &denied) || slices.ContainsFunc(gone, func(is error) bool { return errors.Is(err, is) }) {
		return fmt.Errorf("%w: %w", errNobody, err)
	}
	return err
}

// MoveSession lets the token that a page holds answer for the session that replaced its own: the same person signed in
// again in the same browser (D27). The kept token has gone over with the session's record already.
func (c *connector) MoveSession(ctx context.Context, _, to session.Session) error {
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

func address(g *gin.Context) string {
	ip, _ := netip.ParseAddr(g.ClientIP()) // none, over a Unix socket, has a key as well
	return limit.Address(ip)
}
