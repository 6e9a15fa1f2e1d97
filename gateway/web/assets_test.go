package web_test

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/gin-gonic/gin"
	"github.com/google/go-cmp/cmp"

	"chatgate/gateway/web"
)

// fetch asks for a path of the mounted assets.
func fetch(t *testing.T, p *web.Pages, method, path string) *httptest.ResponseRecorder {
	t.Helper()
	gin.SetMode(gin.TestMode)
	engine := gin.New()
	p.Mount(engine)
	answer := httptest.NewRecorder()
	engine.ServeHTTP(answer, httptest.NewRequest(method, path, nil))
	return answer
}

func assetPath(t *testing.T, p *web.Pages, name string) string {
	t.Helper()
	path, err := p.Asset(name)
	if err != nil {
		t.Fatal(err)
	}
	return path
}

func TestAssetsAreImmutable(t *testing.T) {
	p := newPages(t, web.Config{})
	for name, contentType := range map[string]string{
		"chatgate.css": "text/css; charset=utf-8", "close.js": "text/javascript; charset=utf-8", "logo.svg": "image/svg+xml",
	} {
		for _, method := range []string{http.MethodGet, http.MethodHead} {
			answer := fetch(t, p, method, assetPath(t, p, name))
			got := map[string]string{}
			for _, header := range []string{"Cache-Control", "Content-Type", "X-Content-Type-Options", "Cross-Origin-Resource-Policy", "Content-Security-Policy"} {
				got[header] = answer.Header().Get(header)
			}
			want := map[string]string{
				"Cache-Control": "public, max-age=31536000, immutable", "Content-Type": contentType,
				"X-Content-Type-Options": "nosniff", "Cross-Origin-Resource-Policy": "same-origin",
				"Content-Security-Policy": "default-src 'none'; style-src 'unsafe-inline'; sandbox",
			}
			if diff := cmp.Diff(want, got); answer.Code != http.StatusOK || diff != "" {
				t.Errorf("%s %s = %d, headers (-want +got):\n%s", method, name, answer.Code, diff)
			}
		}
	}
}

func TestTheNameOfAnAssetFollowsItsContent(t *testing.T) {
	paths := map[string]bool{}
	for _, content := range []string{"a", "b", "a"} {
		p := newPages(t, web.Config{})
		if err := p.AddAssets(fstest.MapFS{"web/x.js": {Data: []byte(content)}}, "web/*.js"); err != nil {
			t.Fatal(err)
		}
		paths[assetPath(t, p, "x.js")] = true
	}
	if len(paths) != 2 {
		t.Errorf("paths of two contents = %v, want two", paths)
	}
}

// In a rolling upgrade a page of one release asks the other for its files.
func TestAnAssetOfAnotherReleaseIsServedAndNotRemembered(t *testing.T) {
	p := newPages(t, web.Config{})
	answer := fetch(t, p, http.MethodGet, "/assets/chatgate.0123456789ab.css")
	if answer.Code != http.StatusOK || answer.Header().Get("Cache-Control") != "no-store" {
		t.Errorf("GET = %d with Cache-Control %q, want 200 and no-store", answer.Code, answer.Header().Get("Cache-Control"))
	}
}

func TestUnknownAssetsAreNotFound(t *testing.T) {
	p := newPages(t, web.Config{})
	for _, path := range []string{
		"/assets/missing.0123456789ab.css", "/assets/..%2ftemplate%2flayout.html", "/assets/layout.html", "/assets/.",
		"/assets/en.json", "/assets/%00", "/assets/chatgate.css.0123456789ab",
	} {
		if answer := fetch(t, p, http.MethodGet, path); answer.Code != http.StatusNotFound {
			t.Errorf("GET %s = %d %q, want 404", path, answer.Code, answer.Body)
		}
	}
}

func TestAddAssetsRefuses(t *testing.T) {
	tests := []struct{ name, file, pattern, want string }{
		{"a name that is taken", "web/chatgate.css", "web/*", "the name is taken"},
		{"a file that is not for browsers", "web/page.html", "web/*", "must be a .css"},
		{"a malformed pattern", "web/x.js", "[", "syntax error"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			err := newPages(t, web.Config{}).AddAssets(fstest.MapFS{tt.file: {}}, tt.pattern)
			if err == nil || !strings.Contains(err.Error(), tt.want) {
				t.Errorf("AddAssets(%q) = %v, want an error with %q", tt.file, err, tt.want)
			}
		})
	}
}

func TestAddAssetsTakesTheSameFileTwice(t *testing.T) {
	p := newPages(t, web.Config{})
	for range 2 {
		if err := p.AddAssets(fstest.MapFS{"web/x.js": {Data: []byte("1")}}, "web/*"); err != nil {
			t.Fatalf("AddAssets of the same file = %v, want nil: two chats of one kind bring it", err)
		}
	}
}
