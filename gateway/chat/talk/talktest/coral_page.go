package talktest

import (
	"embed"
	"io"
	"net/http"
	"slices"
	"strings"
)

var (
	//go:embed web/coral
	coralFiles embed.FS
	//go:embed web/coral/embed.js
	coralEmbed string
	//go:embed web/draw.js
	drawScript string
)

// routePages adds what browsers load: the embed's script and settings for every listed page, and two pages of Coral's own.
func (c *Coral) routePages(mux *http.ServeMux) {
	mux.Handle("/embed/bootstrap", c.cors(method(http.MethodGet, c.bootstrap)))
	// The embed is joined within one function, so that the page around it gets window.Coral alone.
	mux.Handle("GET /assets/js/embed.js", script("(() => {\n"+drawScript+"\n"+coralEmbed+"})();\n"))
	for _, name := range []string{"css/embed.css", "css/page.css", "js/page.js", "js/callback.js"} {
		_, file, _ := strings.Cut(name, "/")
		mux.Handle("GET /assets/"+name, asset(coralFiles, "web/coral/"+file))
	}
	mux.HandleFunc("GET /embed/auth/callback", c.callbackPage)
	mux.HandleFunc("GET /{$}", c.page)
}

// embedSettings is what the embed asks its server at the start.
type embedSettings struct {
	// RefreshAccessToken: the page's callback for another token is called, since 6.3.7.
	RefreshAccessToken bool `json:"refreshAccessToken"`
	// OwnLogin: Coral's own sign-in window opens when someone presses, and when a token is refused that no page renews.
	OwnLogin bool `json:"ownLogin"`
}

func (c *Coral) bootstrap(w http.ResponseWriter, _ *http.Request) {
	writeJSON(w, http.StatusOK, embedSettings{
		RefreshAccessToken: c.release.since(6, 3, 7),
		OwnLogin:           c.oidc.enabled() && c.oidc.integration().TargetFilter.Stream,
	})
}

// script serves a text to pages of any origin.
func script(text string) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "text/javascript; charset=utf-8")
		w.Header().Set("Cross-Origin-Resource-Policy", "cross-origin")
		w.Header().Set("Cache-Control", "no-cache")
		w.Header().Set("X-Content-Type-Options", "nosniff")
		// The status is out with the first byte: a reader who has gone away is nobody's error.
		_, _ = io.WriteString(w, text)
	})
}

// callbackPage is where Coral's own sign-in window ends. It gives the token to no page that is not listed.
func (c *Coral) callbackPage(w http.ResponseWriter, _ *http.Request) {
	ownPage(w)
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	// The status is out with the first byte: a reader who has gone away is nobody's error.
	_ = c.callback.Execute(w, slices.Concat([]string{c.cfg.URL}, c.state.Load().origins()))
}

// page is a small page of Coral's own: it shows what Coral's login ended in.
func (c *Coral) page(w http.ResponseWriter, r *http.Request) {
	ownPage(w)
	asset(coralFiles, "web/coral/page.html").ServeHTTP(w, r)
}

func ownPage(w http.ResponseWriter) {
	w.Header().Set("Content-Security-Policy", "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; "+
		"base-uri 'none'; form-action 'self'; frame-ancestors 'none'")
	w.Header().Set("Referrer-Policy", "strict-origin")
}
