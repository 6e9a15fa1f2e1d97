package talk_test

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"chatgate/gateway/chat/chattest"
	"chatgate/gateway/chat/talk"
	"chatgate/gateway/limit"
	"chatgate/store"
)

func TestGetAnswersFromTheCacheForHalfATokensLife(t *testing.T) {
	w := open(t, site(talk.CoralOIDC), chattest.Options{})
	cookie := w.SignIn(ada())
	first := w.token(http.MethodGet, cookie)

	w.Clock.Advance(7*time.Minute + 30*time.Second)
	if again := w.token(http.MethodGet, cookie); again != first {
		t.Error("a GET with half of the life left answered another token, want the same (D18)")
	}
	w.Clock.Advance(time.Second)
	second := w.token(http.MethodGet, cookie)
	if second == first {
		t.Error("a GET with less than half of the life left answered the same token, want another")
	}
	if again := w.token(http.MethodGet, cookie); again != second {
		t.Error("the new token was not kept")
	}
}

func TestPostSignsAnewAndReplacesTheCachedToken(t *testing.T) {
	w := open(t, site(talk.CoralOIDC), chattest.Options{})
	cookie := w.SignIn(ada())
	first := w.token(http.MethodGet, cookie)
	second := w.token(http.MethodPost, cookie)
	if second == first {
		t.Error("a POST answered the cached token, want a new one in the same second (G7, D18)")
	}
	if again := w.token(http.MethodGet, cookie); again != second {
		t.Error("a GET after a POST answered another token than the POST")
	}
}

func TestTokensThatAreKeptBelongToOneBrowser(t *testing.T) {
	w := open(t, site(talk.CoralSSO), chattest.Options{})
	first, second := w.token(http.MethodGet, w.SignIn(ada())), w.token(http.MethodGet, w.SignIn(ada()))
	if first == second {
		t.Error("two browsers of one person share a token")
	}
}

func TestWhatDecidesOnATokenEmptiesTheCache(t *testing.T) {
	base := site(talk.CoralSSO)
	base.Roles = map[string]talk.Role{"editors": talk.Staff}
	for _, test := range []struct {
		name   string
		change func(*talk.Config)
	}{
		{"a role", func(c *talk.Config) { c.Roles = map[string]talk.Role{"editors": talk.Moderator} }},
		{"the user id's generation", func(c *talk.Config) { c.Generation = 1 }},
		{"the secret that signs", func(c *talk.Config) { c.SSOSecrets = map[string]store.Secret{"kid-2": olderSecret} }},
		{"whose account was deleted", func(c *talk.Config) { c.Deleted = map[string]uint{"a-user-id": 1} }},
		{"a badge", func(c *talk.Config) { c.Badges = map[string]string{"editors": "Editor"} }},
		{"where names come from", func(c *talk.Config) { c.Claims.Username = []string{"name"} }},
		{"where pictures come from", func(c *talk.Config) { c.Claims.Picture = "photo" }},
		{"that names are to be unique", func(c *talk.Config) { c.UniqueNames = true }},
		{"the life of tokens", func(c *talk.Config) { c.TokenLifetime = 10 * time.Minute }},
		{"the profile", func(c *talk.Config) {
			*c = with(site(talk.Talk4), func(c *talk.Config) { c.SharedSecret = sharedSecret })
		}},
	} {
		t.Run(test.name, func(t *testing.T) {
			w := open(t, base, chattest.Options{})
			editor := ada()
			editor.Groups = []string{"editors"}
			cookie := w.SignIn(editor)
			first := w.token(http.MethodGet, cookie)
			w.reopen(base)
			if again := w.token(http.MethodGet, cookie); again != first {
				t.Fatal("a deploy that changed nothing emptied the cache")
			}
			w.reopen(with(base, test.change))
			if again := w.token(http.MethodGet, cookie); again == first {
				t.Error("a GET answered the token from before the change (D18)")
			}
		})
	}
}

func TestAnotherSigningKeyEmptiesTheCache(t *testing.T) {
	w := openWithStoredKeys(t, with(site(talk.CoralOIDC), func(c *talk.Config) { c.TokenLifetime = time.Hour }))
	cookie := w.SignIn(ada())
	first := w.token(http.MethodGet, cookie)
	if _, err := w.keys.Rotate(ctx(), "talk"); err != nil {
		t.Fatal(err)
	}
	if again := w.token(http.MethodGet, cookie); again != first {
		t.Error("the token changed before the new key signs")
	}
	w.Clock.Advance(20 * time.Minute)
	second := w.token(http.MethodGet, cookie)
	before, after := part(t, first.Token, 0)["kid"], part(t, second.Token, 0)["kid"]
	if before == after {
		t.Errorf("kid = %v before and after the new key began to sign, want another (D18)", after)
	}
}

func TestIssueTimeRisesWhenTheClaimsChange(t *testing.T) {
	cfg := site(talk.CoralSSO)
	w := open(t, cfg, chattest.Options{})
	first := w.SignIn(ada())
	before := part(t, w.token(http.MethodGet, first).Token, 1)["iat"].(float64)
	renamed := ada()
	renamed.Username = "countess"
	after := part(t, w.token(http.MethodGet, w.SignInAgain(first, renamed)).Token, 1)["iat"].(float64)
	if after != before+1 {
		t.Errorf("iat of a token with a new name = %v after %v in the same second, want one more (G17)", after, before)
	}
}

// TestIssueTimeRisesOverTheWholeOfAPersonsChanges: each token whose claims differ is later than the one before, so that Coral
// takes every change in turn, in however short a time they come; and where a clock is far ahead, iat follows the time.
func TestIssueTimeRisesOverTheWholeOfAPersonsChanges(t *testing.T) { // G17
	w := open(t, site(talk.CoralSSO), chattest.Options{})
	coral := ssoCoral(t, w, "")
	cookie, last := w.SignIn(ada()), 0.0
	for _, name := range []string{"ada", "countess", "analyst", "ada", "enchantress"} {
		renamed := ada()
		renamed.Username = name
		cookie = w.SignInAgain(cookie, renamed)
		token := w.token(http.MethodGet, cookie).Token
		issued := part(t, token, 1)["iat"].(float64)
		if issued <= last {
			t.Errorf("iat of %q = %v after %v, want it to rise", name, issued, last)
		}
		last = issued
		if viewer, err := coral.Verify(ctx(), token); err != nil || viewer.Username != name {
			t.Errorf("Coral calls the person %q, %v, want %q", viewer.Username, err, name)
		}
	}
	w.Clock.Advance(time.Hour)
	if got, want := part(t, w.token(http.MethodGet, cookie).Token, 1)["iat"], float64(w.Now().Unix()); got != want {
		t.Errorf("iat an hour later = %v, want now, %v", got, want)
	}
}

func TestPostIsLimitedPerSession(t *testing.T) {
	w := open(t, site(talk.CoralSSO), chattest.Options{Limits: &limit.Settings{TalkTokensPerSession: 10}})
	cookie := w.SignIn(ada())
	for range 10 {
		w.token(http.MethodPost, cookie)
	}
	res := w.ask(http.MethodPost, cookie)
	if got := decode[problemBody](t, res); res.StatusCode != http.StatusTooManyRequests || got.Code != "too_many_requests" {
		t.Errorf("the eleventh POST within a minute = %d %q, want 429 too_many_requests (D18)", res.StatusCode, got.Code)
	}
	if res.Header.Get("Retry-After") == "" || res.Header.Get("Access-Control-Allow-Origin") != newsURL {
		t.Errorf("the 429 has the headers %v, want Retry-After and those of CORS", res.Header)
	}
	w.token(http.MethodGet, cookie)           // the cached one is still there to be had
	w.token(http.MethodPost, w.SignIn(ada())) // and another browser is not held up
	w.Replica().Session(cookie)               // nor is the session ended
	w.ask(http.MethodPost, cookie)
	if lines := strings.Count(w.Journal.String(), `"act":"limit_exceeded","reason":"talk_token_session"`); lines != 1 {
		t.Errorf("%d audit lines for two refusals in one window, want one", lines)
	}
}

func TestEveryCallIsLimited(t *testing.T) {
	for _, test := range []struct {
		name   string
		limits limit.Settings
	}{
		{"per session", limit.Settings{WarmCallsPerSession: 3}},
		{"per address", limit.Settings{WarmCallsPerAddress: 3}},
	} {
		t.Run(test.name, func(t *testing.T) {
			w := open(t, site(talk.CoralSSO), chattest.Options{Limits: &test.limits})
			cookie := w.SignIn(ada())
			for range 3 {
				w.token(http.MethodGet, cookie)
			}
			if res := w.ask(http.MethodGet, cookie); res.StatusCode != http.StatusTooManyRequests {
				t.Errorf("the fourth GET = %d, want 429 (D31)", res.StatusCode)
			}
			if strings.Contains(w.Journal.String(), "limit_exceeded") {
				t.Error("a limit that one replica counts by itself is in the audit log")
			}
			w.Clock.Advance(time.Minute)
			w.token(http.MethodGet, cookie)
		})
	}
}
