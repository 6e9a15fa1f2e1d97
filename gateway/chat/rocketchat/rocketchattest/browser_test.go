package rocketchattest_test

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"chatgate/gateway/chat/rocketchat/rocketchattest"
)

// browser is Chromium with one profile, asked for pages one after the other.
type browser struct {
	path    string
	profile string
	flags   []string
}

// newBrowser makes the test a parallel one, and skips it where there is no Chromium, save on CI, where it must be.
func newBrowser(t *testing.T, flags ...string) browser {
	t.Helper()
	t.Parallel()
	path, err := exec.LookPath("chromium")
	if err != nil && os.Getenv("CI") == "true" {
		t.Fatal("CI without chromium: ", err)
	}
	if err != nil {
		t.Skip("no chromium on this machine: ", err)
	}
	return browser{path, t.TempDir(), flags}
}

// visit returns the page as it is after three seconds of the page's own clock, which stands still while it loads.
func (b browser) visit(t *testing.T, url string) string {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	args := append([]string{
		"--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-sync",
		"--disable-background-networking", "--disable-component-update", "--disable-dev-shm-usage",
		"--user-data-dir=" + b.profile, "--virtual-time-budget=3000", "--dump-dom",
	}, b.flags...)
	page, err := exec.CommandContext(ctx, b.path, append(args, url)...).Output()
	if err != nil {
		t.Fatalf("chromium %s: %v", url, err)
	}
	return string(page)
}

var stateAttribute = regexp.MustCompile(`data-rc="state" data-state="(\w+)"`)

// state is the state the page ended in.
func state(page string) string {
	found := stateAttribute.FindStringSubmatch(page)
	if found == nil {
		return "no page: " + page
	}
	return found[1]
}

// reply is an answer of the gateway's API.
type reply struct {
	status int
	body   string
}

// gateway is the other side of iframe authentication: an API that answers as told, a frame, and an embedding page, whose
// scripts report what they see.
type gateway struct {
	*httptest.Server
	mu sync.Mutex // guards what follows
	script
	observed
}

// script is what the gateway does.
type script struct {
	replies []reply // the last one repeats
	source  string  // JavaScript of the frame, or of the embedding page
	chat    string  // the page to embed
	revoke  func()  // called by the JavaScript
}

// observed is what happened to the gateway.
type observed struct {
	calls   []string // methods
	frames  []string // queries of the frame's address
	reports []string // of the JavaScript
}

// play replaces the script and forgets what happened.
func (g *gateway) play(s script) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.script, g.observed = s, observed{}
}

func (g *gateway) seen() observed {
	g.mu.Lock()
	defer g.mu.Unlock()
	return g.observed
}

func newGateway(t *testing.T) *gateway {
	g := &gateway{}
	g.Server = httptest.NewServer(g)
	t.Cleanup(g.Close)
	return g
}

func (g *gateway) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, _ := io.ReadAll(r.Body)
	g.mu.Lock()
	defer g.mu.Unlock()
	switch r.URL.Path {
	case "/token":
		g.token(w, r)
	case "/frame":
		g.frames = append(g.frames, r.URL.RawQuery)
		fmt.Fprintf(w, "<!doctype html><title>frame</title><script>%s</script>", g.source)
	case "/embed":
		fmt.Fprintf(w, "<!doctype html><title>portal</title><script>%s</script><iframe src=%q></iframe>", g.source, g.chat)
	case "/report":
		g.reports = append(g.reports, string(body))
	case "/revoke":
		g.revoke()
	}
}

func (g *gateway) token(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("Access-Control-Allow-Origin", r.Header.Get("Origin"))
	w.Header().Set("Access-Control-Allow-Credentials", "true")
	w.Header().Set("Access-Control-Allow-Headers", "content-type")
	g.calls = append(g.calls, r.Method)
	if r.Method == http.MethodOptions {
		w.WriteHeader(http.StatusNoContent)
		return
	}
	answer := g.replies[0]
	if len(g.replies) > 1 {
		g.replies = g.replies[1:]
	}
	w.WriteHeader(answer.status)
	_, _ = io.WriteString(w, answer.body)
}

// workspace is one whose iframe settings name the gateway, with Ada signed in elsewhere by token.
func (g *gateway) workspace(t *testing.T, cfg rocketchattest.Config) (s *rocketchattest.Server, origin, token string) {
	cfg.Iframe = rocketchattest.Iframe{Enabled: true, URL: g.URL + "/frame", APIURL: g.URL + "/token"}
	s = rocketchattest.New(cfg)
	token = s.AddLoginToken(s.AddUser(ada))
	site := httptest.NewServer(s)
	t.Cleanup(site.Close)
	return s, site.URL, token
}

// signedOut is the gateway's answer to somebody it does not know.
var signedOut = reply{http.StatusUnauthorized, `{}`}

func loginToken(token string) reply { return reply{http.StatusOK, `{"loginToken":"` + token + `"}`} }

// A.3: exactly 200 with a loginToken that the server accepts logs in. Everything else brings the frame up, save valid
// JSON with neither key.
func TestWhatTheClientAccepts(t *testing.T) {
	for _, tc := range []struct {
		name  string
		reply func(token string) reply
		want  string
	}{
		{"a login token", loginToken, "in"},
		{"a login token beside other keys", func(token string) reply { return reply{200, `{"loginToken":"` + token + `","userId":"x"}`} }, "in"},
		{"a login token with 201", func(token string) reply { return reply{201, `{"loginToken":"` + token + `"}`} }, "frame"},
		{"a login token the server rejects", func(string) reply { return loginToken("wrong") }, "frame"},
		{"a login token that is null", func(string) reply { return reply{200, `{"loginToken":null}`} }, "frame"},
		{"a login token under the name of the other kind", func(token string) reply { return reply{200, `{"token":"` + token + `"}`} }, "frame"},
		{"neither key", func(string) reply { return reply{200, `{"ok":true}`} }, "form"},
		{"no JSON", func(string) reply { return reply{200, ``} }, "frame"},
		{"401", func(string) reply { return signedOut }, "frame"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			chromium := newBrowser(t)
			g := newGateway(t)
			_, origin, token := g.workspace(t, rocketchattest.Config{})
			g.play(script{replies: []reply{tc.reply(token)}})
			page := chromium.visit(t, origin+"/home")
			if got := state(page); got != tc.want {
				t.Errorf("state %s, want %s", got, tc.want)
			}
			if shown := strings.Contains(page, `<span data-rc="user">ada</span>`); shown != (tc.want == "in") {
				t.Errorf("ada is shown: %v", shown)
			}
			if framed := strings.Contains(page, `data-rc="login-frame"`); framed != (tc.want == "frame") {
				t.Errorf("there is a frame: %v", framed)
			}
			if diff := cmp.Diff([]string{"POST", "POST"}, g.seen().calls); diff != "" {
				t.Errorf("calls (-want +got):\n%s", diff)
			}
		})
	}
}

func TestAnAPIOutOfReachBringsTheFrameUp(t *testing.T) {
	chromium := newBrowser(t)
	g := newGateway(t)
	s, origin, _ := g.workspace(t, rocketchattest.Config{})
	s.SetSetting("Accounts_Iframe_api_url", "http://127.0.0.1:1/token")
	if got := state(chromium.visit(t, origin+"/home")); got != "frame" {
		t.Errorf("state %s, want frame", got)
	}
}

func TestIncompleteSettingsLeaveTheForm(t *testing.T) {
	chromium := newBrowser(t)
	g := newGateway(t)
	s, origin, _ := g.workspace(t, rocketchattest.Config{})
	s.SetSetting("Accounts_iframe_url", "")
	if got := state(chromium.visit(t, origin+"/home")); got != "form" || len(g.seen().calls) != 0 {
		t.Errorf("state %s after the calls %v, want form after none", got, g.seen().calls)
	}
}

func TestASecondVisitCallsOnce(t *testing.T) {
	chromium := newBrowser(t)
	g := newGateway(t)
	s, origin, token := g.workspace(t, rocketchattest.Config{})
	s.SetSetting("Accounts_Iframe_api_method", "GET")
	g.play(script{replies: []reply{loginToken(token)}})
	chromium.visit(t, origin+"/home")

	g.play(script{replies: []reply{signedOut}})
	if got := state(chromium.visit(t, origin+"/")); got != "in" {
		t.Errorf("state %s, want in by the stored token", got)
	}
	if diff := cmp.Diff([]string{"GET"}, g.seen().calls); diff != "" {
		t.Errorf("calls (-want +got):\n%s", diff)
	}
}

func TestOlderClientsSendAContentType(t *testing.T) {
	chromium := newBrowser(t)
	g := newGateway(t)
	g.play(script{replies: []reply{signedOut}})
	_, origin, _ := g.workspace(t, rocketchattest.Config{Version: "6.13"})
	chromium.visit(t, origin+"/home")
	if diff := cmp.Diff([]string{"OPTIONS", "POST"}, g.seen().calls); diff != "" {
		t.Errorf("calls (-want +got):\n%s", diff)
	}
}

func TestElectronIsTold(t *testing.T) {
	for query, want := range map[string]string{"": "client=electron", "?lang=de": "lang=de&client=electron"} {
		t.Run("with the query "+query, func(t *testing.T) {
			chromium := newBrowser(t, "--user-agent=Mozilla/5.0 Electron/30.0")
			g := newGateway(t)
			g.play(script{replies: []reply{signedOut}})
			s, origin, _ := g.workspace(t, rocketchattest.Config{})
			s.SetSetting("Accounts_iframe_url", g.URL+"/frame"+query)
			chromium.visit(t, origin+"/home")
			if diff := cmp.Diff([]string{want}, g.seen().frames); diff != "" {
				t.Errorf("queries of the frame (-want +got):\n%s", diff)
			}
		})
	}
}

// A.4: what the frame may say, and what it hears.
func TestMessagesOfTheFrame(t *testing.T) {
	const source = `
		addEventListener("message", ({data}) => fetch("/report", {method: "POST", body: JSON.stringify(data)}));
		parent.postMessage(%s, "*");`
	for _, tc := range []struct {
		name    string
		third   func(token string) reply // to the call after the two on load; nil: signedOut
		message string
		state   string
		reports []string
	}{
		{"a good token logs in and is not answered", nil, `{event: "login-with-token", loginToken: "TOKEN"}`, "in", nil},
		{"a bad token is answered", nil, `{event: "login-with-token", loginToken: "wrong"}`, "frame",
			[]string{`{"event":"login-error","response":"You've been logged out by the server. Please log in again."}`}},
		{"an iframe token is refused", nil, `{event: "login-with-token", token: "TOKEN"}`, "frame",
			[]string{`{"event":"login-error","response":"Unrecognized options for login request"}`}},
		{"another try that the API refuses is answered without a reason", nil, `{event: "try-iframe-login"}`, "frame",
			[]string{`{"event":"login-error","response":""}`}},
		{"another try with a token the server rejects is not answered", func(string) reply { return loginToken("wrong") },
			`{event: "try-iframe-login"}`, "frame", nil},
		{"another try that succeeds logs in", loginToken, `{event: "try-iframe-login"}`, "in", nil},
	} {
		t.Run(tc.name, func(t *testing.T) {
			chromium := newBrowser(t)
			g := newGateway(t)
			_, origin, token := g.workspace(t, rocketchattest.Config{})
			replies := []reply{signedOut, signedOut}
			if tc.third != nil {
				replies = append(replies, tc.third(token))
			}
			g.play(script{replies: replies, source: fmt.Sprintf(source, strings.ReplaceAll(tc.message, "TOKEN", token))})
			if got := state(chromium.visit(t, origin+"/home")); got != tc.state {
				t.Errorf("state %s, want %s", got, tc.state)
			}
			if diff := cmp.Diff(tc.reports, g.seen().reports); diff != "" {
				t.Errorf("the frame heard (-want +got):\n%s", diff)
			}
		})
	}
}

// embedded lets any page frame the chat, and those at the origins command it.
func embedded(origins string) map[string]any {
	return map[string]any{
		"Iframe_Restrict_Access":            false,
		"Iframe_Integration_receive_enable": true,
		"Iframe_Integration_receive_origin": origins,
		"Iframe_Integration_send_enable":    true,
	}
}

// A.5: the gateway is not told of a logout, but called again at once; when it answers 200, the person is straight back.
func TestLogoutCallsTheAPIAgain(t *testing.T) {
	const source = `
		let first = true;
		addEventListener("message", ({data, source}) => {
			fetch("/report", {method: "POST", body: data.eventName});
			if (first) source.postMessage({externalCommand: "logout"}, "*");
			first = false;
		});`
	for _, tc := range []struct {
		name    string
		origins func(*gateway) string
		calls   int
		reports []string
	}{
		{"an embedding page that is listed is obeyed", func(g *gateway) string { return "https://other.example," + g.URL }, 4,
			[]string{"Custom_Script_Logged_In", "Custom_Script_Logged_Out", "Custom_Script_Logged_In"}},
		{"one that is listed with a slash is not", func(g *gateway) string { return g.URL + "/" }, 2,
			[]string{"Custom_Script_Logged_In"}},
	} {
		t.Run(tc.name, func(t *testing.T) {
			chromium := newBrowser(t)
			g := newGateway(t)
			s, origin, first := g.workspace(t, rocketchattest.Config{Settings: embedded(tc.origins(g))})
			second := s.AddLoginToken(s.Users()[0].ID)
			g.play(script{
				replies: []reply{loginToken(first), loginToken(first), loginToken(second)},
				source:  source, chat: origin + "/home",
			})
			chromium.visit(t, g.URL+"/embed")
			seen := g.seen()
			if diff := cmp.Diff(tc.reports, seen.reports); diff != "" {
				t.Errorf("events (-want +got):\n%s", diff)
			}
			if obeyed := tc.calls == 4; len(seen.calls) != tc.calls || s.Alive(first) == obeyed || !s.Alive(second) {
				t.Errorf("%d calls, tokens alive: %v, %v; want %d, %v, true", len(seen.calls), s.Alive(first), s.Alive(second), tc.calls, !obeyed)
			}
		})
	}
}

// D.2: a token destroyed on the server drops the client to the login state, which calls the API.
func TestARevokedTokenDropsTheClient(t *testing.T) {
	chromium := newBrowser(t)
	g := newGateway(t)
	s, origin, token := g.workspace(t, rocketchattest.Config{Settings: embedded("*")})
	g.play(script{
		replies: []reply{loginToken(token), loginToken(token), signedOut},
		chat:    origin + "/home",
		revoke:  func() { s.RevokeToken(token) },
		source: `addEventListener("message", ({data}) => {
			if (data.eventName === "Custom_Script_Logged_In") fetch("/revoke");
			if (data.eventName === "Custom_Script_Logged_Out") fetch("/report", {method: "POST", body: data.eventName});
		});`,
	})
	chromium.visit(t, g.URL+"/embed")
	if seen := g.seen(); len(seen.calls) != 4 || len(seen.frames) != 1 || len(seen.reports) != 1 {
		t.Errorf("%d calls, %d frames, events %v; want 4, 1 and one logout", len(seen.calls), len(seen.frames), seen.reports)
	}
}

// Section B: nothing tells an embedding page when commands are heard, so it repeats its own.
func TestAnEmbeddingPageLogsIn(t *testing.T) {
	chromium := newBrowser(t)
	g := newGateway(t)
	_, origin, token := g.workspace(t, rocketchattest.Config{Settings: embedded("*")})
	g.play(script{
		replies: []reply{signedOut},
		chat:    origin + "/home",
		source: `
			setInterval(() => frames[0].postMessage({externalCommand: "login-with-token", token: "` + token + `"}, "*"), 300);
			addEventListener("message", ({data}) => fetch("/report", {method: "POST", body: data.eventName}));`,
	})
	chromium.visit(t, g.URL+"/embed")
	if diff := cmp.Diff([]string{"Custom_Script_Logged_In"}, g.seen().reports); diff != "" {
		t.Errorf("events (-want +got):\n%s", diff)
	}
}
