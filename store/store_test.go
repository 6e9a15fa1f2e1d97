package store_test

import (
	"bytes"
	"crypto/sha256"
	"errors"
	"testing"
	"time"

	"chatgate/store"
	"chatgate/store/memstore"
)

// clock is a clock that tests move.
type clock struct{ now time.Time }

func (c *clock) Now() time.Time { return c.now }

func (c *clock) advance(d time.Duration) { c.now = c.now.Add(d) }

// keyNamed is the sealing key of a name.
func keyNamed(name string) []byte {
	sum := sha256.Sum256([]byte(name))
	return sum[:]
}

// sealer seals with the key named first and opens what any of them sealed.
func sealer(t *testing.T, current string, others ...string) *store.Sealer {
	t.Helper()
	keys := map[string][]byte{current: keyNamed(current)}
	for _, name := range others {
		keys[name] = keyNamed(name)
	}
	s, err := store.NewSealer(current, keys)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// world is one engine that several replicas share, and their clock.
type world struct {
	engine store.Engine
	clock  *clock
}

func newWorld() world {
	c := &clock{now: time.Unix(1_800_000_000, 999_000_000)}
	return world{engine: memstore.New(memstore.Config{Now: c.Now}), clock: c}
}

// replica is a store of this world with sealing keys.
func (w world) replica(t *testing.T, current string, others ...string) *store.Store {
	t.Helper()
	s, err := store.New(store.Config{Engine: w.engine, Sealer: sealer(t, current, others...), Now: w.clock.Now})
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// raw is what the engine holds under a key.
func (w world) raw(t *testing.T, key string) []byte {
	t.Helper()
	value, err := w.engine.Get(t.Context(), key)
	must(t, err)
	return value
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func wantErr(t *testing.T, call string, got, want error) {
	t.Helper()
	if !errors.Is(got, want) {
		t.Errorf("%s = %v, want %v", call, got, want)
	}
}

// link is a record of these tests.
type link struct {
	Name  string
	Admin bool
}

var ada = link{Name: "ada", Admin: true}

func TestNewNeedsAnEngineAndASealer(t *testing.T) {
	t.Parallel()
	for name, cfg := range map[string]store.Config{
		"without an engine": {Sealer: sealer(t, "a")},
		"without a sealer":  {Engine: memstore.New(memstore.Config{})},
	} {
		if _, err := store.New(cfg); err == nil {
			t.Errorf("New() %s succeeded", name)
		}
	}
}

func TestPlacesAreApart(t *testing.T) { // D24
	t.Parallel()
	w := newWorld()
	s := w.replica(t, "a")
	for key, place := range map[string]store.Place{
		"d:links:x":       s.Durable("links"),
		"t:links:x":       s.Passing("links"),
		"d:links:forum:x": s.Durable("links").In("forum"),
	} {
		must(t, store.NewBucket[link](place).Add(t.Context(), "x", ada, 0))
		w.raw(t, key)
	}
}

func TestAValueIsNotReadableInADump(t *testing.T) { // S59
	t.Parallel()
	w := newWorld()
	s := w.replica(t, "a")
	must(t, store.NewBucket[link](s.Passing("room")).Put(t.Context(), "x", ada, time.Hour))
	if dump := w.raw(t, "t:room:x"); bytes.Contains(dump, []byte("ada")) {
		t.Errorf("the engine holds %q", dump)
	}
}
