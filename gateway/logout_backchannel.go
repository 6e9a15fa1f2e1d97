package gateway

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"mime"
	"net/http"
	"time"

	"github.com/gin-gonic/gin"

	"chatgate/gateway/audit"
	"chatgate/gateway/decision"
	"chatgate/gateway/problem"
	"chatgate/oidc"
	"chatgate/store"
)

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
			refusal = moreHopeful(refusal, err)
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

// moreHopeful is the one of two failures that asking again helps against, where there is one: of two registrations at one
// issuer the other may be meant.
func moreHopeful(a, b error) error {
	if errors.Is(a, oidc.ErrRefused) {
		return b
	}
	return a
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
