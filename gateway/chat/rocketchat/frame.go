package rocketchat

import (
	"embed"
	"errors"
	"slices"

	"github.com/gin-gonic/gin"

	"chatgate/gateway/chat"
	"chatgate/gateway/handoff"
	"chatgate/gateway/session"
)

//go:embed web
var webFiles embed.FS

// frameScript gives a login to the page around the frame.
const frameScript = "rocketchat-frame.js"

// framePage is the page that Rocket.Chat shows in its login frame.
type framePage struct {
	env       chat.Env
	shell     *handoff.Shell
	ancestors []string
	parents   []chat.Origin // may be sent a login token; the chat itself comes first
}

func newFramePage(env chat.Env, access chat.Access) (*framePage, error) {
	if err := env.Pages.AddAssets(webFiles, "web/*.js"); err != nil {
		return nil, err
	}
	shell, err := handoff.NewShell(env.Pages, frameScript)
	if err != nil {
		return nil, err
	}
	p := &framePage{env: env, shell: shell, parents: access.Token}
	for _, origin := range access.Frame {
		p.ancestors = append(p.ancestors, string(origin))
	}
	return p, nil
}

func (p *framePage) handler(c *connector) gin.HandlerFunc {
	return p.env.Problems.Frame(p.ancestors, c.showFrame)
}

// electron is what Rocket.Chat adds to the address in its desktop app.
const electron = "electron"

// showFrame answers with the page. It asks Rocket.Chat nothing; what it asks of us is up to its script.
func (c *connector) showFrame(g *gin.Context) error {
	p := c.frame
	s, err := c.env.Sessions.Read(g.Request.Context(), g.Writer, g.Request, c.env.Name)
	if err != nil && !errors.Is(err, session.ErrNone) {
		return c.env.Sessions.Problem(err)
	}
	parent := p.parent(g.QueryArray("embedder"))
	view := handoff.View{
		Chat: c.env.Name, Title: c.env.Title, Parent: string(parent), Embedder: parent != p.parents[0],
		Ancestors: p.ancestors, SignedIn: err == nil, Electron: slices.Contains(g.QueryArray("client"), electron),
	}
	if view.SignedIn {
		view.Name = displayName(s)
	}
	return p.shell.Render(g, view)
}

// parent is the chat itself, or an embedding page that says so and is listed, letter for letter. The page gives a login
// token to its parent, so the right to frame it is not enough (D29).
func (p *framePage) parent(embedder []string) chat.Origin {
	if len(embedder) == 1 && slices.Contains(p.parents, chat.Origin(embedder[0])) {
		return chat.Origin(embedder[0])
	}
	return p.parents[0]
}
