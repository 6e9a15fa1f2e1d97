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

func newNews(t *testing.T, cfg talktest.NewsConfig) *talktest.News {
	t.Helper()
	cfg.GatewayURL = gatewayURL
	news, err := talktest.NewNews(cfg)
	if err != nil {
		t.Fatal(err)
	}
	return news
}

func newsPage(t *testing.T, path string) *http.Response {
	t.Helper()
	return call(newNews(t, talktest.NewsConfig{CoralURL: coralURL, Integrity: "sha384-x"}), http.MethodGet, newsURL+path, "", "")
}

func TestNewsPageHeaders(t *testing.T) {
	policies := map[string]struct {
		cfg  talktest.NewsConfig
		want string
	}{
		"with Coral": {talktest.NewsConfig{CoralURL: coralURL}, "default-src 'none'; " +
			"script-src 'self' https://sso.example.org https://comments.example.org; style-src 'self' https://comments.example.org; " +
			"img-src 'self'; connect-src https://sso.example.org https://comments.example.org wss://comments.example.org; frame-src https://sso.example.org; " +
			"base-uri 'none'; form-action 'none'; frame-ancestors 'none'"},
		"with Talk 4": {talktest.NewsConfig{TalkURL: talk4URL}, "default-src 'none'; " +
			"script-src 'self' https://sso.example.org https://talk.example.org; style-src 'self'; " +
			"img-src 'self'; connect-src https://sso.example.org; frame-src https://sso.example.org https://talk.example.org; " +
			"base-uri 'none'; form-action 'none'; frame-ancestors 'none'"},
	}
	for name, tt := range policies {
		t.Run(name, func(t *testing.T) {
			res := call(newNews(t, tt.cfg), http.MethodGet, newsURL+"/", "", "")
			want := http.Header{
				"Content-Type":            {"text/html; charset=utf-8"},
				"Cache-Control":           {"no-cache"},
				"Referrer-Policy":         {"strict-origin-when-cross-origin"},
				"X-Content-Type-Options":  {"nosniff"},
				"Content-Security-Policy": {tt.want},
			}
			if diff := cmp.Diff(want, res.Header); diff != "" {
				t.Errorf("headers (-want +got):\n%s", diff)
			}
		})
	}
}

func TestNewsPageNamesItsAddresses(t *testing.T) {
	page := bodyOf(t, newsPage(t, "/"))
	for _, want := range []string{
		`data-talk="state" data-state="checking"`,
		`data-gateway="https://sso.example.org" data-chat="talk" data-product="coral" data-root="https://comments.example.org"`,
		`src="https://sso.example.org/sdk/v1/chatgate.js" integrity="sha384-x"`,
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
	coral, talk := newCoral(t, talktest.CoralConfig{}), newTalk4(t, rs256Config(t))
	texts := map[string]string{}
	for _, path := range []string{"/", "/news.css", "/news.js", "/ferry.svg", "/icon.svg"} {
		texts["news"+path] = bodyOf(t, newsPage(t, path))
	}
	for _, path := range []string{
		"/", "/embed/auth/callback", "/assets/js/embed.js", "/assets/js/page.js", "/assets/js/callback.js", "/assets/css/embed.css", "/assets/css/page.css",
	} {
		texts["coral"+path] = bodyOf(t, call(coral, http.MethodGet, coralURL+path, "", ""))
	}
	for _, path := range []string{
		"/embed/stream", "/static/embed.js", "/static/stream.js", "/static/draw.js", "/static/stream.css", "/static/frame.css",
	} {
		texts["talk"+path] = bodyOf(t, call(talk, http.MethodGet, talk4URL+path, "", ""))
	}
	for name, text := range texts {
		if text == "" {
			t.Errorf("%s is empty", name)
		}
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
		{"no comments", talktest.NewsConfig{GatewayURL: gatewayURL}, "CoralURL, TalkURL: one of the two"},
		{"two kinds of comments", talktest.NewsConfig{CoralURL: coralURL, TalkURL: talk4URL}, "CoralURL, TalkURL: one of the two"},
		{"comments at no origin", talktest.NewsConfig{CoralURL: "comments"}, "the comments' URL: must be an origin"},
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
