package chat_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"testing"

	"github.com/google/go-cmp/cmp"

	"chatgate/gateway/chat"
	"chatgate/store"
	"chatgate/store/memstore"
)

// originalsUnder are what is remembered, as a replica sees it that holds these sealing keys, the first of them current.
func originalsUnder(t *testing.T, engine store.Engine, keys ...string) (chat.Originals, *store.Store) {
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
	return chat.NewOriginals(chat.Env{Name: "board", Store: s}), s
}

func change(setting, was string) chat.Change {
	return chat.Change{Setting: setting, Was: json.RawMessage(was), Set: json.RawMessage(`"ours"`)}
}

func TestTheFirstValueIsTheOneThatIsRemembered(t *testing.T) {
	ctx := t.Context()
	o, s := originalsUnder(t, memstore.New(memstore.Config{}), "key")
	if _, err := o.List(ctx); !errors.Is(err, chat.ErrNothingKept) {
		t.Errorf("List() = %v before anything was changed, want ErrNothingKept", err)
	}
	for _, step := range []struct {
		changes []chat.Change
		fresh   []string
	}{
		{[]chat.Change{change("b", `"1"`), change("a", `"2"`)}, []string{"b", "a"}},
		{[]chat.Change{change("a", `"ours"`), change("c", `"3"`)}, []string{"c"}},
	} {
		fresh, err := o.Remember(ctx, step.changes...)
		if diff := cmp.Diff(step.fresh, fresh); diff != "" || err != nil {
			t.Errorf("Remember(%v), %v (-want +got):\n%s", step.changes, err, diff)
		}
	}
	if err := o.Forget(ctx, []string{"c"}); err != nil {
		t.Fatal(err)
	}
	want := []chat.Original{{Setting: "b", Value: json.RawMessage(`"1"`)}, {Setting: "a", Value: json.RawMessage(`"2"`)}}
	got, err := o.List(ctx)
	if diff := cmp.Diff(want, got); diff != "" || err != nil {
		t.Errorf("List(), %v (-want +got):\n%s", err, diff)
	}
	stored, err := store.NewBucket[json.RawMessage](s.Durable("setup").In("board")).Get(ctx, "before")
	if want := `{"s":[{"i":"b","v":"1"},{"i":"a","v":"2"}]}`; string(stored) != want || err != nil {
		t.Errorf("stored as %s, %v, want %s, as former releases read it", stored, err, want)
	}
	if err := o.Clear(ctx); err != nil {
		t.Fatal(err)
	}
	if _, err := o.List(ctx); !errors.Is(err, chat.ErrNothingKept) {
		t.Errorf("List() = %v once everything was put back, want ErrNothingKept", err)
	}
}

// TestWhatSetupRemembersOutlivesItsSealingKey: an undo is possible once the former key is gone (D23).
func TestWhatSetupRemembersOutlivesItsSealingKey(t *testing.T) {
	ctx, engine := t.Context(), memstore.New(memstore.Config{})
	under := func(keys ...string) chat.Originals {
		o, _ := originalsUnder(t, engine, keys...)
		return o
	}
	if err := under("former").Reseal(ctx); err != nil {
		t.Errorf("Reseal of nothing = %v", err)
	}
	if _, err := under("former").Remember(ctx, change("s", "false")); err != nil {
		t.Fatal(err)
	}
	if _, err := under("current").List(ctx); !errors.Is(err, store.ErrUnknownKey) {
		t.Errorf("without the former key List() = %v, want ErrUnknownKey", err)
	}
	if err := under("current", "former").Reseal(ctx); err != nil {
		t.Fatal(err)
	}
	if kept, err := under("current").List(ctx); err != nil || len(kept) != 1 {
		t.Errorf("after the reseal List() = %v, %v, want what was remembered", kept, err)
	}
}
