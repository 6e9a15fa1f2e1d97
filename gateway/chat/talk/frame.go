package talk

import (
	"embed"
	"errors"
	"slices"

	"github.com/gin-gonic/gin"

	"chatgate/gateway/chat"
	"chatgate/gateway/handoff"
	"chatgate/gateway/problem"
	"chatgate/gateway/session"
)

//go:embed web
var webFiles embed.FS

// frameScript gives a token to the page around the frame.
const frameScript = "talk-frame.js"

// framePage is the page by which people sign in on a site that embeds the comments, where cookies of other sites are
// blocked too.
type framePage struct {
	shell     *handoff.Shell
	ancestors []string
	parents   []chat.Origin // may be sent a token
}

func newFramePage(env chat.Env, access chat.Access) (*framePage, error) {
	if err := env.Pages.AddAssets(webFiles, "web/*.js"); err != nil {
		return nil, err
	}
	shell, err := handoff.NewShell(env.Pages, frameScript)
	if err != nil {
		return nil, err
	}
	p := &framePage{shell: shell, parents: access.Token}
	for _, origin := range access.Frame {
		p.ancestors = append(p.ancestors, string(origin))
	}
	return p, nil
}

// showFrame answers with the page. Its parent is the embedding page that says so and is listed for tokens, letter for
// letter: the right to frame the page is not enough (D29).
func (c *connector) showFrame(g *gin.Context) error {
	named := g.QueryArray("embedder")
	if len(named) != 1 || !slices.Contains(c.frame.parents, chat.Origin(named[0])) {
		return problem.OriginNotAllowed(errors.New("frame for an embedder without the right to tokens"))
	}
	s, err := c.env.Sessions.Read(g.Request.Context(), g.Writer, g.Request, c.env.Name)
	if err != nil && !errors.Is(err, session.ErrNone) {
		return c.env.Sessions.Problem(err)
	}
	view := handoff.View{
		Chat: c.env.Name, Title: c.env.Title, Parent: named[0], Embedder: true,
		Ancestors: c.frame.ancestors, SignedIn: err == nil,
	}
	if view.SignedIn {
		view.Name = displayName(s)
	}
	return c.frame.shell.Render(g, view)
}

// displayName is how the frame calls the person, or nothing.
func displayName(s session.Session) string {
	if s.Identity.Name != "" {
		return s.Identity.Name
	}
	return s.Identity.Username
}
