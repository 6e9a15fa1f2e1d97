package gateway_test

import (
	"net/http"
	"net/url"
	"strings"
	"testing"

	"chatgate/oidc/oidctest"
)

const chooseCookie = "__Host-chatgate.choose"

// signOutHere presses the button of the account page.
func (b *browser) signOutHere() {
	b.w.t.Helper()
	if got := b.submit("/logout", nil); got.StatusCode != http.StatusOK {
		b.w.t.Fatalf("POST /logout = %d: %s", got.StatusCode, text(got))
	}
}

// promptOf is the prompt in an address at the provider.
func promptOf(t *testing.T, to string) string {
	t.Helper()
	at, err := url.Parse(to)
	if err != nil || !strings.HasPrefix(to, issuer+"/") {
		t.Fatalf("%q is no address at the provider", to)
	}
	return at.Query().Get("prompt")
}

func TestTheSignInAfterASignOutAsksForTheAccountOnce(t *testing.T) {
	w := open(t, options{choice: true})
	b := w.browser()
	if got := promptOf(t, b.do(http.MethodGet, "/login").Header.Get("Location")); got != "" {
		t.Errorf("the first sign-in asks with prompt %q, want none", got)
	}
	b.signIn("/login", "ada")
	b.signOutHere()
	for range 2 { // a sign-in that is begun and left is not the next one
		if got := promptOf(t, b.do(http.MethodGet, "/login").Header.Get("Location")); got != "select_account" {
			t.Errorf("the sign-in after a sign-out asks with prompt %q, want select_account", got)
		}
	}
	if got := promptOf(t, b.do(http.MethodGet, "/login?prompt=login").Header.Get("Location")); got != "login" {
		t.Errorf("a prompt that was asked for becomes %q", got)
	}
	b.signIn("/login", "bob")
	if b.who() != "bob-2" {
		t.Errorf("signed in as %q, want bob", b.who())
	}
	if _, there := b.cookies[chooseCookie]; there {
		t.Error("the browser asks for ever")
	}
}

// Neither a sign-out nor a link has the provider ask for less than it is configured to.
func TestTheChoiceOfAnAccountLowersNoPrompt(t *testing.T) { // S31
	w := open(t, options{choice: true, prompt: "login"})
	b := w.browser()
	b.signIn("/login", "ada")
	b.signOutHere()
	for name, login := range map[string]string{"after a sign-out": "/login", "by a link": "/login?prompt=select_account"} {
		if got := promptOf(t, b.do(http.MethodGet, login).Header.Get("Location")); got != "login" {
			t.Errorf("%s the provider is asked with prompt %q, want login as configured", name, got)
		}
	}
}

func TestAFrameAsksForTheAccountToo(t *testing.T) {
	w := open(t, options{choice: true})
	b := w.browser()
	b.signIn("/login", "ada")
	b.signOutHere()
	f := w.frame()
	if got := promptOf(t, wayOn(t, b.submit("/login/start", f.form("window")))); got != "select_account" {
		t.Errorf("the frame's sign-in asks with prompt %q, want select_account", got)
	}
	b.do(http.MethodGet, b.startAndReturn(f.form("window"), "bob"))
	if got := f.subject(); got != "bob-2" {
		t.Errorf("the frame has %q, want bob", got)
	}
}

func TestAnotherBrowserIsNotAskedForTheAccount(t *testing.T) {
	w := open(t, options{choice: true})
	b := w.browser()
	b.signIn("/login", "ada")
	b.signOutHere()
	if got := promptOf(t, w.browser().do(http.MethodGet, "/login").Header.Get("Location")); got != "" {
		t.Errorf("another browser asks with prompt %q", got)
	}
}

func TestNobodyIsAskedForTheAccountWhereThatIsOff(t *testing.T) {
	w := open(t, options{})
	b := w.browser()
	b.signIn("/login", "ada")
	b.signOutHere()
	if _, there := b.cookies[chooseCookie]; there {
		t.Error("the browser is told to ask")
	}
	b.cookies[chooseCookie] = "1" // of a time when it was on
	if got := promptOf(t, b.do(http.MethodGet, "/login").Header.Get("Location")); got != "" {
		t.Errorf("asks with prompt %q", got)
	}
}

// answering has the provider answer every sign-in with an error.
func answering(w *world, code string) {
	w.provider.Set(func(f *oidctest.Faults) {
		f.Callback = func(parameters url.Values) {
			parameters.Del("code")
			parameters.Set("error", code)
		}
	})
}

func TestAProviderThatCannotAskIsNotAskedAgain(t *testing.T) {
	for _, code := range []string{"account_selection_required", "invalid_request", "interaction_required"} {
		t.Run(code, func(t *testing.T) {
			w := open(t, options{choice: true})
			b := w.browser()
			b.signIn("/login", "ada")
			b.signOutHere()
			answering(w, code)
			again := b.do(http.MethodGet, b.callback(query("/login", "chat", "board", "login_hint", "ada@example.org"), "ada"))
			if again.StatusCode != http.StatusSeeOther {
				t.Fatalf("the callback = %d, want the provider once more", again.StatusCode)
			}
			to := again.Header.Get("Location")
			if got := promptOf(t, to); got != "" || !strings.Contains(to, "login_hint=ada%40example.org") {
				t.Errorf("the second try goes to %q, want no prompt and the same hint", to)
			}
			w.provider.Set(func(f *oidctest.Faults) { f.Callback = nil })
			back, err := w.provider.SignIn(b.provider, to, "ada", "ada")
			w.must(err)
			finished := b.do(http.MethodGet, back.String())
			if got := b.do(http.MethodGet, finished.Header.Get("Location")).Header.Get("Location"); got != board+"/" {
				t.Errorf("ends at %q, want the chat", got)
			}
		})
	}
}

func TestThereIsOneSecondTryAndNoThird(t *testing.T) { // S32
	w := open(t, options{choice: true})
	b := w.browser()
	b.signIn("/login", "ada")
	b.signOutHere()
	answering(w, "invalid_request")
	to := b.do(http.MethodGet, b.callback("/login", "ada")).Header.Get("Location")
	back, err := w.provider.SignIn(b.provider, to, "ada", "ada")
	w.must(err)
	if got := b.do(http.MethodGet, back.String()); got.StatusCode != http.StatusForbidden {
		t.Errorf("the second try = %d to %q, want the page that says no", got.StatusCode, got.Header.Get("Location"))
	}
}

func TestAPersonWhoSaysNoIsBelieved(t *testing.T) { // B-18
	for name, c := range map[string]struct {
		login, code string
	}{
		"a sign-in that was cancelled":       {"/login", "access_denied"},
		"a choice that the link asked for":   {"/login?prompt=select_account", "account_selection_required"},
		"something that has nothing to do":   {"/login", "unauthorized_client"},
		"an error with text of its own kind": {"/login", "invalid_request\"><script>"},
	} {
		t.Run(name, func(t *testing.T) {
			w := open(t, options{choice: true})
			b := w.browser()
			b.signIn("/login", "ada")
			b.signOutHere()
			answering(w, c.code)
			if got := b.do(http.MethodGet, b.callback(c.login, "ada")); got.StatusCode != http.StatusForbidden {
				t.Errorf("the callback = %d, want 403 and no second try", got.StatusCode)
			}
		})
	}
}

func TestAFrameGetsItsSecondTryToo(t *testing.T) {
	w := open(t, options{choice: true})
	b := w.browser()
	b.signIn("/login", "ada")
	b.signOutHere()
	answering(w, "account_selection_required")
	f := w.frame()
	to := b.do(http.MethodGet, b.startAndReturn(f.form("window"), "ada")).Header.Get("Location")
	w.provider.Set(func(f *oidctest.Faults) { f.Callback = nil })
	back, err := w.provider.SignIn(b.provider, to, "ada", "ada")
	w.must(err)
	b.do(http.MethodGet, back.String())
	if got := f.subject(); got != "ada-1" {
		t.Errorf("the frame has %q, want ada", got)
	}
}
