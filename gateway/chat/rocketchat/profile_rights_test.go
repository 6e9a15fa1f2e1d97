package rocketchat_test

import (
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"chatgate/gateway/chat/rocketchat"
	"chatgate/gateway/chat/rocketchat/rocketchattest"
)

// TestOnlyWhatWasGivenIsTaken: what a person has from others is none of our business (R23).
func TestOnlyWhatWasGivenIsTaken(t *testing.T) {
	w := newWorld(t, kept(settings{}))
	r := w.addRooms()
	userID := w.server.AddUser(rocketchattest.User{
		Username: "ada", Name: ada.Name, Email: ada.Email, Verified: true, Roles: []string{"user", "moderator", "guest"},
	})
	news := rocketchattest.Room{ID: r.news, Name: "news", Members: []string{userID}}
	w.server.AddRoom(news)
	w.comesBack(ada)
	if n := w.count("role_given"); n != 0 {
		t.Errorf("%d roles given to somebody who has them", n)
	}
	former := ada
	former.Groups = nil // unreadable, which is none (S53)
	w.comesBack(former)
	if got := w.people()[0].Roles; !slices.Equal(got, []string{"user", "moderator", "guest"}) {
		t.Errorf("roles = %v, want those that an administrator gave", got)
	}
	if got := w.members(r, userID); !slices.Equal(got, []string{"news"}) {
		t.Errorf("in %v, want the channel that they had joined by themselves", got)
	}
}

// TestWhatTheMappingNamesNoMoreStays: a role or a channel that leaves the configuration is the operator's from then on.
func TestWhatTheMappingNamesNoMoreStays(t *testing.T) {
	w := newWorld(t, kept(settings{}))
	r := w.addRooms()
	w.comesBack(ada)
	w.config.Accounts.Roles, w.config.Accounts.Channels, w.config.Accounts.Teams = nil, nil, nil
	w.env.Env = w.env.Replica().Env
	w.handler = w.env.Handler(w.env.Open(&w.config))
	w.comesBack(ada)
	if got := w.people()[0].Roles; !slices.Contains(got, "moderator") {
		t.Errorf("roles = %v, want moderator to stay", got)
	}
	if got := w.members(r, w.people()[0].ID); len(got) != 3 {
		t.Errorf("in %v, want to stay everywhere", got)
	}
}

// TestAnAdministratorByGroup: the operator wrote it, so it is given, and taken with the group.
func TestAnAdministratorByGroup(t *testing.T) {
	w := newWorld(t, kept(settings{}))
	w.addRooms()
	boss := ada
	boss.Groups = []string{"chat-admins"}
	w.comesBack(boss)
	if got := w.people()[0].Roles; !slices.Contains(got, "admin") {
		t.Errorf("roles = %v, want admin", got)
	}
	boss.Groups = []string{}
	w.comesBack(boss)
	if got := w.people()[0].Roles; slices.Contains(got, "admin") {
		t.Errorf("roles = %v, want admin taken with the group", got)
	}
	w.comesBack(ada)
	if got := w.people()[0].Roles; slices.Contains(got, "admin") {
		t.Errorf("roles = %v, want no admin for anybody else", got)
	}
}

// TestAnOlderSignInKnowsLess: a browser that comes back with a session from before cannot bring a lost right back.
func TestAnOlderSignInKnowsLess(t *testing.T) {
	w := newWorld(t, kept(settings{config: func(c *rocketchat.Config) { c.OnChatSignOut = rocketchat.Resume }}))
	w.addRooms()
	old, token := w.signedIn(ada)
	w.drain()
	former := ada
	former.Groups = []string{}
	w.comesBack(former)
	w.server.RevokeToken(token)
	w.want("resume of the older session", w.resume(old, confirm), http.StatusOK, "")
	w.drain()
	if got := w.people()[0].Roles; slices.Contains(got, "moderator") {
		t.Errorf("roles = %v: an older sign-in brought one back", got)
	}
}

// TestAccountsThatAreNotTouched: neither our own, nor one that is no person's, nor one that is switched off is changed.
func TestAccountsThatAreNotTouched(t *testing.T) {
	for name, change := range map[string]func(*rocketchattest.User){
		"a bot":         func(u *rocketchattest.User) { u.Type = "bot" },
		"one that went": func(u *rocketchattest.User) { u.Inactive = true },
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t, kept(settings{}))
			w.addRooms()
			w.signedIn(ada)
			account := w.people()[0]
			w.server.RemoveUser(account.ID)
			change(&account)
			w.server.AddUser(account)
			w.server.ResetCalls()
			w.drain()
			if calls := w.server.Calls(); len(calls) != 1 || calls[0].Route != "users.info" {
				t.Errorf("calls %v, want a look and nothing else", calls)
			}
		})
	}
	t.Run("one that was deleted meanwhile", func(t *testing.T) {
		w := newWorld(t, kept(settings{}))
		w.addRooms()
		w.signedIn(ada)
		w.server.RemoveUser(w.people()[0].ID)
		w.drain()
		if w.count("role_given") != 0 || strings.Contains(w.env.Journal.String(), "outbox job failed") {
			t.Errorf("the job did not end well:\n%s", w.env.Journal)
		}
	})
}

// TestAnInterruptedJobLosesNothing: whichever call is the last before a crash, the next attempt finishes, and all that
// was given is taken again later.
func TestAnInterruptedJobLosesNothing(t *testing.T) {
	for _, route := range []string{
		"users.info", "roles.addUserToRole", "channels.info", "channels.invite", "groups.invite", "teams.info",
		"teams.addMembers", "users.setAvatar",
	} {
		t.Run(route, func(t *testing.T) {
			lost := &lostAnswer{route: "/api/v1/" + route}
			w := newWorld(t, kept(settings{transport: lost}))
			r := w.addRooms()
			person := ada
			person.Picture = "https://idp.example.org/ada.png"
			w.signedIn(person)
			lost.once = true
			w.drain()
			w.env.Clock.Advance(time.Minute)
			w.drain()
			userID := w.people()[0].ID
			if got := w.members(r, userID); len(got) != 3 || !slices.Contains(w.people()[0].Roles, "moderator") {
				t.Fatalf("in %v with roles %v, want all", got, w.people()[0].Roles)
			}
			person.Groups = []string{}
			w.comesBack(person)
			if got := w.members(r, userID); len(got) != 0 || slices.Contains(w.people()[0].Roles, "moderator") {
				t.Errorf("in %v with roles %v, want nothing left", got, w.people()[0].Roles)
			}
		})
	}
}

// lostAnswer lets one call through and loses its answer.
type lostAnswer struct {
	http.RoundTripper
	route string

	mu   sync.Mutex
	once bool
}

func (l *lostAnswer) RoundTrip(r *http.Request) (*http.Response, error) {
	w, err := l.RoundTripper.RoundTrip(r)
	l.mu.Lock()
	defer l.mu.Unlock()
	if err != nil || !l.once || r.URL.Path != l.route {
		return w, err
	}
	l.once = false
	_ = w.Body.Close()
	return nil, http.ErrHandlerTimeout
}

func (l *lostAnswer) over(t http.RoundTripper) { l.RoundTripper = t }

// TestTwoReplicasCarryAProfileOverOnce: jobs of several sign-ins meet on two replicas, and what they do is done once.
func TestTwoReplicasCarryAProfileOverOnce(t *testing.T) {
	w := newWorld(t, kept(settings{}))
	r := w.addRooms()
	other := w.env.Replica()
	handler := other.Handler(other.Open(&w.config))
	for range 3 {
		w.signedIn(ada)
		w.tokenAt(handler, w.env.SignIn(ada))
	}
	var both sync.WaitGroup
	for _, drain := range []func(){w.drain, func() { w.must(other.Outbox.Drain(t.Context())) }} {
		both.Go(drain)
	}
	both.Wait()
	if w.count("role_given") != 1 || w.count("member_added") != 3 {
		t.Errorf("%d roles and %d memberships in the audit log, want 1 and 3", w.count("role_given"), w.count("member_added"))
	}
	if got := w.members(r, w.people()[0].ID); len(got) != 3 {
		t.Errorf("in %v, want to be everywhere", got)
	}
}

// TestRefusalsAreToldOnce: what no retry can help is told to the operator with what to change, once for all people, and
// holds nothing else up.
func TestRefusalsAreToldOnce(t *testing.T) {
	tests := []struct {
		name   string
		config func(*rocketchat.Config)
		before func(w *world)
		advice string
		still  string // a role that is given all the same
	}{
		{
			name: "no permission for roles", before: func(w *world) { w.server.Deny("admin", "access-permissions") },
			advice: "this call takes access-permissions",
		},
		{
			name:   "a role that is not there",
			config: func(c *rocketchat.Config) { c.Accounts.Roles["staff"] = []string{"nonesuch", "moderator"} },
			advice: "accounts.roles names \\\"nonesuch\\\"", still: "moderator",
		},
		{
			name: "no permission for profiles", before: func(w *world) { w.server.Deny("admin", "edit-other-user-info") },
			advice: "this call takes edit-other-user-info", still: "moderator",
		},
		{
			name: "no permission for pictures", before: func(w *world) { w.server.Deny("admin", "edit-other-user-avatar") },
			advice: "this call takes edit-other-user-avatar", still: "moderator",
		},
		{
			name: "no permission to see rooms", before: func(w *world) { w.server.Deny("admin", "view-other-user-channels") },
			advice: "view-other-user-channels", still: "moderator",
		},
		{
			name: "no permission for teams", before: func(w *world) { w.server.Deny("admin", "add-team-member", "edit-team-member") },
			advice: "this call takes add-team-member", still: "moderator",
		},
		{
			name: "no permission for channels", before: func(w *world) { w.server.Deny("admin", "add-user-to-any-c-room") },
			advice: "this call takes add-user-to-any-c-room", still: "moderator",
		},
		{
			name:   "a channel that is not there",
			config: func(c *rocketchat.Config) { c.Accounts.Channels["staff"] = []string{"nowhere"} },
			advice: "accounts.channels names \\\"nowhere\\\"", still: "moderator",
		},
		{
			name:   "a team that is not there",
			config: func(c *rocketchat.Config) { c.Accounts.Teams["staff"] = []string{"nobody"} },
			advice: "accounts.teams names \\\"nobody\\\"", still: "moderator",
		},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			w := newWorld(t, kept(settings{config: tt.config}))
			w.addRooms()
			if tt.before != nil {
				tt.before(w)
			}
			people := []string{"one", "two", "three"}
			for _, name := range people {
				id := ada
				id.Subject, id.Username, id.Email, id.Name = name, name, name+"@example.org", "changed later"
				id.Picture = "https://idp.example.org/" + name
				w.signedIn(id)
				id.Name = name
				w.comesBack(id)
			}
			log := w.env.Journal.String()
			if n := strings.Count(log, "account not kept like its person"); n != 1 || !strings.Contains(log, tt.advice) {
				t.Errorf("told %d times, want once with %q:\n%s", n, tt.advice, log)
			}
			if strings.Contains(log, "outbox job failed") {
				t.Error("the job was retried")
			}
			for _, person := range w.people() {
				if tt.still != "" && !slices.Contains(person.Roles, tt.still) {
					t.Errorf("%s has %v, want %s all the same", person.Username, person.Roles, tt.still)
				}
			}
		})
	}
}

// TestAnAddressThatIsTaken: whoever has it keeps it, the account keeps its own, and the rest goes on.
func TestAnAddressThatIsTaken(t *testing.T) {
	w := newWorld(t, kept(settings{}))
	w.addRooms()
	w.comesBack(ada)
	w.server.AddUser(rocketchattest.User{Username: "other", Email: "taken@example.org"})
	moved := ada
	moved.Email, moved.Name = "taken@example.org", "Ada King"
	w.comesBack(moved)
	got := w.people()[0]
	if got.Email != ada.Email || got.Name != "Ada King" {
		t.Errorf("address %q and name %q, want the former address and the new name", got.Email, got.Name)
	}
	log := w.env.Journal.String()
	if !strings.Contains(log, "another account has the new e-mail address") || strings.Contains(log, "taken@example.org") {
		t.Errorf("the operator is not told, or told the address:\n%s", log)
	}
	// Once the address is free it is carried over, without a change at the provider.
	w.server.RemoveUser(w.people()[1].ID)
	w.env.Clock.Advance(time.Hour)
	w.comesBack(moved)
	if got := w.people()[0].Email; got != moved.Email {
		t.Errorf("address %q after it was free, want the new one", got)
	}
}

// TestTheLastOwnerStays: Rocket.Chat takes nobody out of a room that has no other owner; it is tried again later.
func TestTheLastOwnerStays(t *testing.T) {
	w := newWorld(t, kept(settings{}))
	r := w.addRooms()
	w.comesBack(ada)
	userID := w.people()[0].ID
	w.server.AddRoom(rocketchattest.Room{ID: r.news, Name: "news", Owners: []string{userID}, Members: []string{userID}})
	former := ada
	former.Groups = []string{}
	w.comesBack(former)
	if got := w.members(r, userID); !slices.Equal(got, []string{"news"}) {
		t.Fatalf("in %v, want the room that they own alone", got)
	}
	w.server.AddRoom(rocketchattest.Room{ID: r.news, Name: "news", Members: []string{userID}})
	w.env.Clock.Advance(time.Hour)
	w.comesBack(former)
	if got := w.members(r, userID); len(got) != 0 {
		t.Errorf("in %v, want nowhere once somebody else owns the room", got)
	}
}
