package main

import (
	"io"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// TestBrowserRunsACopiedPage serves a page with comments as it stands in the README of chatgate.js, under the policy that
// stands there too. What the policy does not allow, the browser complains of, and that fails the journey.
func TestBrowserRunsACopiedPage(t *testing.T) { // G30
	parts := needParts(t, "chromium")
	w, ready := startBroken(t, worldConfig{}, func(w *world) { w.hosts["news"].handler = copied(t, w) })
	ready()
	parts.walk(t, "copied.test.mjs", w)
}

// copied is the newspaper as whoever copies the README's first page with comments makes it.
func copied(t *testing.T, w *world) http.Handler {
	t.Helper()
	text, err := os.ReadFile(filepath.Join("..", "..", "gateway", "sdk", "README.md"))
	if err != nil {
		t.Fatal(err)
	}
	comments := w.coral()
	_, chapter, _ := strings.Cut(strings.NewReplacer(
		"https://sso.example.org", w.hosts["sso"].url(), "https://news.example.org", w.hosts["news"].url(),
		"https://comments.example.org", comments, "wss://comments.example.org", "ws"+strings.TrimPrefix(comments, "http"),
	).Replace(string(text)), "\n## Comments\n")
	policy := strings.ReplaceAll(strings.TrimSpace(block(t, chapter, "text")), "\n", "; ")
	mux := http.NewServeMux()
	for path, file := range map[string]struct{ contentType, text string }{
		"/{$}":         {"text/html; charset=utf-8", block(t, chapter, "html")},
		"/comments.js": {"text/javascript; charset=utf-8", block(t, chapter, "js")},
		"/favicon.ico": {"image/svg+xml", `<svg xmlns="http://www.w3.org/2000/svg"/>`},
	} {
		mux.HandleFunc("GET "+path, func(rw http.ResponseWriter, _ *http.Request) {
			rw.Header().Set("Content-Type", file.contentType)
			rw.Header().Set("Content-Security-Policy", policy)
			_, _ = io.WriteString(rw, file.text)
		})
	}
	return mux
}

// block is the first block of a language.
func block(t *testing.T, text, language string) string {
	t.Helper()
	found := regexp.MustCompile("(?s)```" + language + "\n(.*?)```").FindStringSubmatch(text)
	if found == nil {
		t.Fatalf("the README has no %s", language)
	}
	return found[1]
}
