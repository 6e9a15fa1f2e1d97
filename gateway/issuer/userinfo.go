package issuer

import (
	"cmp"
	"context"
	"errors"
	"net/http"
	"strings"

	"github.com/gin-gonic/gin"

	"chatgate/gateway/decision"
	"chatgate/store"
)

// errAccess says that an access token opens nothing, or nothing any more. Which of them it is is not told (S101).
var errAccess = decision.Because(decision.TokenRefused, errors.New("the access token is not good"))

// userinfo tells what the ID token has told of the person (OpenID Connect Core 1.0, Section 5.3), as long as their
// session lives and they may enter. The token comes in the header and nowhere else.
func (i *Issuer) userinfo(g *gin.Context) {
	g.Header("Cache-Control", "no-store")
	token, sent := bearer(g.Request)
	ctx, address := g.Request.Context(), g.ClientIP()
	about, err := i.opened(ctx, token, address)
	if errors.Is(err, errAccess) {
		err = cmp.Or(i.countRefused(ctx, address), err)
	}
	switch {
	case err == nil:
		g.JSON(http.StatusOK, about)
	case errors.Is(err, errAccess):
		g.Header("WWW-Authenticate", challengeFor(sent))
		i.logRefusal(g, http.StatusUnauthorized, "invalid_token", err)
		g.AbortWithStatus(http.StatusUnauthorized)
	default:
		i.fail(g, err)
	}
}

// challengeFor is RFC 6750, Section 3: a request without a token learns only that one is needed.
func challengeFor(sent bool) string {
	if sent {
		return `Bearer error="invalid_token"`
	}
	return "Bearer"
}

// opened is what an access token opens, or errAccess.
func (i *Issuer) opened(ctx context.Context, token, address string) (statement, error) {
	a, err := i.access.Get(ctx, keyOf(token))
	if errors.Is(err, store.ErrNotFound) || errors.Is(err, store.ErrCorrupt) {
		return nil, errAccess
	}
	if err != nil {
		return nil, err
	}
	s, err := i.holder(ctx, a.Session)
	if errors.Is(err, errGrant) {
		return nil, errAccess
	}
	if err != nil {
		return nil, err
	}
	about, err := i.person(ctx, s, address)
	if lapsed(err) {
		return nil, errors.Join(errAccess, err)
	}
	return about, err
}

// bearer is the request's only credential (RFC 6750, Section 2.1), and whether there was one.
func bearer(r *http.Request) (token string, sent bool) {
	headers := r.Header.Values("Authorization")
	if len(headers) != 1 {
		return "", len(headers) > 0
	}
	scheme, token, _ := strings.Cut(headers[0], " ")
	if !strings.EqualFold(scheme, "Bearer") {
		return "", true
	}
	return token, true
}
