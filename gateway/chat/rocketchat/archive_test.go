package rocketchat_test

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"chatgate/gateway/chat"
	"chatgate/gateway/chat/chattest"
	"chatgate/gateway/chat/rocketchat"
	"chatgate/store"
	"chatgate/store/memstore"
)

func (w *world) archive() chat.Archivist { return w.connector.(chat.Archivist) }

// exported is what is told of a person, by kind, as JSON.
func (w *world) exported(subject string) map[string]string {
	w.t.Helper()
	records, err := w.archive().Export(w.t.Context(), "corp", subject)
	w.must(err)
	told := map[string]string{}
	for _, r := range records {
		body, err := json.Marshal(r.Data)
		w.must(err)
		told[r.Kind] = string(body)
	}
	return told
}

// archived is a world in which everything is kept that can be.
func archived() settings {
	return kept(settings{config: func(c *rocketchat.Config) {
		c.API.PasswordKey = "a-key-of-thirty-two-characters-or-more"
		c.Accounts.Deactivate = rocketchat.DeactivateRefused
	}})
}

func TestExportTellsWhatIsKept(t *testing.T) {
	w := newWorld(t, archived())
	w.addRooms()
	if got := w.exported("ada"); len(got) != 0 {
		t.Errorf("Export of a stranger = %v, want nothing", got)
	}
	w.comesBack(ada)
	told := w.env.Clock.Now().Unix()
	account := w.people()[0].ID
	want := map[string]string{
		"account_link": `{"user_id":"` + account + `"}`,
		"profile": `{"name":"Ada Lovelace","email":"ada@example.org","roles":["moderator"],"channels":["backstage","news"],"teams":["analysts"],` +
			`"given_roles":["moderator"],"given_places":["backstage","news","analysts"],"told_at":` + asJSON(t, told) + `}`,
		"standing":         `{"told_at":` + asJSON(t, told) + `}`,
		"account_password": `{"made_here":true}`,
	}
	if diff := cmp.Diff(want, w.exported("ada")); diff != "" {
		t.Errorf("Export (-want +got):\n%s", diff)
	}
}

func asJSON(t *testing.T, v any) string {
	t.Helper()
	body, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	return string(body)
}

// TestExportTellsOfAnUnansweredCreation: the name that was asked for is kept until it is known what became of it.
func TestExportTellsOfAnUnansweredCreation(t *testing.T) {
	w := newWorld(t, settings{transport: &losing{route: "/api/v1/users.create", times: 1}})
	w.token(w.env.SignIn(ada))
	want := map[string]string{"account_creation": `{"username":"ada"}`}
	if diff := cmp.Diff(want, w.exported("ada")); diff != "" {
		t.Errorf("Export (-want +got):\n%s", diff)
	}
	w.must(w.archive().Erase(t.Context(), "corp", "ada"))
	if got := w.exported("ada"); len(got) != 0 {
		t.Errorf("Export after Erase = %v, want nothing", got)
	}
}

// TestEraseForgetsThePerson: nothing leads from the person to the account any more, their login ends, and a sign-in starts
// from the rules.
func TestEraseForgetsThePerson(t *testing.T) {
	w := newWorld(t, archived())
	w.addRooms()
	_, token := w.signedIn(ada)
	w.drain()
	account := w.people()[0].ID
	for range 2 { // twice is fine
		w.must(w.archive().Erase(t.Context(), "corp", "ada"))
	}
	w.drain()
	if got := w.exported("ada"); len(got) != 0 {
		t.Errorf("Export after Erase = %v, want nothing", got)
	}
	if len(w.links()) != 0 || w.server.Alive(token) {
		t.Errorf("links %v, login alive %v; want neither", w.links(), w.server.Alive(token))
	}
	if log := w.env.Journal.String(); !strings.Contains(log, `"act":"link_removed","reason":"operator","actor":"operator"`) {
		t.Errorf("the audit log does not tell of it:\n%s", log)
	}
	a := w.token(w.env.SignIn(ada))
	if a.Status != http.StatusOK || a.Body["userId"] != account {
		t.Errorf("token = %d for %v, want the account found by its address", a.Status, a.Body["userId"])
	}
}

// TestEraseKeepsWhatTheAccountWasGiven: whoever has the account next does not keep by it what an erased person's groups
// gave.
func TestEraseKeepsWhatTheAccountWasGiven(t *testing.T) {
	w := newWorld(t, archived())
	r := w.addRooms()
	w.comesBack(ada)
	w.must(w.archive().Erase(t.Context(), "corp", "ada"))
	nobody := ada
	nobody.Groups = []string{}
	w.comesBack(nobody)
	got := w.people()[0]
	if in := w.members(r, got.ID); in != nil || strings.Join(got.Roles, " ") != "user" {
		t.Errorf("in %v with roles %v, want nothing of what the group gave", in, got.Roles)
	}
}

// TestOneIsNotToldOfAnother: what is kept by an account is about who said it, and goes with their link.
func TestOneIsNotToldOfAnother(t *testing.T) {
	w := newWorld(t, archived())
	w.addRooms()
	w.comesBack(ada)
	r := request("bob", w.people()[0].Username)
	r.Move = true
	_, err := w.desk().Link(t.Context(), r)
	w.must(err)
	if got := w.exported("ada"); len(got) != 0 {
		t.Errorf("Export of the former owner = %v, want nothing", got)
	}
	if got := w.exported("bob"); got["profile"] != "" || got["standing"] != "" || got["account_link"] == "" {
		t.Errorf("Export of the new owner = %v, want the link and nothing of ada's", got)
	}
}

// failing is an engine whose writes to durable places fail from the one with this number on, until it is healed.
type failing struct {
	store.Engine

	mu           sync.Mutex
	writes, from int
}

// failFrom counts anew; 0 heals the engine.
func (f *failing) failFrom(write int) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.writes, f.from = 0, write
}

func (f *failing) fails() bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.writes++
	return f.from > 0 && f.writes >= f.from
}

func (f *failing) write(key string, do func() error) error {
	if strings.HasPrefix(key, "d:") && f.fails() {
		return store.ErrUnavailable
	}
	return do()
}

func (f *failing) Put(ctx context.Context, key string, value []byte, ttl time.Duration) error {
	return f.write(key, func() error { return f.Engine.Put(ctx, key, value, ttl) })
}

func (f *failing) Delete(ctx context.Context, key string) error {
	return f.write(key, func() error { return f.Engine.Delete(ctx, key) })
}

func (f *failing) Swap(ctx context.Context, key string, old, value []byte, ttl time.Duration) error {
	return f.write(key, func() error { return f.Engine.Swap(ctx, key, old, value, ttl) })
}

func (f *failing) PutIndex(ctx context.Context, key string, e store.Entry, ttl time.Duration) error {
	return f.write(key, func() error { return f.Engine.PutIndex(ctx, key, e, ttl) })
}

func (f *failing) DropIndex(ctx context.Context, key string, members ...string) error {
	return f.write(key, func() error { return f.Engine.DropIndex(ctx, key, members...) })
}

func (f *failing) SetHash(ctx context.Context, key, anchor string, set map[string][]byte, remove []string, ttl time.Duration) error {
	return f.write(key, func() error { return f.Engine.SetHash(ctx, key, anchor, set, remove, ttl) })
}

// TestEraseIsRepeatedAfterACrash: wherever it stops, the same once more finishes it.
func TestEraseIsRepeatedAfterACrash(t *testing.T) {
	finished := false
	for from := 1; !finished; from++ {
		t.Run(fmt.Sprintf("at write %d", from), func(t *testing.T) {
			engine := &failing{}
			s := archived()
			s.engine = engine
			clock := chattest.NewClock()
			engine.Engine = memstore.New(memstore.Config{Now: clock.Now})
			w := newWorld(t, s)
			w.addRooms()
			_, token := w.signedIn(ada)
			w.drain()
			engine.failFrom(from)
			finished = w.archive().Erase(t.Context(), "corp", "ada") == nil
			engine.failFrom(0)
			w.must(w.archive().Erase(t.Context(), "corp", "ada"))
			w.drain()
			if got := w.exported("ada"); len(got) != 0 || len(w.links()) != 0 || w.server.Alive(token) {
				t.Errorf("kept %v, links %v, login alive %v; want nothing", got, w.links(), w.server.Alive(token))
			}
			if strings.Contains(w.bob(t), "Ada") {
				t.Error("whoever has the account next is told of ada")
			}
		})
		if from > 100 {
			t.Fatal("Erase writes without an end")
		}
	}
}

// bob is what is told of somebody who is given the account.
func (w *world) bob(t *testing.T) string {
	t.Helper()
	_, err := w.desk().Link(t.Context(), rocketchat.LinkRequest{
		Provider: "corp", Subject: "bob", Account: rocketchat.Target{UserID: w.people()[0].ID},
	})
	w.must(err)
	return fmt.Sprint(w.exported("bob"))
}
