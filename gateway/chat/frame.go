package chat

import (
	"errors"
	"io/fs"
	"slices"

	"github.com/gin-gonic/gin"

	"chatgate/gateway/handoff"
	"chatgate/gateway/session"
)

// FramePage is a connector's page inside another page's frame, by which people sign in.
type FramePage struct {
	env       Env
	shell     *handoff.Shell
	ancestors []string
	parents   []Origin // may be sent a login
}

// NewFramePage adds the page, with the scripts that stand in the folder web of files; the one called deliverer gives a
// login to the page around the frame. The gateway does not serve yet.
func NewFramePage(env Env, access Access, files fs.FS, deliverer string) (*FramePage, error) {
	if err := env.Pages.AddAssets(files, "web/*.js"); err != nil {
		return nil, err
	}
	shell, err := handoff.NewShell(env.Pages, deliverer)
	if err != nil {
		return nil, err
	}
	p := &FramePage{env: env, shell: shell, parents: access.Token}
	for _, origin := range access.Frame {
		p.ancestors = append(p.ancestors, string(origin))
	}
	return p, nil
}

// Handler serves the page by show, which ends in Show.
func (p *FramePage) Handler(show func(*gin.Context) error) gin.HandlerFunc {
	return p.env.Problems.Frame(p.ancestors, show)
}

// Embedder is the page around the frame, where the address names one that is listed for tokens, letter for letter: the
// right to frame ours is not enough, since it is given a login (D29).
func (p *FramePage) Embedder(g *gin.Context) (Origin, bool) {
	named := g.QueryArray("embedder")
	if len(named) != 1 || !slices.Contains(p.parents, Origin(named[0])) {
		return "", false
	}
	return Origin(named[0]), true
}

// Show answers with the page for whom the browser's session belongs to, or for somebody who is not signed in. The view
// has what the connector knows: the parent, and whether this is the desktop app.
func (p *FramePage) Show(g *gin.Context, view handoff.View) error {
	s, err := p.env.Sessions.Read(g.Request.Context(), g.Writer, g.Request, p.env.Name)
	if err != nil && !errors.Is(err, session.ErrNone) {
		return p.env.Sessions.Problem(err)
	}
	view.Chat, view.Title, view.Ancestors = p.env.Name, p.env.Title, p.ancestors
	if view.SignedIn = err == nil; view.SignedIn {
		view.Name = DisplayName(s)
	}
	return p.shell.Render(g, view)
}

// DisplayName is how a frame calls the person, or nothing.
func DisplayName(s session.Session) string {
	if s.Identity.Name != "" {
		return s.Identity.Name
	}
	return s.Identity.Username
}
