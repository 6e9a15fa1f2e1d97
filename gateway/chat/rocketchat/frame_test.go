package rocketchat_test

import (
	"flag"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"chatgate/gateway/chat"
)

var update = flag.Bool("update", false, "write the golden files")

func (w *world) frame(cookie *http.Cookie, query string) answer {
	w.t.Helper()
	r := httptest.NewRequest(http.MethodGet, "/rocketchat/frame"+query, nil)
	if cookie != nil {
		r.AddCookie(cookie)
	}
	return w.do(w.handler, r)
}

// changing are the parts of a page that differ from answer to answer, or whenever an asset does.
var changing = regexp.MustCompile(`(nonce="|/assets/[a-z-]+\.)[0-9A-Za-z]+`)

func golden(t *testing.T, name, got string) {
	t.Helper()
	got = changing.ReplaceAllString(got, "${1}CHANGES")
	path := filepath.Join("testdata", name)
	if *update {
		if err := os.WriteFile(path, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), got); diff != "" {
		t.Errorf("%s differs (-want +got):\n%s", path, diff)
	}
}

func TestFrame(t *testing.T) {
	w := newWorld(t, settings{})
	golden(t, "frame-signed-out.golden.html", w.frame(nil, "").Text)
	golden(t, "frame-signed-in.golden.html", w.frame(w.env.SignIn(ada), "").Text)
	golden(t, "frame-electron.golden.html", w.frame(nil, "?client=electron").Text)
	if calls := w.server.Calls(); len(calls) != 0 {
		t.Errorf("showing the frame asked Rocket.Chat %v, want nothing", calls)
	}
}

// TestFrameHeaders: only the listed origins may frame it, and forms keep their Origin (R15, S81, B-06, B-24).
func TestFrameHeaders(t *testing.T) {
	w := newWorld(t, settings{})
	first, second := w.frame(nil, ""), w.frame(nil, "")
	policy := first.Header.Get("Content-Security-Policy")
	for _, want := range []string{
		"frame-ancestors " + chatURL + " " + blogURL + " " + portalURL, "default-src 'none'", "connect-src 'self'", "form-action 'self'",
	} {
		if !strings.Contains(policy, want) {
			t.Errorf("policy %q, want %q in it", policy, want)
		}
	}
	if policy == second.Header.Get("Content-Security-Policy") {
		t.Error("two answers share a nonce (S83)")
	}
	want := map[string]string{
		"Content-Type": "text/html; charset=utf-8", "Cache-Control": "no-store", "Referrer-Policy": "strict-origin",
		"X-Frame-Options": "", "X-Content-Type-Options": "nosniff",
	}
	for header, value := range want {
		if got := first.Header.Get(header); got != value {
			t.Errorf("%s = %q, want %q", header, got, value)
		}
	}
}

// TestFrameParent: the page speaks to an embedder that may read login tokens when it is named letter for letter, else to
// the chat. One that may only frame the page is never sent a login token (D29).
func TestFrameParent(t *testing.T) {
	w := newWorld(t, settings{})
	for query, want := range map[string]string{
		"":                                        chatURL,
		"?client=electron":                        chatURL,
		"?embedder=" + portalURL:                  portalURL,
		"?embedder=" + blogURL:                    chatURL,
		"?embedder=" + portalURL + "/":            chatURL,
		"?embedder=https://evil.example":          chatURL,
		"?embedder=*":                             chatURL,
		"?embedder=null":                          chatURL,
		"?embedder=%22%3E%3Cscript%3E":            chatURL,
		"?embedder=" + strings.ToUpper(portalURL): chatURL,
		"?embedder=" + portalURL + "&embedder=" + portalURL: chatURL,
	} {
		a := w.frame(nil, query)
		embeds := strings.Contains(a.Text, "data-embedder")
		if !strings.Contains(a.Text, `data-parent="`+want+`"`) || embeds != (want != chatURL) || strings.Contains(a.Text, "<script>") {
			t.Errorf("frame%s does not speak to %s:\n%s", query, want, a.Text)
		}
	}
}

// TestFrameEscapes: what a provider says of a person is text (S83).
func TestFrameEscapes(t *testing.T) {
	w := newWorld(t, settings{})
	odd := ada
	odd.Name = `<img src=x onerror=alert(1)>"`
	if a := w.frame(w.env.SignIn(odd), ""); strings.Contains(a.Text, "<img src=x") {
		t.Errorf("the name reached the page as markup:\n%s", a.Text)
	}
}

// TestFrameWithoutAStore: a failure is a page that may be framed, and offers to try again (R5).
func TestFrameWithoutAStore(t *testing.T) {
	w := newWorld(t, settings{})
	cookie := w.env.SignIn(ada)
	w.must(w.env.CloseStore())
	a := w.frame(cookie, "")
	if a.Status != http.StatusServiceUnavailable || !strings.Contains(a.Header.Get("Content-Security-Policy"), "frame-ancestors "+chatURL) {
		t.Errorf("frame = %d with policy %q, want a 503 that may be framed", a.Status, a.Header.Get("Content-Security-Policy"))
	}
	w.want("token", w.token(cookie), http.StatusServiceUnavailable, "store_unavailable")
	w.want("resume", w.resume(cookie, automatic), http.StatusServiceUnavailable, "store_unavailable")
}

// TestFrameInTheDesktopApp: there a new window would be another browser's, so that there is no button for one (R18, B-17).
func TestFrameInTheDesktopApp(t *testing.T) {
	w := newWorld(t, settings{})
	const newWindow = `value="window"`
	if page := w.frame(nil, "").Text; !strings.Contains(page, newWindow) {
		t.Errorf("the frame offers no new window:\n%s", page)
	}
	if page := w.frame(nil, "?client=electron").Text; strings.Contains(page, newWindow) || strings.Contains(page, "_blank") {
		t.Errorf("the frame of the desktop app offers a new window:\n%s", page)
	}
}

// TestFrameScript holds the script to what must never stand in it (B-07, B-14, R16): messages for anybody, requests to
// ask again, and ways to leave or reload the page by itself.
func TestFrameScript(t *testing.T) {
	script, err := os.ReadFile("web/rocketchat-frame.js")
	if err != nil {
		t.Fatal(err)
	}
	for _, never := range []string{
		`'*'`, `"*"`, "try-iframe-login", "location", "window.open", "opener", "BroadcastChannel", "innerHTML", "eval(", "setInterval",
	} {
		if strings.Contains(string(script), never) {
			t.Errorf("the script has %s", never)
		}
	}
}

// mostOfAFrame bounds page, scripts and styles together, in bytes as a browser has them.
const mostOfAFrame = 20_000

// TestFrameSize weighs the page in every language that it has.
func TestFrameSize(t *testing.T) {
	w := newWorld(t, settings{})
	cookie := w.env.SignIn(ada)
	for _, language := range []string{"en", "de", "fr", "es", "ar"} {
		page := w.frame(cookie, "?lang="+language).Text
		size := len(page)
		for _, asset := range regexp.MustCompile(`(?:src|href)="(/assets/[^"]+\.(?:js|css))"`).FindAllStringSubmatch(page, -1) {
			a := w.do(w.handler, httptest.NewRequest(http.MethodGet, asset[1], nil))
			if a.Status != http.StatusOK {
				t.Fatalf("%s = %d, want 200", asset[1], a.Status)
			}
			size += len(a.Text)
		}
		t.Logf("the frame in %s weighs %d bytes", language, size)
		if size > mostOfAFrame {
			t.Errorf("the frame in %s weighs %d bytes, want at most %d", language, size, mostOfAFrame)
		}
	}
}

// TestTwoWorkspaces: nothing is keyed by kind (D5).
func TestTwoWorkspaces(t *testing.T) {
	w := newWorld(t, settings{})
	second := w.config
	second.URL = "https://second.example.org"
	second.EmbedOrigins = chat.EmbedOrigins{}
	env := w.env.Env
	env.Name = "second"
	if _, err := second.Open(env); err != nil {
		t.Errorf("Open of a second workspace = %v, want nil", err)
	}
}
