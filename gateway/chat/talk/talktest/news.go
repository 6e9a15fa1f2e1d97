package talktest

import (
	"embed"
	"errors"
	"fmt"
	"html/template"
	"net/http"
	"strings"
)

//go:embed web/news
var newsFiles embed.FS

// NewsConfig says where the page finds comments and sign-in.
type NewsConfig struct {
	// CoralURL is the public origin of the Coral whose comments the page embeds: another origin than the page's own, or
	// the same when both are served behind one mux. Coral must list the page's origin among its AllowedOrigins.
	CoralURL string
	// GatewayURL is chatgate's public origin.
	GatewayURL string
	// Chat is the comment section's name at the gateway, "talk" when empty.
	Chat string
}

// News is a newspaper's article page. As a customer's page it holds no secret: it asks the gateway for a token with
// the reader's cookies and hands that to the embed (G30).
//
// For tests, the body carries data-talk="state" and says where it stands in data-state: "checking", "out", "in" or
// "refused". The embed marks its controls with data-talk="sign-in", "user", "comment" (the box) and "post".
type News struct {
	cfg     NewsConfig
	article *template.Template
	policy  string
	handler http.Handler
}

var _ http.Handler = (*News)(nil)

// NewNews checks cfg.
func NewNews(cfg NewsConfig) (*News, error) {
	err := errors.Join(named("CoralURL", checkOrigin(cfg.CoralURL)), named("GatewayURL", checkOrigin(cfg.GatewayURL)))
	if err != nil {
		return nil, err
	}
	if cfg.Chat == "" {
		cfg.Chat = "talk"
	}
	article, err := template.ParseFS(newsFiles, "web/news/article.html")
	if err != nil {
		return nil, fmt.Errorf("parse the article: %w", err)
	}
	n := &News{cfg: cfg, article: article, policy: newsPolicy(cfg)}
	n.handler = n.routes()
	return n, nil
}

func named(field string, err error) error {
	if err == nil {
		return nil
	}
	return fmt.Errorf("%s: %w", field, err)
}

// newsPolicy lets the page load the embed from Coral and speak to Coral and the gateway, and nothing else.
func newsPolicy(cfg NewsConfig) string {
	return strings.Join([]string{
		"default-src 'none'",
		"script-src 'self' " + cfg.CoralURL,
		"style-src 'self' " + cfg.CoralURL,
		"img-src 'self'",
		"connect-src " + cfg.CoralURL + " " + cfg.GatewayURL,
		"base-uri 'none'",
		"form-action 'none'",
		"frame-ancestors 'none'",
	}, "; ")
}

func (n *News) routes() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /{$}", n.page)
	for _, name := range []string{"news.css", "news.js", "ferry.svg", "icon.svg"} {
		mux.Handle("GET /"+name, asset(newsFiles, "web/news/"+name))
	}
	return mux
}

func (n *News) ServeHTTP(w http.ResponseWriter, r *http.Request) { n.handler.ServeHTTP(w, r) }

// articleData is what the template needs; the script reads it from data attributes, so that none of it is inline.
type articleData struct{ CoralURL, TokenURL, LoginURL, LogoutURL string }

func (n *News) page(w http.ResponseWriter, _ *http.Request) {
	h := w.Header()
	h.Set("Content-Type", "text/html; charset=utf-8")
	h.Set("Cache-Control", "no-cache")
	h.Set("Content-Security-Policy", n.policy)
	h.Set("Referrer-Policy", "strict-origin-when-cross-origin")
	h.Set("X-Content-Type-Options", "nosniff")
	// The status is out with the first byte: a reader who has gone away is nobody's error.
	_ = n.article.Execute(w, articleData{
		CoralURL:  n.cfg.CoralURL,
		TokenURL:  n.cfg.GatewayURL + "/" + n.cfg.Chat + "/token",
		LoginURL:  n.cfg.GatewayURL + "/login",
		LogoutURL: n.cfg.GatewayURL + "/logout",
	})
}
