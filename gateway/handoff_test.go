package gateway_test

import (
	"errors"
	"html"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"chatgate/gateway/handoff"
	"chatgate/gateway/session"
)

// frame is what the page inside the board knows.
type frame struct {
	w *world
	handoff.Offered
}

func (w *world) frame() frame {
	w.t.Helper()
	offered, err := w.handOffs.Offer("board", board+"/")
	w.must(err)
	return frame{w: w, Offered: offered}
}

// state is how the frame's hand-off stands.
func (f frame) state() (handoff.State, error) {
	return f.w.handOffs.Look(f.w.t.Context(), "board", f.ID, f.Secret.Reveal())
}

// subject is whose session waits for the frame, empty for nobody's.
func (f frame) subject() string {
	f.w.t.Helper()
	state, err := f.state()
	f.w.must(err)
	if state.Session == "" {
		return ""
	}
	s, err := f.w.sessions.Latest(f.w.t.Context(), state.Session, "board")
	f.w.must(err)
	return s.Identity.Subject
}

// form is the frame's form for a mode.
func (f frame) form(mode string, more ...string) url.Values {
	form := url.Values{"handoff": {f.ID}, "mode": {mode}}
	for i := 0; i+1 < len(more); i += 2 {
		form.Set(more[i], more[i+1])
	}
	return form
}

// wayOn is where a page goes by itself.
func wayOn(t testing.TB, page *http.Response) string {
	t.Helper()
	body := text(page)
	found := refreshTo.FindStringSubmatch(body)
	if page.StatusCode != http.StatusOK || found == nil {
		t.Fatalf("answer %d does not go on:\n%s", page.StatusCode, body)
	}
	return html.UnescapeString(found[1])
}

// startAndReturn starts the frame's login in b and returns the callback's address without visiting it.
func (b *browser) startAndReturn(form url.Values, username string) string {
	b.w.t.Helper()
	to := wayOn(b.w.t, b.submit("/login/start", form))
	back, err := b.w.at(to).SignIn(b.provider, to, username, username)
	b.w.must(err)
	return back.String()
}

func TestANewWindowSignsTheFrameInAndCloses(t *testing.T) { // B-07, B-23, D30
	w := open(t, options{})
	b, f := w.browser(), w.frame()
	finished := b.do(http.MethodGet, b.startAndReturn(f.form("window"), "ada"))
	if finished.StatusCode != http.StatusSeeOther || !strings.HasPrefix(finished.Header.Get("Location"), "/login/done") {
		t.Fatalf("callback = %d to %q, want /login/done", finished.StatusCode, finished.Header.Get("Location"))
	}
	done := b.do(http.MethodGet, finished.Header.Get("Location"))
	if body := text(done); done.StatusCode != http.StatusOK || !strings.Contains(body, "You can close this window") {
		t.Errorf("/login/done = %d:\n%s", done.StatusCode, body)
	}
	if got := f.subject(); got != "ada-1" {
		t.Errorf("the frame's session is %q's, want ada's", got)
	}
	if b.who() != "ada-1" {
		t.Error("the chat's API is held after a login in a new window")
	}
}

func TestTheSameWindowComesBackToTheChatWhoseAPIWaits(t *testing.T) { // B-16
	w := open(t, options{})
	b, f := w.browser(), w.frame()
	finished := b.do(http.MethodGet, b.startAndReturn(f.form("top"), "ada"))
	if got := b.do(http.MethodGet, finished.Header.Get("Location")).Header.Get("Location"); got != board+"/" {
		t.Errorf("ends at %q, want the chat's configured address", got)
	}
	held := func() bool {
		state, err := f.state()
		w.must(err)
		s, err := w.sessions.ByKey(t.Context(), state.Session, "board")
		w.must(err)
		return s.Chat.Held(w.clock.Now())
	}
	if !held() {
		t.Error("the chat's API is not held")
	}
	w.clock.Advance(30 * time.Second)
	if held() {
		t.Error("the chat's API is held for more than 30 s")
	}
}

func TestABrowserThatIsSignedInNeedsNoProvider(t *testing.T) { // D27
	for mode, end := range map[string]func(*testing.T, *http.Response){
		"window": func(t *testing.T, r *http.Response) {
			if r.StatusCode != http.StatusSeeOther || r.Header.Get("Location") != "/login/done" {
				t.Errorf("start = %d to %q, want /login/done", r.StatusCode, r.Header.Get("Location"))
			}
		},
		"top": func(t *testing.T, r *http.Response) {
			if got := wayOn(t, r); got != board+"/" {
				t.Errorf("goes on to %q, want the chat", got)
			}
		},
	} {
		t.Run(mode, func(t *testing.T) {
			w := open(t, options{})
			b, f := w.browser(), w.frame()
			b.signIn("/login", "ada")
			end(t, b.submit("/login/start", f.form(mode)))
			if got := f.subject(); got != "ada-1" {
				t.Errorf("the frame's session is %q's, want ada's", got)
			}
		})
	}
}

func TestAnotherAccountIsAskedForAtTheProvider(t *testing.T) { // D27
	w := open(t, options{})
	b, f := w.browser(), w.frame()
	b.signIn("/login", "ada")
	to := wayOn(t, b.submit("/login/start", f.form("window", "prompt", "select_account")))
	if !strings.Contains(to, "prompt=select_account") {
		t.Errorf("goes on to %q, want the choice of accounts", to)
	}
	if got := f.subject(); got != "" {
		t.Errorf("the frame has %q's session, want none yet", got)
	}
}

func TestAStartFromAnywhereElseBindsNothing(t *testing.T) { // B-08, S105, S151
	w := open(t, options{})
	b, f := w.browser(), w.frame()
	b.signIn("/login", "ada") // the victim is signed in: a start that were taken would be finished at once
	for name, headers := range map[string][]string{
		"another site's form":            {"Origin", "https://evil.example", "Sec-Fetch-Site", "cross-site"},
		"a sibling's form":               {"Origin", "https://www.example.org", "Sec-Fetch-Site", "same-site"},
		"a form without an origin":       {"Sec-Fetch-Site", "none"},
		"a form that hides its origin":   {"Origin", "null"},
		"a form that lies in one header": {"Origin", base, "Sec-Fetch-Site", "cross-site"},
		"two origins":                    {"Origin", base, "Origin", "https://evil.example"},
	} {
		if got := b.submit("/login/start", f.form("window"), headers...); got.StatusCode != http.StatusForbidden {
			t.Errorf("%s = %d, want 403", name, got.StatusCode)
		}
	}
	for _, link := range []string{
		"/login/start?handoff=" + f.ID + "&mode=window", "/login?handoff=" + f.ID, "/login?handoff=" + f.ID + "&mode=window&chat=board",
	} {
		b.do(http.MethodGet, link)
	}
	if got := f.subject(); got != "" {
		t.Errorf("the attacker's frame has %q's session", got)
	}
}

func TestFormsThatNoPageOfOursSends(t *testing.T) {
	w := open(t, options{})
	f := w.frame()
	for name, test := range map[string]struct {
		form   url.Values
		status int
	}{
		"an unknown mode":            {f.form("popup"), 400},
		"no mode":                    {url.Values{"handoff": {f.ID}}, 400},
		"a prompt of another kind":   {f.form("window", "prompt", "none"), 400},
		"a repeated field":           {url.Values{"handoff": {f.ID, f.ID}, "mode": {"window"}}, 400},
		"an unknown provider":        {f.form("window", "provider", "nobody"), 404},
		"no hand-off":                {url.Values{"mode": {"window"}}, 410},
		"a hand-off of nobody":       {url.Values{"handoff": {"AAAA"}, "mode": {"window"}}, 410},
		"a return address besides":   {f.form("window", "return_to", "https://evil.example/"), 200},
		"one in place of the chat's": {f.form("top", "path", "//evil.example"), 200},
	} {
		b := w.browser()
		answer := b.submit("/login/start", test.form)
		if answer.StatusCode != test.status {
			t.Errorf("%s = %d, want %d", name, answer.StatusCode, test.status)
		}
		if strings.Contains(text(answer), "evil") { // B-28
			t.Errorf("%s reached the page", name)
		}
	}
}

func TestACopiedCallbackSignsNobodyIn(t *testing.T) { // B-09
	w := open(t, options{})
	b, f := w.browser(), w.frame()
	callback := b.startAndReturn(f.form("window"), "ada")
	if got := w.browser().do(http.MethodGet, callback); got.StatusCode != http.StatusBadRequest || f.subject() != "" {
		t.Errorf("another browser's callback = %d and the frame has %q, want 400 and nobody", got.StatusCode, f.subject())
	}
	b.do(http.MethodGet, callback)
	if f.subject() != "ada-1" {
		t.Error("the browser that started could not finish any more")
	}
	if again := b.do(http.MethodGet, callback); again.StatusCode != http.StatusBadRequest { // B-19
		t.Errorf("the used callback = %d, want 400", again.StatusCode)
	}
}

func TestACancelledLoginIsToldToTheFrameAndTriedAgainFromThePage(t *testing.T) { // B-18
	w := open(t, options{})
	b, f := w.browser(), w.frame()
	to, err := url.Parse(wayOn(t, b.submit("/login/start", f.form("window"))))
	w.must(err)
	failed := b.do(http.MethodGet, "/login/callback?error=access_denied&iss="+url.QueryEscape(issuer)+"&state="+url.QueryEscape(to.Query().Get("state")))
	if failed.StatusCode != http.StatusSeeOther || !strings.HasPrefix(failed.Header.Get("Location"), "/login/failed?") {
		t.Fatalf("callback = %d to %q, want /login/failed, whose forms have an Origin", failed.StatusCode, failed.Header.Get("Location"))
	}
	if state, err := f.state(); err != nil || state.Failed != "provider_denied" {
		t.Errorf("the frame is told %q, %v, want provider_denied", state.Failed, err)
	}
	for range 2 { // a page that is loaded again says the same
		page := b.do(http.MethodGet, failed.Header.Get("Location"))
		body := text(page)
		if page.StatusCode != http.StatusForbidden || !strings.Contains(body, `action="/login/start"`) || !strings.Contains(body, f.ID) ||
			page.Header.Get("Referrer-Policy") != "strict-origin" {
			t.Fatalf("the page = %d, with %q:\n%s", page.StatusCode, page.Header.Get("Referrer-Policy"), body)
		}
	}
	// The page of an attacker's own failed login, sent to somebody else, would start the attacker's hand-off (B-08).
	victim := w.browser()
	victim.signIn("/login", "ada")
	sent := victim.do(http.MethodGet, failed.Header.Get("Location"))
	if body := text(sent); sent.StatusCode != http.StatusBadRequest || strings.Contains(body, f.ID) || strings.Contains(body, "/login/start") {
		t.Errorf("another browser is shown %d:\n%s", sent.StatusCode, body)
	}
	b.do(http.MethodGet, b.startAndReturn(f.form("window"), "ada"))
	if got := f.subject(); got != "ada-1" {
		t.Errorf("after the second try the frame has %q, want ada", got)
	}
}

func TestTwoTabsThatSignInAtOnceBothFinish(t *testing.T) { // B-20
	for _, order := range [][2]int{{0, 1}, {1, 0}} {
		w := open(t, options{})
		b := w.browser()
		frames := [2]frame{w.frame(), w.frame()}
		var callbacks [2]string
		for i, f := range frames {
			callbacks[i] = b.startAndReturn(f.form("window"), "ada")
		}
		for _, i := range order {
			b.do(http.MethodGet, callbacks[i])
		}
		for i, f := range frames {
			if got := f.subject(); got != "ada-1" {
				t.Errorf("order %v: frame %d has %q, want ada", order, i, got)
			}
		}
	}
}

func TestAnotherPersonsSignInLeavesAWaitingFrameWithNobody(t *testing.T) { // D27, R14
	w := open(t, options{})
	b, f := w.browser(), w.frame()
	b.do(http.MethodGet, b.startAndReturn(f.form("window"), "ada"))
	b.do(http.MethodGet, b.callback("/login?prompt=select_account", "bob"))
	state, err := f.state()
	w.must(err)
	if _, err := w.sessions.Latest(t.Context(), state.Session, "board"); !errors.Is(err, session.ErrNone) {
		t.Errorf("Latest() = %v, want ErrNone: ada's session ended", err)
	}
}

func TestSeveralProvidersAreOfferedToAFrameToo(t *testing.T) {
	w := open(t, options{second: true})
	b, f := w.browser(), w.frame()
	if got := b.submit("/login/start", url.Values{"handoff": {"nonsense"}, "mode": {"window"}}); got.StatusCode != http.StatusGone {
		t.Errorf("nonsense = %d, want 410 and no page that repeats it", got.StatusCode)
	}
	body := text(b.submit("/login/start", f.form("window")))
	for _, want := range []string{`name="provider" value="guests"`, `name="handoff" value="` + f.ID + `"`, `name="mode" value="window"`, ">The guests</button>"} {
		if !strings.Contains(body, want) {
			t.Errorf("the chooser lacks %s:\n%s", want, body)
		}
	}
	b.do(http.MethodGet, b.startAndReturn(f.form("window", "provider", "guests"), "ada"))
	if got := f.subject(); got != "ada-1" {
		t.Errorf("the frame has %q, want ada", got)
	}
}

func TestAStartWithoutAStoreCanBeTriedAgain(t *testing.T) { // D26
	w := open(t, options{})
	b, f := w.browser(), w.frame()
	w.engine.setDown(true)
	if got := b.submit("/login/start", f.form("window")); got.StatusCode != http.StatusServiceUnavailable {
		t.Errorf("start = %d, want 503", got.StatusCode)
	}
	w.engine.setDown(false)
	b.do(http.MethodGet, b.startAndReturn(f.form("window"), "ada"))
	if got := f.subject(); got != "ada-1" {
		t.Errorf("the frame has %q, want ada", got)
	}
}
