package talk_test

import (
	"encoding/json"
	"flag"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"chatgate/gateway/chat"
	"chatgate/gateway/chat/chattest"
	"chatgate/gateway/chat/talk"
	"chatgate/gateway/limit"
	"chatgate/oidc"
)

// fromFrame is a call of the frame's own script.
func (w *world) fromFrame(path, body string, cookie *http.Cookie) *http.Response {
	r := httptest.NewRequest(http.MethodPost, w.BaseURL+"/"+w.Name+"/"+path, strings.NewReader(body))
	r.Header.Set("Origin", w.BaseURL)
	if cookie != nil {
		r.AddCookie(cookie)
	}
	return answer(w.handler, r)
}

func (w *world) showFrame(embedder string, cookie *http.Cookie) *http.Response {
	return w.call(http.MethodGet, "/"+w.Name+"/frame?embedder="+url.QueryEscape(embedder), cookie)
}

// changing are the parts of a page that differ from answer to answer, or whenever an asset does.
var changing = regexp.MustCompile(`(nonce="|/assets/[a-z-]+\.)[0-9A-Za-z]+`)

func TestFrame(t *testing.T) {
	w := open(t, site(talk.CoralSSO), chattest.Options{})
	for name, cookie := range map[string]*http.Cookie{"frame-signed-out": nil, "frame-signed-in": w.SignIn(ada())} {
		page, err := io.ReadAll(w.showFrame(newsURL, cookie).Body)
		if err != nil {
			t.Fatal(err)
		}
		got := changing.ReplaceAllString(string(page), "${1}CHANGES")
		path := filepath.Join("testdata", name+".golden.html")
		if flag.Lookup("update").Value.String() == "true" { // of the tests inside the package
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
}

func TestOnlyPagesWithTheTokenRightGetAFrame(t *testing.T) { // D29, B-06
	w := open(t, site(talk.CoralSSO), chattest.Options{})
	for _, test := range []struct{ name, query string }{
		{"nobody named", ""},
		{"a page that may not read tokens", "?embedder=" + blogURL},
		{"a page that is not listed", "?embedder=https://evil.example.org"},
		{"a listed page with a slash", "?embedder=" + newsURL + "/"},
		{"two pages", "?embedder=" + newsURL + "&embedder=" + newsURL},
		{"Coral itself", "?embedder=" + coralURL},
	} {
		res := w.call(http.MethodGet, "/talk/frame"+test.query, w.SignIn(ada()))
		if res.StatusCode != http.StatusForbidden {
			t.Errorf("%s: the frame = %d, want 403", test.name, res.StatusCode)
		}
	}
	policy := w.showFrame(newsURL, nil).Header.Get("Content-Security-Policy")
	if want := "frame-ancestors " + blogURL + " " + newsURL; !strings.Contains(policy, want) {
		t.Errorf("policy %q, want %q in it", policy, want)
	}
}

func TestResumeSignsANewTokenForTheFrame(t *testing.T) { // D18
	w := open(t, site(talk.CoralSSO), chattest.Options{})
	cookie := w.SignIn(ada())
	kept := w.token(http.MethodGet, cookie)
	res := w.fromFrame("resume", `{}`, cookie)
	got := decode[struct {
		tokenAnswer
		Name string `json:"name"`
	}](t, res)
	if res.StatusCode != http.StatusOK || got.Token == "" || got.Token == kept.Token || got.Name != "Ada Lovelace" {
		t.Errorf("resume = %d for %q, want a token of its own for Ada Lovelace", res.StatusCode, got.Name)
	}
	if res.Header.Get("Cache-Control") != "no-store" || res.Header.Get("Access-Control-Allow-Origin") != "" {
		t.Errorf("resume has the headers %v, want no-store and no CORS", res.Header)
	}
}

func TestResumeRefuses(t *testing.T) {
	w := open(t, with(site(talk.CoralSSO), func(c *talk.Config) { c.Access = chat.AccessRules{Groups: []string{"readers"}} }), chattest.Options{})
	reader := ada()
	reader.Groups = []string{"readers"}
	cookie := w.SignIn(reader)
	refused := func(what string, res *http.Response, status int, code string) {
		t.Helper()
		if got := decode[problemBody](t, res); res.StatusCode != status || got.Code != code {
			t.Errorf("%s: resume = %d %q, want %d %q", what, res.StatusCode, got.Code, status, code)
		}
	}
	refused("nobody signed in", w.fromFrame("resume", `{}`, nil), 401, "session_required")
	refused("somebody who may not enter (D7)", w.fromFrame("resume", `{}`, w.SignIn(ada())), 403, "access_denied")
	refused("a body with a key of its own", w.fromFrame("resume", `{"sub":"bob"}`, cookie), 400, "invalid_request")
	for _, origin := range []string{newsURL, coralURL, "null", ""} { // B-08
		res := w.call(http.MethodPost, "/talk/resume", cookie, "Origin", origin)
		refused("a call from "+origin, res, 403, "cross_site_request")
	}
	limited := open(t, site(talk.CoralSSO), chattest.Options{Limits: &limit.Settings{TalkTokensPerSession: 1}})
	cookie = limited.SignIn(ada())
	limited.fromFrame("resume", `{}`, cookie)
	refused("a second one within a minute", limited.fromFrame("resume", `{}`, cookie), 429, "too_many_requests")
}

// waitingFrame is a frame that has a hand-off, and what it sends to redeem it.
type waitingFrame struct {
	w        *world
	id, body string
}

func (w *world) waiting() waitingFrame {
	w.t.Helper()
	res := w.fromFrame("handoff", `{"embedder":"`+newsURL+`","top":""}`, nil)
	if res.StatusCode != http.StatusOK {
		w.t.Fatalf("handoff = %d", res.StatusCode)
	}
	made := decode[struct {
		ID     string `json:"id"`
		Secret string `json:"secret"`
	}](w.t, res)
	body, err := json.Marshal(made)
	if err != nil {
		w.t.Fatal(err)
	}
	return waitingFrame{w: w, id: made.ID, body: string(body)}
}

// signIn finishes a login for the frame in another window, and returns that window's cookie.
func (f waitingFrame) signIn(id oidc.Identity) *http.Cookie {
	f.w.t.Helper()
	cookie := f.w.SignIn(id)
	f.continueAs(cookie)
	return cookie
}

// continueAs finishes it for somebody who is signed in already.
func (f waitingFrame) continueAs(cookie *http.Cookie) {
	f.w.t.Helper()
	started, err := f.w.HandOffs.Start(ctx(), f.id)
	if err == nil {
		err = f.w.HandOffs.Finish(ctx(), started, f.w.Session(cookie).Key)
	}
	if err != nil {
		f.w.t.Fatal(err)
	}
}

func (f waitingFrame) redeem() *http.Response {
	f.w.Clock.Advance(time.Second)
	return f.w.fromFrame("handoff/redeem", f.body, nil)
}

func TestTheFrameIsHandedATokenAndACookieForTheNext(t *testing.T) { // B-13, D27
	w, product := openAt(t, site(talk.CoralSSO), chattest.Options{})
	f := w.waiting()
	if res := f.redeem(); res.StatusCode != http.StatusAccepted {
		t.Fatalf("redeem before the sign-in = %d, want 202", res.StatusCode)
	}
	cookie := f.signIn(ada())
	res := f.redeem()
	handed := decode[tokenAnswer](t, res)
	if res.StatusCode != http.StatusOK || !product.taken(handed.Token) {
		t.Fatalf("redeem = %d, want a token that Coral takes", res.StatusCode)
	}
	var child *http.Cookie
	for _, c := range res.Cookies() {
		if c.Name == "__Host-chatgate-talk" && strings.Contains(c.Raw, "Partitioned") {
			child = &http.Cookie{Name: c.Name, Value: c.Value}
		}
	}
	if child == nil {
		t.Fatalf("no partitioned cookie among %v", res.Header.Values("Set-Cookie"))
	}
	if renewed := w.token(http.MethodPost, child); !product.taken(renewed.Token) {
		t.Error("Coral does not take the token that the page got with the frame's cookie")
	}
	if again := f.redeem(); again.StatusCode != http.StatusGone {
		t.Errorf("the second redeem = %d, want 410", again.StatusCode)
	}
	w.SignOut(cookie) // B-21
	w.drain()
	if product.taken(handed.Token) {
		t.Error("the token is taken after the sign-out")
	}
	if res := w.ask(http.MethodPost, child); res.StatusCode != http.StatusUnauthorized {
		t.Errorf("a POST with the frame's cookie after the sign-out = %d, want 401", res.StatusCode)
	}
}

// TestHandOffsInARowShareAToken: each token that is signed counts against the session and is one more to end, and frames
// in several tabs ask at about the same time (D28).
func TestHandOffsInARowShareAToken(t *testing.T) {
	w := open(t, site(talk.CoralSSO), chattest.Options{Limits: &limit.Settings{TalkTokensPerSession: 2}})
	cookie := w.SignIn(ada())
	w.token(http.MethodGet, cookie)
	handed := func() string {
		t.Helper()
		f := w.waiting()
		f.continueAs(cookie)
		res := f.redeem()
		if res.StatusCode != http.StatusOK {
			t.Fatalf("redeem = %d, want 200", res.StatusCode)
		}
		return decode[tokenAnswer](t, res).Token
	}
	page := w.token(http.MethodGet, cookie).Token
	first := handed()
	if first == page {
		t.Error("a frame is handed the token of a page, which a sign-out in the comments may have ended (D18)")
	}
	for range 3 {
		if again := handed(); again != first {
			t.Error("another frame is handed another token, want the one that was signed for the first")
		}
	}
	w.Clock.Advance(10 * time.Second)
	if later := handed(); later == first {
		t.Error("a frame that comes later is handed the token of an earlier one")
	}
}

func TestTheFrameIsToldWhyNobodyGetsAToken(t *testing.T) {
	nobody := ada()
	nobody.EmailVerified = false
	for _, test := range []struct {
		name   string
		change func(*talk.Config)
		id     oidc.Identity
		code   string
	}{
		{"rules that leave the person out (D7)", func(c *talk.Config) { c.Access = chat.AccessRules{Groups: []string{"readers"}} }, ada(), "access_denied"},
		{"an address that nobody vouches for (G9)", func(*talk.Config) {}, nobody, "email_unverified"},
	} {
		t.Run(test.name, func(t *testing.T) {
			w := open(t, with(site(talk.CoralSSO), test.change), chattest.Options{})
			f := w.waiting()
			f.signIn(test.id)
			res := f.redeem()
			if got := decode[problemBody](t, res); res.StatusCode != http.StatusForbidden || got.Code != test.code {
				t.Errorf("redeem = %d %q, want 403 %s", res.StatusCode, got.Code, test.code)
			}
			if res.Header.Get("Set-Cookie") != "" {
				t.Error("it got a cookie")
			}
		})
	}
}

func TestAHandOffIsForPagesWithTheTokenRight(t *testing.T) { // D29
	w := open(t, site(talk.CoralSSO), chattest.Options{})
	for _, embedder := range []string{blogURL, "https://evil.example.org"} {
		if res := w.fromFrame("handoff", `{"embedder":"`+embedder+`","top":""}`, nil); res.StatusCode != http.StatusForbidden {
			t.Errorf("a hand-off for %s = %d, want 403", embedder, res.StatusCode)
		}
	}
}
