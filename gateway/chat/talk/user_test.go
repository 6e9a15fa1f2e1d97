package talk_test

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"chatgate/gateway/chat"
	"chatgate/gateway/chat/chattest"
	"chatgate/gateway/chat/talk"
	"chatgate/gateway/limit"
	"chatgate/oidc"
)

func TestUserSaysWhoATokenBelongsTo(t *testing.T) {
	for _, test := range []struct {
		name string
		cfg  talk.Config
	}{
		{"talk4", site(talk.Talk4)},
		{"talk4 with a shared secret", with(site(talk.Talk4), func(c *talk.Config) { c.SharedSecret = sharedSecret })},
		{"coral-sso", site(talk.CoralSSO)},
		{"coral-oidc", site(talk.CoralOIDC)},
	} {
		t.Run(test.name, func(t *testing.T) {
			w := open(t, test.cfg, chattest.Options{})
			token := w.token(http.MethodGet, w.SignIn(ada())).Token
			res := w.whose(token)
			if res.StatusCode != http.StatusOK {
				t.Fatalf("GET /user = %d, want 200 (G13)", res.StatusCode)
			}
			if got := res.Header.Get("Cache-Control"); got != "no-store" {
				t.Errorf("Cache-Control = %q, want no-store", got)
			}
			got := decode[map[string]any](t, res)
			if id, _ := got["id"].(string); id == "" || !strings.Contains(subjectOf(t, token), id) {
				t.Errorf("id = %v, want the token's %q", got["id"], subjectOf(t, token))
			}
			delete(got, "id")
			if diff := cmp.Diff(map[string]any{"email": "ada@example.org", "username": "ada"}, got); diff != "" {
				t.Errorf("GET /user (-want +got):\n%s", diff)
			}
		})
	}
}

// subjectOf is the user id in a token of any profile.
func subjectOf(t *testing.T, token string) string {
	t.Helper()
	claims := part(t, token, 1)
	if user, ok := claims["user"].(map[string]any); ok {
		return user["id"].(string)
	}
	return claims["sub"].(string)
}

func TestUserLeavesOutAnAddressThatNobodyVouchesFor(t *testing.T) {
	w := open(t, site(talk.Talk4), chattest.Options{})
	eve := oidc.Identity{Provider: "corp", Subject: "2", Username: "eve", Email: "admin@example.org"}
	got := decode[map[string]any](t, w.whose(w.token(http.MethodGet, w.SignIn(eve)).Token))
	if email, present := got["email"]; present {
		t.Errorf("email = %v, want it left out (G9)", email)
	}
}

func TestUserRefusesWhatIsNoGoodTokenOfTheSite(t *testing.T) {
	w := open(t, site(talk.Talk4), chattest.Options{})
	token := w.token(http.MethodGet, w.SignIn(ada())).Token
	parts := strings.Split(token, ".")
	for _, test := range []struct {
		name    string
		headers []string
	}{
		{"no credential", nil},
		{"another scheme", []string{"Authorization", "Basic " + token}},
		{"two credentials", []string{"Authorization", "Bearer " + token, "Authorization", "Bearer " + token}},
		{"no token", []string{"Authorization", "Bearer "}},
		{"another signature", []string{"Authorization", "Bearer " + parts[0] + "." + parts[1] + ".AAAA"}},
		{"no signature", []string{"Authorization", "Bearer eyJhbGciOiJub25lIn0." + parts[1] + "."}},
		{"a megabyte", []string{"Authorization", "Bearer " + strings.Repeat("a", 1<<20)}},
	} {
		t.Run(test.name, func(t *testing.T) {
			res := w.call(http.MethodGet, "/talk/user", nil, test.headers...)
			if got := decode[problemBody](t, res); res.StatusCode != http.StatusUnauthorized || got.Code != "talk_token_refused" {
				t.Errorf("GET /user = %d %q, want 401 talk_token_refused (G13)", res.StatusCode, got.Code)
			}
			if got := res.Header.Get("WWW-Authenticate"); !strings.HasPrefix(got, "Bearer") {
				t.Errorf("WWW-Authenticate = %q, want Bearer", got)
			}
		})
	}
	w.Clock.Advance(15 * time.Minute)
	if res := w.whose(token); res.StatusCode != http.StatusUnauthorized {
		t.Errorf("GET /user with a token that has expired = %d, want 401", res.StatusCode)
	}
}

func TestUserKnowsNobodyBehindATokenWithoutALiveSession(t *testing.T) {
	for _, test := range []struct {
		name string
		end  func(w *world, cookie *http.Cookie)
	}{
		{"signed out", func(w *world, cookie *http.Cookie) { w.SignOut(cookie) }},
		{"someone else in the same browser", func(w *world, cookie *http.Cookie) {
			w.SignInAgain(cookie, oidc.Identity{Provider: "corp", Subject: "bob"})
		}},
		{"access taken away (D7)", func(w *world, _ *http.Cookie) {
			w.reopen(with(site(talk.Talk4), func(c *talk.Config) {
				c.SharedSecret, c.Access = sharedSecret, chat.AccessRules{Groups: []string{"readers"}}
			}))
		}},
	} {
		t.Run(test.name, func(t *testing.T) {
			w := open(t, with(site(talk.Talk4), func(c *talk.Config) { c.SharedSecret = sharedSecret }), chattest.Options{})
			cookie := w.SignIn(ada())
			token := w.token(http.MethodGet, cookie).Token
			test.end(w, cookie)
			res := w.whose(token)
			if got := decode[problemBody](t, res); res.StatusCode != http.StatusNotFound || got.Code != "not_found" {
				t.Errorf("GET /user = %d %q, want 404 not_found (G13)", res.StatusCode, got.Code)
			}
		})
	}
}

func TestUserFollowsAPersonWhoSignsInAgainInTheSameBrowser(t *testing.T) {
	w := open(t, site(talk.Talk4), chattest.Options{})
	cookie := w.SignIn(ada())
	token := w.token(http.MethodGet, cookie)
	again := w.SignInAgain(cookie, ada())
	if res := w.whose(token.Token); res.StatusCode != http.StatusOK {
		t.Errorf("GET /user with the token from before = %d, want 200 (D27)", res.StatusCode)
	}
	if got := w.token(http.MethodGet, again); got != token {
		t.Error("the new session answers another token, want the one that went over with it (D27)")
	}
	w.SignOut(again)
	if res := w.whose(token.Token); res.StatusCode != http.StatusNotFound {
		t.Errorf("GET /user after the sign-out = %d, want 404", res.StatusCode)
	}
}

func TestASignInThatFollowsNoTokenMovesNothing(t *testing.T) {
	w := open(t, site(talk.Talk4), chattest.Options{})
	w.token(http.MethodGet, w.SignInAgain(w.SignIn(ada()), ada()))
}

func TestUserSendsNoCORSHeaders(t *testing.T) {
	w := open(t, site(talk.Talk4), chattest.Options{})
	token := w.token(http.MethodGet, w.SignIn(ada())).Token
	res := w.call(http.MethodGet, "/talk/user", nil, "Authorization", "Bearer "+token, "Origin", newsURL)
	if got := res.Header.Get("Access-Control-Allow-Origin"); got != "" {
		t.Errorf("Access-Control-Allow-Origin = %q, want none: the route is for servers", got)
	}
	if res := w.call(http.MethodOptions, "/talk/user", nil, "Origin", newsURL); res.StatusCode != http.StatusMethodNotAllowed {
		t.Errorf("OPTIONS /user = %d, want 405", res.StatusCode)
	}
}

func TestNobodyAsksForEverWithTheirOwnToken(t *testing.T) { // S123
	w := open(t, site(talk.CoralSSO), chattest.Options{})
	mine, other := w.token(http.MethodGet, w.SignIn(ada())).Token, w.token(http.MethodGet, w.SignIn(ada())).Token
	for range 120 {
		if res := w.whose(mine); res.StatusCode != http.StatusOK {
			t.Fatalf("GET /user = %d, want 200", res.StatusCode)
		}
	}
	if res := w.whose(mine); res.StatusCode != http.StatusTooManyRequests || res.Header.Get("Retry-After") == "" {
		t.Errorf("the 121st GET /user about a token within a minute = %d, want 429 with Retry-After", res.StatusCode)
	}
	if res := w.whose(other); res.StatusCode != http.StatusOK {
		t.Errorf("GET /user about another token = %d, want 200", res.StatusCode)
	}
}

func TestUserIsLimitedPerAddress(t *testing.T) { // S123, S125
	w := open(t, site(talk.CoralSSO), chattest.Options{Limits: &limit.Settings{TalkUsersPerAddress: 2}})
	good := w.token(http.MethodGet, w.SignIn(ada())).Token
	for range 5 {
		w.whose(good)
	}
	for range 2 {
		w.whose("nothing")
	}
	if res := w.whose("nothing"); res.StatusCode != http.StatusTooManyRequests || res.Header.Get("Retry-After") == "" {
		t.Errorf("the third GET /user within a minute = %d, want 429 with Retry-After (S123)", res.StatusCode)
	}
	w.whose("nothing")
	if lines := strings.Count(w.Journal.String(), `"act":"limit_exceeded","reason":"talk_user_address","chat":"talk","remote_ip":"192.0.2.1"`); lines != 1 {
		t.Errorf("%d audit lines for two refusals in one window, want one", lines)
	}
	if res := w.whose(good); res.StatusCode != http.StatusOK {
		t.Errorf("GET /user with a good token = %d, want 200: Talk's server is one address for all its readers", res.StatusCode)
	}
}
