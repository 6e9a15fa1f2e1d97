package talk

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"sync/atomic"
	"testing"

	"chatgate/gateway/chat"
	"chatgate/store"
	"chatgate/store/memstore"
)

// registerUnder is the register as a replica sees it that holds these sealing keys, the first of them current.
func registerUnder(t *testing.T, engine store.Engine, keys ...string) (register *names, rotating bool) {
	t.Helper()
	held := map[string][]byte{}
	for _, key := range keys {
		held[key] = bytes.Repeat([]byte(key[:1]), 32)
	}
	sealer, err := store.NewSealer(keys[0], held)
	if err != nil {
		t.Fatal(err)
	}
	s, err := store.New(store.Config{Engine: engine, Sealer: sealer})
	if err != nil {
		t.Fatal(err)
	}
	derive := store.NewNames(s)
	if err := derive.Keep(t.Context()); err != nil {
		t.Fatal(err)
	}
	env := chat.Env{Name: "talk", Store: s, Names: derive, Heartbeat: store.NewHeartbeat(s)}
	if err := env.Heartbeat.Beat(t.Context()); err != nil {
		t.Fatal(err)
	}
	return newNames(&Config{Profile: CoralSSO, UniqueNames: true}, env), s.Rotating()
}

// TestNamesOutliveTheirSealingKey: nobody has to come back while both keys are held (D23).
func TestNamesOutliveTheirSealingKey(t *testing.T) {
	const people = 1100 // more than one listing
	ctx, engine := t.Context(), memstore.New(memstore.Config{})
	former, rotating := registerUnder(t, engine, "former")
	for i := range people {
		if _, err := former.of(ctx, fmt.Sprint(i), fmt.Sprintf("reader %d", i)); err != nil {
			t.Fatal(err)
		}
	}
	if n, err := former.reseal(ctx, rotating); n != 0 || err != nil {
		t.Errorf("reseal with one key = %d, %v, want nothing to do", n, err)
	}
	both, rotating := registerUnder(t, engine, "current", "former")
	for _, want := range []int{people, 0} {
		if n, err := both.reseal(ctx, rotating); n != want || err != nil {
			t.Errorf("reseal with both keys = %d, %v, want %d", n, err, want)
		}
	}
	current, _ := registerUnder(t, engine, "current")
	for id, want := range map[string]string{"7": "reader 7", "stranger": "reader 7_2"} {
		if got, err := current.of(ctx, id, "reader 7"); err != nil || got != want {
			t.Errorf("of(%q) once the former key is gone = %q, %v, want %q", id, got, err, want)
		}
	}
}

// closing is an engine in which one kind of record does not open, or that is away.
type closing struct {
	store.Engine
	err atomic.Pointer[error]
}

func (c *closing) Get(ctx context.Context, key string) ([]byte, error) {
	if err := c.err.Load(); err != nil {
		return nil, *err
	}
	return c.Engine.Get(ctx, key)
}

func TestResealTellsWhatItCouldNotOpen(t *testing.T) {
	for name, away := range map[string]error{
		"an engine that is away":       fmt.Errorf("dial: %w", store.ErrUnavailable),
		"a record that does not open":  store.ErrCorrupt,
		"a record under a foreign key": store.ErrUnknownKey,
	} {
		t.Run(name, func(t *testing.T) {
			engine := &closing{Engine: memstore.New(memstore.Config{})}
			former, _ := registerUnder(t, engine, "former")
			if _, err := former.of(t.Context(), "1", "ada"); err != nil {
				t.Fatal(err)
			}
			both, rotating := registerUnder(t, engine, "current", "former")
			engine.err.Store(&away)
			if n, err := both.reseal(t.Context(), rotating); n != 0 || !errors.Is(err, away) {
				t.Errorf("reseal = %d, %v, want none and the cause", n, err)
			}
		})
	}
}
