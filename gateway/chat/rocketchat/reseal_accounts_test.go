package rocketchat

import (
	"bytes"
	"errors"
	"testing"
	"time"

	"chatgate/store"
	"chatgate/store/memstore"
)

// sealedUnder is what is kept of accounts, as a replica sees it that holds these sealing keys, the first one current.
func sealedUnder(t *testing.T, engine store.Engine, keys ...string) (*profiles, *passwords) {
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
	names := store.NewNames(s)
	if err := names.Keep(t.Context()); err != nil {
		t.Fatal(err)
	}
	links := NewLinks(s, names, "rocketchat")
	p := &profiles{links: links, records: store.NewBucket[profile](s.Durable("profile")), now: time.Now}
	return p, &passwords{links: links, key: "key", seeds: store.NewBucket[seeded](s.Durable("seed"))}
}

// TestWhatIsKeptOfAccountsOutlivesItsSealingKey: what was given can be taken, and passwords are known, when the key they
// were kept under is gone (D23).
func TestWhatIsKeptOfAccountsOutlivesItsSealingKey(t *testing.T) {
	ctx, engine := t.Context(), memstore.New(memstore.Config{})
	must := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	p, words := sealedUnder(t, engine, "former")
	must(p.links.Link(ctx, "corp", "ada", "ADA"))
	must(p.links.Link(ctx, "corp", "bob", "BOB")) // who has nothing else
	must(words.remember(ctx, "ADA", "seed"))
	account, err := p.links.account(ctx, "ADA")
	must(err)
	_, err = p.note(ctx, account, profile{Wanted: wanted{Name: "Ada"}, Given: given{Roles: []string{"moderator"}}})
	must(err)
	before, err := words.forAccount(ctx, "ADA")
	must(err)

	p, words = sealedUnder(t, engine, "current", "former")
	_, err = p.links.Reseal(ctx)
	must(errors.Join(err, p.reseal(ctx), words.reseal(ctx)))

	p, words = sealedUnder(t, engine, "current")
	found, err := p.records.Get(ctx, account)
	if err != nil || len(found.Given.Roles) != 1 {
		t.Errorf("profile = %+v, %v, want what was given", found, err)
	}
	if after, err := words.forAccount(ctx, "ADA"); err != nil || after != before {
		t.Errorf("password is another, or %v", err)
	}
	if _, err := words.forAccount(ctx, "BOB"); !errors.Is(err, errNotOurs) {
		t.Errorf("password of an account from before = %v, want none of ours", err)
	}
}
