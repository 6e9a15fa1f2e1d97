// Package sdktest is a customer's page for tests and the demo: a company's intranet that shows its Rocket.Chat in an
// iframe and signs people in with chatgate.js.
package sdktest

import (
	"embed"
	"fmt"
	"html/template"
	"net/http"
	"net/url"
	"strings"

	"chatgate/gateway/sdk"
)

//go:embed web
var web embed.FS

// Config says where the page finds the chat and the gateway.
type Config struct {
	GatewayURL string // chatgate's public origin
	ChatURL    string // Rocket.Chat's public origin; it must let the page's origin frame and command it
	Chat       string // the chat's name at the gateway, "rocketchat" when empty
}

// Portal is the intranet's front page, in three shapes:
//
//	/          with the module
//	/?classic  with the classic script
//	/?plain    without any script: the chat in its iframe signs people in by itself
//
// For tests, the body carries data-portal="state" and the connection's state in data-state, data-confirmed and
// data-code. Its controls are marked data-portal="sign-in" (where the gateway's frame goes), "chat" (the iframe),
// "leave", "sign-out" and "again".
type Portal struct {
	cfg     Config
	page    *template.Template
	handler http.Handler
}

var _ http.Handler = (*Portal)(nil)

// New checks cfg.
func New(cfg Config) (*Portal, error) {
	for name, address := range map[string]string{"GatewayURL": cfg.GatewayURL, "ChatURL": cfg.ChatURL} {
		if u, err := url.Parse(address); err != nil || u.Host == "" || u.Scheme+"://"+u.Host != address {
			return nil, fmt.Errorf("%s: must be an origin, got %q", name, address)
		}
	}
	if cfg.Chat == "" {
		cfg.Chat = "rocketchat"
	}
	page, err := template.ParseFS(web, "web/portal.html")
	if err != nil {
		return nil, fmt.Errorf("parse the page: %w", err)
	}
	p := &Portal{cfg: cfg, page: page}
	p.handler = p.routes()
	return p, nil
}

func (p *Portal) routes() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /{$}", p.serve)
	for _, name := range []string{"portal.css", "portal.js", "icon.svg"} {
		mux.HandleFunc("GET /"+name, func(w http.ResponseWriter, r *http.Request) {
			w.Header().Set("Cache-Control", "no-cache")
			w.Header().Set("X-Content-Type-Options", "nosniff")
			http.ServeFileFS(w, r, web, "web/"+name)
		})
	}
	return mux
}

func (p *Portal) ServeHTTP(w http.ResponseWriter, r *http.Request) { p.handler.ServeHTTP(w, r) }

// view is what the page needs. Its script reads the addresses from data attributes, so that nothing is inline.
type view struct {
	Config
	Script    string // chatgate.js in one of its shapes; empty for none
	Integrity string
	Module    bool
}

func (p *Portal) serve(w http.ResponseWriter, r *http.Request) {
	v := view{Config: p.cfg}
	switch query := r.URL.Query(); {
	case query.Has("plain"):
	case query.Has("classic"):
		v.Script, v.Integrity = p.script(sdk.Classic)
	default:
		v.Module = true
		v.Script, v.Integrity = p.script(sdk.Module)
	}
	h := w.Header()
	h.Set("Content-Type", "text/html; charset=utf-8")
	h.Set("Cache-Control", "no-cache")
	h.Set("Content-Security-Policy", p.policy())
	h.Set("Referrer-Policy", "strict-origin-when-cross-origin")
	h.Set("X-Content-Type-Options", "nosniff")
	// The status is out with the first byte: a reader who has gone away is nobody's error.
	_ = p.page.Execute(w, v)
}

func (p *Portal) script(name string) (address, integrity string) {
	return p.cfg.GatewayURL + "/sdk/v1/" + name, sdk.Integrity(name)
}

// policy is as narrow as a page with chatgate.js can be.
func (p *Portal) policy() string {
	return strings.Join([]string{
		"default-src 'none'",
		"script-src 'self' " + p.cfg.GatewayURL,
		"style-src 'self'",
		"img-src 'self'",
		"connect-src " + p.cfg.GatewayURL,
		"frame-src " + p.cfg.GatewayURL + " " + p.cfg.ChatURL,
		"base-uri 'none'",
		"form-action 'none'",
		"frame-ancestors 'none'",
	}, "; ")
}
