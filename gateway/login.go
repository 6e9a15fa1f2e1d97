package gateway

import (
	"context"
	"errors"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/gin-gonic/gin"

	"chatgate/gateway/audit"
	"chatgate/gateway/chat"
	"chatgate/gateway/decision"
	"chatgate/gateway/limit"
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

// login begins a login, or goes straight back when this browser is signed in and no other account was asked for (D27).
func (s *Server) login(c *gin.Context) error {
	// An image or a frame cannot sign anybody in; it could only use up what may be started in a minute (S125, B-22).
	if dest := c.GetHeader("Sec-Fetch-Dest"); dest != "" && dest != "document" {
		return problem.InvalidRequest("Signing in needs a window of its own.", nil)
	}
	query, err := single(c.Request.URL.Query())
	if err != nil {
		return problem.InvalidRequest("A parameter of this address is repeated.", err)
	}
	if err := s.stopRounds(c); err != nil {
		return err
	}
	return s.enter(c, query, s.goRound)
}

// loginByForm is login for the chooser's form, which brings an e-mail address that must stand in no address of ours. Its
// answer leaves our origin, so it is a page that goes on by itself (D30).
func (s *Server) loginByForm(c *gin.Context) error {
	if !chat.FromOwnPage(c.Request, s.cfg.BaseURL) {
		return problem.CrossSiteRequest(nil)
	}
	form, err := readForm(c)
	if err != nil {
		return problem.InvalidRequest("This form cannot be read.", err)
	}
	return s.enter(c, form, s.cfg.Pages.GoOn)
}

// enter begins a login that was asked for with these fields, and sends the browser on by the way given.
func (s *Server) enter(c *gin.Context, fields map[string]string, send func(*gin.Context, string) error) error {
	target, err := s.target(fields)
	if err != nil {
		return problem.ReturnToRefused(decision.Because(decision.ReturnUnlisted, err, "origin", originOf(fields["return_to"])))
	}
	w, err := readWish(fields, oidc.PromptLogin, oidc.PromptSelectAccount)
	if err != nil {
		return err
	}
	chats := s.concerned(target)
	live, err := s.cfg.Sessions.Read(c.Request.Context(), c.Writer, c.Request, "")
	switch {
	case err == nil && w.Prompt == "" && s.counts(live, chats):
		return send(c, target)
	case errors.Is(err, session.ErrNone):
		s.clearDeadCookie(c)
	case err != nil:
		return problem.StoreUnavailable(err)
	}
	offered := s.offered(chats)
	key, settled := s.provides(w, offered)
	if !settled {
		return s.choose(c, w, offered, web.Action{Href: "/login", Fields: given(fields, "return_to", "chat", "path", "prompt")}, toOwnLogin(fields["return_to"]))
	}
	w.Provider = key
	providerURL, err := s.begin(c, w, target)
	if err != nil {
		return err
	}
	return send(c, providerURL)
}

// readWish takes what a sign-in may be asked for with, and nothing else (S31).
func readWish(fields map[string]string, prompts ...string) (wish, error) {
	w := wish{Provider: fields["provider"], Hint: strings.TrimSpace(fields["login_hint"]), Prompt: fields["prompt"]}
	if w.Prompt != "" && !slices.Contains(prompts, w.Prompt) {
		return wish{}, problem.InvalidRequest("The prompt must be "+strings.Join(prompts, " or ")+".", nil)
	}
	if !fitHint(w.Hint) {
		return wish{}, problem.InvalidRequest("The login_hint is too long, or is no text.", nil)
	}
	return w, nil
}

// given are those of the fields that have these names and are there.
func given(fields map[string]string, names ...string) map[string]string {
	found := map[string]string{}
	for _, name := range names {
		if fields[name] != "" {
			found[name] = fields[name]
		}
	}
	return found
}

// clearDeadCookie removes a session cookie that leads nowhere, so that the browser stops sending it (S28). That of a
// session which has idled away leads somewhere: to what the next sign-in has to end or take over.
func (s *Server) clearDeadCookie(c *gin.Context) {
	if !session.Sent(c.Request) {
		return
	}
	if _, err := s.cfg.Sessions.Recognise(c.Request.Context(), c.Request); errors.Is(err, session.ErrNone) {
		s.cfg.Sessions.ClearCookie(c.Writer)
	}
}

// target is where the login will end: a checked return_to, a path at a chat, or the account page (D30).
func (s *Server) target(query map[string]string) (string, error) {
	if to := query["return_to"]; to != "" {
		if query["chat"] != "" || query["path"] != "" {
			return "", errReturn
		}
		return s.origins.check(to)
	}
	if name := query["chat"]; name != "" {
		return s.origins.of(name, query["path"])
	}
	return s.cfg.BaseURL + "/", nil
}

// begin keeps an attempt at the provider that was asked for, and returns where the browser goes.
func (s *Server) begin(c *gin.Context, w wish, target string) (providerURL string, err error) {
	rp, err := s.provider(w.Provider)
	if err != nil {
		return "", err
	}
	if err := s.limitStart(c); err != nil {
		return "", err
	}
	return s.attempt(c, rp, oidc.LoginRequest{Prompt: w.Prompt, LoginHint: w.Hint}, attempt{Target: target, Hint: w.Hint})
}

func (s *Server) callbackURL() string { return s.cfg.BaseURL + "/login/callback" }

func (s *Server) provider(key string) (*oidc.RelyingParty, error) {
	rp, ok := s.cfg.Providers[key]
	if !ok {
		return nil, problem.NotFound(decision.Because(decision.ProviderUnknown, errors.New("no provider of this key")))
	}
	return rp, nil
}

func (s *Server) limitStart(c *gin.Context) error {
	if err := s.allow(c, s.cfg.Rules.LoginStartAddress, clientKey(c)); err != nil {
		return err
	}
	return s.allow(c, s.cfg.Rules.LoginStartOverall, "")
}

// allow counts against a rule and audits the first call of a window that is refused; without a store nothing can be
// counted, and nothing could be kept either.
func (s *Server) allow(c *gin.Context, rule limit.Rule, key string) error {
	err := s.cfg.Limits.Allow(c.Request.Context(), rule, key)
	var exceeded *limit.Exceeded
	switch {
	case err == nil:
		return nil
	case errors.As(err, &exceeded):
		if exceeded.First {
			s.cfg.Audit.Record(c.Request.Context(), audit.Event{
				Act: audit.LimitExceeded, Reason: audit.Reason(exceeded.Rule), Address: c.ClientIP(),
			})
		}
		return problem.TooManyRequests(exceeded.RetryAfter, err)
	}
	return problem.StoreUnavailable(err)
}

// clientKey is what limits know an address by (S124).
func clientKey(c *gin.Context) string { return limit.AddressText(c.ClientIP()) }

// callback finishes a login. The attempt is looked at first and taken only by the browser that began it: whoever has
// only the address can neither sign in with it nor spoil the login (S18, S25, B-09, B-19).
func (s *Server) callback(c *gin.Context) error {
	ctx := c.Request.Context()
	c.Header("Referrer-Policy", "no-referrer")
	states := c.QueryArray("state")
	if len(states) != 1 {
		return problem.LoginExpired(decision.Because(decision.StateMissing, errors.New("callback without exactly one state")))
	}
	if err := s.allow(c, s.cfg.Rules.CallbackAddress, clientKey(c)); err != nil {
		return err
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
		return attemptProblem(err)
	}
	return s.finish(c, id, a)
}

func attemptProblem(err error) error {
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
		return problem.LoginExpired(decision.Because(
			decision.ProviderUnknown, errors.New("the attempt's provider is no longer configured"), "provider", a.Provider))
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
	began, err := s.cfg.Sessions.Start(ctx, c.Writer, c.Request, session.SignIn{
		Identity: identity, Tokens: tokens, Began: a.Created, Address: c.ClientIP(),
	})
	if errors.Is(err, session.ErrEnded) { // signed out everywhere while this was on its way (S114)
		return problem.LoginExpired(decision.Because(decision.SessionOver, err))
	}
	if err != nil {
		return problem.StoreUnavailable(err)
	}
	if err := s.deliver(ctx, id, a, began); err != nil {
		return err
	}
	chosen(c)
	s.rememberProvider(c, a.Provider)
	s.metrics.logins.WithLabelValues("signed_in").Inc()
	s.cfg.Audit.Record(ctx, audit.Event{
		Act: audit.SignedIn, Provider: identity.Provider, Subject: identity.Subject,
		Session: began.Label(), Address: c.ClientIP(),
	})
	c.Redirect(http.StatusSeeOther, "/login/done?"+url.Values{"attempt": {id}}.Encode())
	return nil
}

// deliver leaves a finished login where it was meant to end: with the frame that waits for it, at an address, or both.
func (s *Server) deliver(ctx context.Context, id string, a attempt, began session.Session) error {
	if a.HandOff != nil {
		if err := s.finishHandOff(ctx, *a.HandOff, began); err != nil {
			return err
		}
		if a.HandOff.Mode == newWindow {
			return nil
		}
	}
	if err := s.finished.Put(ctx, id, finished{Target: a.Target}, finishedLife); err != nil {
		return problem.StoreUnavailable(err)
	}
	return nil
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
	s.metrics.logins.WithLabelValues(result).Inc()
	s.cfg.Audit.Record(c.Request.Context(), audit.Event{
		Act: audit.SignInRefused, Reason: reason, Provider: provider, Address: c.ClientIP(),
	})
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

// single refuses a parameter given twice: two readers might each take another one (S12).
func single(query url.Values) (map[string]string, error) {
	out := make(map[string]string, len(query))
	for name, values := range query {
		if len(values) != 1 {
			return nil, errors.New("repeated parameter")
		}
		out[name] = values[0]
	}
	return out, nil
}
