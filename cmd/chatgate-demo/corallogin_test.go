package main

import (
	"bytes"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync"
	"testing"
)

func TestBrowserSignsInAtCoral(t *testing.T) { browse(t, "coral-login.test.mjs", worldConfig{}) }

// coral is Coral's own origin in this world.
func (w *world) coral() string { return w.hosts["comments"].url() }

// askCoral presses Coral's own sign-in button and returns where it sends the browser.
func (v *visitor) askCoral() string {
	v.t.Helper()
	begun := v.send(http.MethodGet, v.w.coral()+"/api/auth/oidc?redirectTo=/", "")
	to := begun.header.Get("Location")
	if begun.status != http.StatusFound || !strings.HasPrefix(to, v.w.Addresses().Gateway+"/talk/oauth/authorize?") {
		v.t.Fatalf("Coral's button = %d to %q, want the gateway", begun.status, to)
	}
	return to
}

// coralToken is the token of Coral's own that its login has ended with.
func (v *visitor) coralToken(end string) string {
	v.t.Helper()
	page, token, found := strings.Cut(end, "#accessToken=")
	if !found || page != v.w.coral()+"/" {
		v.t.Fatalf("Coral's login ends at %s, want its page with a token", end)
	}
	return token
}

func TestCoralsOwnLoginGoesThroughTheProvider(t *testing.T) { // G23, G24, D17
	w := start(t, worldConfig{})
	v := w.visitor(t)
	atProvider, _ := v.open(v.askCoral())
	if !strings.HasPrefix(atProvider, w.Addresses().Provider) {
		t.Fatalf("signed out, Coral's button ends at %s, want the provider", atProvider)
	}
	callback, err := w.Provider.SignIn(v.client, atProvider, "ada", "ada")
	if err != nil {
		t.Fatal(err)
	}
	end, _ := v.open(callback.String())
	viewer, err := w.Coral.Verify(t.Context(), v.coralToken(end))
	if err != nil || viewer.Username != "ada" {
		t.Errorf("Coral knows %+v, %v, want ada", viewer.User, err)
	}
	if a := v.rocketChatToken(); a.status != http.StatusOK {
		t.Errorf("Rocket.Chat's token call after that = %d, want 200: it was one sign-in for both", a.status)
	}
}

// Coral's state and nonce are random, and whether they have a plus sign or a slash in them is too. Sixty starts have both.
func TestNoStateOfCoralsIsLostOnTheWay(t *testing.T) { // G23
	w := start(t, worldConfig{Extra: "limits: {codesPerSession: 0}\n"})
	known, plus, slash := w.visitor(t), 0, 0
	known.signIn("/login", "bob")
	for range 60 {
		asked := known.askCoral()
		plus, slash = plus+strings.Count(asked, "%2B"), slash+strings.Count(asked, "%2F")
		end, _ := known.open(asked)
		known.coralToken(end)
	}
	if plus == 0 || slash == 0 {
		t.Errorf("%d plus signs and %d slashes in 60 requests, want some of both", plus, slash)
	}
}

// The whole way round by the provider keeps a request as it was, with signs that each server on the way reads and writes.
func TestARequestSurvivesTheWayByTheProvider(t *testing.T) { // G23, S10
	w := start(t, worldConfig{})
	const state = "a+b/c==%2B%252F &?#;é漢"
	for _, long := range []string{"", strings.Repeat("+/", 1<<10)} {
		v := w.visitor(t)
		asked := url.Values{
			"response_type": {"code"}, "client_id": {"coral"}, "redirect_uri": {w.coral() + "/api/auth/oidc/callback"},
			"scope": {"openid email profile"}, "state": {state + long}, "nonce": {"n+/=%2B &?#;é"},
		}
		atProvider, _ := v.open(w.Addresses().Gateway + "/talk/oauth/authorize?" + asked.Encode())
		callback, err := w.Provider.SignIn(v.client, atProvider, "ada", "ada")
		if err != nil {
			t.Fatal(err)
		}
		end := v.until(callback.String(), w.coral())
		got, err := url.QueryUnescape(strings.ReplaceAll(between(end, "state=", "&"), "+", "%2B"))
		if err != nil || got != state+long {
			t.Errorf("the state comes back as %q, %v, want %q", got, err, state+long)
		}
	}
}

// until follows redirects up to an origin and returns the address there, unopened.
func (v *visitor) until(target, origin string) string {
	v.t.Helper()
	for range 10 {
		if strings.HasPrefix(target, origin+"/") {
			return target
		}
		from, err := url.Parse(target)
		if err != nil {
			v.t.Fatal(err)
		}
		to, err := from.Parse(v.send(http.MethodGet, target, "").header.Get("Location"))
		if err != nil {
			v.t.Fatal(err)
		}
		target = to.String()
	}
	v.t.Fatalf("never at %s, last at %s", origin, target)
	return ""
}

func between(text, before, after string) string {
	_, rest, _ := strings.Cut(text, before)
	found, _, _ := strings.Cut(rest, after)
	return found
}

func TestCoralsOwnLoginAfterASignOut(t *testing.T) { // D20
	w := start(t, worldConfig{})
	v := w.visitor(t)
	v.signIn("/login", "ada")
	end, _ := v.open(v.askCoral())
	token := v.coralToken(end)
	gateway := w.Addresses().Gateway
	if a := v.send(http.MethodPost, gateway+"/logout", "", "Origin", gateway); a.status >= http.StatusBadRequest {
		t.Fatalf("sign-out = %d: %s", a.status, a.body)
	}
	if again := v.send(http.MethodGet, v.askCoral(), ""); !strings.HasPrefix(again.header.Get("Location"), "/login?") {
		t.Errorf("after a sign-out Coral's button = %d to %q, want to sign in", again.status, again.header.Get("Location"))
	}
	if viewer, err := w.Coral.Verify(t.Context(), token); err != nil || viewer.Anonymous() {
		t.Errorf("Coral's own token = %+v, %v: it lives for as long as Coral's sessionDuration says", viewer, err)
	}
}

// journal is a log that the gateway writes and a test reads.
type journal struct {
	mu   sync.Mutex
	text bytes.Buffer
}

func (j *journal) Write(p []byte) (int, error) {
	j.mu.Lock()
	defer j.mu.Unlock()
	return j.text.Write(p)
}

func (j *journal) String() string {
	j.mu.Lock()
	defer j.mu.Unlock()
	return j.text.String()
}

func TestNoCodeAndNoStateIsLogged(t *testing.T) { // S29
	var log journal
	w := start(t, worldConfig{Log: slog.New(slog.NewJSONHandler(&log, &slog.HandlerOptions{Level: slog.LevelDebug}))})
	v := w.visitor(t)
	v.signIn("/login", "ada")
	asked := v.askCoral()
	answered := v.send(http.MethodGet, asked, "").header.Get("Location")
	v.open(answered)
	for _, secret := range []string{
		between(answered, "code=", "&"), between(asked, "state=", "&"), between(asked, "nonce=", "&"), "oauth/authorize?",
	} {
		if secret == "" || strings.Contains(log.String(), secret) {
			t.Errorf("the log holds %q", secret)
		}
	}
	if !strings.Contains(log.String(), "/talk/oauth/authorize") || !strings.Contains(log.String(), `"act":"id_token_issued"`) {
		t.Error("the log does not tell of the sign-in at all")
	}
}

func TestOneReplicaIssuesACodeAndAnotherTakesIt(t *testing.T) { // D17
	w := start(t, worldConfig{})
	other, err := w.openGateway(watched.log(nil))
	if err != nil {
		t.Fatal(err)
	}
	v := w.visitor(t)
	v.signIn("/login", "ada")
	request := httptest.NewRequest(http.MethodGet, v.askCoral(), nil)
	for _, c := range v.client.Jar.Cookies(request.URL) {
		request.AddCookie(c)
	}
	recorder := httptest.NewRecorder()
	other.Server().Handler().ServeHTTP(recorder, request)
	end, _ := v.open(recorder.Header().Get("Location"))
	v.coralToken(end)
}
