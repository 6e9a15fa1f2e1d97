package gateway

import (
	"context"
	"errors"
	"net/http"
	"net/url"
	"time"

	"github.com/gin-gonic/gin"

	"chatgate/gateway/chat"
	"chatgate/gateway/decision"
	"chatgate/gateway/handoff"
	"chatgate/gateway/problem"
	"chatgate/gateway/session"
	"chatgate/gateway/web"
	"chatgate/oidc"
)

// holdFor is how long a chat's API stays silent after a login in the same window, so that the chat shows the frame that
// waits for it (B-16). The hold ends as soon as the frame has got its login.
const holdFor = 30 * time.Second

// mode is the window in which a frame's login happens.
type mode string

const (
	newWindow  mode = "window" // a new one, which closes itself at the end
	sameWindow mode = "top"    // the chat's own, which comes back to the chat
)

// handOff is what an attempt knows of the frame that waits for it.
type handOff struct {
	ID      string          `json:"i"` // to start it once more
	Started handoff.Started `json:"h"`
	Mode    mode            `json:"m"`
}

// start begins the login that a frame asked for. Only a form of our own pages is taken, whatever it holds: an id that
// came by a link or from another site's page binds nothing (B-08).
func (s *Server) start(c *gin.Context) error {
	if !chat.FromOwnPage(c.Request, s.cfg.BaseURL) {
		return problem.CrossSiteRequest(nil)
	}
	form, err := readForm(c)
	if err != nil {
		return problem.InvalidRequest("This form cannot be read.", err)
	}
	to := mode(form["mode"])
	if to != newWindow && to != sameWindow {
		return problem.InvalidRequest("The mode must be window or top.", nil)
	}
	w, err := readWish(form, oidc.PromptSelectAccount)
	if err != nil {
		return err
	}
	if err := s.limitStart(c); err != nil {
		return err
	}
	name, err := s.cfg.HandOffs.ChatOf(form["handoff"])
	if err != nil {
		return handOffProblem(err)
	}
	if w.Prompt == "" {
		done, err := s.startSignedIn(c, form["handoff"], name, to)
		if done || err != nil {
			return err
		}
	}
	offered := s.offered([]string{name})
	key, settled := s.provides(w, offered)
	if !settled {
		way := web.Action{Href: "/login/start", Post: true, Fields: given(form, "handoff", "mode", "prompt")}
		return s.choose(c, w, offered, way, false)
	}
	w.Provider = key
	return s.startAt(c, w, form["handoff"], to)
}

// readForm takes a small form in which nothing is repeated.
func readForm(c *gin.Context) (map[string]string, error) {
	if err := c.Request.ParseForm(); err != nil {
		return nil, err
	}
	return single(c.Request.PostForm)
}

// startSignedIn needs no provider where this browser is signed in already, and not too long ago for the chat that waits
// (D27). It says whether that was so.
func (s *Server) startSignedIn(c *gin.Context, id, name string, to mode) (bool, error) {
	ctx := c.Request.Context()
	live, err := s.cfg.Sessions.Read(ctx, c.Writer, c.Request, "")
	if errors.Is(err, session.ErrNone) {
		s.clearDeadCookie(c)
		return false, nil
	}
	if err != nil {
		return false, problem.StoreUnavailable(err)
	}
	if !s.counts(live, []string{name}) {
		return false, nil
	}
	started, err := s.cfg.HandOffs.Start(ctx, id)
	if err != nil {
		return false, handOffProblem(err)
	}
	if err := s.finishHandOff(ctx, handOff{ID: id, Started: started, Mode: to}, live); err != nil {
		return false, err
	}
	if to == sameWindow {
		return true, s.cfg.Pages.GoOn(c, started.Return)
	}
	c.Redirect(http.StatusSeeOther, "/login/done")
	return true, nil
}

// startAt sends the browser to a provider. The way leads off our origin, so the form is answered with a page that goes
// on by itself (B-23).
func (s *Server) startAt(c *gin.Context, w wish, id string, to mode) error {
	rp, err := s.provider(w.Provider)
	if err != nil {
		return err
	}
	started, err := s.cfg.HandOffs.Start(c.Request.Context(), id)
	if err != nil {
		return handOffProblem(err)
	}
	providerURL, err := s.attempt(c, rp, oidc.LoginRequest{Prompt: w.Prompt, LoginHint: w.Hint}, attempt{
		Target: started.Return, Hint: w.Hint, HandOff: &handOff{ID: id, Started: started, Mode: to},
	})
	if err != nil {
		return err
	}
	return s.cfg.Pages.GoOn(c, providerURL)
}

// finishHandOff makes a finished login ready for its frame. After one in the same window the chat loads again and would
// sign in by itself, where nobody who waits in an app could learn of it: the hold keeps its API silent until the frame
// has spoken (B-16).
func (s *Server) finishHandOff(ctx context.Context, h handOff, began session.Session) error {
	if h.Mode == sameWindow {
		if err := s.cfg.Sessions.Hold(ctx, began, h.Started.Chat, s.cfg.Now().Add(holdFor)); err != nil {
			return problem.StoreUnavailable(err)
		}
	}
	if err := s.cfg.HandOffs.Finish(ctx, h.Started, began.Key); err != nil {
		return problem.StoreUnavailable(err)
	}
	return nil
}

// failHandOff tells the waiting frame why its login did not finish, and the window too: on a page of its own, since the
// callback's sends no Origin with a form (B-08, B-18). The attempt's cookie stays, because that page is for its browser.
func (s *Server) failHandOff(c *gin.Context, id string, a attempt, told *problem.Error) error {
	ctx := c.Request.Context()
	if err := s.cfg.HandOffs.Fail(ctx, a.HandOff.Started, told.Code); err != nil {
		return problem.StoreUnavailable(err)
	}
	f := failed{Code: told.Code, HandOff: a.HandOff.ID, Mode: a.HandOff.Mode, Browser: a.Browser, Request: decision.RequestID(ctx)}
	if err := s.failures.Put(ctx, id, f, oidc.AttemptLifetime); err != nil {
		return problem.StoreUnavailable(err)
	}
	decision.Answered(ctx, decision.Answer{Status: told.Status, Code: told.Code}, told)
	c.Redirect(http.StatusSeeOther, "/login/failed?"+url.Values{"attempt": {id}}.Encode())
	return nil
}

// failed is a login for a frame that did not finish.
type failed struct {
	Code    string
	HandOff string
	Mode    mode
	Browser string // as in attempt
	Request string `json:",omitempty"` // the id of the one in which it failed
}

// showFailed says what went wrong and offers to try the same hand-off again (B-18), to the browser in which it was begun
// and to no other: the form on this page is one of ours, so a hand-off on it that came by a link would be started (B-08).
func (s *Server) showFailed(c *gin.Context) error {
	id := c.Query("attempt")
	f, err := s.failures.Get(c.Request.Context(), id)
	if err != nil {
		return attemptProblem(err)
	}
	if !s.ownsAttempt(c, id, f.Browser) {
		return problem.LoginExpired(s.elsewhere(c, id))
	}
	decision.Note(c.Request.Context(), decision.LoginFailedBefore, "request", f.Request)
	again := web.Action{
		Label: "action.sign_in_again", Href: "/login/start", Post: true, Hook: "login",
		Fields: map[string]string{"handoff": f.HandOff, "mode": string(f.Mode)},
	}
	return loginFailure(f.Code).WithActions(again)
}

// loginFailure is the problem that a login ended with, by its code.
func loginFailure(code string) *problem.Error {
	cause := errors.New("the login for a frame had failed")
	for _, told := range []*problem.Error{
		problem.ProviderDenied(cause), problem.ProviderUnavailable(cause), problem.ProviderAnswerRefused(cause),
	} {
		if told.Code == code {
			return told
		}
	}
	return problem.Internal(cause)
}

func handOffProblem(err error) error {
	if errors.Is(err, handoff.ErrOver) {
		return problem.HandOffOver(err)
	}
	return problem.StoreUnavailable(err)
}
