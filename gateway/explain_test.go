package gateway_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"chatgate/gateway/decision"
	"chatgate/gateway/limit"
	"chatgate/oidc/oidctest"
)

// explain finds what is remembered of the request that an answer belongs to.
func (w *world) explain(answer *http.Response) (decision.Record, error) {
	w.t.Helper()
	w.why.Flush(w.t.Context())
	return w.why.Find(w.t.Context(), answer.Header.Get("X-Request-Id"))
}

// back is the callback's address with an error in the place of the code.
func (b *browser) back(login, code string) string {
	b.w.t.Helper()
	begun, err := url.Parse(b.do(http.MethodGet, login).Header.Get("Location"))
	b.w.must(err)
	return "/login/callback?" + url.Values{"error": {code}, "iss": {issuer}, "state": {begun.Query().Get("state")}}.Encode()
}

// refusals are ways of not getting in, and which step of each decides.
var refusals = []struct {
	name    string
	options options
	refuse  func(w *world, b *browser) *http.Response
	code    string
	step    decision.Code
	facts   map[string]string // those that matter
}{
	{
		"a page that is not listed", options{},
		func(_ *world, b *browser) *http.Response {
			return b.do(http.MethodGet, "/board/token", "Origin", "https://evil.example")
		},
		"origin_not_allowed", decision.OriginUnlisted, map[string]string{"origin": "https://evil.example", "listed": board},
	},
	{
		"a token address opened in a window", options{},
		func(_ *world, b *browser) *http.Response { return b.do(http.MethodGet, "/board/token") },
		"origin_not_allowed", decision.OriginMissing, map[string]string{"listed": board},
	},
	{
		"two origins", options{},
		func(_ *world, b *browser) *http.Response {
			return b.do(http.MethodGet, "/board/token", "Origin", board, "Origin", "https://evil.example")
		},
		"origin_not_allowed", decision.OriginsSeveral, nil,
	},
	{
		"no cookie", options{},
		func(_ *world, b *browser) *http.Response { return b.do(http.MethodGet, "/session") },
		"session_required", decision.CookieAbsent, nil,
	},
	{
		"a cookie that is none of ours", options{},
		func(_ *world, b *browser) *http.Response {
			return b.do(http.MethodGet, "/board/token", "Origin", board, "Cookie", "__Host-chatgate=made-up")
		},
		"session_required", decision.CookieMalformed, map[string]string{"cookie": "__Host-chatgate"},
	},
	{
		"two cookies of one name", options{},
		func(_ *world, b *browser) *http.Response {
			b.signIn("/login", "ada")
			return b.do(http.MethodGet, "/board/token", "Origin", board, "Cookie", "__Host-chatgate=planted")
		},
		"session_required", decision.CookiesSeveral, nil,
	},
	{
		"a session that has idled away", options{},
		func(w *world, b *browser) *http.Response {
			b.signIn("/login", "ada")
			w.clock.Advance(2 * time.Hour)
			return b.do(http.MethodGet, "/board/token", "Origin", board)
		},
		"session_required", decision.SessionIdle, nil,
	},
	{
		"the cookie of a session that was signed out", options{},
		func(_ *world, b *browser) *http.Response {
			b.signIn("/login", "ada")
			old := b.copied()
			b.submit("/logout", url.Values{})
			return old.do(http.MethodGet, "/board/token", "Origin", board)
		},
		"session_required", decision.SessionUnknown, nil,
	},
	{
		"a sign-in that is too old for the chat", options{age: 10 * time.Minute},
		func(w *world, b *browser) *http.Response {
			b.signIn("/login", "ada")
			w.clock.Advance(11 * time.Minute)
			return b.do(http.MethodGet, "/board/token", "Origin", board)
		},
		"session_required", decision.SignInTooOld, map[string]string{"chat": "board"},
	},
	{
		"a store that is down", options{},
		func(w *world, b *browser) *http.Response {
			b.signIn("/login", "ada")
			w.engine.setDown(true)
			defer w.engine.setDown(false)
			return b.do(http.MethodGet, "/board/token", "Origin", board)
		},
		"store_unavailable", decision.StoreDown, nil,
	},
	{
		"an address to return to that is not listed", options{},
		func(_ *world, b *browser) *http.Response {
			return b.do(http.MethodGet, "/login?return_to=https%3A%2F%2Fevil.example%2Fs3cret")
		},
		"return_to_refused", decision.ReturnUnlisted, map[string]string{"origin": "https://evil.example"},
	},
	{
		"too many sign-ins", options{rules: limit.Rules{LoginStartAddress: limit.Rule{Name: "login_start_address", Max: 1, Per: time.Minute}}},
		func(_ *world, b *browser) *http.Response {
			b.do(http.MethodGet, "/login")
			return b.do(http.MethodGet, "/login")
		},
		"too_many_requests", decision.LimitReached, map[string]string{"limit": "login_start_address", "again_in": "1m0s"},
	},
	{
		"a browser sent round in circles", options{},
		func(_ *world, b *browser) *http.Response {
			for range 8 {
				b.do(http.MethodGet, "/login")
			}
			return b.do(http.MethodGet, "/login")
		},
		"login_loop", decision.RoundsReached, map[string]string{"rounds": "8", "within": "1m0s"},
	},
	{
		"a callback without a state", options{},
		func(_ *world, b *browser) *http.Response {
			b.do(http.MethodGet, "/login")
			return b.do(http.MethodGet, "/login/callback?code=s3cret")
		},
		"login_expired", decision.StateMissing, nil,
	},
	{
		"a callback of no login", options{},
		func(_ *world, b *browser) *http.Response {
			return b.do(http.MethodGet, "/login/callback?code=s3cret&state=s3cret")
		},
		"login_expired", decision.AttemptUnknown, nil,
	},
	{
		"a callback in another browser", options{},
		func(w *world, b *browser) *http.Response {
			return w.browser().do(http.MethodGet, b.callback("/login", "ada"))
		},
		"login_mismatch", decision.AttemptElsewhere, map[string]string{"cookies_of_this_login": "0", "cookies_of_other_logins": "0"},
	},
	{
		"a person who cancels at the provider", options{},
		func(_ *world, b *browser) *http.Response {
			return b.do(http.MethodGet, b.back("/login", "access_denied"))
		},
		"provider_denied", decision.ProviderDenied, map[string]string{"error": "access_denied"},
	},
	{
		"an ID token with another nonce", options{},
		func(w *world, b *browser) *http.Response {
			w.provider.Set(func(f *oidctest.Faults) { f.IDToken = func(claims map[string]any) { claims["nonce"] = "another" } })
			return b.do(http.MethodGet, b.callback("/login", "ada"))
		},
		"provider_answer_refused", decision.ProviderRefused, map[string]string{
			"check": "id_token_nonce", "clause": "OpenID Connect Core 1.0, Section 3.1.3.7",
		},
	},
	{
		"a provider that answers nonsense", options{},
		func(w *world, b *browser) *http.Response {
			w.provider.Set(func(f *oidctest.Faults) {
				f.Answers = map[string]http.HandlerFunc{oidctest.PathToken: oidctest.Status(http.StatusBadGateway)}
			})
			return b.do(http.MethodGet, b.callback("/login", "ada"))
		},
		"provider_unavailable", decision.ProviderFailed, nil,
	},
	{
		"a login that another site begins for a frame", options{},
		func(w *world, b *browser) *http.Response {
			return b.submit("/login/start", w.frame().form("window"), "Origin", "https://evil.example")
		},
		"cross_site_request", decision.NotOwnPage, map[string]string{"wanted": base},
	},
	{
		"a hand-off that is over", options{},
		func(w *world, b *browser) *http.Response {
			f := w.frame()
			w.clock.Advance(time.Hour)
			return b.submit("/login/start", f.form("window"))
		},
		"handoff_over", decision.HandOffOver, nil,
	},
	{
		"a sign-out that another site wants", options{},
		func(_ *world, b *browser) *http.Response {
			b.signIn("/login", "ada")
			return b.submit("/logout", url.Values{}, "Origin", "https://evil.example")
		},
		"cross_site_request", decision.NotOwnPage, nil,
	},
	{
		"a logout token that is none", options{},
		func(_ *world, b *browser) *http.Response {
			return b.submit("/logout/backchannel", url.Values{"logout_token": {"s3cret"}})
		},
		"invalid_request", decision.LogoutRefused, map[string]string{"check": "logout_token_issuer"},
	},
	{
		"a logout call without a token", options{},
		func(_ *world, b *browser) *http.Response { return b.submit("/logout/backchannel", url.Values{}) },
		"invalid_request", decision.LogoutRefused, nil,
	},
	{
		"a mistake of ours", options{},
		func(_ *world, b *browser) *http.Response {
			return b.do(http.MethodGet, "/board/panic", "Origin", board)
		},
		"internal", decision.Panicked, nil,
	},
}

func TestEveryRefusalSaysWhichStepDecided(t *testing.T) {
	for _, tc := range refusals {
		t.Run(tc.name, func(t *testing.T) {
			w := open(t, tc.options)
			b := w.browser()
			answer := tc.refuse(w, b)
			rec, err := w.explain(answer)
			if err != nil {
				t.Fatalf("explain of %d: %v", answer.StatusCode, err)
			}
			step := rec.Decisive()
			if rec.Code != tc.code || step.Code != tc.step || rec.Status != answer.StatusCode {
				t.Errorf("%d %s was decided by %s, want %d %s by %s: %+v", rec.Status, rec.Code, step.Code, answer.StatusCode, tc.code, tc.step, rec.Steps)
			}
			for name, want := range tc.facts {
				if step.Facts[name] != want {
					t.Errorf("fact %s = %q, want %q", name, step.Facts[name], want)
				}
			}
			if len(rec.Advice()) == 0 || rec.Told == "" || rec.Address != "192.0.2.1" {
				t.Errorf("the record tells too little: %+v", rec)
			}
			w.holdsNoSecret(rec, b)
		})
	}
}

// holdsNoSecret fails the test where a record has what opens anything, or tells of a person more than the audit log does.
func (w *world) holdsNoSecret(rec decision.Record, b *browser) {
	w.t.Helper()
	raw, err := json.Marshal(rec)
	w.must(err)
	secrets := append(slices.Collect(maps.Values(b.cookies)), "s3cret", "client-secret", "Ada", "ada@example.org", "planted", "made-up")
	for _, secret := range secrets {
		if secret != "" && strings.Contains(string(raw), secret) {
			w.t.Errorf("the record holds %q: %s", secret, raw)
		}
	}
}

func TestAPageOfAFailedLoginLeadsToTheRequestThatKnowsWhy(t *testing.T) { // B-18
	w := open(t, options{})
	b, f := w.browser(), w.frame()
	begun, err := url.Parse(wayOn(t, b.submit("/login/start", f.form("window"))))
	w.must(err)
	failed := b.do(http.MethodGet, "/login/callback?"+url.Values{
		"error": {"access_denied"}, "iss": {issuer}, "state": {begun.Query().Get("state")},
	}.Encode())
	page, err := w.explain(b.do(http.MethodGet, failed.Header.Get("Location")))
	w.must(err)
	if got, want := page.Decisive().Code, decision.LoginFailedBefore; got != want {
		t.Errorf("the page was decided by %s, want %s", got, want)
	}
	before, err := w.why.Find(t.Context(), page.Earlier())
	w.must(err)
	if diff := cmp.Diff([]string{"provider_denied", "corp"}, []string{before.Code, before.Provider}); diff != "" {
		t.Errorf("the earlier request (-want +got):\n%s", diff)
	}
}

func TestWhatNobodyAsksAboutIsNotRemembered(t *testing.T) { // D22, S126
	w := open(t, options{})
	for name, refuse := range map[string]func() *http.Response{
		"a stranger's call for a token":    func() *http.Response { return w.browser().do(http.MethodGet, "/board/token", "Origin", board) },
		"an address that leads nowhere":    func() *http.Response { return w.browser().do(http.MethodGet, "/wp-admin") },
		"a request that went well":         func() *http.Response { return w.browser().do(http.MethodGet, "/") },
		"a redirect to sign in":            func() *http.Response { return w.browser().do(http.MethodGet, "/login") },
		"a preflight of a page that may":   func() *http.Response { return w.browser().do(http.MethodOptions, "/board/token", "Origin", board) },
		"a method that a route knows not":  func() *http.Response { return w.browser().do(http.MethodDelete, "/nowhere") },
		"the signed-out half of the page":  func() *http.Response { return w.browser().do(http.MethodGet, "/logout") },
		"a sign-in that went well to here": func() *http.Response { b := w.browser(); b.signIn("/login", "ada"); return b.do(http.MethodGet, "/") },
	} {
		if rec, err := w.explain(refuse()); !errors.Is(err, decision.ErrUnknown) {
			t.Errorf("%s: remembered %+v, %v", name, rec, err)
		}
	}
}

func TestAFloodOfRefusalsFromOneAddressIsRememberedInPart(t *testing.T) { // S126
	w := open(t, options{})
	remembered := 0
	b := w.browser()
	for range 300 {
		r := httptest.NewRequest(http.MethodGet, base+"/board/token", nil)
		if _, err := w.explain(b.send(r, "Origin", "https://evil.example")); err == nil {
			remembered++
		}
	}
	if remembered != 60 {
		t.Errorf("%d of 300 were remembered, want a tenth of the 600 of a minute", remembered)
	}
}

// TestAFloodOfStrangersHidesNoRefusal: whoever has begun no login with us leaves room for whoever has.
func TestAFloodOfStrangersHidesNoRefusal(t *testing.T) { // S126
	w := open(t, options{})
	for n := range 12 {
		flooding := w.browser()
		flooding.address = fmt.Sprintf("[2001:db8:0:%x::1]:1", n)
		for range 60 {
			flooding.do(http.MethodGet, "/login/callback?state=made-up")
		}
		w.why.Flush(t.Context())
	}
	stranger := w.browser()
	stranger.address = "198.51.100.78:1"
	if _, err := w.explain(stranger.do(http.MethodGet, "/login/callback?state=made-up")); !errors.Is(err, decision.ErrUnknown) {
		t.Errorf("after the flood, what is remembered of one more stranger = %v, want %v", err, decision.ErrUnknown)
	}
	person := w.browser()
	person.address = "198.51.100.77:1"
	if _, err := w.explain(person.do(http.MethodGet, person.back("/login", "access_denied"))); err != nil {
		t.Errorf("after the flood, what is remembered of a person who was refused: %v", err)
	}
}

func TestACallbackOfNoLoginIsCountedAndForgotten(t *testing.T) { // S123, S126
	w := open(t, options{rules: limit.Rules{CallbackAddress: limit.Rule{Name: "callback_address", Max: 1, Per: time.Minute}}})
	b := w.browser()
	first := b.do(http.MethodGet, "/login/callback")
	if _, err := w.explain(first); first.StatusCode != http.StatusBadRequest || !errors.Is(err, decision.ErrUnknown) {
		t.Errorf("a callback without a state = %d, remembered: %v; want 400 and %v", first.StatusCode, err, decision.ErrUnknown)
	}
	if again := b.do(http.MethodGet, "/login/callback"); again.StatusCode != http.StatusTooManyRequests {
		t.Errorf("one more = %d, want 429", again.StatusCode)
	}
}
