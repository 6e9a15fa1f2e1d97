package gateway

import (
	"errors"
	"net/http"
	"slices"
	"strings"

	"github.com/gin-gonic/gin"

	"chatgate/gateway/problem"
	"chatgate/gateway/session"
	"chatgate/gateway/web"
	"chatgate/oidc"
)

// openChat is a chat as the account page shows it.
type openChat struct{ Name, Title, URL string }

// home says who is signed in and leads to the chats; signed out it offers to sign in.
func (s *Server) home(c *gin.Context) error {
	found, err := s.cfg.Sessions.Read(c.Request.Context(), c.Writer, c.Request, "")
	if errors.Is(err, session.ErrNone) {
		return s.pages.all.Render(c, http.StatusOK, web.Page{Template: s.pages.homeSignedOut})
	}
	if err != nil {
		return problem.StoreUnavailable(err)
	}
	return s.pages.all.Render(c, http.StatusOK, web.Page{
		Template: s.pages.homeSignedIn, Styles: []string{"account.css"},
		Data: struct {
			Person string
			Email  string
			Chats  []openChat
		}{displayName(found), found.Identity.Email, s.openChats(found.Identity)},
	})
}

// openChats are those that the rules let this person into (D7).
func (s *Server) openChats(id oidc.Identity) []openChat {
	var open []openChat
	for name, c := range s.cfg.Chats {
		if c.Rules == nil || c.Rules.Allow(id) == nil {
			open = append(open, openChat{Name: name, Title: c.Title, URL: string(s.origins.chats[name])})
		}
	}
	slices.SortFunc(open, func(a, b openChat) int { return strings.Compare(a.Title, b.Title) })
	return open
}

// displayName is the best the provider gave: the name, else the username, else the subject.
func displayName(s session.Session) string {
	for _, name := range []string{s.Identity.Name, s.Identity.Username} {
		if name != "" {
			return name
		}
	}
	return s.Identity.Subject
}
