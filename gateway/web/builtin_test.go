package web_test

import (
	"html"
	"net/http"
	"net/http/httptest"
	"regexp"
	"strings"
	"testing"

	"github.com/gin-gonic/gin"

	"chatgate/gateway/web"
)

const providerURL = "https://idp.example.org/authorize?client_id=chatgate&state=a%2Bb&scope=openid+email"

// everyPage renders each page of the package once.
func everyPage(t *testing.T, p *web.Pages) map[string]*httptest.ResponseRecorder {
	t.Helper()
	return map[string]*httptest.ResponseRecorder{
		"error": get(t, func(c *gin.Context) error {
			return p.Fail(c, http.StatusForbidden, web.Failure{
				Title: "No access to news", Detail: "You are signed in, but news is not open to you.", Reference: "5f2c",
				Actions: []web.Action{
					{Label: "action.sign_in_again", Href: "/login", Hook: "login"},
					{Label: "action.sign_out", Href: "/logout", Post: true, Hook: "logout"},
				},
			})
		}),
		"signed-out": get(t, func(c *gin.Context) error {
			return p.SignedOut(c, web.SignedOut{ProviderOpen: true, Lingering: []string{"news"}})
		}),
		"go-on": get(t, func(c *gin.Context) error { return p.GoOn(c, providerURL) }),
		"done":  get(t, p.Done),
	}
}

func TestBuiltinPages(t *testing.T) {
	for name, answer := range everyPage(t, newPages(t, web.Config{Name: "Example Corp", Contact: "help@example.org"})) {
		golden(t, name+".golden.html", lasting(answer.Body.String()))
	}
}

// S153, B-27: what each page owes to a reader, a theme and a test.
func TestEveryPageIsWellMade(t *testing.T) {
	for name, answer := range everyPage(t, newPages(t, web.Config{})) {
		body := answer.Body.String()
		for _, once := range []string{
			"<!doctype html>", `<html lang="en" dir="ltr">`, "<h1", "<title>", "<main", `data-chatgate="status"`,
			`name="color-scheme" content="light dark"`, `name="viewport"`,
		} {
			if got := strings.Count(body, once); got != 1 {
				t.Errorf("page %s has %s %d times, want once", name, once, got)
			}
		}
		if !strings.Contains(body, `role="status"`) && !strings.Contains(body, `role="alert"`) {
			t.Errorf("page %s has no live region", name)
		}
		if m := regexp.MustCompile(`(?i)<style|\sstyle=|\son[a-z]+=|javascript:|ZgotmplZ`).FindString(body); m != "" {
			t.Errorf("page %s contains %q", name, m)
		}
	}
}

// Section 4 of the frame's rules: page, style and script together stay far below 20 KB, and come from us alone.
func TestPageWeight(t *testing.T) {
	p := newPages(t, web.Config{})
	shared := 0
	for _, name := range []string{"chatgate.css", "logo.svg", "close.js"} {
		shared += fetch(t, p, http.MethodGet, assetPath(t, p, name)).Body.Len()
	}
	for name, answer := range everyPage(t, p) {
		if weight := shared + answer.Body.Len(); weight > 12<<10 {
			t.Errorf("page %s weighs %d bytes, want at most 12 KiB so that a frame's script has room", name, weight)
		}
		for _, m := range regexp.MustCompile(`(?:src|<link[^>]*href)="([^"]*)"`).FindAllStringSubmatch(answer.Body.String(), -1) {
			if !strings.HasPrefix(m[1], "/assets/") {
				t.Errorf("page %s loads %q, want our own files only", name, m[1])
			}
		}
	}
}

// D30, B-23: the page goes to the provider by itself, with a link beside it, under form-action 'self'.
func TestGoOn(t *testing.T) {
	answer := get(t, func(c *gin.Context) error { return newPages(t, web.Config{}).GoOn(c, providerURL) })
	body := html.UnescapeString(answer.Body.String())
	if answer.Code != http.StatusOK {
		t.Errorf("GoOn = %d, want 200", answer.Code)
	}
	for _, want := range []string{
		`<meta http-equiv="refresh" content="0; url=` + providerURL + `">`,
		`href="` + providerURL + `" data-chatgate="continue"`, "Taking you to idp.example.org.",
	} {
		if !strings.Contains(body, want) {
			t.Errorf("page = %s, want %s", body, want)
		}
	}
}

func TestGoOnRefusesWhatIsNoWebAddress(t *testing.T) {
	p := newPages(t, web.Config{})
	for _, to := range []string{
		"", "/login", "//idp.example.org/", "javascript:alert(1)", "data:text/html,x", "https:idp.example.org", "https:///x",
		"https://ada:secret@idp.example.org/", "https://idp.example.org/\r\nx", "ftp://idp.example.org/",
	} {
		answer := httptest.NewRecorder()
		c, _ := gin.CreateTestContext(answer)
		c.Request = httptest.NewRequest(http.MethodGet, "/", nil)
		err := p.GoOn(c, to)
		if err == nil || answer.Body.Len() > 0 {
			t.Errorf("GoOn(%q) = %v, want an error and no page", to, err)
		}
		if err != nil && to != "" && strings.Contains(err.Error(), to) {
			t.Errorf("GoOn(%q) = %v, want an error that keeps the address to itself", to, err)
		}
	}
}

func TestSignedOutSaysOnlyWhatIsTrue(t *testing.T) {
	p := newPages(t, web.Config{})
	body := get(t, func(c *gin.Context) error { return p.SignedOut(c, web.SignedOut{}) }).Body.String()
	for _, unwanted := range []string{"identity provider", "<ul>"} {
		if strings.Contains(body, unwanted) {
			t.Errorf("page of a complete sign-out = %s, want no %q", body, unwanted)
		}
	}
}
