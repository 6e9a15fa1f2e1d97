package rocketchattest

import (
	"embed"
	"io/fs"
	"net/http"
	"strings"
)

//go:embed web
var web embed.FS

// webFiles serves the page's script, style and picture below /web/.
func webFiles() http.Handler {
	return http.FileServerFS(web)
}

// pageHeader marks the page's own REST calls. Where the page uses REST, the real web client logs in and out over its
// websocket, which the REST limiter never sees: marked calls are not limited, and recorded as Call.Page.
const pageHeader = "X-Web-Client"

func fromPage(r *http.Request) bool { return r.Header.Get(pageHeader) != "" }

// servePage answers what a browser asks for outside /api/. Every address of the application is the same page.
func (s *Server) servePage(w http.ResponseWriter, r *http.Request) {
	s.setPageHeaders(w.Header())
	switch path := r.URL.Path; {
	case path == "/web/settings.json":
		s.serveClientSettings(w)
	case path == "/web/session":
		s.serveSession(w, r)
	case strings.HasPrefix(path, "/web/") && !strings.HasSuffix(path, "/"):
		w.Header().Set("Cache-Control", "no-cache")
		s.files.ServeHTTP(w, r)
	case isPage(path):
		serveIndex(w)
	default:
		http.NotFound(w, r)
	}
}

// pagePolicy is what the real server sends with Enable_CSP: connections and frames are wide open, so a gateway needs no
// allow-listing in Rocket.Chat.
const pagePolicy = "default-src 'self'; connect-src *; frame-src *; img-src * data:; media-src * data:; script-src 'self'; style-src 'self'"

// setPageHeaders sends what the real server sends around its client, and a policy of the reverse proxy in front of it as
// one more: browsers obey each of them, and X-Frame-Options no longer once one has frame-ancestors.
func (s *Server) setPageHeaders(header http.Header) {
	s.mu.Lock()
	defer s.mu.Unlock()
	header.Set("X-Content-Type-Options", "nosniff")
	if s.flag("Iframe_Restrict_Access") {
		header.Set("X-Frame-Options", s.text("Iframe_X_Frame_Options"))
	}
	if s.flag("Enable_CSP") {
		header.Set("Content-Security-Policy", pagePolicy)
	}
	if len(s.cfg.FrameAncestors) > 0 {
		header.Add("Content-Security-Policy", "frame-ancestors "+strings.Join(s.cfg.FrameAncestors, " "))
	}
}

func isPage(path string) bool {
	for _, prefix := range []string{"/channel/", "/group/", "/direct/"} {
		if strings.HasPrefix(path, prefix) {
			return true
		}
	}
	return path == "/" || path == "/home" || path == "/login"
}

func serveIndex(w http.ResponseWriter) {
	index, err := fs.ReadFile(web, "web/index.html")
	if err != nil {
		http.Error(w, err.Error(), http.StatusInternalServerError)
		return
	}
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	w.Header().Set("Cache-Control", "no-store")
	_, _ = w.Write(index)
}

// clientSettings is what the real client learns over its websocket before anybody has signed in.
type clientSettings struct {
	Version  string         `json:"version"`
	SiteName string         `json:"siteName"`
	Iframe   clientIframe   `json:"iframe"`
	Commands commandOrigins `json:"commands"`
	Events   eventTarget    `json:"events"`
}

type clientIframe struct {
	client
	Enabled   bool   `json:"enabled"` // all four settings are there
	URL       string `json:"url"`
	APIURL    string `json:"apiURL"`
	APIMethod string `json:"apiMethod"`
}

// commandOrigins says who may command the page as an embedding window, and eventTarget who is told what happens in it.
type commandOrigins struct {
	Enabled bool   `json:"enabled"`
	Origins string `json:"origins"` // "*" or a comma-separated list, matched exactly
}

type eventTarget struct {
	Enabled bool   `json:"enabled"`
	Startup bool   `json:"startup"` // the first event is sent, which 7.9.0 forgot
	Origin  string `json:"origin"`
}

func (s *Server) serveClientSettings(w http.ResponseWriter) {
	s.mu.Lock()
	settings := s.clientSettings()
	s.mu.Unlock()
	writeJSON(w, http.StatusOK, settings)
}

func (s *Server) clientSettings() clientSettings {
	iframe := clientIframe{
		client:    s.can.client,
		URL:       s.text("Accounts_iframe_url"),
		APIURL:    s.text("Accounts_Iframe_api_url"),
		APIMethod: s.text("Accounts_Iframe_api_method"),
	}
	iframe.Enabled = s.flag("Accounts_iframe_enabled") && iframe.URL != "" && iframe.APIURL != "" && iframe.APIMethod != ""
	return clientSettings{
		Version:  s.version.String(),
		SiteName: s.text("Site_Name"),
		Iframe:   iframe,
		Commands: commandOrigins{s.flag("Iframe_Integration_receive_enable"), s.text("Iframe_Integration_receive_origin")},
		Events:   eventTarget{s.flag("Iframe_Integration_send_enable"), s.can.startupEvent, s.text("Iframe_Integration_send_target_origin")},
	}
}

// serveSession tells the page whether its token still lives. The real server pushes the end of a token to its client at
// once; the page asks every second instead.
func (s *Server) serveSession(w http.ResponseWriter, r *http.Request) {
	s.mu.Lock()
	caller, _ := s.authenticate(r)
	s.mu.Unlock()
	w.Header().Set("Cache-Control", "no-store")
	if caller == nil {
		w.WriteHeader(http.StatusUnauthorized)
		return
	}
	w.WriteHeader(http.StatusNoContent)
}
