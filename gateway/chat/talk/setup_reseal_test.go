package talk

import (
	"bytes"
	"encoding/json"
	"errors"
	"testing"

	"chatgate/gateway/chat"
	"chatgate/store"
	"chatgate/store/memstore"
)

// storeUnder is a store as a replica sees it that holds these sealing keys, the first of them current.
func storeUnder(t *testing.T, engine store.Engine, keys ...string) *store.Store {
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
	return s
}

// TestWhatSetupRemembersOutlivesItsSealingKey: an undo is possible once the former key is gone (D23).
func TestWhatSetupRemembersOutlivesItsSealingKey(t *testing.T) {
	engine := memstore.New(memstore.Config{})
	under := func(keys ...string) *Setup {
		c := &connector{env: chat.Env{Name: "talk", Store: storeUnder(t, engine, keys...)}}
		return &Setup{c: c, kept: c.keptSettings()}
	}
	if err := under("former").c.resealKept(t.Context()); err != nil {
		t.Errorf("reseal of nothing = %v", err)
	}
	change := Change{Setting: "sso.enabled", Was: json.RawMessage("false"), Set: json.RawMessage("true")}
	if _, err := under("former").remember(t.Context(), []Change{change}); err != nil {
		t.Fatal(err)
	}
	if _, err := under("current").originals(t.Context()); !errors.Is(err, store.ErrUnknownKey) {
		t.Errorf("without the former key the record reads with %v, want ErrUnknownKey", err)
	}
	if err := under("current", "former").c.resealKept(t.Context()); err != nil {
		t.Fatal(err)
	}
	if kept, err := under("current").originals(t.Context()); err != nil || !kept.has("sso.enabled") {
		t.Errorf("after the reseal the record is %+v, %v, want what was remembered", kept, err)
	}
}
