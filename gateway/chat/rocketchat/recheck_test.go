package rocketchat_test

import (
	"context"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"chatgate/gateway/chat/chattest"
	"chatgate/gateway/chat/rocketchat"
	"chatgate/gateway/session"
	"chatgate/oidc"
	"chatgate/store"
	"chatgate/store/memstore"
)

// slowAdd does something once, right before a record is added whose key has this in it.
type slowAdd struct {
	store.Engine
	part string
	do   func()
}

func (s *slowAdd) Add(ctx context.Context, key string, value []byte, ttl time.Duration) error {
	if do := s.do; do != nil && strings.Contains(key, s.part) {
		s.do = nil
		do()
	}
	return s.Engine.Add(ctx, key, value, ttl)
}

// due is when a session that is re-checked every minute is due, and no call waits for it yet.
const due = 54 * time.Second

// rechecked is a world whose sessions are re-checked at a provider every minute, with a chat for staff alone.
func rechecked(t *testing.T, s settings) (*world, *chattest.Provider) {
	t.Helper()
	provider := &chattest.Provider{}
	s.provider = provider
	s.session = session.Settings{Idle: time.Hour, Absolute: 24 * time.Hour, Recheck: time.Minute}
	more := s.config
	s.config = func(c *rocketchat.Config) {
		c.Access.Anyone, c.Access.Groups = false, []string{"staff", "chat-admins"}
		if more != nil {
			more(c)
		}
	}
	return newWorld(t, s), provider
}

// moveTo has the provider say of everybody that they are in these groups, and every session that is due hear of it.
func (w *world) moveTo(provider *chattest.Provider, groups ...string) {
	w.t.Helper()
	provider.Says = func(id oidc.Identity) oidc.Identity {
		id.Groups = groups
		return id
	}
	w.must(w.env.Sessions.RecheckDue(w.t.Context()))
}

// TestATokenThatIsMadeWhileTheRulesComeToRefuse: a re-check that is through before the token is there finds nothing to take
// back, and the token must not live on for that (S54, D21).
func TestATokenThatIsMadeWhileTheRulesComeToRefuse(t *testing.T) {
	for _, route := range []string{"users.create", "users.createToken"} {
		t.Run("before "+route, func(t *testing.T) {
			moment := &meanwhile{}
			w, provider := rechecked(t, settings{transport: moment})
			cookie := w.env.SignIn(ada)
			w.env.Clock.Advance(due)
			moment.before(route, func() { w.moveTo(provider, "guests") })
			w.want("the call meanwhile", w.token(cookie), http.StatusForbidden, "access_denied")
			w.drain()
			for _, account := range w.people() {
				if n := len(w.server.LoginTokens(account.ID)); n != 0 {
					t.Errorf("%d logins of the account live on, want none", n)
				}
			}
			if kept := w.env.Session(cookie).Chat.Token; kept != nil {
				t.Error("the session has kept the token")
			}
			w.moveToLater(provider, "staff")
			if again := w.token(cookie); again.Status != http.StatusOK || !w.server.Alive(again.loginToken()) {
				t.Errorf("once let in again the call = %d %s, want a login that lives", again.Status, again.Text)
			}
		})
	}
}

// moveToLater is moveTo at the next re-check.
func (w *world) moveToLater(provider *chattest.Provider, groups ...string) {
	w.t.Helper()
	w.env.Clock.Advance(due)
	w.moveTo(provider, groups...)
}

// TestNothingIsMadeForWhomTheRulesCameToRefuse: a call that waits for its turn may wait for as long as Rocket.Chat takes to
// answer the one before (S54).
func TestNothingIsMadeForWhomTheRulesCameToRefuse(t *testing.T) {
	engine := &slowAdd{Engine: memstore.New(memstore.Config{}), part: ":lock:rocketchat"}
	w, provider := rechecked(t, settings{engine: engine})
	cookie := w.env.SignIn(ada)
	w.env.Clock.Advance(due)
	engine.do = func() { w.moveTo(provider, "guests") }
	w.want("the call that waited", w.token(cookie), http.StatusForbidden, "access_denied")
	if engine.do != nil {
		t.Fatal("no lock was taken")
	}
	if n := len(w.people()); n != 0 {
		t.Errorf("%d accounts were made, want none", n)
	}
}

// TestARoleThatIsLostWhileTheAccountIsMade: what the person was when they asked gives them nothing any more (S54, S93).
func TestARoleThatIsLostWhileTheAccountIsMade(t *testing.T) {
	moment := &meanwhile{}
	w, provider := rechecked(t, kept(settings{transport: moment}))
	w.addRooms()
	boss := ada
	boss.Groups = []string{"chat-admins"}
	cookie := w.env.SignIn(boss)
	w.env.Clock.Advance(due)
	moment.before("users.create", func() { w.moveTo(provider, "staff") })
	w.want("the call meanwhile", w.token(cookie), http.StatusOK, "")
	w.drain()
	if got := w.people()[0].Roles; slices.Contains(got, "admin") || !slices.Contains(got, "moderator") {
		t.Errorf("roles = %v, want those of staff and no administrator's", got)
	}
}
