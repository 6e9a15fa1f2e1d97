package rocketchat

import (
	"embed"
	"errors"
	"net/http"
	"slices"

	"github.com/gin-gonic/gin"

	"chatgate/gateway/chat"
	"chatgate/gateway/session"
	"chatgate/gateway/web"
)

//go:embed web
var webFiles embed.FS

const frameScript = "rocketchat-frame.js"

// framePage is the page that Rocket.Chat shows in its login frame.
type framePage struct {
	env       chat.Env
	template  *web.Template
	ancestors []string
	parents   []chat.Origin // may be sent a login token; the chat itself comes first
}

func newFramePage(env chat.Env, access chat.Access) (*framePage, error) {
	if err := env.Pages.AddAssets(webFiles, "web/*.js"); err != nil {
		return nil, err
	}
	template, err := env.Pages.Parse(webFiles, "web/frame.html")
	if err != nil {
		return nil, err
	}
	p := &framePage{env: env, template: template, parents: access.Token}
	for _, origin := range access.Frame {
		p.ancestors = append(p.ancestors, string(origin))
	}
	return p, nil
}

// frameData is what the page shows and what its script works with.
type frameData struct {
	Chat   string      // its name, for /login
	Title  string      // what people call it
	Parent chat.Origin // the only origin that the page posts to and listens to
	// SignedIn says that there is a session, so that the script asks for its login.
	SignedIn bool
	Name     string
}

func (p *framePage) handler(c *connector) gin.HandlerFunc {
	return p.env.Problems.Frame(p.ancestors, c.showFrame)
}

// showFrame answers with the page. Without a session it offers to sign in, and its script asks for nothing.
func (c *connector) showFrame(g *gin.Context) error {
	p := c.frame
	s, err := c.env.Sessions.Read(g.Request.Context(), g.Writer, g.Request, c.env.Name)
	if err != nil && !errors.Is(err, session.ErrNone) {
		return c.env.Sessions.Problem(err)
	}
	data := frameData{Chat: c.env.Name, Title: c.env.Title, Parent: p.parent(g.QueryArray("embedder")), SignedIn: err == nil}
	if data.SignedIn {
		data.Name = displayName(s)
	}
	return c.env.Pages.Render(g, http.StatusOK, web.Page{
		Template: p.template, Data: data, FrameAncestors: p.ancestors, Scripts: []string{frameScript},
	})
}

// parent is the chat itself, or an embedding page that says so and is listed, letter for letter. The page posts a login
// token to its parent, so the right to frame it is not enough (D29).
func (p *framePage) parent(embedder []string) chat.Origin {
	if len(embedder) == 1 && slices.Contains(p.parents, chat.Origin(embedder[0])) {
		return chat.Origin(embedder[0])
	}
	return p.parents[0]
}
