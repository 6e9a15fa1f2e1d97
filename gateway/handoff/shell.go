package handoff

import (
	"embed"
	"net/http"

	"github.com/gin-gonic/gin"

	"chatgate/gateway/web"
)

//go:embed web/*.html web/*.css web/*.js
var webFiles embed.FS

// Shell is the page inside a chat's frame, the same for every chat: what state the sign-in is in, and the buttons that
// begin it. Themes and tests find those by data-chatgate: login and login-top begin a sign-in in a new window and in the
// same one, continue and retry ask for the login of a session, logout goes on to sign out at the provider. It is safe for
// concurrent use.
type Shell struct {
	pages    *web.Pages
	template *web.Template
	scripts  []string
}

// NewShell adds the page to pages. deliverer is the asset of the connector's own script, which gives the login to the
// page around the frame; it runs first, so that it listens when the shell begins.
//
// The two speak in events on the element that is marked data-frame. The shell sends chatgate:deliver, whose detail is what
// the server handed over; the deliverer answers chatgate:refused when the chat does not take that. Where it does, the page
// around the frame removes it.
func NewShell(pages *web.Pages, deliverer string) (*Shell, error) {
	if err := pages.AddAssets(webFiles, "web/*.js", "web/*.css"); err != nil {
		return nil, err
	}
	template, err := pages.Parse(webFiles, "web/frame.html")
	if err != nil {
		return nil, err
	}
	return &Shell{pages: pages, template: template, scripts: []string{deliverer, "frame.js"}}, nil
}

// View is what the page shows to one person.
type View struct {
	Chat  string // the chat's name, which its routes begin with
	Title string // what people call it
	// Parent is the only origin that the page gives a login to: the chat's, or that of an Embedder, a page which frames
	// ours itself.
	Parent   string
	Embedder bool
	// Ancestors are the origins that may frame the page, one in another (B-06).
	Ancestors []string
	// SignedIn says that the browser brought a session, so that the page asks for its login and offers nothing yet. Name
	// is how to call the person, where that is known.
	SignedIn bool
	Name     string
	// Electron says that the frame is in the desktop app, which gives other windows to another browser: everything
	// happens in this one (B-17).
	Electron bool
}

// Render answers with the page.
func (s *Shell) Render(c *gin.Context, v View) error {
	return s.pages.Render(c, http.StatusOK, web.Page{
		Template: s.template, Data: v, FrameAncestors: v.Ancestors, Scripts: s.scripts, Styles: []string{"frame.css"},
	})
}
