package account_test

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"chatgate/gateway/chat/chattest"
)

// answeredAsDone checks that a browser is sent back to its page.
func answeredAsDone(t *testing.T, answer *http.Response) {
	t.Helper()
	if answer.StatusCode != http.StatusSeeOther || answer.Header.Get("Location") != "/" {
		t.Errorf("the answer = %d to %q, want 303 to /", answer.StatusCode, answer.Header.Get("Location"))
	}
}

func TestAnotherBrowserIsSignedOut(t *testing.T) { // S72
	w := open(t, chattest.Options{})
	phone, b := w.signIn(ada, chrome, office), w.signIn(ada, firefox, home)
	handle := phone.session().Label()
	answeredAsDone(t, b.end(handle))
	if phone.alive() || !b.alive() {
		t.Errorf("the other session is alive: %v, this one: %v; want only this one", phone.alive(), b.alive())
	}
	log := w.Journal.String()
	contains(t, "the audit log", log, `"act":"session_revoked","reason":"account_page"`, `"session":"`+handle+`"`, `"sub":"ada-1"`)
}

func TestThePageSaysOnceThatASessionHasEnded(t *testing.T) { // S72, D20
	w := open(t, chattest.Options{})
	phone, b := w.signIn(ada, chrome, office), w.signIn(ada, firefox, home)
	const words = "Signed out of the other browser. Its chats close as said below."
	says := func(target string, cookies ...*http.Cookie) (bool, []*http.Cookie) {
		r := httptest.NewRequest(http.MethodGet, w.BaseURL+target, nil)
		for _, c := range cookies {
			r.AddCookie(c)
		}
		answer, page := b.send(r), new(strings.Builder)
		w.must(answer.Write(page))
		return strings.Contains(page.String(), words), answer.Cookies()
	}
	if said, _ := says("/?ended=yes"); said {
		t.Error("a link has the page say that a session has ended")
	}
	if nothing := b.end("AAAAAAAA"); len(nothing.Cookies()) != 0 {
		t.Errorf("an end of nothing leaves %v", nothing.Cookies())
	}
	ended := b.end(phone.session().Label()).Cookies()
	if len(ended) != 1 || !ended[0].Secure || !ended[0].HttpOnly || ended[0].MaxAge != 60 || ended[0].SameSite != http.SameSiteStrictMode { // S57
		t.Fatalf("the end leaves %v, want one cookie for a minute", ended)
	}
	said, left := says("/", ended...)
	if !said || len(left) != 1 || left[0].Name != ended[0].Name || left[0].MaxAge >= 0 {
		t.Errorf("after the end the page says so: %v, and sets %v; want that, and the cookie removed", said, left)
	}
	if said, _ := says("/"); said {
		t.Error("loaded again, the page still says so")
	}
}

func TestAHandleThatIsNotOnesOwnEndsNothing(t *testing.T) { // S72, S125
	w := open(t, chattest.Options{})
	b, theirs := w.signIn(ada, firefox, home), w.signIn(bob, chrome, office)
	before := strings.Count(w.Journal.String(), "session_revoked")
	for name, handle := range map[string]string{
		"somebody else's":     theirs.session().Label(),
		"somebody else's key": theirs.session().Key,
		"one of nobody":       "AAAAAAAA",
		"none":                "",
		"a long one":          strings.Repeat("A", 4096),
		"hostile text":        "<script>\r\n",
	} {
		t.Run(name, func(t *testing.T) { answeredAsDone(t, b.end(handle)) })
	}
	if !theirs.alive() || !b.alive() {
		t.Error("a session ended")
	}
	if after := strings.Count(w.Journal.String(), "session_revoked"); after != before {
		t.Errorf("%d audit lines say that a session ended", after-before)
	}
}

func TestTheSameSubjectAtAnotherProviderIsSomebodyElse(t *testing.T) { // D6, S110
	w := open(t, chattest.Options{})
	other := ada
	other.Provider = "guests"
	b, theirs := w.signIn(ada, firefox, home), w.signIn(other, chrome, office)
	answeredAsDone(t, b.end(theirs.session().Label()))
	if !theirs.alive() {
		t.Error("a session of another provider's subject ended")
	}
}

func TestThisBrowserIsSignedOutByTheQuestionThatGoesOnToTheProvider(t *testing.T) {
	w := open(t, chattest.Options{})
	b := w.signIn(ada, firefox, home)
	answer := b.end(b.session().Label())
	if answer.StatusCode != http.StatusSeeOther || answer.Header.Get("Location") != "/logout" || !b.alive() {
		t.Errorf("the answer = %d to %q, alive %v; want /logout, which asks", answer.StatusCode, answer.Header.Get("Location"), b.alive())
	}
}

func TestWhoIsNotSignedInEndsNothing(t *testing.T) {
	w := open(t, chattest.Options{})
	phone := w.signIn(ada, chrome, office)
	if got := (&browser{w: w, address: home}).end(phone.session().Label()).StatusCode; got != http.StatusUnauthorized || !phone.alive() {
		t.Errorf("the answer = %d, alive %v; want 401 and a live session", got, phone.alive())
	}
}

func TestAFormThatNoPageSendsIsRefused(t *testing.T) { // S12
	w := open(t, chattest.Options{})
	phone, b := w.signIn(ada, chrome, office), w.signIn(ada, firefox, home)
	for name, handles := range map[string][]string{"no handle": nil, "two handles": {phone.session().Label(), b.session().Label()}} {
		if got := b.end(handles...).StatusCode; got != http.StatusBadRequest || !phone.alive() {
			t.Errorf("%s = %d, alive %v; want 400 and a live session", name, got, phone.alive())
		}
	}
	broken := httptest.NewRequest(http.MethodPost, w.BaseURL+"/account/end", strings.NewReader("session=%zz"))
	broken.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	if got := b.send(broken).StatusCode; got != http.StatusBadRequest {
		t.Errorf("a broken form = %d, want 400", got)
	}
}

func TestEndingsAreLimitedBySession(t *testing.T) { // S123
	w := open(t, chattest.Options{})
	b, other := w.signIn(ada, firefox, home), w.signIn(ada, chrome, office)
	for range 30 {
		answeredAsDone(t, b.end("AAAAAAAA"))
	}
	for range 2 {
		refused := b.end(other.session().Label())
		if refused.StatusCode != http.StatusTooManyRequests || refused.Header.Get("Retry-After") == "" || !other.alive() {
			t.Errorf("the 31st = %d, alive %v; want 429 with Retry-After and a live session", refused.StatusCode, other.alive())
		}
	}
	if lines := strings.Count(w.Journal.String(), `"act":"limit_exceeded","reason":"account_end_session"`); lines != 1 {
		t.Errorf("%d audit lines for two refusals, want one in a window", lines)
	}
	answeredAsDone(t, other.end("AAAAAAAA"))
	w.Clock.Advance(time.Minute)
	answeredAsDone(t, b.end(other.session().Label()))
}

func TestAnEndThatFailsIsNotSaidToBeDone(t *testing.T) { // D25
	w := open(t, chattest.Options{})
	phone, b := w.signIn(ada, chrome, office), w.signIn(ada, firefox, home)
	w.failing = true
	if got := b.end(phone.session().Label()).StatusCode; got != http.StatusServiceUnavailable || !phone.alive() {
		t.Errorf("the answer = %d, alive %v; want 503 and a live session", got, phone.alive())
	}
	if strings.Contains(w.Journal.String(), "session_revoked") {
		t.Error("the audit log says that a session ended")
	}
}

func TestWithoutAStoreNothingIsSaidOfAnybody(t *testing.T) { // S67
	w := open(t, chattest.Options{})
	b := w.signIn(ada, firefox, home)
	w.must(w.CloseStore())
	answer := b.send(httptest.NewRequest(http.MethodGet, w.BaseURL+"/", nil))
	if answer.StatusCode != http.StatusServiceUnavailable || len(answer.Cookies()) > 0 {
		t.Errorf("the page = %d with %v, want 503 and the cookie left alone", answer.StatusCode, answer.Cookies())
	}
	if got := b.end("AAAAAAAA").StatusCode; got != http.StatusServiceUnavailable {
		t.Errorf("an end = %d, want 503", got)
	}
}
