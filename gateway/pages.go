package gateway

import (
	"embed"
	"net/http"

	"github.com/gin-gonic/gin"

	"chatgate/gateway/web"
)

//go:embed page
var pageFiles embed.FS

// pages are the gateway's own, parsed once.
type pages struct {
	all                   *web.Pages
	chooser, ask, replace *web.Template
}

func parsePages(all *web.Pages) (pages, error) {
	p := pages{all: all}
	if err := all.AddAssets(pageFiles, "page/*.css"); err != nil {
		return pages{}, err
	}
	for file, into := range map[string]**web.Template{
		"page/chooser.html": &p.chooser,
		"page/logout.html":  &p.ask,
		"page/replace.html": &p.replace,
	} {
		parsed, err := all.Parse(pageFiles, file)
		if err != nil {
			return pages{}, err
		}
		*into = parsed
	}
	return p, nil
}

func (p pages) askLogout(c *gin.Context) error {
	return p.all.Render(c, http.StatusOK, web.Page{Template: p.ask})
}
