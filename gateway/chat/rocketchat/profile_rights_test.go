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
	w.restart()
	w.comesBack(ada)
	if got := w.people()[0].Roles; !slices.Contains(got, "moderator") {
		t.Errorf("roles = %v, want moderator to stay", got)
	}
	if got := w.members(r, w.people()[0].ID); len(got) != 3 {
		t.Errorf("in %v, want to stay everywhere", got)
	}
}

// restart is the gateway coming back with the configuration as it is now.
func (w *world) restart() {
	w.t.Helper()
	w.env.Env = w.env.Replica().Env
	w.handler = w.env.Handler(w.env.Open(&w.config))
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

// TestAnAccountThatIsTheirsNoMore: a job that waited finds out that an operator has taken the link away, or moved it.
func TestAnAccountThatIsTheirsNoMore(t *testing.T) {
	for name, change := range map[string]func(w *world, links *rocketchat.Links) error{
		"unlinked": func(w *world, links *rocketchat.Links) error {
			_, err := links.Release(w.t.Context(), w.people()[0].ID)
			return err
		},
		"linked to another": func(w *world, links *rocketchat.Links) error {
			return links.Link(w.t.Context(), ada.Provider, ada.Subject, w.server.AddUser(rocketchattest.User{Username: "other"}))
		},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t, kept(settings{}))
			w.addRooms()
			w.signedIn(ada)
			w.must(change(w, rocketchat.NewLinks(w.env.Store, w.env.Names, "rocketchat")))
			w.server.ResetCalls()
			w.drain()
			if calls := w.server.Calls(); len(calls) != 0 {
				t.Errorf("calls %v, want none", calls)
			}
		})
	}
}

// TestAHiddenAccountIsNotTouched: one whose type and roles are not shown could be anything, and the operator is told.
func TestAHiddenAccountIsNotTouched(t *testing.T) {
	w := newWorld(t, kept(settings{}))
	w.addRooms()
	w.signedIn(ada)
	w.server.Deny("admin", "view-full-other-user-info")
	w.drain()
	if !strings.Contains(w.env.Journal.String(), "needs the permission view-full-other-user-info") || w.count("role_given") != 0 {
		t.Errorf("the operator is not told, or the account was touched:\n%s", w.env.Journal)
	}
}

// TestAJobOfNobodyIsDropped: what does not decode never will, and what has no profile is done.
func TestAJobOfNobodyIsDropped(t *testing.T) {
	w := newWorld(t, kept(settings{}))
	w.must(w.env.Outbox.Enqueue(t.Context(), "sync", "rocketchat", "nonsense"))
	w.must(w.env.Outbox.Enqueue(t.Context(), "sync", "rocketchat", map[string]string{"u": "nobody"}))
	w.drain()
	w.wantNoJobs()
	if n := strings.Count(w.env.Journal.String(), "outbox job refused"); n != 1 {
		t.Errorf("%d jobs were refused, want the one that does not decode", n)
	}
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
