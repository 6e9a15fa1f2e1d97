package gateway

import (
	"crypto/rand"
	"crypto/subtle"
	"errors"
	"log/slog"
	"net/http"
	"slices"
	"time"

	"github.com/gin-gonic/gin"

	"chatgate/gateway/audit"
	"chatgate/gateway/chat"
	"chatgate/gateway/problem"
	"chatgate/gateway/session"
	"chatgate/gateway/web"
	"chatgate/oidc"
	"chatgate/store"
)

// askLogout asks before anything ends: a link, an image or a prefetch must not sign anybody out (S105).
func (s *Server) askLogout(c *gin.Context) error {
	_, err := s.cfg.Sessions.Recognise(c.Request.Context(), c.Request)
	if errors.Is(err, session.ErrNone) {
		_, err = s.cfg.Sessions.Farewell(c.Request.Context(), c.Request)
	}
	if errors.Is(err, session.ErrNone) {
		return s.signedOut(c, true)
	}
	if err != nil {
		return problem.StoreUnavailable(err)
	}
	return s.pages.askLogout(c)
}

// logout ends the session: what must reach the chats is queued, the record goes, then the cookie (S63). Only then the
// browser is sent to sign out at the provider, so that a provider that is down changes nothing here (S106).
func (s *Server) logout(c *gin.Context) error {
	if !chat.FromOwnPage(c.Request, s.cfg.BaseURL) {
		return problem.CrossSiteRequest(nil)
	}
	form, err := readForm(c)
	if err != nil {
		return problem.InvalidRequest("This form cannot be read.", err)
	}
	ctx := c.Request.Context()
	ending, err := s.cfg.Sessions.Recognise(ctx, c.Request) // one that has idled away still has its chats
	if errors.Is(err, session.ErrNone) {
		return s.follow(c)
	}
	if err != nil {
		return problem.StoreUnavailable(err)
	}
	tokens, err := s.cfg.Sessions.ProviderTokens(ctx, ending)
	if err != nil && !errors.Is(err, store.ErrNotFound) {
		return problem.StoreUnavailable(err)
	}
	if !s.cfg.Sessions.IsNamed(c.Request, ending) { // an old cookie signs out, and is told nothing of who signed in since
		tokens = oidc.Tokens{}
	}
	if err := s.end(c, ending, form["everywhere"] == "yes"); err != nil {
		return problem.StoreUnavailable(err)
	}
	s.cfg.Sessions.ClearCookie(c.Writer)
	return s.signOutAtProvider(c, ending.Identity.Provider, tokens)
}

// end ends this session, or all that are open for the same identity.
func (s *Server) end(c *gin.Context, ending session.Session, everywhere bool) error {
	ctx, id := c.Request.Context(), ending.Identity
	signedOut := audit.Event{
		Act: audit.SignedOut, Provider: id.Provider, Subject: id.Subject, Session: ending.Label(), Address: c.ClientIP(),
	}
	if everywhere {
		ended, err := s.EndSubject(ctx, id.Provider, id.Subject)
		if err != nil {
			return err
		}
		signedOut.Attrs = []slog.Attr{slog.Int("sessions", ended)}
	} else if err := s.EndSession(ctx, ending); err != nil {
		return err
	}
	s.cfg.Audit.Record(ctx, signedOut)
	return nil
}

// follow goes on to the provider for a browser whose session has ended already: in the chat, whose policy made a
// sign-out there one everywhere (R12).
func (s *Server) follow(c *gin.Context) error {
	ctx := c.Request.Context()
	f, err := s.cfg.Sessions.Farewell(ctx, c.Request)
	if errors.Is(err, session.ErrNone) {
		return s.signedOut(c, true)
	}
	if err == nil {
		err = s.cfg.Sessions.Parted(ctx, c.Request)
	}
	if err != nil {
		return problem.StoreUnavailable(err)
	}
	s.cfg.Sessions.ClearCookie(c.Writer)
	return s.signOutAtProvider(c, f.Provider, f.Tokens)
}

const (
	// logoutCookie holds the state of a sign-out that is on its way over the provider.
	logoutCookie = "__Host-chatgate.logout"
	logoutLife   = 10 * time.Minute
)

// signOutAtProvider sends the browser on, with a 200 page because the form's answer leaves our origin (D30).
func (s *Server) signOutAtProvider(c *gin.Context, provider string, tokens oidc.Tokens) error {
	s.chooseNext(c)
	rp, ok := s.cfg.Providers[provider]
	if !ok {
		return s.signedOut(c, true)
	}
	state := rand.Text()
	to, ok := rp.LogoutURL(oidc.LogoutRequest{IDToken: tokens.ID, ReturnTo: s.cfg.BaseURL + "/logout/complete", State: state})
	if !ok {
		return s.signedOut(c, true)
	}
	writeCookie(c, logoutCookie, state, int(logoutLife/time.Second))
	return s.cfg.Pages.GoOn(c, to)
}

// logoutComplete is where the provider sends the browser back to. Whoever comes with another state, or none, comes from
// somewhere else: nothing is claimed about the provider then, and nothing ends that has not ended (S107).
func (s *Server) logoutComplete(c *gin.Context) error {
	cookies, states := c.Request.CookiesNamed(logoutCookie), c.QueryArray("state")
	ours := len(cookies) == 1 && len(states) == 1 && subtle.ConstantTimeCompare([]byte(cookies[0].Value), []byte(states[0])) == 1
	if ours {
		writeCookie(c, logoutCookie, "", -1)
	}
	_, err := s.cfg.Sessions.Read(c.Request.Context(), c.Writer, c.Request, "")
	if errors.Is(err, session.ErrNone) {
		return s.signedOut(c, !ours)
	}
	if err != nil {
		return problem.StoreUnavailable(err)
	}
	c.Redirect(http.StatusSeeOther, "/") // signed in, perhaps again: the account page says so
	return nil
}

// signedOut also removes a cookie that leads nowhere. The page says whether the provider's own sign-in may go on (D20).
func (s *Server) signedOut(c *gin.Context, providerOpen bool) error {
	s.clearDeadCookie(c)
	return s.cfg.Pages.SignedOut(c, web.SignedOut{ProviderOpen: providerOpen, Lingering: s.lingering()})
}

// lingering are the chats that a sign-out does not close at once.
func (s *Server) lingering() (titles []string) {
	for _, c := range s.cfg.Chats {
		if l, ok := c.Connector.(chat.Lingerer); ok && l.Lingers() {
			titles = append(titles, c.Title)
		}
	}
	slices.Sort(titles)
	return titles
}
