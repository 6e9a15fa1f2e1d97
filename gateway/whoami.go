package gateway

import (
	"net/http"

	"github.com/gin-gonic/gin"

	"chatgate/gateway/session"
)

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
	for _, known := range s.accountChats() {
		if known.Refuses(id) == "" {
			body.Chats = append(body.Chats, known.Name)
		}
	}
	c.JSON(http.StatusOK, body)
	return nil
}
