package rocketchat

import (
	"embed"
	"slices"

	"github.com/gin-gonic/gin"

	"chatgate/gateway/handoff"
)

//go:embed web
var webFiles embed.FS

// frameScript gives a login to the page around the frame.
const frameScript = "rocketchat-frame.js"

// electron is what Rocket.Chat adds to the address in its desktop app.
const electron = "electron"

// showFrame answers with the page that Rocket.Chat shows in its login frame. It asks Rocket.Chat nothing; what it asks of
// us is up to its script. Its parent is the chat itself, or an embedding page that says so and may be given a login.
func (c *connector) showFrame(g *gin.Context) error {
	parent, ok := c.frame.Embedder(g)
	if !ok {
		parent = c.cfg.URL
	}
	return c.frame.Show(g, handoff.View{
		Parent: string(parent), Embedder: parent != c.cfg.URL, Electron: slices.Contains(g.QueryArray("client"), electron),
	})
}
