package rocketchat_test

import (
	"net/http"
	"strings"
	"sync"
	"testing"

	"chatgate/gateway/chat/rocketchat"
	"chatgate/gateway/chat/rocketchat/rocketchattest"
	"chatgate/oidc"
)

// TestRenamedPerson: the link stays, and people go on being mentioned by the name they had (D6, R23).
func TestRenamedPerson(t *testing.T) {
	w := newWorld(t, settings{})
	w.signedIn(ada)
	userID := w.people()[0].ID
	renamed := ada
	renamed.Username, renamed.Name, renamed.Email = "countess", "Ada King", "king@example.org"
	if got := w.userID(w.token(w.env.SignIn(renamed))); got != userID {
		t.Errorf("the token is for %q, want her account %q", got, userID)
	}
	w.drain()
	got := w.people()[0]
	if got.Username != "ada" || got.Name != "Ada King" || got.Email != "king@example.org" {
		t.Errorf("account %q, %q, %q, want the username of before with the new name and address", got.Username, got.Name, got.Email)
	}
}

// TestRecycledNames: whoever gets a name or an address that was somebody else's gets nothing of theirs (D8, S56).
func TestRecycledNames(t *testing.T) {
	newcomer := oidc.Identity{
		Provider: "corp", Subject: "another-ada", Username: "ada", Name: "Ada Byron", Email: "byron@example.org", EmailVerified: true,
	}
	byBoth := func(c *rocketchat.Config) {
		c.Accounts.LinkBy = []rocketchat.Key{rocketchat.VerifiedEmail, rocketchat.Username}
	}
	tests := []struct {
		name   string
		config func(*rocketchat.Config)
		change func(*oidc.Identity)
		// what became of the former person before
		before func(w *world)
		code   string // empty: an account of their own
	}{
		{name: "the name"},
		{name: "the name, where accounts are linked by it", config: byBoth, code: "account_linked_to_another"},
		{name: "the address", change: func(id *oidc.Identity) { id.Username, id.Email = "byron", ada.Email }, code: "account_linked_to_another"},
		{name: "both", change: func(id *oidc.Identity) { id.Email = ada.Email }, code: "account_linked_to_another"},
		{
			name: "both, of somebody whose account is switched off", change: func(id *oidc.Identity) { id.Email = ada.Email },
			before: func(w *world) { w.server.Deactivate(w.people()[0].ID) }, code: "account_deactivated",
		},
		{
			name: "both, of somebody whose account was deleted", change: func(id *oidc.Identity) { id.Email = ada.Email },
			before: func(w *world) { w.server.RemoveUser(w.people()[0].ID) },
		},
		{
			name: "an address that its owner has left", change: func(id *oidc.Identity) { id.Username, id.Email = "byron", ada.Email },
			before: func(w *world) {
				moved := ada
				moved.Email = "king@example.org"
				w.comesBack(moved)
			},
		},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			w := newWorld(t, settings{config: tt.config})
			w.signedIn(ada)
			former := w.people()[0].ID
			if tt.before != nil {
				tt.before(w)
			}
			id := newcomer
			if tt.change != nil {
				tt.change(&id)
			}
			a := w.token(w.env.SignIn(id))
			if got := w.userID(a); got == former {
				t.Fatal("the newcomer was let into the account of somebody else")
			}
			if tt.code == "" {
				w.want("token", a, http.StatusOK, "")
				return
			}
			w.want("token", a, http.StatusForbidden, tt.code)
		})
	}
}

// TestReplicasRaceForANewcomer: two connectors on one store make one account, whether one of them, or somebody outside,
// was quicker at Rocket.Chat (R29, S88).
func TestReplicasRaceForANewcomer(t *testing.T) {
	for _, strategy := range []struct {
		name   string
		config func(*rocketchat.Config)
	}{{"by users.createToken", nil}, {"by password", byPassword}} {
		t.Run(strategy.name, func(t *testing.T) {
			w := newWorld(t, settings{config: strategy.config})
			replicas := []http.Handler{w.handler, w.replica()}
			tokens := make([]string, 8)
			var all sync.WaitGroup
			for i := range tokens {
				cookie := w.env.SignIn(ada)
				all.Go(func() { tokens[i] = w.tokenAt(replicas[i%2], cookie).loginToken() })
			}
			all.Wait()
			if n := len(w.people()); n != 1 || w.server.Count("users.create") != 1 {
				t.Errorf("%d accounts by %d calls, want one", n, w.server.Count("users.create"))
			}
			for i, token := range tokens {
				if token == "" || !w.server.Alive(token) {
					t.Errorf("session %d has no login", i)
				}
			}
			if w.count("account_created") != 1 {
				t.Error("the audit log has another number of creations")
			}
		})
	}
}

// TestANameTakenMeanwhile: whoever took the name between the look-up and the creation keeps it (R29).
func TestANameTakenMeanwhile(t *testing.T) {
	racing := &before{route: "/api/v1/users.create"}
	w := newWorld(t, settings{transport: racing})
	racing.first = func() { w.server.AddUser(rocketchattest.User{Username: "Ada", Email: "other@example.org"}) }
	w.signedIn(ada)
	if got := w.people()[1].Username; !strings.HasPrefix(got, "ada-") {
		t.Errorf("name %q, want ada with a suffix", got)
	}
}

// TestDefaultChannels: new accounts join them unless the operator has others in mind.
func TestDefaultChannels(t *testing.T) {
	for _, join := range []bool{true, false} {
		w := newWorld(t, settings{config: func(c *rocketchat.Config) { c.Accounts.JoinDefaultChannels = join }})
		w.signedIn(ada)
		general, _ := w.server.Room("GENERAL")
		if got := len(general.Members) == 1; got != join {
			t.Errorf("joinDefaultChannels %v: in #general %v", join, got)
		}
	}
}
