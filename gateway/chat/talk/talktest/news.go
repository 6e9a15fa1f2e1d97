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

// NewsConfig says where the page finds comments and sign-in. It has either a Coral or a Talk 4.
type NewsConfig struct {
	// CoralURL is the public origin of the Coral whose comments the page embeds: another origin than the page's own, or
	// the same when both are served behind one mux. Coral must list the page's origin among its AllowedOrigins.
	CoralURL string
	// TalkURL is the public origin of the Talk 4 whose comments the page embeds.
	TalkURL string
	// GatewayURL is chatgate's public origin.
	GatewayURL string
	// Chat is the comment section's name at the gateway, "talk" when empty.
	Chat string
	// Integrity is the hash of chatgate.js (Subresource Integrity), which is not checked when empty.
	Integrity string
}

// News is a newspaper's article page. As a customer's page it holds no secret: what it does to sign its readers in is
// one call of chatgate.js (G30).
//
// For tests, the body carries data-talk="state", the state's name in data-state and the code of a failure in data-code.
// Beside data-talk="enter", "logout" and "sign-in-frame" of the page itself, the comments mark their controls with
// data-talk="sign-in", "user", "sign-out", "comment" (the box) and "post"; Talk 4's are in a frame.
type News struct {
	cfg     NewsConfig
	article *template.Template
	policy  string
	handler http.Handler
}

var _ http.Handler = (*News)(nil)

// NewNews checks cfg.
func NewNews(cfg NewsConfig) (*News, error) {
	if (cfg.CoralURL == "") == (cfg.TalkURL == "") {
		return nil, errors.New("CoralURL, TalkURL: one of the two must be given")
	}
	err := errors.Join(named("the comments' URL", checkOrigin(cfg.root())), named("GatewayURL", checkOrigin(cfg.GatewayURL)))
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
	n := &News{cfg: cfg, article: article, policy: cfg.policy()}
	n.handler = n.routes()
	return n, nil
}

func named(field string, err error) error {
	if err == nil {
		return nil
	}
	return fmt.Errorf("%s: %w", field, err)
}

// root is where the comments come from.
func (cfg NewsConfig) root() string {
	return cfg.CoralURL + cfg.TalkURL
}

// product is the option of chatgate.js under which the page tells that.
func (cfg NewsConfig) product() string {
	if cfg.TalkURL != "" {
		return "talk"
	}
	return "coral"
}

// policy is as narrow as a page with comments can be: Coral draws them in the page itself, Talk 4 in a frame.
func (cfg NewsConfig) policy() string {
	style, frame := "'self' "+cfg.CoralURL, cfg.GatewayURL
	connect := cfg.GatewayURL + " " + cfg.CoralURL + " ws" + strings.TrimPrefix(cfg.CoralURL, "http")
	if cfg.TalkURL != "" {
		style, connect, frame = "'self'", cfg.GatewayURL, cfg.GatewayURL+" "+cfg.TalkURL
	}
	return strings.Join([]string{
		"default-src 'none'",
		"script-src 'self' " + cfg.GatewayURL + " " + cfg.root(),
		"style-src " + style,
		"img-src 'self'",
		"connect-src " + connect,
		"frame-src " + frame,
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
type articleData struct {
	NewsConfig
	Script, Product, Root string
}

func (n *News) page(w http.ResponseWriter, _ *http.Request) {
	h := w.Header()
	h.Set("Content-Type", "text/html; charset=utf-8")
	h.Set("Cache-Control", "no-cache")
	h.Set("Content-Security-Policy", n.policy)
	h.Set("Referrer-Policy", "strict-origin-when-cross-origin")
	h.Set("X-Content-Type-Options", "nosniff")
	// The status is out with the first byte: a reader who has gone away is nobody's error.
	_ = n.article.Execute(w, articleData{
		NewsConfig: n.cfg, Script: n.cfg.GatewayURL + "/sdk/v1/chatgate.js", Product: n.cfg.product(), Root: n.cfg.root(),
	})
}
