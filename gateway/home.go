package gateway

import (
	"embed"
	"errors"
	"net/http"
	"slices"
	"strings"

	"github.com/gin-gonic/gin"

	"chatgate/gateway/problem"
	"chatgate/gateway/session"
	"chatgate/gateway/web"
)

//go:embed page
var pageFiles embed.FS

// pages are the gateway's own, parsed once.
type pages struct {
	all                                       *web.Pages
	homeSignedIn, homeSignedOut, chooser, ask *web.Template
}

func parsePages(all *web.Pages) (pages, error) {
	p := pages{all: all}
	for file, into := range map[string]**web.Template{
		"page/home.html":    &p.homeSignedIn,
		"page/sign-in.html": &p.homeSignedOut,
		"page/chooser.html": &p.chooser,
		"page/logout.html":  &p.ask,
	} {
		parsed, err := all.Parse(pageFiles, file)
		if err != nil {
			return pages{}, err
		}
		*into = parsed
	}
	return p, nil
}

// choice is one provider to sign in at.
type choice struct{ Key, Href string }

func (p pages) choose(c *gin.Context, offered []choice) error {
	return p.all.Render(c, http.StatusOK, web.Page{Template: p.chooser, Data: offered})
}

func (p pages) askLogout(c *gin.Context) error {
	return p.all.Render(c, http.StatusOK, web.Page{Template: p.ask})
}

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

// signedIn is the answer of GET /session, for our own pages.
type signedIn struct {
	Provider string   `json:"provider"`
	Subject  string   `json:"sub"`
	Name     string   `json:"name,omitempty"`
	Username string   `json:"preferred_username,omitempty"`
	Email    string   `json:"email,omitempty"`
	Verified bool     `json:"email_verified"`
	Chats    []string `json:"chats"`
	Expires  int64    `json:"expires_at"`
}

// session tells our own pages who is signed in. Without CORS headers no other page can read it.
func (s *Server) session(c *gin.Context, found session.Session) error {
	id := found.Identity
	body := signedIn{
		Provider: id.Provider, Subject: id.Subject, Name: id.Name, Username: id.Username,
		Email: id.Email, Verified: id.EmailVerified, Expires: found.Ends.Unix(), Chats: []string{},
	}
	for _, open := range s.openChats() {
		body.Chats = append(body.Chats, open.Name)
	}
	c.JSON(http.StatusOK, body)
	return nil
}
