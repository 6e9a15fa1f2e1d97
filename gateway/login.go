package gateway

import (
	"errors"
	"net/url"
	"slices"
	"strings"

	"github.com/gin-gonic/gin"

	"chatgate/gateway/audit"
	"chatgate/gateway/chat"
	"chatgate/gateway/decision"
	"chatgate/gateway/limit"
	"chatgate/gateway/problem"
	"chatgate/gateway/session"
	"chatgate/gateway/web"
	"chatgate/oidc"
)

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

// loginByForm is login for forms of our own pages: of the chooser, which brings an e-mail address that must stand in no
// address of ours, and of the question before another account. The answer leaves our origin, so it is a page that goes on
// by itself (D30).
func (s *Server) loginByForm(c *gin.Context) error {
	if !chat.FromOwnPage(c.Request, s.cfg.BaseURL) {
		return problem.CrossSiteRequest(nil)
	}
	form, err := readForm(c)
	if err != nil {
		return problem.InvalidRequest("This form cannot be read.", err)
	}
	if toOwnLogin(form["return_to"]) {
		return s.enter(c, form, s.cfg.Pages.GoOnForOpener)
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
	chats := s.concerned(fields["chat"], target)
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
	if live.Key != "" && mayReplace(c.Request, live, w) {
		return s.askReplace(c, live, w, fields)
	}
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
	if !oidc.FitHint(w.Hint) {
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
