package rocketchat_test

import (
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"chatgate/gateway/chat"
	"chatgate/gateway/chat/rocketchat"
	"chatgate/gateway/chat/rocketchat/rocketchattest"
	"chatgate/gateway/session"
	"chatgate/oidc"
)

// leaving is a world for staff alone, whose accounts are switched off when they are staff no more.
func leaving(s settings) settings {
	more := s.config
	s.config = func(c *rocketchat.Config) {
		c.Access = chat.AccessRules{Groups: []string{"staff"}}
		c.Accounts.Deactivate = rocketchat.DeactivateRefused
		if more != nil {
			more(c)
		}
	}
	return s
}

// outsider is ada when she has left.
func outsider() oidc.Identity {
	gone := ada
	gone.Groups = []string{"alumni"}
	return gone
}

// later signs a person in a minute later, by their account's API.
func (w *world) later(id oidc.Identity) answer {
	w.t.Helper()
	w.env.Clock.Advance(time.Minute)
	return w.token(w.env.SignIn(id))
}

func (w *world) inactive() bool { w.t.Helper(); return w.people()[0].Inactive }

// TestWhoeverIsLeftOutLosesTheAccount: a sign-in that shows that the rules let somebody in no more has their account
// switched off, once, and one that is let in again finds it so.
func TestWhoeverIsLeftOutLosesTheAccount(t *testing.T) { // D7, S93
	w := newWorld(t, leaving(settings{}))
	_, token := w.signedIn(ada)
	w.env.Clock.Advance(time.Minute)
	cookie := w.env.SignIn(outsider())
	for range 3 {
		w.want("token", w.token(cookie), http.StatusForbidden, "access_denied")
		w.drain()
	}
	if !w.inactive() || w.server.Alive(token) {
		t.Error("the account, or a login of it, goes on")
	}
	if n := w.server.Count("users.setActiveStatus"); n != 1 || w.count("account_deactivated") != 1 {
		t.Errorf("switched off %d times, %d in the audit log, want once", n, w.count("account_deactivated"))
	}
	if log := w.env.Journal.String(); !strings.Contains(log, `"act":"account_deactivated","reason":"group_missing","actor":"gateway"`) {
		t.Errorf("the audit log does not say why:\n%s", log)
	}
	w.want("token when let in again", w.later(ada), http.StatusForbidden, "account_deactivated")
}

// TestARecheckThatLeavesSomebodyOut: the gateway says so by Exclude, with what the provider says now.
func TestARecheckThatLeavesSomebodyOut(t *testing.T) { // S54
	w := newWorld(t, leaving(settings{}))
	cookie, token := w.signedIn(ada)
	now := w.env.Session(cookie)
	now.Identity, now.Rechecked = outsider(), w.env.Clock.Now().Add(time.Minute)
	for range 2 { // twice is fine
		w.must(w.connector.(chat.Excluder).Exclude(t.Context(), now))
	}
	w.drain()
	if !w.inactive() || w.server.Alive(token) || w.count("account_deactivated") != 1 {
		t.Errorf("switched off %d times; the account, or a login of it, may go on", w.count("account_deactivated"))
	}
}

// TestWhoComesBackIsBroughtBack: accounts.reactivate undoes it for whoever may enter again.
func TestWhoComesBackIsBroughtBack(t *testing.T) {
	w := newWorld(t, leaving(settings{config: reactivating}))
	w.signedIn(ada)
	w.want("token", w.later(outsider()), http.StatusForbidden, "access_denied")
	w.drain()
	w.want("token when let in again", w.later(ada), http.StatusOK, "")
	w.drain()
	if w.inactive() {
		t.Error("the account is off, want it on again")
	}
	w.want("token when left out again", w.later(outsider()), http.StatusForbidden, "access_denied")
	w.drain()
	if !w.inactive() {
		t.Error("the account is on, want it off again")
	}
}

// TestWhoeverStaysKeepsTheAccount: nobody loses one for what says nothing of them, and no one whom an operator has to
// decide on.
func TestWhoeverStaysKeepsTheAccount(t *testing.T) { // S53, S93
	unreadable := ada
	unreadable.Groups = nil
	unverified := ada
	unverified.EmailVerified = false
	elsewhere := ada
	elsewhere.Email = "ada@elsewhere.example"
	byDomain := func(c *rocketchat.Config) { c.Access = chat.AccessRules{EmailDomains: []string{"example.org"}} }
	tests := []struct {
		name   string
		config func(*rocketchat.Config)
		change func(w *world, account string)
		says   oidc.Identity
		off    bool
	}{
		{name: "groups that could not be read", says: unreadable},
		{name: "an address that is not verified", config: byDomain, says: unverified},
		{name: "an address of another domain", config: byDomain, says: elsewhere, off: true},
		{name: "the default", config: func(c *rocketchat.Config) { c.Accounts.Deactivate = rocketchat.DeactivateNever }, says: outsider()},
		{name: "no setting", config: func(c *rocketchat.Config) { c.Accounts.Deactivate = "" }, says: outsider()},
		{name: "an administrator's account", says: outsider(), change: func(w *world, account string) {
			boss, _ := w.server.User(account)
			boss.Roles = []string{"user", "admin"}
			w.server.RemoveUser(account)
			w.server.AddUser(boss)
		}},
		{name: "the only owner of a room", says: outsider(), change: func(w *world, account string) {
			w.server.AddRoom(rocketchattest.Room{Name: "lonely", Owners: []string{account}, Members: []string{account}})
		}},
		{name: "somebody else's account by now", says: outsider(), change: func(w *world, account string) {
			_, err := w.desk().Link(w.t.Context(), rocketchat.LinkRequest{
				Provider: "corp", Subject: "bob", Account: rocketchat.Target{UserID: account}, Move: true,
			})
			w.must(err)
		}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			w := newWorld(t, leaving(settings{config: tt.config}))
			w.signedIn(ada)
			if tt.change != nil {
				tt.change(w, w.people()[0].ID)
			}
			w.later(tt.says)
			w.drain()
			if w.inactive() != tt.off {
				t.Errorf("switched off: %v, want %v\n%s", w.inactive(), tt.off, w.env.Journal)
			}
		})
	}
}

// TestTheNewestWordDecides: a browser that was signed in before somebody joined the group takes nothing from them, nor
// does a job that comes late.
func TestTheNewestWordDecides(t *testing.T) {
	t.Run("an older browser", func(t *testing.T) {
		w := newWorld(t, leaving(settings{}))
		old := w.env.SignIn(outsider())
		w.env.Clock.Advance(time.Minute)
		w.signedIn(ada)
		w.want("token", w.token(old), http.StatusForbidden, "access_denied")
		w.drain()
		if w.inactive() {
			t.Error("the account is off though its person is let in")
		}
	})
	t.Run("a job that comes late", func(t *testing.T) {
		w := newWorld(t, leaving(settings{}))
		w.signedIn(ada)
		w.want("token", w.later(outsider()), http.StatusForbidden, "access_denied")
		w.want("token when let in again", w.later(ada), http.StatusOK, "")
		w.drain()
		if w.inactive() {
			t.Error("the account is off though its person is let in again")
		}
	})
	t.Run("a re-check that lets in", func(t *testing.T) {
		w := newWorld(t, leaving(settings{}))
		cookie, _ := w.signedIn(ada)
		w.want("token", w.later(outsider()), http.StatusForbidden, "access_denied")
		former := w.env.Session(cookie)
		now := former
		now.Rechecked = w.env.Clock.Now().Add(time.Minute)
		w.must(w.connector.(chat.Rechecker).RecheckSession(t.Context(), former, now))
		w.drain()
		if w.inactive() {
			t.Error("the account is off though the provider says now that its person is staff")
		}
	})
}

// TestADeactivationOutlivesAnOutage: while Rocket.Chat does not answer nobody waits for it, and then it is done.
func TestADeactivationOutlivesAnOutage(t *testing.T) { // D25
	w := newWorld(t, leaving(settings{}))
	w.signedIn(ada)
	w.server.SetFaults(rocketchattest.Faults{Status: map[string]int{"users.setActiveStatus": http.StatusBadGateway}})
	w.want("token", w.later(outsider()), http.StatusForbidden, "access_denied")
	w.drain()
	if w.inactive() {
		t.Fatal("the account is off, want Rocket.Chat to have failed")
	}
	w.server.SetFaults(rocketchattest.Faults{})
	w.env.Clock.Advance(time.Hour)
	w.drain()
	if !w.inactive() {
		t.Error("the account is on, want the job to have been tried again")
	}
}

// TestARenamedGroupTakesFewAccounts: everybody is left out at once, few lose their account before somebody notices, and
// whoever is let in again keeps theirs.
func TestARenamedGroupTakesFewAccounts(t *testing.T) {
	w := newWorld(t, leaving(settings{}))
	person := func(i int, group string) oidc.Identity {
		name := fmt.Sprintf("person-%d", i)
		return oidc.Identity{
			Provider: "corp", Subject: name, Username: name, Email: name + "@example.org", EmailVerified: true, Groups: []string{group},
		}
	}
	const all = 25
	off := func() (n int) {
		for _, u := range w.people() {
			if u.Inactive {
				n++
			}
		}
		return n
	}
	for i := range all {
		w.signedIn(person(i, "staff"))
	}
	w.env.Clock.Advance(time.Minute)
	for i := range all {
		w.token(w.env.SignIn(person(i, "/staff")))
	}
	w.drain()
	if n := off(); n != 20 {
		t.Errorf("%d accounts are off, want 20", n)
	}
	if log := w.env.Journal.String(); strings.Count(log, "many accounts to be deactivated") != 1 || w.count("limit_exceeded") != 1 {
		t.Error("want the operator told once")
	}
	for i := range all { // mended
		w.later(person(i, "staff"))
	}
	w.env.Clock.Advance(2 * time.Hour)
	w.drain()
	if n := off(); n != 20 {
		t.Errorf("%d accounts are off after the group was mended, want no more", n)
	}
}

// TestARecheckTakesWhatWasGivenByGroup: nobody has to sign in anew to lose what a group gave (S54).
func TestARecheckTakesWhatWasGivenByGroup(t *testing.T) {
	w := newWorld(t, kept(settings{}))
	r := w.addRooms()
	cookie, _ := w.signedIn(ada)
	w.drain()
	account := w.people()[0]
	if len(w.members(r, account.ID)) != 3 {
		t.Fatalf("ada is in %v, want everywhere", w.members(r, account.ID))
	}
	former := w.env.Session(cookie)
	now := former
	now.Identity.Groups, now.Identity.Name, now.Rechecked = []string{"other"}, "Ada King", former.Rechecked.Add(15*time.Minute)
	w.recheck(former, now)
	got := w.people()[0]
	if in := w.members(r, account.ID); in != nil || strings.Join(got.Roles, " ") != "user" || got.Name != "Ada King" {
		t.Errorf("ada is %q in %v with roles %v, want all of it gone and the new name", got.Name, in, got.Roles)
	}

	// What a browser knows that was signed in before does not bring it back, and no news are no work.
	w.token(w.env.SignInAgain(cookie, now.Identity))
	w.server.ResetCalls()
	w.recheck(now, now)
	w.recheck(former, former)
	if calls := w.server.Calls(); len(calls) > 0 {
		t.Errorf("%d calls though nothing is news: %v", len(calls), calls)
	}
}

func (w *world) recheck(former, now session.Session) {
	w.t.Helper()
	w.must(w.connector.(chat.Rechecker).RecheckSession(w.t.Context(), former, now))
	w.drain()
}

// TestARecheckOfAStranger: somebody without an account here has nothing to keep.
func TestARecheckOfAStranger(t *testing.T) {
	w := newWorld(t, kept(settings{}))
	former := w.env.Session(w.env.SignIn(ada))
	now := former
	now.Identity.Groups = nil
	w.recheck(former, now)
	if len(w.people()) != 0 {
		t.Error("an account was made")
	}
}
