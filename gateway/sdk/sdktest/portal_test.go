package sdktest_test

import (
	"net/http"
	"net/http/httptest"
	"regexp"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"chatgate/gateway/sdk"
	"chatgate/gateway/sdk/sdktest"
)

const (
	gatewayURL = "https://sso.example.org"
	chatURL    = "https://chat.example.org"
)

func open(t *testing.T, path string) *httptest.ResponseRecorder {
	t.Helper()
	portal, err := sdktest.New(sdktest.Config{GatewayURL: gatewayURL, ChatURL: chatURL})
	if err != nil {
		t.Fatal(err)
	}
	w := httptest.NewRecorder()
	portal.ServeHTTP(w, httptest.NewRequestWithContext(t.Context(), http.MethodGet, path, nil))
	return w
}

func TestThePagesPolicyNamesTheGatewayAndTheChatAlone(t *testing.T) {
	want := http.Header{
		"Content-Type": {"text/html; charset=utf-8"}, "Cache-Control": {"no-cache"}, "X-Content-Type-Options": {"nosniff"},
		"Referrer-Policy": {"strict-origin-when-cross-origin"},
		"Content-Security-Policy": {"default-src 'none'; script-src 'self' https://sso.example.org; style-src 'self'; img-src 'self'; " +
			"connect-src https://sso.example.org; frame-src https://sso.example.org https://chat.example.org; " +
			"base-uri 'none'; form-action 'none'; frame-ancestors 'none'"},
	}
	if diff := cmp.Diff(want, open(t, "/").Header()); diff != "" {
		t.Errorf("headers (-want +got):\n%s", diff)
	}
}

func TestThePageHasThreeShapes(t *testing.T) {
	const chat = `src="https://chat.example.org/home?layout=embedded"`
	escaped := func(name string) string { return strings.ReplaceAll(sdk.Integrity(name), "+", "&#43;") }
	for path, want := range map[string][]string{
		"/":         {chat, `type="module" src="https://sso.example.org/sdk/v1/chatgate.js" integrity="` + escaped(sdk.Module) + `"`},
		"/?classic": {chat, `<script src="https://sso.example.org/sdk/v1/chatgate.iife.js" integrity="` + escaped(sdk.Classic) + `"`},
		"/?plain":   {chat, `data-state="plain"`},
	} {
		page := open(t, path).Body.String()
		for _, part := range want {
			if !strings.Contains(page, part) {
				t.Errorf("%s lacks %s:\n%s", path, part, page)
			}
		}
		if scripts := strings.Contains(page, "<script"); scripts != (path != "/?plain") {
			t.Errorf("%s has scripts: %t", path, scripts)
		}
	}
}

func TestThePageHasNothingInline(t *testing.T) {
	page := open(t, "/").Body.String()
	for _, pattern := range []string{`<script>`, `<style`, `\sstyle=`, `\son[a-z]+=`, `javascript:`} {
		if found := regexp.MustCompile(pattern).FindString(page); found != "" {
			t.Errorf("the page contains %q, which its policy forbids", found)
		}
	}
}

func TestThePagesFiles(t *testing.T) {
	for path, want := range map[string]string{"/portal.css": "text/css", "/portal.js": "text/javascript", "/icon.svg": "image/svg+xml"} {
		if w := open(t, path); w.Code != http.StatusOK || !strings.HasPrefix(w.Header().Get("Content-Type"), want) {
			t.Errorf("GET %s = %d %s, want 200 %s", path, w.Code, w.Header().Get("Content-Type"), want)
		}
	}
	if got := open(t, "/portal.html").Code; got != http.StatusNotFound {
		t.Errorf("GET /portal.html = %d, want 404: the template is not a page", got)
	}
}

func TestNewRefusesWhatIsNoOrigin(t *testing.T) {
	for _, address := range []string{"", "sso.example.org", "https://sso.example.org/", "https://sso.example.org/x", "://"} {
		if _, err := sdktest.New(sdktest.Config{GatewayURL: address, ChatURL: chatURL}); err == nil {
			t.Errorf("New(GatewayURL: %q) succeeded", address)
		}
		if _, err := sdktest.New(sdktest.Config{GatewayURL: gatewayURL, ChatURL: address}); err == nil {
			t.Errorf("New(ChatURL: %q) succeeded", address)
		}
	}
}
