package talk_test

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"chatgate/gateway/chat/chattest"
	"chatgate/gateway/chat/talk"
	"chatgate/gateway/session"
)

// TestNoTokenOutlivesItsSession: exp is the end of the session for the site, where that is sooner than tokenLifetime. A token
// that cannot be revoked ends by its exp alone.
func TestNoTokenOutlivesItsSession(t *testing.T) { // D20, S62
	for name, o := range map[string]chattest.Options{
		"that has an absolute end":              {Session: session.Settings{Idle: time.Hour, Absolute: time.Hour}},
		"whose sign-in is too old for the site": {MaxAge: time.Hour},
	} {
		for kind, cfg := range kinds() {
			t.Run(kind+", of a session "+name, func(t *testing.T) {
				cfg := with(cfg, func(c *talk.Config) { c.IssueClients = issuing(talk.Talk4).IssueClients })
				w := open(t, cfg, o)
				cookie := w.SignIn(ada())
				over := w.Now().Add(time.Hour).Unix()
				w.Clock.Advance(50 * time.Minute)
				kept := w.token(http.MethodGet, cookie)
				tokens := map[string]tokenAnswer{"GET": kept, "POST": w.token(http.MethodPost, cookie)}
				if cfg.Profile != talk.CoralOIDC {
					tokens["issued"] = decode[tokenAnswer](t, w.issue(`{"id":"`+subjectOf(t, kept.Token)+`"}`, "cms", serverSecret))
				}
				for way, got := range tokens {
					if exp := int64(part(t, got.Token, 1)["exp"].(float64)); exp != over || got.ExpiresAt != over {
						t.Errorf("%s: exp = %d and expires_at = %d, want the session's end %d", way, exp, got.ExpiresAt, over)
					}
				}
				w.Clock.Advance(10*time.Minute - time.Second)
				if res := w.whose(w.token(http.MethodPost, cookie).Token); res.StatusCode != http.StatusOK {
					t.Errorf("GET /user a second before the end = %d, want 200", res.StatusCode)
				}
				w.Clock.Advance(time.Second)
				if res := w.ask(http.MethodGet, cookie); res.StatusCode != http.StatusUnauthorized {
					t.Errorf("GET /token at the end = %d, want 401", res.StatusCode)
				}
				if res := w.whose(kept.Token); res.StatusCode != http.StatusUnauthorized {
					t.Errorf("GET /user at the end = %d, want 401: the token has expired", res.StatusCode)
				}
				if res := w.issue(`{"id":"`+subjectOf(t, kept.Token)+`"}`, "cms", serverSecret); res.StatusCode != http.StatusNotFound {
					t.Errorf("POST /issue at the end = %d, want 404", res.StatusCode)
				}
			})
		}
	}
}

func TestASignInThatIsTooOldOpensNoOtherWay(t *testing.T) { // D20
	t.Run("Coral's own login", func(t *testing.T) {
		w := open(t, ownLogin(talk.CoralOIDC), chattest.Options{MaxAge: time.Hour})
		coral := loginCoral(t, w)
		cookie := w.SignIn(ada())
		w.Clock.Advance(time.Hour)
		if res := w.throughCoral(coral, cookie); !strings.HasPrefix(res.Header.Get("Location"), "/login?") {
			t.Errorf("Coral's own login = %d to %q, want to sign in first", res.StatusCode, res.Header.Get("Location"))
		}
		if res := w.throughCoral(coral, w.SignInAgain(cookie, ada())); !strings.HasPrefix(res.Header.Get("Location"), "/admin#accessToken=") {
			t.Errorf("after another sign-in Coral's own login = %d to %q, want in", res.StatusCode, res.Header.Get("Location"))
		}
	})
	t.Run("Coral's administration", func(t *testing.T) {
		w := open(t, with(site(talk.CoralOIDC), func(c *talk.Config) { c.AdminLink = true }), chattest.Options{MaxAge: time.Hour})
		cookie := w.SignIn(ada())
		w.Clock.Advance(time.Hour)
		res := w.call(http.MethodGet, "/talk/admin", cookie, "Sec-Fetch-Site", "none", "Sec-Fetch-Mode", "navigate")
		if !strings.HasPrefix(res.Header.Get("Location"), "/login?") {
			t.Errorf("GET /admin = %d to %q, want to sign in first", res.StatusCode, res.Header.Get("Location"))
		}
	})
}

func TestAShorterAgeReachesTokensThatAreKept(t *testing.T) { // D18
	w := open(t, site(talk.CoralOIDC), chattest.Options{})
	cookie := w.SignIn(ada())
	first := w.token(http.MethodGet, cookie)
	w.reopen(with(site(talk.CoralOIDC), func(c *talk.Config) { c.Access.MaxAge = 10 * time.Minute }))
	if again := w.token(http.MethodGet, cookie); again == first {
		t.Error("a GET answered a token from before maxAge was set")
	}
}
