package gateway

import (
	"errors"

	"github.com/gin-gonic/gin"

	"chatgate/gateway/audit"
	"chatgate/gateway/chat"
	"chatgate/gateway/problem"
	"chatgate/gateway/session"
	"chatgate/gateway/web"
)

// askLogout asks before anything ends: a link, an image or a prefetch must not sign anybody out (S105).
func (s *Server) askLogout(c *gin.Context) error {
	_, err := s.cfg.Sessions.Read(c.Request.Context(), c.Writer, c.Request, "")
	if errors.Is(err, session.ErrNone) {
		return s.signedOut(c)
	}
	if err != nil {
		return problem.StoreUnavailable(err)
	}
	return s.pages.askLogout(c)
}

// logout ends the session: what must reach the chats is queued, the record goes, then the cookie (S63).
func (s *Server) logout(c *gin.Context) error {
	if !chat.FromOwnPage(c.Request, s.cfg.BaseURL) {
		return problem.CrossSiteRequest(nil)
	}
	ctx := c.Request.Context()
	ending, err := s.cfg.Sessions.Read(ctx, c.Writer, c.Request, "")
	if errors.Is(err, session.ErrNone) {
		return s.signedOut(c)
	}
	if err == nil {
		err = s.cfg.Sessions.End(ctx, ending)
	}
	if err != nil {
		return problem.StoreUnavailable(err)
	}
	s.cfg.Audit.Record(ctx, audit.Event{
		Act: audit.SignedOut, Provider: ending.Identity.Provider, Subject: ending.Identity.Subject,
		Session: ending.Label(), Address: c.ClientIP(),
	})
	return s.signedOut(c)
}

// signedOut also removes a cookie that leads nowhere. The provider's own sign-in goes on, and the page says so (D20).
func (s *Server) signedOut(c *gin.Context) error {
	s.cfg.Sessions.ClearCookie(c.Writer)
	return s.cfg.Pages.SignedOut(c, web.SignedOut{ProviderOpen: true})
}
