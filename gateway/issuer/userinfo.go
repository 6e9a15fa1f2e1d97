package issuer

import (
	"context"
	"errors"
	"log/slog"
	"net/http"
	"strings"

	"github.com/gin-gonic/gin"

	"chatgate/gateway/limit"
	"chatgate/gateway/problem"
	"chatgate/gateway/session"
	"chatgate/store"
)

// errAccess says that an access token opens nothing, or nothing any more. Which of them it is is not told (S101).
var errAccess = errors.New("the access token is not good")

// userinfo tells what the ID token has told of the person (OpenID Connect Core 1.0, Section 5.3), as long as their
// session lives and they may enter. The token comes in the header and nowhere else.
func (i *Issuer) userinfo(g *gin.Context) {
	g.Header("Cache-Control", "no-store")
	ctx, address := g.Request.Context(), g.ClientIP()
	token, sent := bearer(g.Request)
	about, err := i.opened(ctx, token, address)
	switch known, later := passing(err); {
	case err == nil:
		g.JSON(http.StatusOK, about)
	case later:
		retryLater(g, known)
		i.logUserinfo(g, known.Status, err)
		g.AbortWithStatusJSON(known.Status, errorAnswer{Error: errUnavailable, Description: known.Detail})
	case !errors.Is(err, errAccess):
		i.logUserinfo(g, http.StatusInternalServerError, err)
		g.AbortWithStatusJSON(http.StatusInternalServerError, errorAnswer{Error: errServer})
	default:
		g.Header("WWW-Authenticate", challengeFor(sent))
		i.logUserinfo(g, http.StatusUnauthorized, err)
		g.AbortWithStatus(http.StatusUnauthorized)
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
	if err := i.allow(ctx, i.cfg.Rules.CodeAddress, limit.AddressText(address), session.Session{}, address); err != nil {
		return nil, err
	}
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
	if known, ok := errors.AsType[*problem.Error](err); ok && known.Status == http.StatusForbidden {
		return nil, errors.Join(errAccess, err)
	}
	return about, err
}

func (i *Issuer) logUserinfo(g *gin.Context, status int, err error) {
	level := slog.LevelInfo
	if status >= http.StatusInternalServerError {
		level = slog.LevelError
	}
	i.cfg.Log.LogAttrs(g.Request.Context(), level, "userinfo refused",
		slog.String("route", g.FullPath()), slog.Int("status", status), slog.Any("err", err))
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
