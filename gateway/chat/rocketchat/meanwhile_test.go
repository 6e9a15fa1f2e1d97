package rocketchat_test

import (
	"context"
	"errors"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"chatgate/gateway/chat/rocketchat"
	"chatgate/gateway/chat/rocketchat/rocketchattest"
	"chatgate/store"
	"chatgate/store/memstore"
)

// meanwhile does something once, right before the next call of a route goes out.
type meanwhile struct {
	http.RoundTripper

	mu    sync.Mutex
	route string
	do    func()
}

func (m *meanwhile) over(t http.RoundTripper) { m.RoundTripper = t }

func (m *meanwhile) before(route string, do func()) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.route, m.do = "/api/v1/"+route, do
}

func (m *meanwhile) RoundTrip(r *http.Request) (*http.Response, error) {
	m.mu.Lock()
	do := m.do
	if do != nil && r.URL.Path == m.route {
		m.do = nil
	} else {
		do = nil
	}
	m.mu.Unlock()
	if do != nil {
		do()
	}
	return m.RoundTripper.RoundTrip(r)
}

// slowDelete does something once, right before a record is deleted whose key has this in it.
type slowDelete struct {
	store.Engine
	part string
	do   func()
}

func (s *slowDelete) Delete(ctx context.Context, key string) error {
	if do := s.do; do != nil && strings.Contains(key, s.part) {
		s.do = nil
		do()
	}
	return s.Engine.Delete(ctx, key)
}

// TestATokenThatIsMadeWhileTheAccountIsTaken: whoever asked for it gets nothing, and the token does not live on (D8).
func TestATokenThatIsMadeWhileTheAccountIsTaken(t *testing.T) {
	for name, take := range map[string]func(w *world, account rocketchattest.User) error{
		"unlinked": func(w *world, _ rocketchattest.User) error {
			_, err := w.desk().Unlink(w.t.Context(), "corp", ada.Subject)
			return err
		},
		"moved to another": func(w *world, account rocketchattest.User) error {
			r := request("bob", account.Username)
			r.Move = true
			_, err := w.desk().Link(w.t.Context(), r)
			return err
		},
		"in place of another": func(w *world, _ rocketchattest.User) error {
			w.seed("countess", nil)
			_, err := w.desk().Link(w.t.Context(), request(ada.Subject, "countess"))
			return err
		},
		"imported for another": func(w *world, account rocketchattest.User) error {
			line := `{"provider":"corp","subject":"ada","user_id":"` + account.ID + `"}`
			how := rocketchat.Import{Providers: []string{"corp"}, Subjects: map[string]string{"ada": "0001"}}
			return w.desk().Import(w.t.Context(), strings.NewReader(line), how, func(rocketchat.ImportedLine) {})
		},
	} {
		t.Run(name, func(t *testing.T) {
			moment := &meanwhile{}
			w := newWorld(t, settings{transport: moment})
			w.signedIn(ada)
			account := w.people()[0]
			moment.before("users.createToken", func() { w.must(take(w, account)) })
			cookie := w.env.SignIn(ada)
			w.want("the call meanwhile", w.token(cookie), http.StatusServiceUnavailable, "chat_unavailable")
			w.drain()
			if n := len(w.server.LoginTokens(account.ID)); n != 0 {
				t.Errorf("%d logins of the account live on, want none", n)
			}
			if token := w.token(cookie).loginToken(); token != "" && !w.server.Alive(token) {
				t.Error("the session has kept the token")
			}
		})
	}
}

// TestATokenThatIsMadeRightBeforeTheLinkGoes: it is revoked with those that were there before (D8).
func TestATokenThatIsMadeRightBeforeTheLinkGoes(t *testing.T) {
	engine := &slowDelete{Engine: memstore.New(memstore.Config{}), part: "link:rocketchat:"}
	w := newWorld(t, settings{engine: engine})
	w.signedIn(ada)
	account := w.people()[0]
	var late answer
	engine.do = func() { late = w.token(w.env.SignIn(ada)) }
	_, err := w.desk().Unlink(t.Context(), "corp", ada.Subject)
	w.must(err)
	w.want("the call right before", late, http.StatusOK, "")
	w.drain()
	if n := len(w.server.LoginTokens(account.ID)); n != 0 {
		t.Errorf("%d logins of the account live on, want none", n)
	}
}

// TestWhatTheFormerOwnerWasGivenIsTaken: it stays in the account when that is linked to somebody else, who has it taken
// at their next sign-in unless they merit it (D6, D8).
func TestWhatTheFormerOwnerWasGivenIsTaken(t *testing.T) {
	tests := []struct {
		name string
		move func(w *world, account rocketchattest.User)
	}{
		{name: "by hand", move: func(w *world, account rocketchattest.User) {
			r := request("next", account.Username)
			r.Move, r.Admin = true, true
			_, err := w.desk().Link(w.t.Context(), r)
			w.must(err)
		}},
		{name: "when the provider was replaced", move: func(w *world, account rocketchattest.User) {
			line := `{"provider":"corp","subject":"ada","user_id":"` + account.ID + `"}`
			w.outcomes(line, rocketchat.Import{Providers: []string{"corp"}, Subjects: map[string]string{"ada": "next"}})
		}},
		{name: "with nobody in between", move: func(w *world, account rocketchattest.User) {
			_, err := w.desk().UnlinkAccount(w.t.Context(), account.ID)
			w.must(err)
			r := request("next", account.Username)
			r.Admin = true
			_, err = w.desk().Link(w.t.Context(), r)
			w.must(err)
		}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			w := newWorld(t, kept(settings{}))
			r := w.addRooms()
			earlier := ada
			earlier.Subject, earlier.Groups = "next", []string{}
			early := w.env.SignIn(earlier) // before the former owner's: that does not make it old news
			boss := ada
			boss.Groups = []string{"chat-admins", "staff"}
			w.comesBack(boss)
			account := w.people()[0]
			if !slices.Contains(account.Roles, "admin") || len(w.members(r, account.ID)) != 3 {
				t.Fatalf("roles %v, in %v, want admin and everywhere", account.Roles, w.members(r, account.ID))
			}
			tt.move(w, account)
			w.want("the new owner's call", w.token(early), http.StatusOK, "")
			w.drain()
			if got := w.people()[0].Roles; !slices.Equal(got, []string{"user"}) {
				t.Errorf("roles = %v, want none of the former owner's", got)
			}
			if in := w.members(r, account.ID); len(in) != 0 {
				t.Errorf("in %v, want nowhere", in)
			}
		})
	}
}

// TestTheDeskWaitsForAJobUnderWay: an account cannot become an administrator's between the desk's look at it and the
// link (D8).
func TestTheDeskWaitsForAJobUnderWay(t *testing.T) {
	desk := map[string]func(ctx context.Context, w *world, account rocketchattest.User) error{
		"link": func(ctx context.Context, w *world, account rocketchattest.User) error {
			r := request("bob", account.Username)
			r.Move = true
			_, err := w.desk().Link(ctx, r)
			return err
		},
		"unlink": func(ctx context.Context, w *world, account rocketchattest.User) error {
			_, err := w.desk().UnlinkAccount(ctx, account.ID)
			return err
		},
		"link to another account": func(ctx context.Context, w *world, _ rocketchattest.User) error {
			w.seed("countess", nil)
			_, err := w.desk().Link(ctx, request("ada", "countess"))
			return err
		},
	}
	for name, act := range desk {
		t.Run(name, func(t *testing.T) {
			moment := &meanwhile{}
			w := newWorld(t, kept(settings{transport: moment}))
			w.addRooms()
			boss := ada
			boss.Groups = []string{"chat-admins"}
			w.signedIn(boss)
			account := w.people()[0]
			moment.before("roles.addUserToRole", func() {
				waiting, cancel := context.WithTimeout(t.Context(), 100*time.Millisecond)
				defer cancel()
				if err := act(waiting, w, account); !errors.Is(err, context.DeadlineExceeded) {
					t.Errorf("the desk = %v while the job gives a role, want it to wait", err)
				}
			})
			w.drain()
			if got := w.links(); len(got) != 1 || got[0].Subject != ada.Subject || got[0].UserID != account.ID {
				t.Errorf("links = %v, want the account to be ada's still", got)
			}
		})
	}
	t.Run("and then sees what the job has done", func(t *testing.T) {
		w := newWorld(t, kept(settings{}))
		w.addRooms()
		boss := ada
		boss.Groups = []string{"chat-admins"}
		w.comesBack(boss)
		if err := desk["link"](t.Context(), w, w.people()[0]); err == nil || !strings.Contains(err.Error(), "--admin") {
			t.Errorf("Link = %v, want a refusal: the account is an administrator's now", err)
		}
	})
}

// TestAnOperatorsRelinkIsNotLost: the link to a deleted account goes by itself, and never the one that an operator makes
// at that moment (D8).
func TestAnOperatorsRelinkIsNotLost(t *testing.T) {
	moment := &meanwhile{}
	w := newWorld(t, settings{transport: moment})
	w.signedIn(ada)
	w.server.RemoveUser(w.people()[0].ID)
	countess := w.seed("countess", nil)
	moment.before("users.info", func() {
		_, err := w.desk().Link(t.Context(), request(ada.Subject, "countess"))
		w.must(err)
	})
	if a := w.token(w.env.SignIn(ada)); a.Body["userId"] != countess {
		t.Errorf("the call = %d %s, want the account that the operator gave", a.Status, a.Text)
	}
	if got := w.links(); len(got) != 1 || got[0].UserID != countess {
		t.Errorf("links = %v, want the operator's", got)
	}
}
