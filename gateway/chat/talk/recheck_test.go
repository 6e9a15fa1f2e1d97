package talk_test

import (
	"net/http"
	"strings"
	"testing"

	"chatgate/gateway/chat"
	"chatgate/gateway/chat/chattest"
	"chatgate/gateway/chat/talk"
	"chatgate/oidc"
	"chatgate/store"
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
