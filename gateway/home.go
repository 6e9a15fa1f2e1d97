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
)

// openChat is a chat as the account page shows it.
type openChat struct{ Name, URL string }

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
		Template: s.pages.homeSignedIn,
		Data: struct {
			Person string
			Email  string
			Chats  []openChat
		}{displayName(found), found.Identity.Email, s.openChats()},
	})
}

func (s *Server) openChats() []openChat {
	var out []openChat
	for name, origin := range s.origins.chats {
		out = append(out, openChat{Name: name, URL: string(origin)})
	}
	slices.SortFunc(out, func(a, b openChat) int { return strings.Compare(a.Name, b.Name) })
	return out
}

// displayName is the best the provider gave: the name, else the username, else nothing personal.
func displayName(s session.Session) string {
	for _, name := range []string{s.Identity.Name, s.Identity.Username} {
		if name != "" {
			return name
		}
	}
	return s.Identity.Subject
}
