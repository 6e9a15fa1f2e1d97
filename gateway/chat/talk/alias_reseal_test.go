package talk

import (
	"bytes"
	"testing"

	"chatgate/gateway/chat"
	"chatgate/store"
	"chatgate/store/memstore"
)

// aliasesUnder are the aliases as a replica sees them that holds these sealing keys, the first of them current.
func aliasesUnder(t *testing.T, engine store.Engine, keys ...string) *aliases {
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
	return newAliases(chat.Env{Name: "talk", Store: s, Names: derive})
}

// TestAliasesOutliveTheirSealingKey: nobody has to come back while both keys are held (D23).
func TestAliasesOutliveTheirSealingKey(t *testing.T) { // D6, D24
	ctx, engine := t.Context(), memstore.New(memstore.Config{})
	ada := person{Provider: "entra", Subject: "0001"}
	former := aliasesUnder(t, engine, "former")
	key, err := former.key(ctx, ada)
	if err != nil {
		t.Fatal(err)
	}
	if err := former.put(ctx, key, alias{Provider: ada.Provider, Subject: ada.Subject, ID: "an-id", From: "another"}); err != nil {
		t.Fatal(err)
	}
	both := aliasesUnder(t, engine, "current", "former")
	for _, want := range []int{1, 0} {
		if n, err := both.reseal(ctx); n != want || err != nil {
			t.Errorf("reseal with both keys = %d, %v, want %d", n, err, want)
		}
	}
	if got, err := aliasesUnder(t, engine, "current").userID(ctx, ada); got != "an-id" || err != nil {
		t.Errorf("once the former key is gone the user id is %q, %v, want the alias", got, err)
	}
}
