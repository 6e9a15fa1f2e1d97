package issuer_test

import (
	"errors"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"chatgate/gateway/chat"
	"chatgate/gateway/chat/chattest"
	"chatgate/gateway/issuer"
	"chatgate/gateway/limit"
	"chatgate/gateway/problem"
	"chatgate/gateway/session"
)

func TestSomeoneSignedInGoesBackWithACode(t *testing.T) { // G23
	w := open(t, chattest.Options{})
	res := w.authorize(w.SignIn(ada()), asking().Encode(), "Sec-Fetch-Dest", "document", "Sec-Fetch-Mode", "navigate")
	back := location(t, res)
	if res.StatusCode != http.StatusSeeOther || !strings.HasPrefix(back.String(), callback+"?") {
		t.Fatalf("authorize = %d to %q, want 303 to the callback", res.StatusCode, back)
	}
	query := back.Query()
	if len(query.Get("code")) != 43 {
		t.Errorf("the code is %q, want 256 bits in base64url", query.Get("code"))
	}
	query.Del("code")
	want := url.Values{"state": {"mIeN+5/wq1bS4Zk="}, "iss": {w.BaseURL + "/talk"}}
	if diff := cmp.Diff(want, query); diff != "" {
		t.Errorf("the answer beside its code (-want +got):\n%s", diff)
	}
	for name, want := range map[string]string{"Cache-Control": "no-store", "Referrer-Policy": "no-referrer"} {
		if got := res.Header.Get(name); got != want {
			t.Errorf("%s = %q, want %q", name, got, want)
		}
	}
	if !w.audited("code_issued", "") {
		t.Error("the code is not in the audit log")
	}
}

func TestTheStateComesBackToTheByte(t *testing.T) { // G23
	w := open(t, chattest.Options{})
	cookie := w.SignIn(ada())
	for _, state := range []string{
		"", "mIeN+5/wq1bS4Zk=", "+", "/", "=", "%", "&", "#", "?", "a b", "%2B%252F", "ü漢🙂", "\x00\x1f\x7f", "\xff\xfe", "a=b&code=c",
		`"<>\^{}|` + "`", strings.Repeat("+/", 1<<10), strings.Repeat("x", 4<<10),
	} {
		t.Run(name(state), func(t *testing.T) {
			query := asking("state", state).Encode()
			direct := w.authorize(cookie, query)
			afterSignIn := w.call(http.MethodGet, returnTo(t, w.authorize(nil, query)), cookie)
			for way, res := range map[string]*http.Response{"at once": direct, "after a sign-in": afterSignIn} {
				if got := stateOf(t, res); got != state {
					t.Errorf("%s the state is %q, want %q", way, got, state)
				}
			}
		})
	}
}

func name(state string) string { return url.QueryEscape(state[:min(len(state), 20)]) }

// stateOf decodes as a reader does that takes a plus sign for itself, as decodeURIComponent in JavaScript.
func stateOf(t *testing.T, res *http.Response) string {
	t.Helper()
	_, rest, _ := strings.Cut(res.Header.Get("Location"), "state=")
	encoded, _, _ := strings.Cut(rest, "&")
	state, err := url.PathUnescape(encoded)
	if err != nil || strings.ContainsAny(encoded, "+/=#? ") {
		t.Fatalf("the state is written %q, %v, want every sign percent-encoded", encoded, err)
	}
	return state
}

// returnTo is where the sign-in leads back to: a path of our own that /login takes.
func returnTo(t *testing.T, res *http.Response) string {
	t.Helper()
	login := location(t, res)
	to := login.Query().Get("return_to")
	if res.StatusCode != http.StatusSeeOther || login.Path != "/login" || !strings.HasPrefix(to, "/talk/oauth/authorize?") {
		t.Fatalf("authorize = %d to %q, want the sign-in page with the way back", res.StatusCode, login)
	}
	if len(to) > 2<<10 {
		t.Errorf("the way back has %d bytes, more than /login takes (S15)", len(to))
	}
	return to
}

func TestWhoIsNotSignedInSignsInFirst(t *testing.T) {
	w := open(t, chattest.Options{})
	asked := asking("code_challenge", challenge, "code_challenge_method", "S256")
	back := returnTo(t, w.authorize(nil, asked.Encode()))
	_, query, _ := strings.Cut(back, "?")
	got, err := url.ParseQuery(query)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(asked, got); diff != "" {
		t.Errorf("the way back asks for something else (-asked +got):\n%s", diff)
	}
}

func TestASiteOfOneProviderAsksNobodyToChoose(t *testing.T) {
	w := open(t, chattest.Options{}, func(c *issuer.Config) { c.Provider = "corp" })
	res := w.authorize(nil, asking().Encode())
	returnTo(t, res)
	if got := location(t, res).Query().Get("provider"); got != "corp" {
		t.Errorf("the sign-in page is asked for the provider %q, want corp", got)
	}
}

func TestARequestTooLongForAnAddressWaits(t *testing.T) {
	w := open(t, chattest.Options{Limits: &limit.Settings{LoginStartsPerAddress: 2}})
	long := asking("state", strings.Repeat("s", 3<<10)).Encode()
	back := returnTo(t, w.authorize(nil, long))
	cookie := w.SignIn(ada())
	for range 2 { // the person may load the page again
		if res := w.call(http.MethodGet, back, cookie); res.StatusCode != http.StatusSeeOther {
			t.Errorf("back from the sign-in = %d, want 303", res.StatusCode)
		}
	}
	w.authorize(nil, long)
	if res := w.authorize(nil, long); res.StatusCode != http.StatusTooManyRequests {
		t.Errorf("a third request to keep within a minute = %d, want 429", res.StatusCode)
	}
	w.Clock.Advance(16 * time.Minute)
	if res := w.call(http.MethodGet, back, cookie); res.StatusCode != http.StatusBadRequest {
		t.Errorf("a quarter of an hour later = %d, want 400", res.StatusCode)
	}
}

func TestPrompts(t *testing.T) {
	for _, test := range []struct {
		name     string
		changes  []string
		age      time.Duration // of the session; negative without one
		status   int
		location string // its start
	}{
		{"no question allowed, someone signed in", []string{"prompt", "none"}, 0, 303, callback},
		{"no question allowed, nobody signed in", []string{"prompt", "none"}, -1, 401, ""},
		{"no question allowed, a sign-in too old", []string{"prompt", "none", "max_age", "60"}, time.Hour, 401, ""},
		{"a sign-in is wanted", []string{"prompt", "login"}, 0, 303, "/login?prompt=login&"},
		{"a sign-in is wanted of nobody yet", []string{"prompt", "login"}, -1, 303, "/login?prompt=login&"},
		{"another account may be wanted", []string{"prompt", "select_account"}, 0, 303, "/login?prompt=select_account&"},
		{"both are wanted", []string{"prompt", "select_account login"}, 0, 303, "/login?prompt=login&"},
		{"a consent, which the operator has given", []string{"prompt", "consent"}, 0, 303, callback},
		{"a sign-in that is young enough", []string{"max_age", "3600"}, time.Hour, 303, callback},
		{"a sign-in that is too old", []string{"max_age", "3599"}, time.Hour, 303, "/login?prompt=login&"},
		{"a sign-in of this moment", []string{"max_age", "0"}, time.Second, 303, "/login?prompt=login&"},
		{"nobody signed in yet, and it must be at the provider too", []string{"max_age", "3600"}, -1, 303, "/login?prompt=login&"},
		{"an age beyond all ages", []string{"max_age", "9223372036854775807"}, time.Hour, 303, callback},
	} {
		t.Run(test.name, func(t *testing.T) {
			w := open(t, chattest.Options{})
			var cookie *http.Cookie
			if test.age >= 0 {
				cookie = w.SignIn(ada())
				w.Clock.Advance(test.age)
			}
			res := w.authorize(cookie, asking(test.changes...).Encode())
			got := res.Header.Get("Location")
			if res.StatusCode != test.status || !strings.HasPrefix(got, test.location) || test.location == "" && got != "" {
				t.Fatalf("authorize = %d to %q, want %d to %q", res.StatusCode, got, test.status, test.location)
			}
			if strings.HasPrefix(test.location, "/login") {
				back := returnTo(t, res)
				cookie = w.SignInAgain(cookie, ada())
				w.Clock.Advance(10 * time.Second) // for the way back
				if end := w.call(http.MethodGet, back, cookie); !strings.HasPrefix(end.Header.Get("Location"), callback) {
					t.Errorf("after the sign-in = %d to %q, want the callback and no second sign-in", end.StatusCode, end.Header.Get("Location"))
				}
			}
			if page := text(res); test.status == http.StatusUnauthorized && !strings.Contains(page, `href="/login?`) {
				t.Errorf("the page offers no sign-in: %s", page)
			}
		})
	}
}

// TestAnOldSignInAtTheProviderIsNoneForMaxAge: a provider that knows the person begins a session of ours in a moment, without
// having asked them for anything.
func TestAnOldSignInAtTheProviderIsNoneForMaxAge(t *testing.T) { // OpenID Connect Core 1.0, Section 3.1.2.1
	w := open(t, chattest.Options{})
	signIn := func(ago time.Duration) *http.Cookie {
		id := ada()
		id.AuthTime = w.Now().Add(-ago)
		return w.SignIn(id)
	}
	query := asking("max_age", "300").Encode()
	w.codeFor(signIn(5*time.Minute), "max_age", "300")
	asked := w.authorize(signIn(8*time.Hour), query)
	back := returnTo(t, asked)
	if got := location(t, asked).Query().Get("prompt"); got != "login" {
		t.Errorf("the sign-in page is asked for prompt %q, want login", got)
	}

	// Its provider may take no notice of prompt=login. That must not go round in circles; the client is told the truth.
	cookie := signIn(8 * time.Hour)
	w.Clock.Advance(59 * time.Second)
	end := w.call(http.MethodGet, back, cookie)
	code := location(t, end).Query().Get("code")
	if end.StatusCode != http.StatusSeeOther || code == "" {
		t.Fatalf("after the sign-in = %d to %q, want a code", end.StatusCode, end.Header.Get("Location"))
	}
	began := float64(w.Now().Add(-8*time.Hour - 59*time.Second).Unix())
	if got := claimsOf(t, w.bought(trade(code)).IDToken)["auth_time"]; got != began {
		t.Errorf("auth_time = %v, want what the provider said, %v", got, began)
	}
	w.Clock.Advance(2 * time.Second)
	returnTo(t, w.call(http.MethodGet, back, cookie)) // the page was left open: its minute is over
	if end := w.call(http.MethodGet, back, signIn(0)); location(t, end).Query().Get("code") == "" {
		t.Errorf("after a sign-in that the provider asked for = %d, want a code", end.StatusCode)
	}
}

func TestOnlyAWindowGetsACode(t *testing.T) { // S125, B-22
	for _, test := range []struct {
		name    string
		headers []string
		status  int
	}{
		{"a window", []string{"Sec-Fetch-Dest", "document", "Sec-Fetch-Mode", "navigate"}, 303},
		{"a browser that does not tell", nil, 303},
		{"a frame", []string{"Sec-Fetch-Dest", "iframe", "Sec-Fetch-Mode", "navigate"}, 400},
		{"an image", []string{"Sec-Fetch-Dest", "image", "Sec-Fetch-Mode", "no-cors"}, 400},
		{"a script's fetch", []string{"Sec-Fetch-Dest", "empty", "Sec-Fetch-Mode", "cors"}, 400},
		{"a fetch that only tells its mode", []string{"Sec-Fetch-Mode", "cors"}, 400},
	} {
		t.Run(test.name, func(t *testing.T) {
			w := open(t, chattest.Options{})
			if res := w.authorize(w.SignIn(ada()), asking().Encode(), test.headers...); res.StatusCode != test.status {
				t.Errorf("authorize = %d, want %d", res.StatusCode, test.status)
			}
		})
	}
}

func TestMethods(t *testing.T) {
	w := open(t, chattest.Options{})
	for path, methods := range map[string][]string{
		"/talk/oauth/authorize?" + asking().Encode(): {"POST", "HEAD", "OPTIONS", "PUT"},
		"/talk/oauth/token":                          {"GET", "HEAD", "OPTIONS", "PUT"},
		"/talk/oauth/userinfo":                       {"HEAD", "OPTIONS", "DELETE"},
		"/talk/.well-known/openid-configuration":     {"POST", "OPTIONS"},
	} {
		for _, method := range methods {
			res := w.call(method, path, w.SignIn(ada()))
			if res.StatusCode != http.StatusMethodNotAllowed || res.Header.Get("Access-Control-Allow-Origin") != "" {
				t.Errorf("%s %s = %d, want 405 without CORS", method, path, res.StatusCode)
			}
		}
	}
}

func TestAChildCookieIsNoSignIn(t *testing.T) { // D27
	w := open(t, chattest.Options{})
	child, err := w.Sessions.NewChild(t.Context(), w.Session(w.SignIn(ada())), "talk")
	if err != nil {
		t.Fatal(err)
	}
	recorder := httptest.NewRecorder()
	w.Sessions.Give(recorder, child)
	returnTo(t, w.authorize(recorder.Result().Cookies()[0], asking().Encode()))
}

func TestWhoMayNotEnterIsToldHere(t *testing.T) { // G27
	w := open(t, chattest.Options{})
	w.say = func(session.Session) (any, error) {
		return nil, problem.AccessDenied("Comments", problem.Reason{Code: "group_missing", Phrase: "it is for others"}, &chat.DeniedError{Reason: chat.ReasonGroup})
	}
	res := w.authorize(w.SignIn(ada()), asking().Encode())
	page := text(res)
	if got := res.Header.Get("Location"); res.StatusCode != http.StatusForbidden || got != "" {
		t.Errorf("authorize = %d to %q, want 403 and no way on", res.StatusCode, got)
	}
	if !strings.Contains(page, "it is for others") || !strings.Contains(page, `href="/login?prompt=select_account`) {
		t.Errorf("the page neither says why nor offers another account: %s", page)
	}
}

func TestCodesAreLimitedPerSession(t *testing.T) {
	w := open(t, chattest.Options{Limits: &limit.Settings{CodesPerSession: 2}})
	cookie := w.SignIn(ada())
	w.codeFor(cookie)
	w.codeFor(cookie)
	res := w.authorize(cookie, asking().Encode())
	if res.StatusCode != http.StatusTooManyRequests || res.Header.Get("Retry-After") == "" || !w.audited("limit_exceeded", "code_session") {
		t.Errorf("a third code = %d, Retry-After %q, want 429 and a line in the audit log", res.StatusCode, res.Header.Get("Retry-After"))
	}
	w.code() // another session is not concerned
}

func TestWithoutTheStoreThereIsAPageAndNoSignOut(t *testing.T) { // S67
	w := open(t, chattest.Options{})
	cookie := w.SignIn(ada())
	if err := w.CloseStore(); err != nil {
		t.Fatal(err)
	}
	res := w.authorize(cookie, asking().Encode())
	if res.StatusCode != http.StatusServiceUnavailable || len(res.Cookies()) != 0 {
		t.Errorf("authorize = %d with cookies %v, want 503 and the cookie kept", res.StatusCode, res.Cookies())
	}
}

func TestNewSaysWhatIsMissing(t *testing.T) {
	good := open(t, chattest.Options{}).config
	for _, test := range []struct {
		name   string
		change func(*issuer.Config)
	}{
		{"an issuer", func(c *issuer.Config) { c.Issuer = "" }},
		{"a secret", func(c *issuer.Config) { c.Client.Secret = "" }},
		{"a redirect URI", func(c *issuer.Config) { c.Client.RedirectURIs = nil }},
		{"keys", func(c *issuer.Config) { c.Keys = nil }},
		{"claims", func(c *issuer.Config) { c.Claims = nil }},
	} {
		cfg := good
		test.change(&cfg)
		if _, err := issuer.New(cfg); err == nil {
			t.Errorf("New() without %s works", test.name)
		}
	}
}

func TestAMistakeOfTheSitesIsOurs(t *testing.T) {
	w := open(t, chattest.Options{})
	w.say = func(session.Session) (any, error) { return nil, errors.New("what is this") }
	if res := w.authorize(w.SignIn(ada()), asking().Encode()); res.StatusCode != http.StatusInternalServerError {
		t.Errorf("authorize = %d, want 500", res.StatusCode)
	}
}
