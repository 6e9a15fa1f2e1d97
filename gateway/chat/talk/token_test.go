package talk_test

import (
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/prometheus/client_golang/prometheus/testutil"

	"chatgate/gateway/chat"
	"chatgate/gateway/chat/chattest"
	"chatgate/gateway/chat/talk"
	"chatgate/gateway/keyring"
	"chatgate/oidc"
	"chatgate/store"
)

func TestTokenAnswersAPageThatMayReadIt(t *testing.T) {
	for _, profile := range []talk.Profile{talk.CoralSSO, talk.CoralOIDC, talk.Talk4} {
		t.Run(string(profile), func(t *testing.T) {
			w := open(t, site(profile), chattest.Options{})
			res := w.ask(http.MethodGet, w.SignIn(ada()))
			got := map[string]string{}
			for _, name := range []string{"Content-Type", "Cache-Control", "Vary", "Access-Control-Allow-Origin", "Access-Control-Allow-Credentials"} {
				got[name] = res.Header.Get(name)
			}
			want := map[string]string{
				"Content-Type": "application/json; charset=utf-8", "Cache-Control": "no-store", "Vary": "Origin",
				"Access-Control-Allow-Origin": newsURL, "Access-Control-Allow-Credentials": "true",
			}
			if diff := cmp.Diff(want, got); diff != "" {
				t.Errorf("headers (-want +got):\n%s", diff)
			}
			answer := decode[tokenAnswer](t, res)
			if want := w.Now().Add(15 * time.Minute).Unix(); answer.ExpiresAt != want {
				t.Errorf("expires_at = %d, want %d", answer.ExpiresAt, want)
			}
			if got := part(t, answer.Token, 1)["exp"]; got != float64(answer.ExpiresAt) {
				t.Errorf("exp = %v, want %d as the answer says", got, answer.ExpiresAt)
			}
		})
	}
}

func TestHeaderIsAlgorithmTypeAndKeyAlone(t *testing.T) {
	shared := with(site(talk.Talk4), func(c *talk.Config) { c.SharedSecret = sharedSecret })
	rotated := with(site(talk.CoralSSO), func(c *talk.Config) {
		c.SSOSecrets, c.SSOCurrent = map[string]store.Secret{"old": olderSecret, "new": ssoSecret}, "new"
	})
	for _, test := range []struct {
		name     string
		cfg      talk.Config
		alg, kid string // an empty kid stands for that of the site's own key
	}{
		{"coral-sso (G15)", site(talk.CoralSSO), "HS256", "kid-1"},
		{"coral-sso with two secrets", rotated, "HS256", "new"},
		{"coral-oidc (G19)", site(talk.CoralOIDC), "RS256", ""},
		{"talk4 (G11)", site(talk.Talk4), "RS256", ""},
		{"talk4 with a shared secret", shared, "HS256", "talk"},
	} {
		t.Run(test.name, func(t *testing.T) {
			w := open(t, test.cfg, chattest.Options{})
			if test.kid == "" {
				test.kid, _ = w.Keys.SigningKID()
			}
			want := map[string]any{"alg": test.alg, "typ": "JWT", "kid": test.kid}
			got := part(t, w.token(http.MethodGet, w.SignIn(ada())).Token, 0)
			if diff := cmp.Diff(want, got); diff != "" {
				t.Errorf("header (-want +got):\n%s", diff)
			}
		})
	}
}

func TestTokenRefuses(t *testing.T) {
	group := func(c *talk.Config) { c.Access = chat.AccessRules{Groups: []string{"readers"}} }
	unverified := ada()
	unverified.EmailVerified = false
	for _, test := range []struct {
		name     string
		cfg      talk.Config
		identity *oidc.Identity
		headers  []string
		status   int
		code     string
	}{
		{"nobody signed in (G29)", site(talk.CoralOIDC), nil, []string{"Origin", newsURL}, 401, "session_required"},
		{"a page that is not listed (B-03)", site(talk.CoralOIDC), new(ada()), []string{"Origin", "https://evil.example"}, 403, "origin_not_allowed"},
		{"a page that may embed but not read (D29)", site(talk.CoralOIDC), new(ada()), []string{"Origin", blogURL}, 403, "origin_not_allowed"},
		{"the comments' own origin, which has no use for it", site(talk.CoralOIDC), new(ada()), []string{"Origin", coralURL}, 403, "origin_not_allowed"},
		{"a window (B-04)", site(talk.CoralOIDC), new(ada()),
			[]string{"Sec-Fetch-Site", "same-origin", "Sec-Fetch-Mode", "navigate"}, 403, "origin_not_allowed"},
		{"a person the rules leave out (D7)", with(site(talk.CoralOIDC), group), new(ada()), []string{"Origin", newsURL}, 403, "access_denied"},
		{"single sign-on without a verified address (G9)", site(talk.CoralSSO), &unverified, []string{"Origin", newsURL}, 403, "email_unverified"},
	} {
		for _, method := range []string{http.MethodGet, http.MethodPost} {
			t.Run(test.name+" by "+method, func(t *testing.T) {
				w := open(t, test.cfg, chattest.Options{})
				var cookie *http.Cookie
				if test.identity != nil {
					cookie = w.SignIn(*test.identity)
				}
				res := w.call(method, "/talk/token", cookie, test.headers...)
				got := decode[problemBody](t, res)
				if res.StatusCode != test.status || got.Code != test.code {
					t.Errorf("%s /token = %d %q, want %d %q", method, res.StatusCode, got.Code, test.status, test.code)
				}
				if res.Header.Get("Cache-Control") != "no-store" {
					t.Errorf("Cache-Control = %q, want no-store", res.Header.Get("Cache-Control"))
				}
				if strings.Contains(w.Journal.String(), "talk token signed") {
					t.Error("a token was signed for a request that was refused")
				}
			})
		}
	}
}

func TestRefusalsAreAuditedWithTheirReason(t *testing.T) {
	w := open(t, with(site(talk.CoralOIDC), func(c *talk.Config) {
		c.Access = chat.AccessRules{Groups: []string{"readers"}}
	}), chattest.Options{})
	w.ask(http.MethodGet, w.SignIn(ada()))
	for _, want := range []string{`"act":"chat_token_refused"`, `"reason":"group_missing"`, `"sub":"248289761001"`, `"chat":"talk"`} {
		if !strings.Contains(w.Journal.String(), want) {
			t.Errorf("the audit lacks %s:\n%s", want, w.Journal)
		}
	}
}

func TestUnverifiedAddressesAreNeverSaid(t *testing.T) {
	admin := oidc.Identity{Provider: "corp", Subject: "1", Username: "eve", Email: "admin@example.org"}
	for _, profile := range []talk.Profile{talk.CoralOIDC, talk.Talk4} {
		w := open(t, site(profile), chattest.Options{})
		claims := part(t, w.token(http.MethodGet, w.SignIn(admin)).Token, 1)
		for _, name := range []string{"email", "email_verified"} {
			if value, present := claims[name]; present {
				t.Errorf("%s: the token has %q: %v, want it left out (G9)", profile, name, value)
			}
		}
	}
}

func TestSignOutEndsTheGivingAtOnce(t *testing.T) {
	w := open(t, site(talk.CoralOIDC), chattest.Options{})
	cookie := w.SignIn(ada())
	w.token(http.MethodGet, cookie)
	w.SignOut(cookie)
	if res := w.ask(http.MethodGet, cookie); res.StatusCode != http.StatusUnauthorized {
		t.Errorf("GET /token after the sign-out = %d, want 401 (G31)", res.StatusCode)
	}
}

func TestEachTokenHasAnIDAndANonceOfItsOwn(t *testing.T) {
	w := open(t, site(talk.CoralOIDC), chattest.Options{})
	cookie := w.SignIn(ada())
	var seen []any
	for range 5 {
		claims := part(t, w.token(http.MethodPost, cookie).Token, 1)
		for _, name := range []string{"jti", "nonce"} {
			value := claims[name].(string)
			if len(value) < 22 || slices.Contains(seen, any(value)) {
				t.Errorf("%s = %q, want 128 random bits or more (G7, G19)", name, value)
			}
			seen = append(seen, value)
		}
	}
}

func TestUserIDIsTheSubjectsForEver(t *testing.T) {
	w := open(t, site(talk.CoralOIDC), chattest.Options{})
	id := func(identity oidc.Identity) string {
		return part(t, w.token(http.MethodGet, w.SignIn(identity)).Token, 1)["sub"].(string)
	}
	first := id(ada())
	renamed := ada()
	renamed.Username, renamed.Name, renamed.Email = "countess", "Ada King", "ada@king.example.org"
	if got := id(renamed); got != first {
		t.Errorf("sub of a renamed person = %q, want %q as before (G8)", got, first)
	}
	elsewhere := ada()
	elsewhere.Provider = "partners"
	if got := id(elsewhere); got == first {
		t.Error("the same subject at another provider has the same user id")
	}
	for _, personal := range []string{"ada@", "lovelace", "248289761001", "example"} {
		if strings.Contains(strings.ToLower(first), personal) {
			t.Errorf("sub = %q, which has %q in it (S94)", first, personal)
		}
	}
}

// TestAGenerationGivesEveryoneAnotherUserID: a Coral keeps the document of a person who was deleted, and refuses them under
// their old id for ever (T-D8). Nothing but the id changes, and the way back is open.
func TestAGenerationGivesEveryoneAnotherUserID(t *testing.T) {
	for _, profile := range []talk.Profile{talk.CoralSSO, talk.CoralOIDC, talk.Talk4} {
		t.Run(string(profile), func(t *testing.T) {
			w := open(t, site(profile), chattest.Options{})
			cookie := w.SignIn(ada())
			first := userID(t, w.token(http.MethodGet, cookie).Token)
			for generation, want := range map[uint]string{1: first + ".1", 2: first + ".2", 0: first} {
				w.reopen(with(site(profile), func(c *talk.Config) { c.Generation = generation }))
				token := w.token(http.MethodGet, cookie).Token
				if got := userID(t, token); got != want {
					t.Errorf("the user id in generation %d = %q, want %q", generation, got, want)
				}
				if got := username(t, token); got != "ada" {
					t.Errorf("the username in generation %d = %q, want ada", generation, got)
				}
			}
		})
	}
}

// TestADeletedPersonComesBackInAnotherGeneration walks the whole way at a Coral and a Talk 4.
func TestADeletedPersonComesBackInAnotherGeneration(t *testing.T) {
	for _, profile := range []talk.Profile{talk.CoralSSO, talk.Talk4} {
		w := open(t, site(profile), chattest.Options{})
		product := productOf(t, w, site(profile))
		before, err := product.Verify(ctx(), w.token(http.MethodGet, w.SignIn(ada())).Token)
		if err != nil {
			t.Fatal(err)
		}
		next := with(site(profile), func(c *talk.Config) { c.Generation = 1 })
		w.reopen(next)
		if profile == talk.CoralSSO {
			product = productOf(t, w, next) // a Coral links the new id to whoever has the address
		}
		after, err := product.Verify(ctx(), w.token(http.MethodGet, w.SignIn(ada())).Token)
		if err != nil || after.ID == before.ID {
			t.Errorf("%s: the account is %q, %v, want another than %q", profile, after.ID, err, before.ID)
		}
	}
}

// userID is whom a token names, under any profile.
func userID(t *testing.T, token string) string {
	t.Helper()
	claims := part(t, token, 1)
	if user, ok := claims["user"].(map[string]any); ok {
		return user["id"].(string)
	}
	return claims["sub"].(string)
}

func TestADeletedReaderReturnsUnderAnotherID(t *testing.T) { // Coral and Talk keep the document of a deleted account (G8)
	w := open(t, site(talk.CoralOIDC), chattest.Options{})
	id := func(subject string) string {
		person := ada()
		person.Subject = subject
		return part(t, w.token(http.MethodGet, w.SignIn(person)).Token, 1)["sub"].(string)
	}
	deleted, other := id("deleted"), id("other")
	w.reopen(with(site(talk.CoralOIDC), func(c *talk.Config) { c.Deleted = map[string]uint{deleted: 1} }))
	if got := id("deleted"); got != deleted+"-1" {
		t.Errorf("sub of the person who was deleted = %q, want %q", got, deleted+"-1")
	}
	if got := id("other"); got != other {
		t.Errorf("sub of anybody else = %q, want %q as before", got, other)
	}
}

func TestIssuerIsTheChatsUnlessItIsPinned(t *testing.T) {
	issuer := func(cfg talk.Config, name string) any {
		w := open(t, cfg, chattest.Options{Name: name})
		return part(t, w.token(http.MethodGet, w.SignIn(ada())).Token, 1)["iss"]
	}
	if got := issuer(site(talk.CoralOIDC), "letters"); got != chattest.BaseURL+"/letters" {
		t.Errorf("iss = %v, want %s/letters (G6)", got, chattest.BaseURL)
	}
	pinned := with(site(talk.CoralOIDC), func(c *talk.Config) { c.Issuer = chattest.BaseURL + "/former" })
	if got := issuer(pinned, "letters"); got != chattest.BaseURL+"/former" {
		t.Errorf("iss = %v, want the pinned %s/former (D16)", got, chattest.BaseURL)
	}
}

func TestKeysThatAreNotLoadedAnswer503(t *testing.T) {
	w := open(t, site(talk.CoralOIDC), chattest.Options{})
	w.Keys = w.keyring(keyring.SetConfig{Name: "talk"}).Set("talk")
	w.reopen(site(talk.CoralOIDC))
	for path, res := range map[string]*http.Response{
		"token":          w.ask(http.MethodGet, w.SignIn(ada())),
		"jwks.json":      w.call(http.MethodGet, "/talk/jwks.json", nil),
		"well-known":     w.call(http.MethodGet, "/talk/.well-known/jwks.json", nil),
		"user with some": w.whose("a.b.c"),
	} {
		if got := decode[problemBody](t, res); res.StatusCode != http.StatusServiceUnavailable || got.Code != "keys_not_loaded" {
			t.Errorf("%s = %d %q, want 503 keys_not_loaded (D26)", path, res.StatusCode, got.Code)
		}
	}
}

func TestRequestsAreCounted(t *testing.T) {
	w := open(t, site(talk.CoralSSO), chattest.Options{})
	cookie := w.SignIn(ada())
	w.token(http.MethodGet, cookie)
	w.token(http.MethodGet, cookie)
	unverified := ada()
	unverified.EmailVerified = false
	w.ask(http.MethodGet, w.SignIn(unverified))
	w.ask(http.MethodGet, nil)
	want := `
		# HELP chatgate_chat_tokens_total Tokens asked for, by chat and by how it went.
		# TYPE chatgate_chat_tokens_total counter
		chatgate_chat_tokens_total{chat="talk",result="cached"} 1
		chatgate_chat_tokens_total{chat="talk",result="email_unverified"} 1
		chatgate_chat_tokens_total{chat="talk",result="session_required"} 1
		chatgate_chat_tokens_total{chat="talk",result="signed"} 1
	`
	if err := testutil.GatherAndCompare(w.Registry, strings.NewReader(want), "chatgate_chat_tokens_total"); err != nil {
		t.Error(err)
	}
}

func TestTheLogNeverHoldsATokenOrAPerson(t *testing.T) {
	w := open(t, site(talk.CoralSSO), chattest.Options{})
	cookie := w.SignIn(ada())
	answer := w.token(http.MethodGet, cookie)
	w.whose(answer.Token)
	w.whose(answer.Token + "x")
	w.SignOut(cookie)
	w.whose(answer.Token)
	journal := w.Journal.String()
	for _, secret := range []string{answer.Token, strings.Split(answer.Token, ".")[2], cookie.Value, ssoSecret, "Ada", "ada@example.org"} {
		if strings.Contains(journal, secret) {
			t.Errorf("the log holds %q (S134)", secret)
		}
	}
	if !strings.Contains(journal, `"act":"talk_token_signed"`) || !strings.Contains(journal, `"kid":"kid-1"`) {
		t.Errorf("the log lacks the line of the signature:\n%s", journal)
	}
}
