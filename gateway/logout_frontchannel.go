package gateway

import (
	"cmp"
	"log/slog"
	"net/http"
	"strings"

	"github.com/gin-gonic/gin"

	"chatgate/gateway/audit"
	"chatgate/gateway/decision"
	"chatgate/gateway/problem"
)

// frontchannel ends the sessions of one session at the provider. Whoever knows its id was told it by the provider: without
// one nothing ends, since the cookie alone would let any page sign people out (S105, S113).
func (s *Server) frontchannel(c *gin.Context) error {
	query, err := single(c.Request.URL.Query())
	keys := s.providersOf(query["iss"])
	if err != nil || query["sid"] == "" || len(keys) == 0 {
		return s.refuseLogout(c, audit.LogoutForm, problem.InvalidRequest("A logout call names an issuer that is known here and a session.",
			decision.Because(decision.LogoutRefused, cmp.Or(err, errFrontchannel))))
	}
	ended := 0
	var ancestors []string
	for _, key := range keys {
		ancestors = append(ancestors, s.cfg.Providers[key].Origins()...)
		n, err := s.endFromFront(c, key, query["sid"])
		if err != nil {
			return problem.StoreUnavailable(err)
		}
		ended += n
	}
	if ended == 0 {
		if err := s.unknownSession(c, keys, query["sid"]); err != nil {
			return err
		}
	} else {
		s.clearDeadCookie(c)
	}
	c.Header("Content-Security-Policy", "default-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors "+strings.Join(ancestors, " "))
	c.Data(http.StatusOK, "text/html; charset=utf-8", []byte("<!doctype html><html lang=\"en\"><title>Signed out</title></html>"))
	return nil
}

// endFromFront looks for sessions first: whoever makes up ids leaves no more in the store than the limit lets them.
func (s *Server) endFromFront(c *gin.Context, provider, sid string) (int, error) {
	ctx := c.Request.Context()
	all, err := s.cfg.Sessions.OfSID(ctx, provider, sid)
	if err != nil || len(all) == 0 {
		return 0, err
	}
	subject := all[0].Identity.Subject
	ended, err := s.EndSID(ctx, provider, sid, subject)
	if err == nil {
		s.cfg.Audit.Record(ctx, audit.Event{
			Act: audit.SessionRevoked, Reason: audit.Frontchannel, Provider: provider, Subject: subject, Address: c.ClientIP(),
			Attrs: []slog.Attr{slog.Int("sessions", ended)},
		})
	}
	return ended, err
}

// unknownSession counts a session that no session of ours comes from, and within the limit sees to a sign-in that comes
// from it and is on its way (S114).
func (s *Server) unknownSession(c *gin.Context, providers []string, sid string) error {
	if err := s.refuseLogout(c, audit.UnknownSID, nil); err != nil {
		return err
	}
	for _, key := range providers {
		if _, err := s.EndSID(c.Request.Context(), key, sid, ""); err != nil {
			return problem.StoreUnavailable(err)
		}
	}
	return nil
}
