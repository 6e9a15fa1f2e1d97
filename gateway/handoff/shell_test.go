package handoff_test

import (
	"net/http"
	"net/http/httptest"
	"os"
	"regexp"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/gin-gonic/gin"
	"github.com/google/go-cmp/cmp"

	"chatgate/gateway/handoff"
	"chatgate/gateway/web"
)

const chatOrigin, portalOrigin = "https://chat.example.org", "https://portal.example.org"

// newShell is a shell on pages of its own, with a deliverer that does nothing.
func newShell(t *testing.T, cfg web.Config) *handoff.Shell {
	t.Helper()
	pages, err := web.New(cfg)
	if err != nil {
		t.Fatal(err)
	}
	if err := pages.AddAssets(fstest.MapFS{"deliverer.js": {}}, "*.js"); err != nil {
		t.Fatal(err)
	}
	shell, err := handoff.NewShell(pages, "deliverer.js")
	if err != nil {
		t.Fatal(err)
	}
	return shell
}

// show renders a view for a reader of the language.
func show(t *testing.T, shell *handoff.Shell, v handoff.View, language string) *httptest.ResponseRecorder {
	t.Helper()
	gin.SetMode(gin.TestMode)
	answer := httptest.NewRecorder()
	c, _ := gin.CreateTestContext(answer)
	c.Request = httptest.NewRequest(http.MethodGet, "/board/frame", http.NoBody)
	c.Request.Header.Set("Accept-Language", language)
	if err := shell.Render(c, v); err != nil {
		t.Fatalf("Render(%+v) = %v, want nil", v, err)
	}
	return answer
}

func board(change func(*handoff.View)) handoff.View {
	v := handoff.View{Chat: "board", Title: "Board", Parent: chatOrigin, Ancestors: []string{chatOrigin, portalOrigin}}
	change(&v)
	return v
}

func TestTheShellIsForListedPagesAndItsOwnScripts(t *testing.T) { // B-06, B-24, S83
	answer := show(t, newShell(t, web.Config{}), board(func(*handoff.View) {}), "en")
	policy := answer.Header().Get("Content-Security-Policy")
	for _, want := range []string{
		"default-src 'none'", "connect-src 'self'", "form-action 'self'", "style-src 'self'", "frame-ancestors " + chatOrigin + " " + portalOrigin,
	} {
		if !strings.Contains(policy, want) {
			t.Errorf("policy %q, want %q in it", policy, want)
		}
	}
	if got := answer.Header().Get("Referrer-Policy"); got != "strict-origin" {
		t.Errorf("Referrer-Policy = %q, want strict-origin: a form without an Origin is refused", got)
	}
	var scripts []string
	for _, found := range regexp.MustCompile(`<script type="module" nonce="\w+" src="/assets/([a-z-]+)\.`).FindAllStringSubmatch(answer.Body.String(), -1) {
		scripts = append(scripts, found[1])
	}
	if diff := cmp.Diff([]string{"deliverer", "frame"}, scripts); diff != "" {
		t.Errorf("scripts, the listener first (-want +got):\n%s", diff)
	}
	if strings.Count(answer.Body.String(), "<script") != len(scripts) {
		t.Error("the page has a script without an address or a nonce")
	}
}

func TestTheShellShows(t *testing.T) {
	tests := []struct {
		name       string
		change     func(*handoff.View)
		has, lacks []string
	}{
		{
			name: "somebody signed out both ways to sign in", change: func(*handoff.View) {},
			has:   []string{`value="window" data-chatgate="login"`, `value="top" formtarget="_top" data-chatgate="login-top"`, `target="_blank"`},
			lacks: []string{"data-signed-in", "data-embedder"},
		},
		{
			name: "somebody in the desktop app one way, in its own window (B-17)", change: func(v *handoff.View) { v.Electron = true },
			has:   []string{`target="_top"`, `value="top" data-chatgate="login"`},
			lacks: []string{"_blank", `value="window"`, "login-top"},
		},
		{
			name: "somebody signed in nothing to press yet", change: func(v *handoff.View) { v.SignedIn, v.Name = true, "Ada" },
			has: []string{"data-signed-in", "Continue as Ada", `denied" hidden>`},
		},
		{
			name: "somebody without a name a button all the same", change: func(v *handoff.View) { v.SignedIn = true },
			has: []string{`data-chatgate="continue">Continue<`},
		},
		{
			name: "an embedding page that it is one", change: func(v *handoff.View) { v.Parent, v.Embedder = portalOrigin, true },
			has: []string{`data-parent="` + portalOrigin + `" data-embedder`},
		},
		{
			name: "names as text (S83)", change: func(v *handoff.View) { v.SignedIn, v.Name, v.Title = true, `<img src=x>"`, `<b id="t">` },
			lacks: []string{"<img src=x", "<b id"},
		},
		{
			name: "people without scripts that they are needed", change: func(*handoff.View) {},
			has: []string{"<noscript><p"},
		},
	}
	shell := newShell(t, web.Config{})
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			page := show(t, shell, board(test.change), "en").Body.String()
			for _, text := range test.has {
				if !strings.Contains(page, text) {
					t.Errorf("%s is missing in:\n%s", text, page)
				}
			}
			for _, text := range test.lacks {
				if strings.Contains(page, text) {
					t.Errorf("%s is in:\n%s", text, page)
				}
			}
		})
	}
}

func TestTheShellSpeaksTheReadersLanguage(t *testing.T) { // B-27
	for language, want := range map[string]string{"en": `<html lang="en" dir="ltr">`, "ar": `<html lang="ar" dir="rtl">`} {
		if page := show(t, newShell(t, web.Config{}), board(func(*handoff.View) {}), language).Body.String(); !strings.Contains(page, want) {
			t.Errorf("page in %s, want %s in it:\n%s", language, want, page)
		}
	}
}

func TestTheShellSaysWhereHelpIs(t *testing.T) {
	const link = `<a href="mailto:help@example.org" target="_blank" rel="noopener">`
	if page := show(t, newShell(t, web.Config{Contact: "help@example.org"}), board(func(*handoff.View) {}), "en").Body.String(); !strings.Contains(page, link) {
		t.Errorf("no contact in:\n%s", page)
	}
	if page := show(t, newShell(t, web.Config{}), board(func(*handoff.View) {}), "en").Body.String(); strings.Contains(page, "<a ") {
		t.Errorf("a link to nowhere in:\n%s", page)
	}
}

func TestTwoChatsShareTheShell(t *testing.T) { // D5
	pages, err := web.New(web.Config{})
	if err != nil {
		t.Fatal(err)
	}
	for range 2 {
		if _, err := handoff.NewShell(pages, "deliverer.js"); err != nil {
			t.Errorf("NewShell = %v, want nil", err)
		}
	}
}

// The script takes part in nothing that another window could forge or a browser could stop, and never moves a page by
// itself (B-07, B-12, R16). Where it is shown is all that it reads of addresses.
func TestWhatTheScriptNeverDoes(t *testing.T) {
	text, err := os.ReadFile("web/frame.js")
	if err != nil {
		t.Fatal(err)
	}
	script := strings.ReplaceAll(string(text), "window.location.ancestorOrigins", "")
	for _, never := range []string{
		"location", "history", "window.open", "opener", "BroadcastChannel", "'storage'", "localStorage", "document.cookie", "requestStorageAccess",
		"postMessage", "try-iframe-login", ".submit(", ".click(", "innerHTML", "eval(", "setInterval",
	} {
		if strings.Contains(script, never) {
			t.Errorf("the script has %s", never)
		}
	}
}
