package talktest_test

import (
	"net/http"
	"regexp"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"chatgate/gateway/chat/talk/talktest"
)

const gatewayURL = "https://sso.example.org"

func newsPage(t *testing.T, path string) *http.Response {
	t.Helper()
	news, err := talktest.NewNews(talktest.NewsConfig{CoralURL: coralURL, GatewayURL: gatewayURL})
	if err != nil {
		t.Fatal(err)
	}
	return call(news, http.MethodGet, newsURL+path, "", "")
}

func TestNewsPageHeaders(t *testing.T) {
	res := newsPage(t, "/")
	want := http.Header{
		"Content-Type":           {"text/html; charset=utf-8"},
		"Cache-Control":          {"no-cache"},
		"Referrer-Policy":        {"strict-origin-when-cross-origin"},
		"X-Content-Type-Options": {"nosniff"},
		"Content-Security-Policy": {"default-src 'none'; script-src 'self' https://comments.example.org; " +
			"style-src 'self' https://comments.example.org; img-src 'self'; " +
			"connect-src https://comments.example.org https://sso.example.org; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"},
	}
	if diff := cmp.Diff(want, res.Header); diff != "" {
		t.Errorf("headers (-want +got):\n%s", diff)
	}
}

func TestNewsPageNamesItsAddresses(t *testing.T) {
	page := bodyOf(t, newsPage(t, "/"))
	for _, want := range []string{
		`data-talk="state" data-state="checking"`,
		`data-coral-url="https://comments.example.org"`,
		`data-token-url="https://sso.example.org/talk/token"`,
		`data-login-url="https://sso.example.org/login"`,
		`src="https://comments.example.org/assets/js/embed.js"`,
	} {
		if !strings.Contains(page, want) {
			t.Errorf("the page lacks %s", want)
		}
	}
}

func TestNewsPageHasNothingInline(t *testing.T) {
	page := bodyOf(t, newsPage(t, "/"))
	for _, pattern := range []string{`<script>`, `<style`, `\sstyle=`, `\son[a-z]+=`, `javascript:`} {
		if found := regexp.MustCompile(pattern).FindString(page); found != "" {
			t.Errorf("the page contains %q, which its policy forbids", found)
		}
	}
}

func TestNewsFiles(t *testing.T) {
	for path, want := range map[string]string{
		"/news.css": "text/css", "/news.js": "text/javascript", "/ferry.svg": "image/svg+xml", "/icon.svg": "image/svg+xml",
	} {
		res := newsPage(t, path)
		if got := res.Header.Get("Content-Type"); res.StatusCode != http.StatusOK || !strings.HasPrefix(got, want) {
			t.Errorf("GET %s = %d %s, want 200 %s", path, res.StatusCode, got, want)
		}
	}
	if got := newsPage(t, "/article.html").StatusCode; got != http.StatusNotFound {
		t.Errorf("GET /article.html = %d, want 404: the template is not a page", got)
	}
}

// Every third party would learn who reads what: pages, styles and scripts load nothing but their own.
func TestNoThirdPartyFiles(t *testing.T) {
	coral := newCoral(t, talktest.CoralConfig{})
	texts := map[string]string{}
	for _, path := range []string{"/", "/news.css", "/news.js", "/ferry.svg", "/icon.svg"} {
		texts["news"+path] = bodyOf(t, newsPage(t, path))
	}
	for _, path := range []string{"/", "/assets/js/embed.js", "/assets/js/page.js", "/assets/css/embed.css", "/assets/css/page.css"} {
		texts["coral"+path] = bodyOf(t, call(coral, http.MethodGet, coralURL+path, "", ""))
	}
	for name, text := range texts {
		for _, address := range regexp.MustCompile(`https?://[a-z0-9.-]+`).FindAllString(text, -1) {
			if address != coralURL && address != gatewayURL && address != "http://www.w3.org" {
				t.Errorf("%s names %s", name, address)
			}
		}
	}
}

func TestNewNewsRefuses(t *testing.T) {
	tests := []struct {
		name string
		cfg  talktest.NewsConfig
		want string
	}{
		{"no addresses", talktest.NewsConfig{}, "CoralURL: must be an origin"},
		{"a gateway with a path", talktest.NewsConfig{CoralURL: coralURL, GatewayURL: gatewayURL + "/x"}, "GatewayURL: must be an origin"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			_, err := talktest.NewNews(tt.cfg)
			if err == nil || !strings.Contains(err.Error(), tt.want) {
				t.Errorf("NewNews() = %v, want %q", err, tt.want)
			}
		})
	}
}
