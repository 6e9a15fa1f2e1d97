package account_test

import (
	"html"
	"net/http"
	"net/http/httptest"
	"regexp"
	"strings"
	"testing"
	"time"

	"chatgate/gateway/account"
	"chatgate/gateway/chat/chattest"
	"chatgate/oidc"
)

func contains(t *testing.T, what, text string, wants ...string) {
	t.Helper()
	for _, want := range wants {
		if !strings.Contains(text, want) {
			t.Errorf("%s lacks %q:\n%s", what, want, text)
		}
	}
}

func TestThePageSaysWhoSomebodyIs(t *testing.T) {
	w := open(t, chattest.Options{})
	b := w.signIn(ada, firefox, home)
	w.Clock.Advance(50 * time.Minute)
	contains(t, "the page", b.page("en"),
		"You are signed in as Ada Lovelace.", "<bdi>ada@example.org</bdi>", "<dt>Identity provider</dt><dd><bdi>The Corp</bdi>",
		`<time datetime="2026-11-21T08:00:00Z">50 minutes ago</time>`, `<time datetime="2026-11-21T16:00:00Z">in 7 hours</time>`)
}

func TestSignedOutThePageIsTheWayIn(t *testing.T) {
	w := open(t, chattest.Options{})
	page := (&browser{w: w, address: home}).page("en")
	contains(t, "the page", page, `href="/login" data-chatgate="login"`)
	if strings.Contains(page, "<form") {
		t.Errorf("signed out, the page has a form:\n%s", page)
	}
}

func TestWhomTheProviderGivesNoNameIsCalledWhatItGives(t *testing.T) {
	w := open(t, chattest.Options{})
	for want, id := range map[string]oidc.Identity{
		"as ada.":   {Provider: "corp", Subject: "1", Username: "ada"},
		"as 5f1c2.": {Provider: "corp", Subject: "5f1c2"},
	} {
		contains(t, "the page", w.signIn(id, firefox, home).page("en"), want)
	}
}

func TestChatsSayHowTheyStand(t *testing.T) { // D7, D13
	for _, c := range []struct {
		name   string
		maxAge time.Duration
		act    func(*world, *browser)
		state  string
		says   []string
	}{
		{"not entered yet", 0, func(*world, *browser) {}, "open",
			[]string{`<a href="https://chat.example.org">Team Chat</a>`, "Open to you, without signing in again."}},
		{"entered", 0, func(_ *world, b *browser) { b.signedInToChat() }, "connected",
			[]string{`<a href="https://chat.example.org">Team Chat</a>`, "You are signed in there."}},
		{"left inside the chat", 0, func(w *world, b *browser) {
			b.signedInToChat()
			w.must(w.Sessions.StayOut(w.t.Context(), b.session(), "chat"))
		}, "stay-out", []string{"You signed out there. Open it and press Continue to go back in."}},
		{"closed by its rules", 0, func(w *world, _ *browser) { w.reason = "group_missing" }, "refused",
			[]string{
				"Not open to you: you are in none of the groups it is open to.",
				`href="/login?chat=chat&amp;prompt=select_account" aria-label="Use another account for Team Chat"`,
			}},
		{"closed to an old sign-in", 10 * time.Minute, func(w *world, _ *browser) { w.Clock.Advance(11 * time.Minute) }, "too-old",
			[]string{"Not open to you: you signed in too long ago for it.", `href="/login?chat=chat" aria-label="Sign in again for Team Chat"`}},
	} {
		t.Run(c.name, func(t *testing.T) {
			w := open(t, chattest.Options{MaxAge: c.maxAge})
			b := w.signIn(ada, firefox, home)
			c.act(w, b)
			contains(t, "the chat", row(t, b.page("en"), `data-chat="chat"`), append(c.says, `data-state="`+c.state+`"`)...)
		})
	}
}

func TestAChatThatIsClosedIsNoLink(t *testing.T) { // D7
	w := open(t, chattest.Options{})
	b := w.signIn(ada, firefox, home)
	w.reason = "group_missing"
	page := b.page("en")
	if strings.Contains(page, "https://chat.example.org") {
		t.Errorf("the page leads to a chat that is not open:\n%s", page)
	}
	contains(t, "the other chat", row(t, page, `data-chat="news"`), `href="https://news.example.org"`)
}

func TestSessionsAreToldInPlainWords(t *testing.T) { // S72
	w := open(t, chattest.Options{})
	phone := w.signIn(ada, chrome, office)
	w.Clock.Advance(10 * time.Minute)
	phone.session() // used
	w.Clock.Advance(20 * time.Minute)
	b := w.signIn(ada, firefox, home)
	w.signIn(bob, "curl/8.5", "198.51.100.9")
	page := b.page("en")

	here := row(t, page, "Firefox on Windows")
	contains(t, "this browser", here, "This browser", "<dd>203.0.113.7, your address now</dd>", `action="/logout"`, "just now",
		`aria-label="Sign out of Firefox on Windows, this browser"`)
	there := row(t, page, "Chrome on Android")
	contains(t, "the other browser", there, "<dd><bdi>the Oslo office</bdi> (<bdi>10.20.0.9</bdi>)</dd>", "30 minutes ago", "20 minutes ago",
		`action="/account/end"`, `name="session" value="`+phone.session().Label()+`"`, `aria-label="Sign out of Chrome on Android"`)
	if strings.Index(page, "Firefox on Windows") > strings.Index(page, "Chrome on Android") {
		t.Error("this browser does not stand first")
	}
	if strings.Contains(page, "198.51.100.9") {
		t.Error("the page shows somebody else's session")
	}
	contains(t, "the page", page, `name="everywhere" value="yes"`, "Sign out everywhere")
}

// Two sessions in one house are told apart, and a house is not called an address.
func TestAPlaceIsShownWithItsAddress(t *testing.T) { // S72
	w := open(t, chattest.Options{})
	w.signIn(ada, chrome, "10.20.7.7")
	page := w.signIn(ada, firefox, office).page("en")
	contains(t, "this browser", row(t, page, "Firefox on Windows"), "<dd><bdi>the Oslo office</bdi> (10.20.0.9, your address now)</dd>")
	contains(t, "the other browser", row(t, page, "Chrome on Android"), "<dd><bdi>the Oslo office</bdi> (<bdi>10.20.7.7</bdi>)</dd>")
}

func TestTheOnlySessionNeedsNoWayOutOfAll(t *testing.T) {
	w := open(t, chattest.Options{})
	if page := w.signIn(ada, firefox, home).page("en"); strings.Contains(page, "everywhere") {
		t.Errorf("one session, and the page offers to end all:\n%s", page)
	}
}

func TestABrowserThatSaysLittleIsCalledByThat(t *testing.T) {
	for _, c := range []struct{ name, userAgent, want string }{
		{"a browser without a system", "Firefox/128.0", "<h3>Firefox "},
		{"a system without a browser", "Something (X11; Linux x86_64)", "<h3>Browser on Linux "},
		{"neither", "", "<h3>Unknown browser "},
		{"markup", `"><script>alert(1)</script>`, "<h3>Unknown browser "},
	} {
		t.Run(c.name, func(t *testing.T) {
			w := open(t, chattest.Options{})
			contains(t, "the page", w.signIn(ada, c.userAgent, home).page("en"), c.want)
		})
	}
}

func TestAnAddressIsTheSameInEverySpelling(t *testing.T) { // S124
	w := open(t, chattest.Options{})
	b := w.signIn(ada, firefox, "::ffff:203.0.113.7")
	b.address = "203.0.113.7"
	contains(t, "the page", b.page("en"), "your address now")
}

func TestASessionThatHasIdledAwayCanStillBeEnded(t *testing.T) { // D11
	w := open(t, chattest.Options{})
	phone := w.signIn(ada, chrome, office)
	w.Clock.Advance(2 * time.Hour)
	b := w.signIn(ada, firefox, home)
	there := row(t, b.page("en"), "Chrome on Android")
	contains(t, "the idle session", there, "because it was not used", `action="/account/end"`)
	if strings.Contains(there, "Last seen") {
		t.Errorf("an idle session tells when it was seen, which nobody knows any more:\n%s", there)
	}
	if phone.alive() {
		t.Error("the idle session is alive")
	}
}

// However many sessions somebody has, their page costs the store the same, and shows the newest and the one that asks.
func TestManySessionsAreCounted(t *testing.T) { // S126
	w := open(t, chattest.Options{})
	b := w.signIn(ada, firefox, home)
	costs := map[int64]bool{}
	for range 3 {
		w.Clock.Advance(time.Minute)
		for range 60 {
			w.signIn(ada, chrome, office)
		}
		before := w.Commands()
		b.page("en")
		costs[w.Commands()-before] = true
	}
	if len(costs) != 1 {
		t.Errorf("with 60, 120 and 180 other sessions the page costs %v commands of the store, want always as many", costs)
	}
	w.Clock.Advance(time.Minute)
	newest := w.signIn(ada, chrome, home)
	page := b.page("en")
	if shown := strings.Count(page, `data-chatgate="end"`) + strings.Count(page, `data-chatgate="logout"`); shown != 50 {
		t.Errorf("%d sessions are shown, want 50", shown)
	}
	contains(t, "the page", page, "132 more are not shown.", "Firefox on Windows", `value="`+newest.session().Label()+`"`)
}

func TestThePageIsLimitedBySession(t *testing.T) { // S123
	w := open(t, chattest.Options{})
	b, other := w.signIn(ada, firefox, home), w.signIn(ada, chrome, office)
	for range 120 {
		b.page("en")
	}
	refused := b.send(httptest.NewRequest(http.MethodGet, w.BaseURL+"/", nil))
	if refused.StatusCode != http.StatusTooManyRequests || refused.Header.Get("Retry-After") == "" {
		t.Errorf("the 121st page in a minute = %d, want 429 with Retry-After", refused.StatusCode)
	}
	other.page("en")
	w.Clock.Advance(time.Minute)
	b.page("en")
}

func TestThePageSaysHowFarASignOutReaches(t *testing.T) { // D20
	w := open(t, chattest.Options{})
	b := w.signIn(ada, firefox, home)
	_, reach, _ := strings.Cut(b.page("en"), "What signing out reaches")
	atOnce, later, _ := strings.Cut(reach, "for some minutes")
	contains(t, "what ends at once", atOnce, "<li>Team Chat</li>")
	contains(t, "what ends later", later, "<li>News</li>", "goes on to The Corp")

	w.alone, w.reason = true, "group_missing"
	_, reach, _ = strings.Cut(b.page("en"), "What signing out reaches")
	contains(t, "without a chat or the provider", reach, "Your sign-in here ends at once.", "You may stay signed in at The Corp")
	if strings.Contains(reach, "Team Chat") {
		t.Errorf("the page promises to close a chat that is not open:\n%s", reach)
	}
}

func TestEveryLanguageHasThePage(t *testing.T) {
	w := open(t, chattest.Options{})
	w.signIn(ada, chrome, office)
	b := w.signIn(ada, firefox, home)
	b.signedInToChat()
	english := map[string]bool{}
	for _, words := range visible(b.page("en")) {
		english[words] = true
	}
	same := map[string]bool{ // names, which are the same everywhere
		"chatgate": true, "ada@example.org": true, "The Corp": true, "Team Chat": true, "News": true, "the Oslo office": true, "(": true, office: true, ")": true,
	}
	for language, direction := range map[string]string{"de": "ltr", "fr": "ltr", "es": "ltr", "ar": "rtl"} {
		page := b.page(language)
		contains(t, language, page, `dir="`+direction+`"`)
		for _, words := range visible(page) {
			if english[words] && !same[words] {
				t.Errorf("%s: %q is English", language, words)
			}
		}
	}
}

var tag = regexp.MustCompile(`<[^>]*>`)

// visible are the pieces of text in a page.
func visible(page string) (texts []string) {
	_, body, _ := strings.Cut(page, "<body>")
	for piece := range strings.SplitSeq(tag.ReplaceAllString(body, "\n"), "\n") {
		if piece = strings.TrimSpace(html.UnescapeString(piece)); piece != "" {
			texts = append(texts, piece)
		}
	}
	return texts
}

func TestHostileNamesAreText(t *testing.T) { // S150, S152
	w := open(t, chattest.Options{})
	id := oidc.Identity{Provider: "corp", Subject: "x", Name: `<script>alert("x")</script>`, Email: `"><img src=x onerror=alert(1)>@example.org`}
	page := w.signIn(id, firefox, `"><b>`).page("en")
	for _, sign := range []string{"<script", "<img src=x", "<b>"} {
		if strings.Contains(page, sign) {
			t.Errorf("the page holds %q:\n%s", sign, page)
		}
	}
}

// S153: headings in order, every list and every button named, no script.
func TestThePageIsWellMade(t *testing.T) {
	w := open(t, chattest.Options{})
	w.signIn(ada, chrome, office)
	page := w.signIn(ada, firefox, home).page("en")
	for _, unwanted := range []string{"<script", "style=", "onclick", "ZgotmplZ"} {
		if strings.Contains(page, unwanted) {
			t.Errorf("the page has %q", unwanted)
		}
	}
	level := 0
	for _, found := range regexp.MustCompile(`<h([1-6])`).FindAllStringSubmatch(page, -1) {
		next := int(found[1][0] - '0')
		if next > level+1 {
			t.Errorf("a heading of level %d follows on one of level %d", next, level)
		}
		level = next
	}
	named := map[string]bool{}
	for _, button := range regexp.MustCompile(`<button[^>]*aria-label="([^"]*)"`).FindAllStringSubmatch(page, -1) {
		if named[button[1]] {
			t.Errorf("two buttons are called %q", button[1])
		}
		named[button[1]] = true
	}
	for _, found := range regexp.MustCompile(`aria-labelledby="([^"]*)"`).FindAllStringSubmatch(page, -1) {
		contains(t, "the page", page, `id="`+found[1]+`"`)
	}
}

func TestNewNeedsItsParts(t *testing.T) {
	if _, err := account.New(account.Config{}); err == nil {
		t.Error("New of nothing = nil, want an error")
	}
}
