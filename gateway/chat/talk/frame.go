package talk

import (
	"embed"
	"errors"

	"github.com/gin-gonic/gin"

	"chatgate/gateway/decision"
	"chatgate/gateway/handoff"
	"chatgate/gateway/problem"
)

//go:embed web
var webFiles embed.FS

// frameScript gives a token to the page around the frame.
const frameScript = "talk-frame.js"

// showFrame answers with the page by which people sign in on a site that embeds the comments, where cookies of other sites
// are blocked too. There is no other parent than such a site.
func (c *connector) showFrame(g *gin.Context) error {
	embedder, ok := c.frame.Embedder(g)
	if !ok {
		return problem.OriginNotAllowed(decision.Because(
			decision.EmbedderUnlisted, errors.New("frame for an embedder without the right to tokens"), "embedder", decision.List(g.QueryArray("embedder"))))
	}
	return c.frame.Show(g, handoff.View{Parent: string(embedder), Embedder: true})
}
