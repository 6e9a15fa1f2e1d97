package gateway_test

import (
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"testing"
	"time"
)

// field finds the hidden fields of a form.
var field = regexp.MustCompile(`<input type="hidden" name="([^"]*)" value="([^"]*)">`)

const asksFirst = "Use another account?"

// asks says whether an answer is the page that asks before somebody else may take the place of who is signed in.
func asks(answer *http.Response) (form url.Values, asked bool) {
	page := text(answer)
	if answer.StatusCode != http.StatusOK || !strings.Contains(page, asksFirst) {
		return nil, false
	}
	form = url.Values{}
	for _, found := range field.FindAllStringSubmatch(page, -1) {
		form.Set(found[1], found[2])
	}
	return form, true
}

func TestALinkFromElsewhereReplacesNobodyUnasked(t *testing.T) { // S105
	const old = 11 * time.Minute // too old for the board
	for _, c := range []struct {
		name, login, site string
		after             time.Duration
		asked             bool
	}{
		{"another site's link to another provider", query("/login", "provider", "guests", "prompt", "login"), "cross-site", 0, true},
		{"another site's link to another account", query("/login", "provider", "corp", "prompt", "select_account"), "cross-site", 0, true},
		{"a sibling's", query("/login", "provider", "corp", "prompt", "login"), "same-site", 0, true},
		{"one of nobody knows where", query("/login", "provider", "corp", "prompt", "login"), "", 0, true},
		{"a link of a page of ours", query("/login", "provider", "guests", "prompt", "login"), "same-origin", 0, false},
		{"an address that was typed", query("/login", "provider", "guests", "prompt", "login"), "none", 0, false},
		{"a chat's link to the same provider", query("/login", "chat", "board", "provider", "corp"), "cross-site", old, false},
		{"a chat's link to another provider", query("/login", "chat", "board", "provider", "guests"), "cross-site", old, true},
		{"a chat's link with an address of another provider", query("/login", "chat", "board", "login_hint", "ada@guests.example"), "cross-site", old, true},
	} {
		t.Run(c.name, func(t *testing.T) {
			o := several(nil)
			o.age = 10 * time.Minute
			w := open(t, o)
			b := w.browser()
			b.signIn(query("/login", "provider", "corp"), "ada")
			w.clock.Advance(c.after)
			answer := b.do(http.MethodGet, c.login, "Sec-Fetch-Site", c.site, "Sec-Fetch-Dest", "document")
			if _, asked := asks(answer); asked != c.asked || (answer.Header.Get("Location") == "") != c.asked {
				t.Errorf("%s = %d to %q, asked %v; want asked %v", c.login, answer.StatusCode, answer.Header.Get("Location"), asked, c.asked)
			}
			began := false
			for name := range b.cookies {
				began = began || strings.HasPrefix(name, "__Host-chatgate.login-")
			}
			if began == c.asked {
				t.Errorf("a sign-in has begun: %v", began)
			}
		})
	}
}

func TestNobodyIsAskedWhoIsNotSignedIn(t *testing.T) {
	w := open(t, several(nil))
	b := w.browser()
	login := query("/login", "provider", "guests", "prompt", "login")
	for range 2 {
		if got := providerOf(b.do(http.MethodGet, login, "Sec-Fetch-Site", "cross-site")); got != "guests" {
			t.Errorf("the link leads to %q, want guests", got)
		}
		b.signIn("/login?provider=corp", "ada")
		w.clock.Advance(9 * time.Hour) // over
	}
}

func TestAfterTheQuestionTheSignInGoesOnAsAsked(t *testing.T) { // S105, S142, S151
	w := open(t, several(nil))
	b := w.browser()
	b.signIn(query("/login", "provider", "corp"), "ada")
	former := b.copied()
	login := query("/login", "chat", "board", "path", "/home", "provider", "guests", "prompt", "login", "login_hint", "bob@guests.example")
	form, asked := asks(b.do(http.MethodGet, login, "Sec-Fetch-Site", "cross-site"))
	if !asked {
		t.Fatal("the link is not asked about")
	}
	if refused := b.submit("/login", form, "Origin", "https://evil.example", "Sec-Fetch-Site", "cross-site"); refused.StatusCode != http.StatusForbidden {
		t.Errorf("another site's form = %d, want 403", refused.StatusCode)
	}
	if former.who() != "ada-1" {
		t.Errorf("asked, the browser is signed in as %q, want still ada", former.who())
	}
	to := wayOn(t, b.submit("/login", form))
	if at := mustParse(t, to).Query(); !strings.HasPrefix(to, guestIssuer+"/") || at.Get("prompt") != "login" || at.Get("login_hint") != "bob@guests.example" {
		t.Fatalf("the form leads to %q, want what the link asked for", to)
	}
	back, err := w.guests.SignIn(b.provider, to, "bob", "bob")
	w.must(err)
	finished := b.do(http.MethodGet, back.String())
	if got := b.do(http.MethodGet, finished.Header.Get("Location")).Header.Get("Location"); got != board+"/home" {
		t.Errorf("ends at %q, want the chat", got)
	}
	if b.who() != "bob-2" || former.who() != "" {
		t.Errorf("signed in as %q, and with the former cookie as %q; want bob and nobody", b.who(), former.who())
	}
	want := `"act":"session_revoked","reason":"another_sign_in","provider":"corp","sub":"ada-1","session":"`
	if log := w.log.String(); strings.Count(log, want) != 1 {
		t.Errorf("the log does not say once that ada's session has ended:\n%s", log)
	}
}

func TestTheSamePersonsSignInEndsNobodysSession(t *testing.T) { // D27, S142
	w := open(t, options{})
	b := w.browser()
	b.signIn("/login", "ada")
	b.signIn("/login?prompt=login", "ada")
	if log := w.log.String(); strings.Contains(log, "session_revoked") {
		t.Errorf("the log tells of an end:\n%s", log)
	}
}

func TestTheQuestionIsTextInEveryLanguage(t *testing.T) { // S152, S153
	w := open(t, several(nil))
	b := w.browser()
	b.signIn(query("/login", "provider", "corp"), "ada")
	login := query("/login", "provider", "guests", "prompt", "login", "login_hint", `"><script>alert(1)</script>`)
	english := text(b.do(http.MethodGet, login, "Accept-Language", "en"))
	for _, want := range []string{"You are signed in as Ada Lovelace.", `role="status"`, `>Stay signed in</a>`, `action="/login"`, "<h1"} {
		if !strings.Contains(english, want) {
			t.Errorf("the page lacks %s:\n%s", want, english)
		}
	}
	for _, language := range []string{"de", "fr", "es", "ar"} {
		page := text(b.do(http.MethodGet, login, "Accept-Language", language))
		if strings.Contains(page, asksFirst) || !strings.Contains(page, "Ada Lovelace") || strings.Contains(page, "<script") {
			t.Errorf("%s:\n%s", language, page)
		}
	}
}

// Coral's page waits for its own login window: no page on the way may cut the tie.
func TestTheQuestionKeepsTheWindowOfAChatsOwnLogin(t *testing.T) {
	w := open(t, several(nil))
	b := w.browser()
	b.signIn(query("/login", "provider", "corp"), "ada")
	for path, want := range map[string]string{"/board/oauth/authorize?client_id=coral": "", "/session": "same-origin"} {
		answer := b.do(http.MethodGet, query("/login", "return_to", path, "provider", "guests", "prompt", "login"), "Sec-Fetch-Site", "cross-site")
		asked := answer.Header.Get("Cross-Origin-Opener-Policy")
		form, _ := asks(answer)
		if gone := b.submit("/login", form).Header.Get("Cross-Origin-Opener-Policy"); asked != want || gone != want {
			t.Errorf("to %s: Cross-Origin-Opener-Policy = %q, and of the page that goes on %q; want %q", path, asked, gone, want)
		}
	}
}
