package talk_test

import (
	"context"
	"net/http"
	"strings"
	"testing"
	"time"

	"chatgate/gateway/chat"
	"chatgate/gateway/chat/chattest"
	"chatgate/gateway/chat/talk"
	"chatgate/gateway/session"
	"chatgate/oidc"
	"chatgate/store"
	"chatgate/store/memstore"
)

// recheck is the provider saying something else of the person behind a cookie.
func (w *world) recheck(cookie *http.Cookie, change func(*oidc.Identity)) {
	w.t.Helper()
	former := w.Session(cookie)
	now := former
	change(&now.Identity)
	for range 2 { // as the session manager does: before the session says so, and once more after
		w.must(w.connector.(chat.Rechecker).RecheckSession(ctx(), former, now))
	}
	w.drain()
}

func TestWhoLosesSomethingAtARecheckLosesTheirTokens(t *testing.T) { // S54, G16
	for _, test := range []struct {
		name   string
		change func(*oidc.Identity)
		lost   bool
	}{
		{"a role that sinks", func(id *oidc.Identity) { id.Groups = []string{"editors"} }, true},
		{"a role that is gone", func(id *oidc.Identity) { id.Groups = nil }, true},
		{"an address that nobody vouches for any more", func(id *oidc.Identity) { id.EmailVerified = false }, true},
		{"a role that rises", func(id *oidc.Identity) { id.Groups = []string{"moderators", "chiefs"} }, false},
		{"another name", func(id *oidc.Identity) { id.Username = "countess" }, false},
		{"another address", func(id *oidc.Identity) { id.Email = "countess@example.org" }, false},
	} {
		t.Run(test.name, func(t *testing.T) {
			w, product := openAt(t, with(site(talk.CoralSSO), func(c *talk.Config) {
				c.Roles = map[string]talk.Role{"editors": talk.Staff, "moderators": talk.Moderator, "chiefs": talk.Admin}
			}), chattest.Options{})
			moderator := ada()
			moderator.Groups = []string{"moderators"}
			cookie, elsewhere := w.SignIn(moderator), w.SignIn(moderator)
			kept, other := w.token(http.MethodGet, cookie), w.token(http.MethodGet, elsewhere)
			if !product.taken(kept.Token) || !product.taken(other.Token) {
				t.Fatal("a token is refused before the re-check")
			}
			w.recheck(cookie, test.change)
			if taken := product.taken(kept.Token); taken == test.lost {
				t.Errorf("the token with the former claims is taken: %v, want %v", taken, !test.lost)
			}
			if !product.taken(other.Token) {
				t.Error("the token of a session that was not re-checked was revoked too")
			}
			if again := w.token(http.MethodGet, cookie); again == kept && test.lost {
				t.Error("a GET answers the token that was revoked")
			}
		})
	}
}

func TestARecheckRevokesNothingWhereTokensGiveNoRole(t *testing.T) { // S54
	for _, profile := range []talk.Profile{talk.CoralOIDC, talk.Talk4} {
		t.Run(string(profile), func(t *testing.T) {
			w, product := openAt(t, site(profile), chattest.Options{})
			cookie := w.SignIn(ada())
			kept := w.token(http.MethodGet, cookie)
			w.recheck(cookie, func(id *oidc.Identity) { id.Groups, id.EmailVerified = nil, false })
			if len(product.calls) > 0 || w.token(http.MethodGet, cookie) != kept {
				t.Errorf("the calls are %v, want none, and the token that is kept", product.calls)
			}
		})
	}
}

// TestATokenWhoseSessionWasLostIsRevokedWithItsPerson: the ledger knows it when the session's record is gone (D11).
func TestATokenWhoseSessionWasLostIsRevokedWithItsPerson(t *testing.T) { // D11, D20
	for name, revoke := range map[string]func(w *world) error{
		"by subject":         func(w *world) error { return w.Ledger.RevokeSubject(ctx(), "corp", ada().Subject, "") },
		"by provider's sid":  func(w *world) error { return w.Ledger.RevokeSID(ctx(), "corp", ada().Subject, "sid-1") },
		"by subject at last": func(w *world) error { _, err := w.Sessions.EndSubject(ctx(), "corp", ada().Subject); return err },
	} {
		t.Run(name, func(t *testing.T) {
			w, product := openAt(t, site(talk.CoralSSO), chattest.Options{})
			id := ada()
			id.SID = "sid-1"
			cookie := w.SignIn(id)
			token := w.token(http.MethodGet, cookie).Token
			if !strings.Contains(name, "at last") {
				w.must(store.NewRecords(w.Store.Passing("session"), "s").Delete(ctx(), w.Session(cookie).Key))
				if res := w.ask(http.MethodGet, cookie); res.StatusCode != http.StatusUnauthorized {
					t.Fatalf("GET /token of a lost session = %d, want 401", res.StatusCode)
				}
			}
			w.must(revoke(w))
			w.drain()
			if product.taken(token) {
				t.Error("the token is taken after everything of its person was ended")
			}
		})
	}
}

// whileSigning is an engine that does something once, right before a token is kept: when it is signed already.
type whileSigning struct {
	store.Engine
	do func()
}

func (e *whileSigning) SetHash(ctx context.Context, key, anchor string, set map[string][]byte, remove []string, ttl time.Duration) error {
	if do := e.do; do != nil && set["t.talk"] != nil {
		e.do = nil
		do()
	}
	return e.Engine.SetHash(ctx, key, anchor, set, remove, ttl)
}

// TestATokenThatIsSignedDuringARecheck: a re-check that is through before the token is kept finds nothing to take back, and
// nobody is given the token for that (S54, D21).
func TestATokenThatIsSignedDuringARecheck(t *testing.T) {
	for _, test := range []struct {
		name    string
		profile talk.Profile
		groups  string
		status  int
	}{
		{"for somebody whom the rules leave out", talk.CoralSSO, "guests", http.StatusForbidden},
		{"for somebody whom the rules leave out, at Talk 4", talk.Talk4, "guests", http.StatusForbidden},
		{"for somebody whom the rules leave out, which nothing revokes", talk.CoralOIDC, "guests", http.StatusForbidden},
		{"for somebody whose role sinks", talk.CoralSSO, "readers", http.StatusServiceUnavailable},
	} {
		t.Run(test.name, func(t *testing.T) {
			provider := &chattest.Provider{Says: func(id oidc.Identity) oidc.Identity {
				id.Groups = []string{test.groups}
				return id
			}}
			engine := &whileSigning{Engine: memstore.New(memstore.Config{})}
			w, product := openAt(t, with(moderated(test.profile), func(c *talk.Config) {
				c.Access = chat.AccessRules{Groups: []string{"moderators", "readers"}}
			}), chattest.Options{
				Engine: engine, Provider: provider,
				Session: session.Settings{Idle: time.Hour, Absolute: 24 * time.Hour, Recheck: time.Minute},
			})
			moderator := ada()
			moderator.Groups = []string{"moderators"}
			cookie := w.SignIn(moderator)
			w.Clock.Advance(54 * time.Second) // due, and no call waits for it yet
			engine.do = func() { w.must(w.Sessions.RecheckDue(ctx())) }
			if res := w.ask(http.MethodGet, cookie); res.StatusCode != test.status || engine.do != nil {
				t.Errorf("GET /token = %d, want %d; the token was signed before the re-check: %t", res.StatusCode, test.status, engine.do == nil)
			}
			w.drain()
			if revoked := len(product.calls) > 0; revoked != (test.profile != talk.CoralOIDC) {
				t.Errorf("the calls are %v, want the token revoked where that can be", product.calls)
			}
			if test.groups == "readers" {
				w.token(http.MethodGet, cookie) // with what is true now
			}
		})
	}
}

// TestATokenApartThatIsSignedDuringARecheck: neither the administration nor a site's own server is given it (S54, D21).
func TestATokenApartThatIsSignedDuringARecheck(t *testing.T) {
	provider := &chattest.Provider{}
	engine := &whileOwned{Engine: memstore.New(memstore.Config{})}
	w, product := openAt(t, with(issuing(talk.CoralSSO), func(c *talk.Config) {
		c.Access = chat.AccessRules{Groups: []string{"moderators"}}
	}), chattest.Options{
		Engine: engine, Provider: provider,
		Session: session.Settings{Idle: time.Hour, Absolute: 24 * time.Hour, Recheck: time.Minute},
	})
	moderator := ada()
	moderator.Groups = []string{"moderators"}
	body := `{"id":"` + subjectOf(t, w.token(http.MethodGet, w.SignIn(moderator)).Token) + `"}`
	w.Clock.Advance(54 * time.Second)
	provider.Says = func(id oidc.Identity) oidc.Identity {
		id.Groups = nil
		return id
	}
	engine.do = func() { w.must(w.Sessions.RecheckDue(ctx())) }
	if res := w.issue(body, "cms", serverSecret); res.StatusCode != http.StatusNotFound || engine.do != nil {
		t.Errorf("POST /issue = %d, want 404: nobody who may have one; the token was signed: %t", res.StatusCode, engine.do == nil)
	}
	w.drain()
	if len(product.calls) != 1 {
		t.Errorf("the calls are %v, want one that revokes the token that was issued", product.calls)
	}
}

// whileOwned is an engine that does something once, right before a token is entered as somebody's.
type whileOwned struct {
	store.Engine
	do func()
}

func (e *whileOwned) Put(ctx context.Context, key string, value []byte, ttl time.Duration) error {
	if do := e.do; do != nil && strings.Contains(key, ":talk:talk") {
		e.do = nil
		do()
	}
	return e.Engine.Put(ctx, key, value, ttl)
}

// moderated is a site with a role where tokens give one.
func moderated(profile talk.Profile) talk.Config {
	return with(site(profile), func(c *talk.Config) {
		if profile == talk.CoralSSO {
			c.Roles = map[string]talk.Role{"moderators": talk.Moderator}
		}
	})
}
