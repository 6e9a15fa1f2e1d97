package gateway

import (
	"context"
	"errors"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/gin-gonic/gin"

	"chatgate/gateway/audit"
	"chatgate/gateway/decision"
	"chatgate/gateway/problem"
	"chatgate/gateway/session"
	"chatgate/gateway/web"
	"chatgate/oidc"
	"chatgate/store"
)

// finishedLife is how long the way from the callback to /login/done may take.
const finishedLife = time.Minute

// finished is where a login that is over was meant to end.
type finished struct{ Target string }

// callback finishes a login. The attempt is looked at first and taken only by the browser that began it: whoever has
// only the address can neither sign in with it nor spoil the login (S18, S25, B-09, B-19).
func (s *Server) callback(c *gin.Context) error {
	ctx := c.Request.Context()
	c.Header("Referrer-Policy", "no-referrer")
	if err := s.allow(c, s.cfg.Rules.CallbackAddress, clientKey(c)); err != nil {
		return err
	}
	states := c.QueryArray("state")
	if len(states) != 1 {
		return problem.LoginExpired(decision.Because(decision.StateMissing, errors.New("callback without exactly one state")))
	}
	id := attemptID(states[0])
	a, err := s.attempts.Get(ctx, id)
	if err == nil && !s.ownsAttempt(c, id, a.Browser) {
		decision.Person(ctx, a.Provider, "", "")
		mismatch := problem.LoginMismatch(s.elsewhere(c, id))
		s.refused(c, a.Provider, audit.AttemptMissing, mismatch.Code)
		return mismatch
	}
	if err == nil {
		a, err = s.attempts.Take(ctx, id)
	}
	if err != nil {
		return s.ended("", attemptProblem(err))
	}
	return s.finish(c, id, a)
}

func attemptProblem(err error) *problem.Error {
	if errors.Is(err, store.ErrUnavailable) {
		return problem.StoreUnavailable(err)
	}
	return problem.LoginExpired(decision.Because(decision.AttemptUnknown, err))
}

// finish turns the provider's answer into a session and leaves the callback's address, with its code, behind (D30).
func (s *Server) finish(c *gin.Context, id string, a attempt) error {
	ctx := c.Request.Context()
	rp, ok := s.cfg.Providers[a.Provider]
	if !ok {
		s.clearAttemptCookie(c, id)
		return s.ended("", problem.LoginExpired(decision.Because(
			decision.ProviderUnknown, errors.New("the attempt's provider is no longer configured"), "provider", a.Provider)))
	}
	decision.Person(ctx, a.Provider, "", "")
	identity, tokens, err := rp.Finish(ctx, a.Attempt, c.Request.URL.Query())
	if choosesInVain(a, err) {
		return s.withoutChoice(c, id, rp, a)
	}
	if err != nil {
		return s.failed(c, id, a, err)
	}
	s.clearAttemptCookie(c, id)
	decision.Person(ctx, identity.Provider, identity.Subject, "")
	began, err := s.startSession(c, session.SignIn{Identity: identity, Tokens: tokens, Began: a.Created, Address: c.ClientIP()})
	if errors.Is(err, session.ErrEnded) { // signed out everywhere while this was on its way (S114)
		return s.ended(a.Provider, problem.LoginExpired(decision.Because(decision.SessionOver, err)))
	}
	if err != nil {
		return s.ended(a.Provider, problem.StoreUnavailable(err))
	}
	if err := s.deliver(ctx, id, a, began); err != nil {
		return s.ended(a.Provider, problem.StoreUnavailable(err))
	}
	chosen(c)
	s.rememberProvider(c, a.Provider)
	s.metrics.logins.WithLabelValues(a.Provider, resultSignedIn).Inc()
	s.cfg.Audit.Record(ctx, audit.Event{
		Act: audit.SignedIn, Provider: identity.Provider, Subject: identity.Subject,
		Session: began.Label(), Address: c.ClientIP(),
	})
	c.Redirect(http.StatusSeeOther, "/login/done?"+url.Values{"attempt": {id}}.Encode())
	return nil
}

// deliver leaves a finished login where it was meant to end: with the frame that waits for it, at an address, or both. It
// fails where the store does.
func (s *Server) deliver(ctx context.Context, id string, a attempt, began session.Session) error {
	if a.HandOff != nil {
		if err := s.finishHandOff(ctx, *a.HandOff, began); err != nil {
			return err
		}
		if a.HandOff.Mode == newWindow {
			return nil
		}
	}
	return s.finished.Put(ctx, id, finished{Target: a.Target}, finishedLife)
}

// failed words and counts a login that the provider or we refused, and offers the same login again (B-18).
func (s *Server) failed(c *gin.Context, id string, a attempt, err error) error {
	told := loginProblem(err)
	reason := audit.ProviderUnavailable
	var refused *oidc.RefusedError
	switch {
	case errors.As(err, &refused):
		reason = audit.Reason(refused.Reason)
	case errors.Is(err, oidc.ErrDenied):
		reason = audit.ProviderDenied
	}
	s.refused(c, a.Provider, reason, told.Code)
	if a.HandOff != nil {
		return s.failHandOff(c, id, a, told)
	}
	s.clearAttemptCookie(c, id)
	return told.WithActions(s.again(a.Target))
}

// again begins a login with the same end. Our own pages are return addresses by their path alone.
func (s *Server) again(target string) web.Action {
	if path, ok := strings.CutPrefix(target, s.cfg.BaseURL+"/"); ok {
		target = "/" + path
	}
	return web.Action{
		Label: "action.sign_in_again", Href: "/login?" + url.Values{"return_to": {target}}.Encode(), Hook: "login",
	}
}

func (s *Server) refused(c *gin.Context, provider string, reason audit.Reason, result string) {
	s.metrics.logins.WithLabelValues(provider, result).Inc()
	s.cfg.Audit.Record(c.Request.Context(), audit.Event{
		Act: audit.SignInRefused, Reason: reason, Provider: provider, Address: c.ClientIP(),
	})
}

// ended counts a login that came to nothing, by the code of what is told of it.
func (s *Server) ended(provider string, told *problem.Error) *problem.Error {
	s.metrics.logins.WithLabelValues(provider, told.Code).Inc()
	return told
}

func loginProblem(err error) *problem.Error {
	switch {
	case errors.Is(err, oidc.ErrDenied):
		return problem.ProviderDenied(err)
	case errors.Is(err, oidc.ErrNotReady), errors.Is(err, oidc.ErrProvider), errors.Is(err, context.DeadlineExceeded):
		return problem.ProviderUnavailable(err)
	case errors.Is(err, oidc.ErrRefused):
		return problem.ProviderAnswerRefused(err)
	}
	return problem.Internal(err)
}

// done sends the browser where the login was meant to end. The address was kept on our side and is checked again
// (S13). Without one, because the page was loaded again, it says that the window can be closed.
func (s *Server) done(c *gin.Context) error {
	ctx := c.Request.Context()
	f, err := s.finished.Take(ctx, c.Query("attempt"))
	if errors.Is(err, store.ErrUnavailable) {
		return problem.StoreUnavailable(err)
	}
	if err == nil {
		target, err := s.origins.again(f.Target)
		if err != nil {
			return problem.ReturnToRefused(decision.Because(decision.ReturnUnlisted, err, "origin", originOf(f.Target)))
		}
		c.Redirect(http.StatusSeeOther, target)
		return nil
	}
	return s.cfg.Pages.Done(c)
}
