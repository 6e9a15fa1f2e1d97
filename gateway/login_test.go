package gateway_test

import (
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"chatgate/oidc/oidctest"
)

func TestALoginEndsWhereItWasMeantTo(t *testing.T) { // D30, S29
	for _, tc := range []struct{ name, login, want string }{
		{"at the account page", "/login", base + "/"},
		{"at a path of ours", "/login?return_to=/session", base + "/session"},
		{"at a chat's page", "/login?return_to=" + url.QueryEscape(board+"/channel/general?layout=embedded"), board + "/channel/general?layout=embedded"},
		{"at a chat known by its name", "/login?chat=board&path=/home", board + "/home"},
		{"at a chat's front door", "/login?chat=board", board + "/"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			w := open(t, options{})
			b := w.browser()
			callback := b.callback(tc.login, "ada")
			finished := b.do(http.MethodGet, callback)
			clean := finished.Header.Get("Location")
			if finished.StatusCode != http.StatusSeeOther || !strings.HasPrefix(clean, "/login/done?") {
				t.Fatalf("callback = %d to %q, want 303 to /login/done", finished.StatusCode, clean)
			}
			if got := finished.Header.Get("Referrer-Policy"); got != "no-referrer" {
				t.Errorf("Referrer-Policy = %q, want no-referrer", got)
			}
			if got := finished.Header.Get("Cache-Control"); got != "no-store" {
				t.Errorf("Cache-Control = %q, want no-store", got)
			}
			if code := mustParse(t, callback).Query().Get("code"); strings.Contains(clean, code) {
				t.Errorf("%q still holds the code", clean)
			}
			if got := b.do(http.MethodGet, clean).Header.Get("Location"); got != tc.want {
				t.Errorf("ends at %q, want %q", got, tc.want)
			}
			if got := b.who(); got != "ada-1" {
				t.Errorf("signed in as %q, want ada-1", got)
			}
			again := b.do(http.MethodGet, clean)
			if page := text(again); again.StatusCode != http.StatusOK || !strings.Contains(page, "You can close this window") {
				t.Errorf("/login/done loaded again = %d, want the page that says so", again.StatusCode)
			}
		})
	}
}

func mustParse(t *testing.T, raw string) *url.URL {
	t.Helper()
	u, err := url.Parse(raw)
	if err != nil {
		t.Fatal(err)
	}
	return u
}

func TestABrowserThatIsSignedInSkipsTheProvider(t *testing.T) { // D27
	w := open(t, options{})
	b := w.browser()
	b.signIn("/login", "ada")
	again := b.do(http.MethodGet, "/login?chat=board&path=/home")
	if got := again.Header.Get("Location"); got != board+"/home" {
		t.Errorf("/login while signed in goes to %q, want the chat", got)
	}
	other := b.do(http.MethodGet, "/login?chat=board&prompt=select_account")
	if got := other.Header.Get("Location"); !strings.HasPrefix(got, issuer) || !strings.Contains(got, "prompt=select_account") {
		t.Errorf("asking for another account goes to %q, want the provider with its prompt", got)
	}
}

func TestACallbackOfAnotherBrowserSignsNobodyIn(t *testing.T) { // S18, B-09
	w := open(t, options{})
	victim, attacker := w.browser(), w.browser()
	callback := victim.callback("/login", "ada")

	refused := attacker.do(http.MethodGet, callback)
	if page := text(refused); refused.StatusCode != http.StatusBadRequest || !strings.Contains(page, "began elsewhere") {
		t.Errorf("callback in another browser = %d, want 400 and the reason", refused.StatusCode)
	}
	if got := attacker.who(); got != "" {
		t.Errorf("the other browser is signed in as %q", got)
	}
	if finished := victim.do(http.MethodGet, callback); finished.StatusCode != http.StatusSeeOther {
		t.Errorf("the victim's own callback = %d: the attacker spoilt the login", finished.StatusCode)
	}

	planted := victim.do(http.MethodGet, attacker.callback("/login", "bob"))
	if planted.StatusCode != http.StatusBadRequest || victim.who() != "ada-1" {
		t.Errorf("the attacker's callback in the victim's browser = %d as %q, want 400 and still ada", planted.StatusCode, victim.who())
	}
}

func TestAStateWorksOnce(t *testing.T) { // S17, S25, B-19
	w := open(t, options{})
	b := w.browser()
	callback := b.callback("/login", "ada")
	cookies := b.copied()
	b.do(http.MethodGet, callback)
	for name, who := range map[string]*browser{"the back button": b, "a copy of its cookies": cookies} {
		again := who.do(http.MethodGet, callback)
		if page := text(again); again.StatusCode != http.StatusBadRequest || !strings.Contains(page, "This sign-in is over") {
			t.Errorf("%s: used callback = %d, want a plain 400 page", name, again.StatusCode)
		}
	}
	if got := cookies.who(); got != "" {
		t.Errorf("the copy is signed in as %q", got)
	}
	if calls := w.provider.Calls(oidctest.PathToken); calls != 1 {
		t.Errorf("the code was exchanged %d times, want once", calls)
	}
}

func TestTheCodeIsExchangedOnceHoweverOftenTheCallbackComes(t *testing.T) { // S25
	w := open(t, options{})
	b := w.browser()
	callback := b.callback("/login", "ada")
	var together sync.WaitGroup
	for range 8 {
		same := b.copied()
		together.Go(func() { same.do(http.MethodGet, callback) })
	}
	together.Wait()
	if calls := w.provider.Calls(oidctest.PathToken); calls != 1 {
		t.Errorf("the code was exchanged %d times, want once", calls)
	}
}

func TestCallbacksThatAreNone(t *testing.T) { // S17, S24, S30
	w := open(t, options{})
	b := w.browser()
	callback := b.callback("/login", "ada")
	altered := mustParse(t, callback)
	query := altered.Query()
	query.Set("state", query.Get("state")[1:]+"A")
	altered.RawQuery = query.Encode()
	for _, tc := range []struct {
		name, method, target string
		want                 int
	}{
		{"without anything", http.MethodGet, "/login/callback", http.StatusBadRequest},
		{"with an empty state", http.MethodGet, "/login/callback?state=&code=x", http.StatusBadRequest},
		{"with an unknown state", http.MethodGet, "/login/callback?state=unknown&code=x", http.StatusBadRequest},
		{"with an altered state", http.MethodGet, altered.String(), http.StatusBadRequest},
		{"with two states", http.MethodGet, callback + "&state=x", http.StatusBadRequest},
		{"with an error and no state", http.MethodGet, "/login/callback?error=access_denied&error_description=%3Cscript%3E", http.StatusBadRequest},
		{"by HEAD", http.MethodHead, callback, http.StatusMethodNotAllowed},
		{"by POST", http.MethodPost, callback, http.StatusMethodNotAllowed},
	} {
		t.Run(tc.name, func(t *testing.T) {
			answer := b.do(tc.method, tc.target)
			if page := text(answer); answer.StatusCode != tc.want || strings.Contains(page, "<script>") {
				t.Errorf("%s = %d, want %d", tc.method, answer.StatusCode, tc.want)
			}
			if got := b.who(); got != "" {
				t.Errorf("signed in as %q", got)
			}
		})
	}
	if finished := b.do(http.MethodGet, callback); finished.StatusCode != http.StatusSeeOther {
		t.Errorf("the right callback afterwards = %d, want 303", finished.StatusCode)
	}
}

func TestAnAttemptExpires(t *testing.T) { // S17
	w := open(t, options{})
	b := w.browser()
	callback := b.callback("/login", "ada")
	w.clock.Advance(11 * time.Minute)
	if answer := b.do(http.MethodGet, callback); answer.StatusCode != http.StatusBadRequest || b.who() != "" {
		t.Errorf("callback after eleven minutes = %d as %q, want 400 as nobody", answer.StatusCode, b.who())
	}
}

func TestTabsDoNotCollideAndDoNotPileUp(t *testing.T) { // S19, B-20
	w := open(t, options{})
	b := w.browser()
	one, two := b.callback("/login?return_to=/session", "ada"), b.callback("/login?chat=board", "ada")
	for i, callback := range []string{two, one} {
		if answer := b.do(http.MethodGet, callback); answer.StatusCode != http.StatusSeeOther {
			t.Errorf("tab %d = %d, want 303", i, answer.StatusCode)
		}
	}
	for range 10 {
		w.clock.Advance(time.Second)
		b.do(http.MethodGet, "/login?prompt=login")
	}
	attempts := 0
	for name := range b.cookies {
		if strings.HasPrefix(name, "__Host-chatgate.login-") {
			attempts++
		}
	}
	if attempts != 5 {
		t.Errorf("%d attempt cookies after ten unfinished logins, want 5", attempts)
	}
}

func TestAttemptCookiesAreHostOnlySecureAndLax(t *testing.T) { // B-25
	w := open(t, options{})
	begun := w.browser().do(http.MethodGet, "/login")
	set := strings.Join(slices.DeleteFunc(begun.Header.Values("Set-Cookie"), func(set string) bool {
		return !strings.HasPrefix(set, "__Host-chatgate.login-")
	}), "\n")
	for _, want := range []string{"__Host-chatgate.login-", "Path=/", "Secure", "HttpOnly", "SameSite=Lax", "Max-Age=600"} {
		if !strings.Contains(set, want) {
			t.Errorf("Set-Cookie = %q, want %q in it", set, want)
		}
	}
}

func TestManyPeopleAtOnceAreNeverMixedUp(t *testing.T) { // S20
	const people = 200
	var registered []oidctest.User
	for i := range people {
		name := fmt.Sprintf("person%d", i)
		registered = append(registered, oidctest.User{Username: name, Password: name, Subject: "sub-" + name})
	}
	w := open(t, options{people: registered})
	var together sync.WaitGroup
	for i := range people {
		together.Go(func() {
			name := fmt.Sprintf("person%d", i)
			b := w.browser()
			b.signIn("/login", name)
			if got := b.who(); got != "sub-"+name {
				t.Errorf("%s is signed in as %q", name, got)
			}
		})
	}
	together.Wait()
}

func TestWhatTheProviderRefusesIsToldAndSignsNobodyIn(t *testing.T) { // S24, S34
	for _, tc := range []struct {
		name   string
		faults func(*oidctest.Faults)
		status int
		say    string
	}{
		{"cancelled at the provider", func(f *oidctest.Faults) {
			f.Callback = func(q url.Values) {
				q.Del("code")
				q.Set("error", "access_denied")
				q.Set("error_description", "<b>no</b>")
			}
		}, http.StatusForbidden, "You are not signed in"},
		{"an ID token for somebody else", func(f *oidctest.Faults) {
			f.IDToken = func(claims map[string]any) { claims["aud"] = "another" }
		}, http.StatusForbidden, "did not pass our checks"},
		{"the token endpoint is down", func(f *oidctest.Faults) {
			f.Answers = map[string]http.HandlerFunc{oidctest.PathToken: oidctest.Status(http.StatusBadGateway)}
		}, http.StatusServiceUnavailable, "Sign-in is not available right now"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			w := open(t, options{})
			w.provider.Set(tc.faults)
			b := w.browser()
			answer := b.do(http.MethodGet, b.callback("/login", "ada"))
			page := text(answer)
			if answer.StatusCode != tc.status || !strings.Contains(page, tc.say) || strings.Contains(page, "<b>no") {
				t.Errorf("callback = %d, want %d with %q:\n%s", answer.StatusCode, tc.status, tc.say, page)
			}
			if b.who() != "" {
				t.Error("somebody is signed in")
			}
			if !strings.Contains(w.log.String(), `"act":"sign_in_refused"`) {
				t.Error("no audit line tells of the refusal")
			}
		})
	}
}

func TestARefusedLoginOffersTheSameOneAgain(t *testing.T) { // B-18
	for login, want := range map[string]string{
		"/login":                        `href="/login?return_to=%2F"`,
		"/login?chat=board&path=/about": `href="/login?return_to=` + url.QueryEscape(board+"/about") + `"`,
		"/login?return_to=/logout":      `href="/login?return_to=%2Flogout"`,
	} {
		t.Run(login, func(t *testing.T) {
			w := open(t, options{})
			w.provider.Set(func(f *oidctest.Faults) {
				f.Callback = func(q url.Values) { q.Del("code"); q.Set("error", "access_denied") }
			})
			b := w.browser()
			if page := text(b.do(http.MethodGet, b.callback(login, "ada"))); !strings.Contains(page, want) {
				t.Errorf("no %s in:\n%s", want, page)
			}
		})
	}
}

func TestAProviderThatIsNotThereYetIsToldAsSuch(t *testing.T) { // D26
	w := open(t, options{undiscovered: true})
	answer := w.browser().do(http.MethodGet, "/login")
	if answer.StatusCode != http.StatusServiceUnavailable || answer.Header.Get("Retry-After") == "" {
		t.Errorf("/login = %d, Retry-After %q; want 503 with one", answer.StatusCode, answer.Header.Get("Retry-After"))
	}
}

func TestTheCookiesOfOneAnswerAreSmall(t *testing.T) { // S65
	w := open(t, options{people: []oidctest.User{{
		Username: "large", Password: "large", Subject: "large", Groups: strings.Fields(strings.Repeat("a-group-with-a-long-name ", 500)),
	}}})
	b := w.browser()
	for range 9 {
		b.do(http.MethodGet, "/login")
		w.clock.Advance(10 * time.Second)
	}
	begun := b.do(http.MethodGet, "/login")
	finished := b.do(http.MethodGet, b.callback("/login", "large"))
	for name, answer := range map[string]*http.Response{"/login": begun, "the callback": finished} {
		size := 0
		for _, set := range answer.Header.Values("Set-Cookie") {
			size += len(set)
		}
		if size == 0 || size >= 4096 {
			t.Errorf("the cookies of %s take %d bytes, want below 4096", name, size)
		}
	}
}

func TestNoHeaderSaysWhoSomebodyIs(t *testing.T) { // S118, S119
	w := open(t, options{trusted: prefixes("192.0.2.0/24")})
	for _, header := range []string{
		"X-Forwarded-User", "X-Forwarded-Email", "X-Remote-User", "Remote-User", "X-Auth-Request-User", "X_Forwarded_User", "Authorization",
		"X-Original-URL", "X-Rewrite-URL", "User-Agent", "X-User-Id",
	} {
		for _, value := range []string{"ada-1", "Bearer ada-1", "GoogleHC/1.0", "kube-probe/1.30"} {
			if got := w.browser().do(http.MethodGet, "/session", header, value); got.StatusCode != http.StatusUnauthorized {
				t.Errorf("%s: %s = %d, want 401", header, value, got.StatusCode)
			}
		}
	}
}
