package keyring_test

import (
	"context"
	"errors"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/alicebob/miniredis/v2"
	"github.com/google/go-cmp/cmp"

	"chatgate/gateway/keyring"
	"chatgate/store"
	"chatgate/store/memstore"
	"chatgate/store/redisstore"
	"chatgate/store/storetest/redistest"
)

const (
	day  = 24 * time.Hour
	lead = 15 * time.Minute // from being published to signing
)

// changes are what replicas tell of keys that came and went.
type changes struct {
	mu   sync.Mutex
	told []keyring.Change
}

func (c *changes) tell(_ context.Context, change keyring.Change) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.told = append(c.told, change)
}

// causes are those of keys that were added, with "removed" for each other one.
func (c *changes) causes() []string {
	c.mu.Lock()
	defer c.mu.Unlock()
	causes := []string{}
	for _, change := range c.told {
		if change.Removed {
			causes = append(causes, "removed")
			continue
		}
		causes = append(causes, string(change.Cause))
	}
	return causes
}

// rotating is one replica whose chat talk has a schedule.
func rotating(t *testing.T, engine store.Engine, now func() time.Time, every time.Duration, told *changes) *keyring.Keyring {
	t.Helper()
	k, err := keyring.New(keyring.Config{
		Store: newStore(t, engine, "a"), Now: now, OnChange: told.tell,
		Sets: []keyring.SetConfig{{Name: "talk", RotateEvery: every}},
	})
	if err != nil {
		t.Fatal(err)
	}
	return k
}

func overview(t *testing.T, k *keyring.Keyring) keyring.Overview {
	t.Helper()
	o, err := k.Set("talk").Overview()
	if err != nil {
		t.Fatalf("Overview() = %v", err)
	}
	return o
}

// G3: the schedule adds the next key in time for it to sign when the turn of the one before is over, not sooner.
func TestAKeyTakesOverWhenTheTurnOfTheOneBeforeIsOver(t *testing.T) {
	var now clock
	var told changes
	k := rotating(t, memstore.New(memstore.Config{Now: now.Now}), now.Now, 90*day, &told)
	load(t, k)
	first := signingKID(t, k.Set("talk"))

	now.Advance(90*day - lead - time.Second)
	if diff := cmp.Diff([]string{first}, published(t, k)); diff != "" {
		t.Errorf("published a second too early (-want +got):\n%s", diff)
	}
	now.Advance(time.Second)
	if n := len(published(t, k)); n != 2 {
		t.Fatalf("%d keys are published when the next one is due, want 2", n)
	}
	expectSigner(t, first, k)
	now.Advance(lead)
	second := overview(t, k).Signer()
	if want := noon.Add(90 * day); second.KID == first || !second.SignsFrom.Equal(want) {
		t.Errorf("%q signs from %s, want another key than %q, from %s", second.KID, second.SignsFrom, first, want)
	}
	now.Advance(75 * time.Minute)
	if diff := cmp.Diff([]string{second.KID}, published(t, k)); diff != "" {
		t.Errorf("published when the first key's last token is over (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff([]string{"first_key", "scheduled"}, told.causes()); diff != "" {
		t.Errorf("changes told (-want +got):\n%s", diff)
	}
}

func TestWithoutAScheduleAKeySignsForEver(t *testing.T) {
	var now clock
	var told changes
	engine := memstore.New(memstore.Config{Now: now.Now})
	load(t, rotating(t, engine, now.Now, 90*day, &told))
	k := rotating(t, engine, now.Now, 0, &told)
	now.Advance(1000 * day)
	if n := len(published(t, k)); n != 1 {
		t.Errorf("%d keys are published after a schedule was removed, want the one there was", n)
	}
	if next := overview(t, k).Next; !next.IsZero() {
		t.Errorf("the next key takes over at %s, want never", next)
	}
}

func TestAfterALongTimeWithoutAReplicaOneKeyIsAdded(t *testing.T) {
	var now clock
	var told changes
	engine := memstore.New(memstore.Config{Now: now.Now})
	first := rotating(t, engine, now.Now, 3*time.Hour, &told)
	load(t, first)
	old := signingKID(t, first.Set("talk"))

	now.Advance(400 * day)
	k := rotating(t, engine, now.Now, 3*time.Hour, &told)
	for range 3 {
		load(t, k)
	}
	expectSigner(t, old, k) // consumers know this one
	if next := overview(t, k).Next; !next.Equal(now.Now().Add(lead)) {
		t.Errorf("the next key takes over at %s, want in a quarter of an hour", next)
	}
	if n := len(overview(t, k).Keys); n != 2 {
		t.Errorf("%d keys are published, want 2", n)
	}
}

func TestARotationByCommandCountsForTheSchedule(t *testing.T) {
	var now clock
	var told changes
	k := rotating(t, memstore.New(memstore.Config{Now: now.Now}), now.Now, 30*day, &told)
	load(t, k)
	now.Advance(20 * day)
	if _, err := k.Rotate(t.Context(), "talk"); err != nil {
		t.Fatal(err)
	}
	now.Advance(10 * day)
	if n := len(published(t, k)); n != 1 {
		t.Errorf("%d keys are published on the day of the former schedule, want 1", n)
	}
	if next, want := overview(t, k).Next, noon.Add(50*day+lead); !next.Equal(want) {
		t.Errorf("the next key takes over at %s, want %s", next, want)
	}
	if diff := cmp.Diff([]string{"first_key", "operator"}, told.causes()); diff != "" {
		t.Errorf("changes told (-want +got):\n%s", diff)
	}
}

// S97, D26: of any number of replicas that find a key due at once, one adds it, whatever the engine.
func TestReplicasThatFindAKeyDueAtOnceAddOne(t *testing.T) {
	for name, open := range map[string]func(t *testing.T) store.Engine{
		"in memory":    func(*testing.T) store.Engine { return memstore.New(memstore.Config{}) },
		"in miniredis": func(t *testing.T) store.Engine { return redisAt(t, miniredis.RunT(t).Addr()) },
		"in Redis":     func(t *testing.T) store.Engine { return redisAt(t, redistest.Start(t).Addr) },
	} {
		t.Run(name, func(t *testing.T) {
			var now clock
			var told changes
			engine := struct{ store.Engine }{open(t)} // without its clock, which this test does not move
			var replicas []*keyring.Keyring
			for range 6 {
				k := rotating(t, engine, now.Now, 3*time.Hour, &told)
				load(t, k)
				replicas = append(replicas, k)
			}
			now.Advance(3*time.Hour - lead)
			var loading sync.WaitGroup
			for _, k := range replicas {
				loading.Go(func() {
					if err := k.Load(context.Background()); err != nil {
						t.Errorf("Load() = %v", err)
					}
				})
			}
			loading.Wait()
			want := published(t, replicas[0])
			if len(want) != 2 {
				t.Errorf("%d keys are published, want the first and one more", len(want))
			}
			for _, k := range replicas {
				if diff := cmp.Diff(want, published(t, k)); diff != "" {
					t.Errorf("two replicas publish different keys:\n%s", diff)
				}
			}
			if diff := cmp.Diff([]string{"first_key", "scheduled"}, told.causes()); diff != "" {
				t.Errorf("changes told (-want +got):\n%s", diff)
			}
		})
	}
}

func redisAt(t *testing.T, address string) store.Engine {
	t.Helper()
	engine, err := redisstore.Open(redisstore.Config{Standalone: &redisstore.Standalone{Address: address}})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = engine.Close() })
	return engine
}

func TestAStoreThatCannotBeWrittenKeepsTheKeyThatSigns(t *testing.T) {
	var now clock
	var told changes
	engine := &readOnly{Engine: memstore.New(memstore.Config{Now: now.Now})}
	k := rotating(t, engine, now.Now, 3*time.Hour, &told)
	load(t, k)
	first := signingKID(t, k.Set("talk"))
	engine.now = true
	now.Advance(5 * time.Hour)
	if err := k.Load(t.Context()); !errors.Is(err, store.ErrUnavailable) || strings.Count(err.Error(), "signing keys of") != 1 {
		t.Errorf("Load() = %v, want ErrUnavailable, told once", err)
	}
	expectSigner(t, first, k)
	if next := overview(t, k).Next; !next.Before(now.Now()) {
		t.Errorf("the next key takes over at %s, want a time that is past, for the alarm", next)
	}
}

// readOnly is an engine that stops to take records.
type readOnly struct {
	store.Engine
	now bool
}

func (r *readOnly) Swap(ctx context.Context, key string, old, replacement []byte, ttl time.Duration) error {
	if r.now {
		return store.ErrUnavailable
	}
	return r.Engine.Swap(ctx, key, old, replacement, ttl)
}

func TestEveryChangeIsToldByWhoeverMadeIt(t *testing.T) { // S142
	var now clock
	var told, others changes
	engine := memstore.New(memstore.Config{Now: now.Now})
	k, other := rotating(t, engine, now.Now, 0, &told), rotating(t, engine, now.Now, 0, &others)
	load(t, k)
	load(t, other)
	first := signingKID(t, k.Set("talk"))
	next, err := k.Rotate(t.Context(), "talk")
	if err != nil {
		t.Fatal(err)
	}
	for range 2 { // the second adds nothing and is not told
		if _, err := k.Rotate(t.Context(), "talk"); err != nil {
			t.Fatal(err)
		}
	}
	for _, kid := range []string{first, next.KID} {
		if err := k.Remove(t.Context(), "talk", kid); err != nil {
			t.Fatal(err)
		}
	}
	if err := k.Remove(t.Context(), "talk", first); !errors.Is(err, keyring.ErrNoKey) {
		t.Errorf("Remove() of a key that is gone = %v, want ErrNoKey", err)
	}
	if diff := cmp.Diff([]string{"first_key", "operator", "removed", "removed", "operator"}, told.causes()); diff != "" {
		t.Errorf("changes told (-want +got):\n%s", diff)
	}
	kids := []string{}
	for _, change := range told.told {
		kids = append(kids, change.Key.KID)
	}
	last := signingKID(t, k.Set("talk"))
	if diff := cmp.Diff([]string{first, next.KID, first, next.KID, last}, kids); diff != "" {
		t.Errorf("keys told (-want +got):\n%s", diff)
	}
	load(t, other)
	if got := others.causes(); len(got) > 0 {
		t.Errorf("a replica that only read told of %v", got)
	}
}

func TestAKeyThatSignsTooShortlyIsRefused(t *testing.T) {
	for _, every := range []time.Duration{time.Minute, 89 * time.Minute, -time.Hour} {
		_, err := keyring.New(keyring.Config{
			Store: newStore(t, memstore.New(memstore.Config{}), "a"),
			Sets:  []keyring.SetConfig{{Name: "talk", RotateEvery: every}},
		})
		if err == nil || !strings.Contains(err.Error(), `chat "talk": keys must sign for 1h30m0s or longer, got `+every.String()) {
			t.Errorf("New() with RotateEvery %s = %v, want a refusal", every, err)
		}
	}
}
