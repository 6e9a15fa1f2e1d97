package oidctest

import (
	"embed"
	"html/template"
	"net/http"
	"net/url"
)

//go:embed web
var web embed.FS

var templates = template.Must(template.ParseFS(web, "web/*.html"))

// signInData fills web/signin.html.
type signInData struct {
	Action   string
	Request  string // the authorization request, carried through the form
	Username string
	Problem  string
	Notice   string
}

func (p *Provider) signInPage(w http.ResponseWriter, status int, query url.Values, username, problem string) {
	if policy := p.faultsNow().CrossOriginOpenerPolicy; policy != "" {
		w.Header().Set("Cross-Origin-Opener-Policy", policy)
	}
	p.page(w, status, "signin.html", signInData{
		Action:   p.endpoint(PathSignIn),
		Request:  query.Encode(),
		Username: username,
		Problem:  problem,
		Notice:   p.cfg.Notice,
	})
}

func (p *Provider) problemPage(w http.ResponseWriter, problem string) {
	p.page(w, http.StatusBadRequest, "problem.html", map[string]string{"Problem": problem})
}

// page sends what real providers send: nobody frames their sign-in. There is no form-action, because Chromium holds
// every redirect after a form to it, and those lead to the client and wherever the client leads next.
func (p *Provider) page(w http.ResponseWriter, status int, name string, data any) {
	h := w.Header()
	h.Set("Content-Type", "text/html; charset=utf-8")
	h.Set("Content-Security-Policy", "default-src 'none'; style-src 'self'; base-uri 'none'; frame-ancestors 'none'")
	h.Set("X-Frame-Options", "DENY")
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("Referrer-Policy", "strict-origin")
	h.Set("Cache-Control", "no-store")
	w.WriteHeader(status)
	_ = templates.ExecuteTemplate(w, name, pageData{Style: p.endpoint(pathStyle), Data: data})
}

// pageData is what every page gets.
type pageData struct {
	Style string
	Data  any
}

func (p *Provider) style(w http.ResponseWriter, r *http.Request) {
	http.ServeFileFS(w, r, web, "web/style.css")
}
