package gateway_test

import (
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/prometheus/client_golang/prometheus"

	"chatgate/gateway"
)

func TestReturnAddressesThatAreNotOursAreRefused(t *testing.T) {
	w := open(t, options{})
	b := w.browser()
	b.signIn("/login", "ada") // signed in, an allowed address answers with its redirect at once
	for _, tc := range []struct{ clause, target string }{
		{"S1", "//evil.example"}, {"S1", "///evil.example"}, {"S1", "////evil.example"},
		{"S2", `/\evil.example`}, {"S2", `\\evil.example`}, {"S2", `/\/evil.example`}, {"S2", `\/evil.example`},
		{"S3", "/\t/evil.example"}, {"S3", "/%09/evil.example"}, {"S3", "/\n/evil.example"}, {"S3", "/%0a/evil.example"},
		{"S3", "/%0d"}, {"S3", "/ /evil.example"}, {"S3", " //evil.example"}, {"S3", "\x01//evil.example"}, {"S3", "/\x00"},
		{"S4", "https:evil.example"}, {"S4", "https:/evil.example"}, {"S4", `http:\\evil.example`}, {"S4", "javascript:alert(1)"},
		{"S4", "data:text/html,x"}, {"S4", "vbscript:x"}, {"S4", "blob:https://board.example.org/x"}, {"S4", "JaVaScRiPt:alert(1)"},
		{"S5", board + "@evil.example/"}, {"S5", "https://evil.example#@board.example.org"}, {"S5", "https://evil.example?board.example.org"},
		{"S5", "https://board.example.org:x@evil.example"},
		{"S6", "https://evilboard.example.org"}, {"S6", board + ".evil"}, {"S6", board + ".evil/"}, {"S6", board + "evil/"},
		{"S7", board + ":8443/"}, {"S7", "http://board.example.org/"}, {"S7", board + ":443/"},
		{"S8", "HTTPS://BOARD.EXAMPLE.ORG/"}, {"S8", "https://board.example.org./"}, {"S8", "https://Board.example.org/"},
		{"S9", "/%252f%252fevil.example"}, {"S9", "/%2f%2fevil.example"}, {"S9", "/%c0%af%c0%afevil.example/%2e"}, {"S9", "https://board。example.org/"},
		{"S9", "https://bоard.example.org/"},
		{"S10", "/ok/../..//evil.example"}, {"S10", "/../x"}, {"S10", "/./x"}, {"S10", "/ok/%2e%2e//evil.example"}, {"S10", "/a//b"},
		{"S10", board + "/ok/../..//evil.example"}, {"S10", board + "//evil.example"},
		{"S11", "/x\r\nLocation: https://evil.example"}, {"S11", "/x%0d%0aLocation:%20https://evil.example"},
		{"S15", "/" + strings.Repeat("a", 2048)},
		{"S1", "evil.example"}, {"S1", "https://evil.example/"}, {"S1", "https://"}, {"S1", "?x"}, {"S1", "#x"},
	} {
		t.Run(tc.clause+" "+tc.target[:min(len(tc.target), 40)], func(t *testing.T) {
			answer := b.do(http.MethodGet, "/login?return_to="+url.QueryEscape(tc.target))
			if answer.StatusCode != http.StatusBadRequest || answer.Header.Get("Location") != "" {
				t.Errorf("return_to %q = %d to %q, want 400", tc.target, answer.StatusCode, answer.Header.Get("Location"))
			}
			if page := text(answer); strings.Contains(page, "evil.example") {
				t.Errorf("the page repeats the address")
			}
		})
	}
}

func TestReturnAddressesThatAreOursAreTakenLiterally(t *testing.T) { // S10
	w := open(t, options{})
	b := w.browser()
	b.signIn("/login", "ada")
	for target, want := range map[string]string{
		"/":                           base + "/",
		"/session?x=1&y=a%20b":        base + "/session?x=1&y=a%20b",
		board:                         board,
		board + "/":                   board + "/",
		board + "/a/b/?q=https://x#f": board + "/a/b/?q=https://x#f",
		board + "/caf%C3%A9":          board + "/caf%C3%A9",
	} {
		answer := b.do(http.MethodGet, "/login?return_to="+url.QueryEscape(target))
		if got := answer.Header.Get("Location"); got != want {
			t.Errorf("return_to %q goes to %q, want %q", target, got, want)
		}
	}
}

func TestReturnParametersThatContradictAreRefused(t *testing.T) { // S12, B-28
	w := open(t, options{})
	b := w.browser()
	for name, query := range map[string]string{
		"twice in the query":        "return_to=/&return_to=//evil.example",
		"both forms at once":        "return_to=/&chat=board",
		"a chat that is not there":  "chat=elsewhere",
		"a path that is an address": "chat=board&path=//evil.example",
		"a path without its slash":  "chat=board&path=.evil.example",
		"a path with a user":        "chat=board&path=@evil.example",
	} {
		answer := b.do(http.MethodGet, "/login?"+query)
		if answer.StatusCode != http.StatusBadRequest {
			t.Errorf("%s = %d, want 400", name, answer.StatusCode)
		}
	}
}

// FuzzReturnTo holds the one promise that matters: whatever is asked for, the browser ends on an origin of ours (S16).
func FuzzReturnTo(f *testing.F) {
	for _, seed := range []string{"/", "//evil.example", `/\evil`, board + "/x", board + "@evil", "/%09/e", "/a/../b", "https:e"} {
		f.Add(seed)
	}
	shared := open(f, options{})
	signedIn := shared.browser()
	signedIn.signIn("/login", "ada")
	f.Fuzz(func(t *testing.T, target string) {
		b := signedIn.within(t)
		answer := b.do(http.MethodGet, "/login?return_to="+url.QueryEscape(target))
		location := answer.Header.Get("Location")
		if location == "" {
			return
		}
		// What browsers do before they parse (WHATWG URL, Section 4.4): strip, drop tabs and newlines, and take
		// backslashes for slashes.
		seen := strings.NewReplacer("\t", "", "\n", "", "\r", "", `\`, "/").Replace(strings.Trim(location, "\x00 "))
		u, err := url.Parse(seen)
		if err != nil || u.User != nil || (u.Scheme+"://"+u.Host != base && u.Scheme+"://"+u.Host != board) {
			t.Errorf("return_to %q sends the browser to %q", target, location)
		}
	})
}

// restarted is the same gateway after its configuration has changed: another process at the same store.
func (w *world) restarted(change func(*gateway.Config)) *world {
	w.t.Helper()
	next := *w
	next.cfg.Metrics = prometheus.NewRegistry()
	change(&next.cfg)
	var err error
	next.Server, err = gateway.New(next.cfg)
	w.must(err)
	return &next
}

func TestAReturnAddressIsCheckedAgainWhenItIsUsed(t *testing.T) { // S13
	w := open(t, options{})
	moved := w.restarted(func(cfg *gateway.Config) {
		cfg.Chats = map[string]gateway.Chat{"board": {Connector: &bulletin{page: "https://new.example.org", sessions: w.sessions, problems: w.board.problems}}}
	})
	for name, c := range map[string]struct {
		after  *world
		status int
		want   string
	}{
		"the origin is listed still":                  {w.restarted(func(*gateway.Config) {}), http.StatusSeeOther, board + "/page"},
		"the origin was withdrawn after the callback": {moved, http.StatusBadRequest, ""},
	} {
		t.Run(name, func(t *testing.T) {
			b := w.within(t).browser()
			finished := b.do(http.MethodGet, b.callback(query("/login", "return_to", board+"/page"), "ada"))
			b.w = c.after.within(t)
			done := b.do(http.MethodGet, finished.Header.Get("Location"))
			if got := done.Header.Get("Location"); done.StatusCode != c.status || got != c.want {
				t.Errorf("/login/done = %d to %q, want %d to %q", done.StatusCode, got, c.status, c.want)
			}
		})
	}
}

func TestACallbackSaysNothingAboutWhereItEnds(t *testing.T) { // S13
	w := open(t, options{})
	for name, parameter := range map[string]string{
		"another site": "https://evil.example/", "another page of the chat": board + "/other", "a path of ours": "/logout",
	} {
		t.Run(name, func(t *testing.T) {
			b := w.within(t).browser()
			extra := url.Values{"return_to": {parameter}, "path": {"/other"}, "chat": {"board"}}.Encode()
			finished := b.do(http.MethodGet, b.callback(query("/login", "return_to", board+"/page"), "ada")+"&"+extra)
			if done := b.do(http.MethodGet, finished.Header.Get("Location")+"&"+extra); done.Header.Get("Location") != board+"/page" {
				t.Errorf("callback = %d, then %d to %q; want the address that the sign-in began with", finished.StatusCode, done.StatusCode, done.Header.Get("Location"))
			}
		})
	}
}
