package rocketchat_test

import (
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"chatgate/gateway/chat/rocketchat"
	"chatgate/gateway/chat/rocketchat/rocketchattest"
	"chatgate/oidc"
)

const passwordKey = "a password key of at least thirty-two characters"

func byPassword(c *rocketchat.Config) {
	c.API.Tokens, c.API.PasswordKey = rocketchat.Password, passwordKey
}

// TestPasswordLoginOnEveryVersion: where users.createToken is not to be had, accounts made here sign in all the same.
func TestPasswordLoginOnEveryVersion(t *testing.T) {
	for _, version := range versions {
		t.Run(version, func(t *testing.T) {
			w := newWorld(t, settings{version: version, config: byPassword, server: func(c *rocketchattest.Config) {
				c.CreateTokenEnv, c.CreateTokenSecret = false, ""
			}})
			_, first := w.signedIn(ada)
			cookie, second := w.signedIn(ada)
			if first == second || !w.server.Alive(first) || !w.server.Alive(second) {
				t.Error("two sessions share a login, or one ended the other's (R8)")
			}
			w.env.SignOut(cookie)
			w.drain()
			if w.server.Alive(second) || !w.server.Alive(first) {
				t.Error("the sign-out did not end its own login and no other")
			}
			if n := w.server.Count("users.createToken"); n != 0 {
				t.Errorf("users.createToken was asked %d times", n)
			}
			password := w.people()[0].Password
			for _, secret := range []string{password, passwordKey} {
				if strings.Contains(w.env.Journal.String(), secret) {
					t.Error("the log holds a password or its key (R34)")
				}
			}
		})
	}
}

// TestPasswordsDiffer: every account has one of its own, which says nothing of any other.
func TestPasswordsDiffer(t *testing.T) {
	w := newWorld(t, settings{config: byPassword})
	w.signedIn(ada)
	w.signedIn(oidc.Identity{Provider: "corp", Subject: "bob", Username: "bob", Email: "bob@example.org", EmailVerified: true})
	people := w.people()
	if people[0].Password == people[1].Password || len(people[0].Password) < 32 {
		t.Error("two accounts have one password, or a short one")
	}
}

// TestPasswordLoginRefusals: no password is ever set for an account that was there, and what stands in the way of a
// login is told to whom it concerns.
func TestPasswordLoginRefusals(t *testing.T) {
	changed := func(change func(*rocketchattest.User)) func(w *world) {
		return func(w *world) {
			w.signedIn(ada)
			account := w.people()[0]
			w.server.RemoveUser(account.ID)
			change(&account)
			w.server.AddUser(account)
		}
	}
	tests := []struct {
		name    string
		version string
		before  func(w *world)
		status  int
		code    string
		log     string
	}{
		{
			name:   "an account from before",
			before: func(w *world) { account := adasAccount; account.Password = "theirs"; w.server.AddUser(account) },
			status: http.StatusForbidden, code: "account_refused", log: `"act":"account_refused","reason":"chat_refused"`,
		},
		{
			name: "a second factor", before: changed(func(u *rocketchattest.User) { u.TOTP = "123456" }),
			status: http.StatusServiceUnavailable, code: "chat_unavailable", log: "Accounts_TwoFactorAuthentication_By_Email_Auto_Opt_In",
		},
		{
			name: "a password that somebody changed", before: changed(func(u *rocketchattest.User) { u.Password = "changed" }),
			status: http.StatusServiceUnavailable, code: "chat_unavailable", log: "api.passwordKey",
		},
		{
			name: "no word of why", version: "9.0", before: changed(func(u *rocketchattest.User) { u.Password = "changed" }),
			status: http.StatusServiceUnavailable, code: "chat_unavailable", log: "api.passwordKey",
		},
		{
			name:   "another key",
			before: func(w *world) { w.signedIn(ada); w.config.API.PasswordKey = passwordKey + "!"; w.handler = w.replica() },
			status: http.StatusServiceUnavailable, code: "chat_unavailable", log: "api.passwordKey",
		},
		{
			name: "an account that is switched off", before: changed(func(u *rocketchattest.User) { u.Inactive = true }),
			status: http.StatusForbidden, code: "account_deactivated", log: `"reason":"deactivated"`,
		},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			w := newWorld(t, settings{version: tt.version, config: byPassword})
			tt.before(w)
			before := w.people()[0].Password
			w.want("token", w.token(w.env.SignIn(ada)), tt.status, tt.code)
			if !strings.Contains(w.env.Journal.String(), tt.log) {
				t.Errorf("the log does not say %q:\n%s", tt.log, w.env.Journal)
			}
			if w.people()[0].Password != before || w.server.Count("users.update") != 0 {
				t.Error("a password was changed")
			}
		})
	}
}

// TestSwitchedOffBetweenLookAndLogin: the word of the login counts, where Rocket.Chat says it.
func TestSwitchedOffBetweenLookAndLogin(t *testing.T) {
	racing := &before{route: "/api/v1/login"}
	w := newWorld(t, settings{config: byPassword, transport: racing})
	w.signedIn(ada)
	racing.first = func() { w.server.Deactivate(w.people()[0].ID) }
	w.want("token", w.token(w.env.SignIn(ada)), http.StatusForbidden, "account_deactivated")
}

// TestALostCreationKeepsItsPassword: an account whose making was not answered can sign in by password all the same.
func TestALostCreationKeepsItsPassword(t *testing.T) {
	lost := &lostAnswer{route: "/api/v1/users.create", once: true}
	w := newWorld(t, settings{config: byPassword, transport: lost})
	w.want("token", w.token(w.env.SignIn(ada)), http.StatusServiceUnavailable, "chat_unavailable")
	w.signedIn(ada)
	if len(w.people()) != 1 {
		t.Errorf("%d accounts, want the one", len(w.people()))
	}
}

// TestAKeyPreparesForPasswords: accounts made while there is a key can sign in by password later.
func TestAKeyPreparesForPasswords(t *testing.T) {
	w := newWorld(t, settings{config: func(c *rocketchat.Config) { c.API.PasswordKey = passwordKey }})
	w.signedIn(ada)
	w.config.API.Tokens = rocketchat.Password
	w.handler = w.replica()
	w.signedIn(ada)
	if n := w.server.Count("login"); n != 1 {
		t.Errorf("%d logins by password, want one", n)
	}
}

// TestPasswordLoginsAreLimitedByPerson: before 8.0 nothing lifts the limit of this route, so each counts as coming from
// its person's own address (R28).
func TestPasswordLoginsAreLimitedByPerson(t *testing.T) {
	w := newWorld(t, settings{version: "7.13", config: byPassword})
	w.signedIn(ada)
	w.env.Clock.Advance(2 * time.Minute)
	for i := range 12 {
		r := tokenRequest(w.env.SignIn(ada))
		r.RemoteAddr = "203.0.113." + string(rune('0'+i%10)) + ":4711"
		if a := w.do(w.handler, r); a.Status != http.StatusOK {
			t.Errorf("token %d = %d %s, want 200", i, a.Status, a.Text)
		}
	}
	var addresses []string
	for _, call := range w.server.Calls() {
		if call.Route == "login" {
			addresses = append(addresses, call.RealIP)
		}
	}
	if !slices.Contains(addresses, "203.0.113.7") {
		t.Errorf("logins came from %v, want the people's addresses", addresses)
	}
}
