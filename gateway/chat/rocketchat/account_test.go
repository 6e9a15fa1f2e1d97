package rocketchat_test

import (
	"net/http"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"chatgate/gateway/chat/rocketchat"
	"chatgate/gateway/chat/rocketchat/rocketchattest"
	"chatgate/oidc"
)

// adasAccount is what an administrator made before there was a gateway.
var adasAccount = rocketchattest.User{Username: "countess", Name: "A. Lovelace", Email: "Ada@Example.org", Verified: true}

// userID is whose token a call is answered with.
func (w *world) userID(a answer) string { id, _ := a.Body["userId"].(string); return id }

func TestAccountCreated(t *testing.T) {
	for _, version := range versions {
		t.Run(version, func(t *testing.T) {
			w := newWorld(t, settings{version: version, server: func(c *rocketchattest.Config) {
				c.Settings = map[string]any{"Accounts_ManuallyApproveNewUsers": true}
			}})
			w.signedIn(ada)
			got := w.people()[0]
			if len(got.Password) < 32 {
				t.Errorf("the password has %d characters, want at least 32", len(got.Password))
			}
			got.ID, got.Password = "", ""
			want := rocketchattest.User{
				Username: "ada", Name: "Ada Lovelace", Email: "ada@example.org", Verified: true,
				Roles: []string{"user"}, Type: "user",
			}
			if diff := cmp.Diff(want, got); diff != "" {
				t.Errorf("account differs (-want +got):\n%s", diff)
			}
		})
	}
}

func TestAccountLinkedByVerifiedAddress(t *testing.T) {
	for _, version := range versions {
		t.Run(version, func(t *testing.T) {
			w := newWorld(t, settings{version: version})
			account := adasAccount
			if strings.HasPrefix(version, "6.5") {
				account.Email = "ada@example.org" // its look-up knows one case only
			}
			id := w.server.AddUser(account)
			// Substring searches find this one too.
			w.server.AddUser(rocketchattest.User{Username: "other", Email: "not-ada@example.org"})
			if got := w.userID(w.token(w.env.SignIn(ada))); got != id {
				t.Errorf("the token is for %q, want the account with the address, %q", got, id)
			}
		})
	}
}

// TestLinkOutlivesChanges: neither side's names or addresses are part of a link (D6, S87).
func TestLinkOutlivesChanges(t *testing.T) {
	w := newWorld(t, settings{})
	id := w.server.AddUser(adasAccount)
	w.signedIn(ada)
	w.server.RemoveUser(id)
	renamed := adasAccount
	renamed.ID, renamed.Username, renamed.Email = id, "renamed", "elsewhere@example.org"
	w.server.AddUser(renamed)
	// Somebody else now has her address, at Rocket.Chat.
	w.server.AddUser(rocketchattest.User{Username: "newcomer", Email: ada.Email})

	if got := w.userID(w.token(w.env.SignIn(ada))); got != id {
		t.Errorf("the token is for %q, want the linked account %q", got, id)
	}
}

// TestDeletedAccount: a link that leads nowhere goes, and the person starts anew.
func TestDeletedAccount(t *testing.T) {
	w := newWorld(t, settings{})
	w.signedIn(ada)
	w.server.RemoveUser(w.people()[0].ID)
	w.signedIn(ada)
	if people := w.people(); len(people) != 1 {
		t.Errorf("%d accounts, want a new one", len(people))
	}
	if !strings.Contains(w.env.Journal.String(), `"act":"link_removed"`) {
		t.Error("the audit log does not say that the link was removed")
	}
}

func TestAccountRefusals(t *testing.T) {
	bob := oidc.Identity{Provider: "corp", Subject: "bob", Username: "ada", Email: ada.Email, EmailVerified: true}
	tests := []struct {
		name     string
		settings settings
		before   func(w *world)
		change   func(*oidc.Identity)
		code     string
		reason   string
	}{
		{
			name:   "an address that the provider has not verified (D8)",
			before: func(w *world) { w.server.AddUser(adasAccount) },
			change: func(id *oidc.Identity) { id.EmailVerified = false },
			code:   "email_unverified", reason: "email_unverified",
		},
		{
			name:   "an account of another subject (D8, S55)",
			before: func(w *world) { w.server.AddUser(adasAccount); w.signedIn(bob) },
			code:   "account_linked_to_another", reason: "linked_elsewhere",
		},
		{
			name: "an administrator's account (D8)",
			before: func(w *world) {
				admin := adasAccount
				admin.Roles = []string{"admin", "user"}
				w.server.AddUser(admin)
			},
			code: "account_is_administrator", reason: "administrator",
		},
		{
			name: "a deactivated account (S93)",
			before: func(w *world) {
				inactive := adasAccount
				inactive.Inactive = true
				w.server.AddUser(inactive)
			},
			code: "account_deactivated", reason: "deactivated",
		},
		{
			name:   "a linked account that was deactivated (S93)",
			before: func(w *world) { w.signedIn(ada); w.server.Deactivate(w.people()[0].ID) },
			code:   "account_deactivated", reason: "deactivated",
		},
		{
			name: "an account that is not a person's (D8)",
			before: func(w *world) {
				bot := adasAccount
				bot.Type = "bot"
				w.server.AddUser(bot)
			},
			code: "account_refused", reason: "chat_refused",
		},
		{
			name: "several accounts with the address (D8)",
			before: func(w *world) {
				w.server.AddUser(adasAccount)
				second := adasAccount
				second.Username = "second"
				w.server.AddUser(second)
			},
			code: "account_refused", reason: "email_ambiguous",
		},
		{
			name:     "an account with the address where accounts are not linked by it",
			settings: settings{config: func(c *rocketchat.Config) { c.Accounts.LinkBy = nil }},
			before:   func(w *world) { w.server.AddUser(adasAccount) },
			code:     "account_refused", reason: "linked_elsewhere",
		},
		{
			name:     "no account where none are made",
			settings: settings{config: func(c *rocketchat.Config) { c.Accounts.Create = false }},
			code:     "account_refused", reason: "creation_disabled",
		},
		{
			name:   "no address at all",
			change: func(id *oidc.Identity) { id.Email, id.EmailVerified = "", false },
			code:   "account_refused", reason: "chat_refused",
		},
		{
			name:     "no seat left",
			settings: settings{server: func(c *rocketchattest.Config) { c.Seats = 1 }},
			code:     "seats_exhausted", reason: "seats_exhausted",
		},
		{
			name: "an address that Rocket.Chat does not accept",
			settings: settings{server: func(c *rocketchattest.Config) {
				c.Settings = map[string]any{"Accounts_AllowedDomainsList": "example.com"}
			}},
			code: "account_refused", reason: "chat_refused",
		},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			w := newWorld(t, tt.settings)
			if tt.before != nil {
				tt.before(w)
			}
			made := w.server.Count("users.createToken")
			id := ada
			if tt.change != nil {
				tt.change(&id)
			}
			w.want("token", w.token(w.env.SignIn(id)), http.StatusForbidden, tt.code)
			if got := w.server.Count("users.createToken"); got != made {
				t.Error("a token was made for an account that was refused")
			}
			if !strings.Contains(w.env.Journal.String(), `"act":"account_refused","reason":"`+tt.reason+`"`) {
				t.Errorf("the audit log has no refusal for %s:\n%s", tt.reason, w.env.Journal)
			}
		})
	}
}

// TestAdministratorNamesTheCommand: the refusal says what an operator does about it (D8).
func TestAdministratorNamesTheCommand(t *testing.T) {
	admin := adasAccount
	admin.Roles = []string{"admin"}
	w := newWorld(t, settings{})
	w.server.AddUser(admin)
	if a := w.token(w.env.SignIn(ada)); !strings.Contains(a.Text, "chatgate accounts link") {
		t.Errorf("the refusal is %s, want it to name the command", a.Text)
	}
	w = newWorld(t, settings{config: func(c *rocketchat.Config) { c.Accounts.LinkAdmins = true }})
	w.server.AddUser(admin)
	w.want("token with linkAdmins", w.token(w.env.SignIn(ada)), http.StatusOK, "")
}

// TestLinkByOperator: a link that was made by hand counts for an administrator too.
func TestLinkByOperator(t *testing.T) {
	admin := adasAccount
	admin.Roles = []string{"admin"}
	w := newWorld(t, settings{})
	id := w.server.AddUser(admin)
	links := rocketchat.NewLinks(w.env.Store, w.env.Names, "rocketchat")
	w.must(links.Link(t.Context(), ada.Provider, ada.Subject, id))
	if got := w.userID(w.token(w.env.SignIn(ada))); got != id {
		t.Errorf("the token is for %q, want the administrator's account", got)
	}
}

// TestUsernames: names are trusted only where the operator says so, and never overrule the rules for accounts.
func TestUsernames(t *testing.T) {
	byName := func(c *rocketchat.Config) { c.Accounts.LinkBy = []rocketchat.Key{rocketchat.Username} }
	theirs := rocketchattest.User{Username: "ada", Name: "Another Ada", Email: "a@elsewhere.example"}
	t.Run("a name that is taken gets a suffix, the same at every try (R29, S56)", func(t *testing.T) {
		var names []string
		for range 2 {
			w := newWorld(t, settings{})
			taken := w.server.AddUser(theirs)
			if got := w.userID(w.token(w.env.SignIn(ada))); got == taken {
				t.Error("somebody else's account was taken over")
			}
			names = append(names, w.people()[1].Username)
		}
		if names[0] != names[1] || !strings.HasPrefix(names[0], "ada-") {
			t.Errorf("names %q, want ada with one and the same suffix", names)
		}
	})
	t.Run("a reserved name gets a suffix", func(t *testing.T) {
		w := newWorld(t, settings{server: func(c *rocketchattest.Config) {
			c.Settings = map[string]any{"Accounts_BlockedUsernameList": "ada"}
		}})
		w.signedIn(ada)
		if got := w.people()[0].Username; !strings.HasPrefix(got, "ada-") {
			t.Errorf("name %q, want ada with a suffix", got)
		}
	})
	t.Run("an account is found by name where that is configured", func(t *testing.T) {
		w := newWorld(t, settings{config: byName})
		id := w.server.AddUser(theirs)
		if got := w.userID(w.token(w.env.SignIn(ada))); got != id {
			t.Errorf("the token is for %q, want the account called ada", got)
		}
	})
	t.Run("two people with one name do not share an account", func(t *testing.T) {
		w := newWorld(t, settings{config: byName})
		w.server.AddUser(theirs)
		w.signedIn(ada)
		namesake := oidc.Identity{Provider: "other", Subject: "ada", Username: "ada"}
		w.want("token", w.token(w.env.SignIn(namesake)), http.StatusForbidden, "account_linked_to_another")
	})
	t.Run("a name that is not plain is looked up by nobody", func(t *testing.T) {
		w := newWorld(t, settings{config: byName})
		w.server.AddUser(rocketchattest.User{Username: "ada.lovelace", Email: "a@elsewhere.example"})
		odd := ada
		odd.Username = "Ada Lovelace"
		w.signedIn(odd)
		if len(w.people()) != 2 {
			t.Error("a name with a space was taken for one without")
		}
	})
}

// TestSameSubjectAtAnotherProvider: people are the same only when provider and subject are (D6).
func TestSameSubjectAtAnotherProvider(t *testing.T) {
	w := newWorld(t, settings{})
	_, adas := w.signedIn(ada)
	other := oidc.Identity{Provider: "other", Subject: "ada", Username: "ada", Email: "ada@other.example", EmailVerified: true}
	if _, token := w.signedIn(other); token == adas || len(w.people()) != 2 {
		t.Error("one subject at two providers was taken for one person")
	}
}

// TestAddressTakenMeanwhile: another writer made the account between our look-up and our creation (R29).
func TestAddressTakenMeanwhile(t *testing.T) {
	racing := &before{route: "/api/v1/users.create"}
	w := newWorld(t, settings{transport: racing})
	var id string
	racing.first = func() { id = w.server.AddUser(adasAccount) }
	if got := w.userID(w.token(w.env.SignIn(ada))); got != id || id == "" {
		t.Errorf("the token is for %q, want the account that was made meanwhile, %q", got, id)
	}
}

// before does something once, before a route is asked.
type before struct {
	http.RoundTripper
	route string
	first func()
}

func (b *before) RoundTrip(r *http.Request) (*http.Response, error) {
	if act := b.first; r.URL.Path == b.route && act != nil {
		b.first = nil
		act()
	}
	return b.RoundTripper.RoundTrip(r)
}

func (b *before) over(t http.RoundTripper) { b.RoundTripper = t }
