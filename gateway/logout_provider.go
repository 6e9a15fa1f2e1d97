package gateway

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"mime"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/gin-gonic/gin"

	"chatgate/gateway/audit"
	"chatgate/gateway/decision"
	"chatgate/gateway/limit"
	"chatgate/gateway/problem"
	"chatgate/oidc"
	"chatgate/store"
)

// A provider tells of a sign-out there in two ways: from server to server (OpenID Connect Back-Channel Logout 1.0) and by a
// frame in the person's browser (OpenID Connect Front-Channel Logout 1.0). Neither needs a cookie, and neither looks at one
// to decide anything.

// tokenMargin is how much longer than a logout token may be taken its id is remembered: clocks differ.
const tokenMargin = 5 * time.Minute

// backchannel ends what a logout token names. When it has answered 200 the next request is refused on every replica (S108).
// Anything that could not be done is answered so that the provider asks again, and nothing is remembered of it (S111).
func (s *Server) backchannel(c *gin.Context) error {
	raw, err := logoutForm(c)
	if err != nil {
		return s.refuseLogout(c, audit.LogoutForm, problem.InvalidRequest("A logout call has one form field, logout_token.", decision.Because(decision.LogoutRefused, err)))
	}
	taken := false
	var refusal error = &oidc.RefusedError{Reason: oidc.ReasonLogoutIssuer, Err: errors.New("no provider of this issuer is configured")}
	for _, key := range s.providersOf(oidc.PeekIssuer(raw)) {
		token, err := s.cfg.Providers[key].VerifyLogoutToken(c.Request.Context(), raw)
		if err != nil {
			refusal = err
			continue
		}
		if err := s.endByToken(c, key, token); err != nil {
			return err
		}
		taken = true
	}
	if !taken {
		return s.logoutProblem(c, refusal)
	}
	c.Status(http.StatusOK)
	return nil
}

// logoutForm takes a body that holds nothing but one logout token (Back-Channel Logout 1.0, Section 2.5).
func logoutForm(c *gin.Context) (string, error) {
	kind, _, err := mime.ParseMediaType(c.Request.Header.Get("Content-Type"))
	if err != nil || kind != "application/x-www-form-urlencoded" {
		return "", errors.New("not a form")
	}
	if err := c.Request.ParseForm(); err != nil {
		return "", err
	}
	values := c.Request.PostForm["logout_token"]
	if len(values) != 1 || values[0] == "" {
		return "", fmt.Errorf("%d logout tokens", len(values))
	}
	return values[0], nil
}

// providersOf are the keys of the providers with an issuer: several, where the gateway is registered there more than once.
func (s *Server) providersOf(issuer string) []string {
	var keys []string
	for _, key := range slices.Sorted(maps.Keys(s.cfg.Providers)) {
		if issuer != "" && s.cfg.Providers[key].Issuer() == issuer {
			keys = append(keys, key)
		}
	}
	return keys
}

// endByToken acts once on each token (S111).
func (s *Server) endByToken(c *gin.Context, provider string, token oidc.LogoutToken) error {
	ctx := c.Request.Context()
	name, err := s.cfg.Names.Of(ctx, "logout token", provider, token.ID)
	if err != nil {
		return problem.StoreUnavailable(err)
	}
	switch _, err := s.logouts.Get(ctx, name); {
	case err == nil:
		return nil
	case !errors.Is(err, store.ErrNotFound):
		return problem.StoreUnavailable(err)
	}
	ended, err := s.endAsTold(ctx, provider, token)
	if err != nil {
		return problem.StoreUnavailable(err)
	}
	// Only what was done is remembered: the provider repeats what failed.
	if err := s.logouts.Put(ctx, name, true, max(token.Expires.Sub(s.cfg.Now()), 0)+tokenMargin); err != nil {
		return problem.StoreUnavailable(err)
	}
	s.cfg.Audit.Record(ctx, audit.Event{
		Act: audit.SessionRevoked, Reason: audit.Backchannel, Provider: provider, Subject: token.Subject, Address: c.ClientIP(),
		Attrs: []slog.Attr{slog.Int("sessions", ended)},
	})
	return nil
}

// endAsTold ends one session at the provider, or all of a subject's where the token names none (S110). A provider whose ID
// tokens do not name its sessions cannot mean one of ours by the name: then those of the subject without a name end.
func (s *Server) endAsTold(ctx context.Context, provider string, token oidc.LogoutToken) (int, error) {
	if token.SID == "" {
		return s.EndSubject(ctx, provider, token.Subject)
	}
	ended, err := s.EndSID(ctx, provider, token.SID, token.Subject)
	if err != nil || ended > 0 || token.Subject == "" {
		return ended, err
	}
	all, err := s.cfg.Sessions.OfSubject(ctx, provider, token.Subject)
	if err != nil {
		return 0, err
	}
	for _, k := range all {
		if k.Identity.SID != "" {
			continue
		}
		if err := s.EndSession(ctx, k.Session); err != nil {
			return ended, err
		}
		ended++
	}
	return ended, nil
}

// logoutProblem tells apart what asking again helps against.
func (s *Server) logoutProblem(c *gin.Context, err error) error {
	refused, is := errors.AsType[*oidc.RefusedError](err)
	if !is {
		return problem.ProviderUnavailable(err)
	}
	return s.refuseLogout(c, audit.Reason(refused.Reason), problem.InvalidRequest("This logout token is not accepted.", err))
}

// refuseLogout counts and audits a call that is none. Good ones are never counted: all of a provider's come from one
// address, and nobody else at it can keep them out (S112, S125).
func (s *Server) refuseLogout(c *gin.Context, reason audit.Reason, refusal error) error {
	ctx := c.Request.Context()
	var exceeded *limit.Exceeded
	switch err := s.cfg.Limits.Allow(ctx, s.cfg.Rules.LogoutAddress, clientKey(c)); {
	case err == nil:
		s.cfg.Audit.Record(ctx, audit.Event{Act: audit.LogoutRefused, Reason: reason, Address: c.ClientIP()})
	case errors.As(err, &exceeded):
		if exceeded.First {
			s.cfg.Audit.Record(ctx, audit.Event{Act: audit.LimitExceeded, Reason: audit.Reason(exceeded.Rule), Address: c.ClientIP()})
		}
		return problem.TooManyRequests(exceeded.RetryAfter, err)
	}
	return refusal
}

var errFrontchannel = errors.New("no issuer that is known, or no session")

// frontchannel ends the sessions of one session at the provider. Whoever knows its id was told it by the provider: without
// one nothing ends, since the cookie alone would let any page sign people out (S105, S113).
func (s *Server) frontchannel(c *gin.Context) error {
	query, err := single(c.Request.URL.Query())
	keys := s.providersOf(query["iss"])
	if err != nil || query["sid"] == "" || len(keys) == 0 {
		return s.refuseLogout(c, audit.LogoutForm, problem.InvalidRequest("A logout call names an issuer that is known here and a session.",
			decision.Because(decision.LogoutRefused, cmp.Or(err, errFrontchannel))))
	}
	ctx, ended := c.Request.Context(), 0
	var ancestors []string
	for _, key := range keys {
		ancestors = append(ancestors, s.cfg.Providers[key].Origins()...)
		n, err := s.endFromFront(ctx, key, query["sid"])
		if err != nil {
			return problem.StoreUnavailable(err)
		}
		ended += n
	}
	if ended == 0 {
		if err := s.refuseLogout(c, audit.UnknownSID, nil); err != nil {
			return err
		}
	} else {
		s.cfg.Audit.Record(ctx, audit.Event{
			Act: audit.SessionRevoked, Reason: audit.Frontchannel, Provider: keys[0], Address: c.ClientIP(),
			Attrs: []slog.Attr{slog.Int("sessions", ended)},
		})
		s.clearDeadCookie(c)
	}
	c.Header("Content-Security-Policy", "default-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors "+strings.Join(ancestors, " "))
	c.Data(http.StatusOK, "text/html; charset=utf-8", []byte("<!doctype html><html lang=\"en\"><title>Signed out</title></html>"))
	return nil
}

// endFromFront looks for sessions first: whoever makes up an id leaves nothing in the store.
func (s *Server) endFromFront(ctx context.Context, provider, sid string) (int, error) {
	all, err := s.cfg.Sessions.OfSID(ctx, provider, sid)
	if err != nil || len(all) == 0 {
		return 0, err
	}
	return s.EndSID(ctx, provider, sid, all[0].Identity.Subject)
}
