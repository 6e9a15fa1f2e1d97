package gateway_test

import (
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"chatgate/gateway/limit"
)

func TestStartsAreLimitedByAddress(t *testing.T) { // S123, D31
	w := open(t, options{rules: limit.Settings{LoginStartsPerAddress: 3}.Rules()})
	b, elsewhere := w.browser(), w.browser()
	elsewhere.address = "198.51.100.9:1"
	for range 3 {
		b.do(http.MethodGet, "/login")
	}
	refused := b.do(http.MethodGet, "/login")
	if refused.StatusCode != http.StatusTooManyRequests || refused.Header.Get("Retry-After") == "" {
		t.Errorf("fourth start = %d, want 429 with Retry-After", refused.StatusCode)
	}
	b.do(http.MethodGet, "/login")
	if lines := strings.Count(w.log.String(), `"act":"limit_exceeded","reason":"login_start_address"`); lines != 1 {
		t.Errorf("%d audit lines for two refused starts, want one in a window: a flood must not flood the log", lines)
	}
	if got := elsewhere.do(http.MethodGet, "/login"); got.StatusCode != http.StatusSeeOther {
		t.Errorf("start from another address = %d, want 303", got.StatusCode)
	}
}

func TestADeadSessionCookieIsClearedAtSignIn(t *testing.T) { // S28
	w := open(t, options{})
	b := w.browser()
	b.signIn("/login", "ada")
	w.clock.Advance(9 * time.Hour)
	b.do(http.MethodGet, "/login")
	if _, there := b.cookies["__Host-chatgate"]; there {
		t.Error("the dead cookie was kept")
	}
}

func TestPromptsAreTakenFromAList(t *testing.T) { // S31
	w := open(t, options{})
	for prompt, want := range map[string]int{"login": 303, "select_account": 303, "none": 400, "consent": 400, "login select_account": 400} {
		answer := w.browser().do(http.MethodGet, "/login?prompt="+url.QueryEscape(prompt))
		if answer.StatusCode != want {
			t.Errorf("prompt %q = %d, want %d", prompt, answer.StatusCode, want)
		}
	}
}

func TestSeveralProvidersAreOffered(t *testing.T) {
	w := open(t, options{second: true})
	b := w.browser()
	for path, want := range map[string]string{
		"/login?chat=board&path=/home": "same-origin",
		"/login?return_to=" + url.QueryEscape("/board/oauth/authorize?client_id=coral"): "", // Coral's page waits for its window
	} {
		if got := b.do(http.MethodGet, path).Header.Get("Cross-Origin-Opener-Policy"); got != want {
			t.Errorf("%s: Cross-Origin-Opener-Policy of the chooser = %q, want %q", path, got, want)
		}
	}
	page := text(b.do(http.MethodGet, "/login?chat=board&path=/home"))
	if !strings.Contains(page, "provider=corp") || !strings.Contains(page, "provider=guests") || !strings.Contains(page, "The guests</a>") {
		t.Fatalf("the chooser offers:\n%s", page)
	}
	if got := b.signIn("/login?chat=board&path=/home&provider=guests", "ada"); got != board+"/home" {
		t.Errorf("ends at %q, want the chat", got)
	}
	if got := b.do(http.MethodGet, "/login?provider=nobody&prompt=login"); got.StatusCode != http.StatusNotFound {
		t.Errorf("an unknown provider = %d, want 404", got.StatusCode)
	}
}

func TestABrowserSentRoundAndRoundIsStoppedAndNotLockedOut(t *testing.T) { // S32
	w := open(t, options{})
	b := w.browser()
	b.signIn("/login", "ada")
	login := "/login?return_to=" + url.QueryEscape(board+"/")
	var stopped *http.Response
	rounds := 1
	for ; rounds < 20; rounds++ {
		if stopped = b.do(http.MethodGet, login); stopped.StatusCode != http.StatusSeeOther {
			break
		}
	}
	page := text(stopped)
	if rounds != 8 || stopped.StatusCode != http.StatusTooManyRequests || !strings.Contains(page, `href="`+strings.ReplaceAll(login, "&", "&amp;")+`"`) {
		t.Fatalf("after %d rounds = %d, want a page with the same way on:\n%s", rounds, stopped.StatusCode, page)
	}
	if again := b.do(http.MethodGet, login); again.StatusCode != http.StatusSeeOther {
		t.Errorf("a press on the link = %d, want to go on", again.StatusCode)
	}
	if other := w.browser().do(http.MethodGet, "/login"); other.StatusCode != http.StatusSeeOther {
		t.Errorf("another browser = %d", other.StatusCode)
	}
	for range 7 {
		w.clock.Advance(10 * time.Second)
		if slow := b.do(http.MethodGet, login); slow.StatusCode != http.StatusSeeOther {
			t.Errorf("a round every ten seconds = %d, want to go on", slow.StatusCode)
		}
	}
}

func TestTryingAgainWhileTheProviderIsDownIsNoCircle(t *testing.T) { // S32, D26
	b := open(t, options{undiscovered: true}).browser()
	for range 12 {
		if got := b.do(http.MethodGet, "/login"); got.StatusCode != http.StatusServiceUnavailable {
			t.Fatalf("/login = %d, want 503 however often it is tried", got.StatusCode)
		}
	}
}

func TestOnlyAWindowBeginsALogin(t *testing.T) { // S125, B-22
	w := open(t, options{})
	for dest, want := range map[string]int{"document": 303, "": 303, "image": 400, "iframe": 400, "script": 400, "empty": 400} {
		if got := w.browser().do(http.MethodGet, "/login", "Sec-Fetch-Dest", dest); got.StatusCode != want {
			t.Errorf("Sec-Fetch-Dest %q = %d, want %d", dest, got.StatusCode, want)
		}
	}
}
