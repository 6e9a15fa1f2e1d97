package gateway

import (
	"cmp"
	"context"
	"errors"
	"net/http"

	"github.com/gin-gonic/gin"

	"chatgate/gateway/audit"
	"chatgate/gateway/session"
	"chatgate/gateway/web"
	"chatgate/oidc"
)

// A sign-in with another account takes the place of this browser's, whose chats close. Any site can lead a browser to
// /login, and a provider may answer without a question: so a link from elsewhere that asks for another account than the
// one that is signed in is asked about first (S105).

// replacement is what the page shows that asks.
type replacement struct {
	Person string
	Fields map[string]string // of the form that goes on
}

// mayReplace says whether a sign-in at this provider could put somebody else in the place of who is signed in, without
// their having asked for it on a page of ours.
func mayReplace(r *http.Request, live session.Session, w wish) bool {
	return fromElsewhere(r) && (w.Prompt != "" || w.Provider != live.Identity.Provider)
}

// fromElsewhere says whether a link of another site may have led here. Browsers tell (Fetch Metadata): "none" is an
// address that was typed or kept. Of one that is too old to tell nothing is known, and a link it may be. What is posted
// has been looked at already.
func fromElsewhere(r *http.Request) bool {
	site := r.Header.Get("Sec-Fetch-Site")
	return r.Method != http.MethodPost && site != "same-origin" && site != "none"
}

// askReplace asks the person who is signed in whether they want to go on.
func (s *Server) askReplace(c *gin.Context, live session.Session, w wish, fields map[string]string) error {
	carried := given(fields, "return_to", "chat", "path", "prompt", "login_hint")
	carried["provider"] = w.Provider
	return s.pages.all.Render(c, http.StatusOK, web.Page{
		Template:   s.pages.replace,
		Data:       replacement{Person: cmp.Or(live.Identity.Name, live.Identity.Username, live.Identity.Subject), Fields: carried},
		KeepOpener: toOwnLogin(fields["return_to"]),
	})
}

// startSession begins the session of who has signed in. Where it ends another person's in this browser, the audit log says
// so.
func (s *Server) startSession(c *gin.Context, in session.SignIn) (session.Session, error) {
	ctx := c.Request.Context()
	former, err := s.cfg.Sessions.Recognise(ctx, c.Request)
	if err != nil && !errors.Is(err, session.ErrNone) {
		return session.Session{}, err
	}
	began, err := s.cfg.Sessions.Start(ctx, c.Writer, c.Request, in)
	if former.Key != "" && !samePerson(former.Identity, in.Identity) && (err == nil || errors.Is(err, session.ErrEnded)) {
		s.recordReplaced(ctx, former, c.ClientIP())
	}
	return began, err
}

func samePerson(a, b oidc.Identity) bool { return a.Provider == b.Provider && a.Subject == b.Subject }

func (s *Server) recordReplaced(ctx context.Context, former session.Session, address string) {
	s.cfg.Audit.Record(ctx, audit.Event{
		Act: audit.SessionRevoked, Reason: audit.AnotherSignIn, Provider: former.Identity.Provider, Subject: former.Identity.Subject,
		Session: former.Label(), Address: address,
	})
}
