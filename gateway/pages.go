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
	all                                       *web.Pages
	homeSignedIn, homeSignedOut, chooser, ask *web.Template
}

func parsePages(all *web.Pages) (pages, error) {
	p := pages{all: all}
	if err := all.AddAssets(pageFiles, "page/*.css"); err != nil {
		return pages{}, err
	}
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

// choice is one provider to sign in at, and the way there: a link, or a form.
type choice struct {
	Title string
	Way   web.Action
}

// choose shows the providers. KeepOpener is for a window that a chat opened.
func (p pages) choose(c *gin.Context, offered []choice, keepOpener bool) error {
	return p.all.Render(c, http.StatusOK, web.Page{Template: p.chooser, Data: offered, KeepOpener: keepOpener})
}

func (p pages) askLogout(c *gin.Context) error {
	return p.all.Render(c, http.StatusOK, web.Page{Template: p.ask})
}
