package keyring_test

import (
	"context"
	"errors"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"chatgate/gateway/keyring"
	"chatgate/store/memstore"
)

// published is what a replica publishes for talk after it has read the store anew.
func published(t *testing.T, k *keyring.Keyring) []string {
	t.Helper()
	load(t, k)
	d, err := k.Set("talk").JWKS()
	return publishedKIDs(t, d, err)
}

func sorted(kids ...string) []string {
	slices.Sort(kids)
	return kids
}

// G3, S97: published first, signing later, the former kept until its last token has ended.
func TestRotationPublishesSignsKeepsAndDrops(t *testing.T) {
	var now clock
	engine := memstore.New(memstore.Config{Now: now.Now})
	here, there := newKeyring(t, engine, now.Now, "talk"), newKeyring(t, engine, now.Now, "talk")
	load(t, here)
	load(t, there)
	old := signingKID(t, here.Set("talk"))

	next, err := here.Rotate(t.Context(), "talk")
	if err != nil {
		t.Fatalf("Rotate() = %v", err)
	}
	want := keyring.Key{KID: next.KID, Created: noon, SignsFrom: noon.Add(15 * time.Minute), Public: next.Public}
	if diff := cmp.Diff(want, next); diff != "" || next.KID == old {
		t.Errorf("Rotate() of %q (-want +got):\n%s", old, diff)
	}
	for _, k := range []*keyring.Keyring{here, there} {
		if diff := cmp.Diff(sorted(old, next.KID), published(t, k)); diff != "" {
			t.Errorf("published during the lead (-want +got):\n%s", diff)
		}
	}
	expectSigner(t, old, here, there)
	now.Advance(15*time.Minute - time.Second)
	expectSigner(t, old, here, there)
	last, _, err := here.Set("talk").Sign(with(goodClaims(), object{"exp": now.Now().Add(time.Hour).Unix()}))
	if err != nil {
		t.Fatal(err)
	}

	now.Advance(time.Second) // nothing is read: the clock alone changes the key on every replica
	expectSigner(t, next.KID, here, there)
	now.Advance(time.Hour - 2*time.Second)
	load(t, there)
	if _, err := there.Set("talk").Verify(last, wanted); err != nil {
		t.Errorf("Verify() = %v for a token of the former key", err)
	}
	now.Advance(15*time.Minute + time.Second)
	if diff := cmp.Diff(sorted(old, next.KID), published(t, there)); diff != "" {
		t.Errorf("published one second before the end (-want +got):\n%s", diff)
	}
	now.Advance(time.Second)
	for _, k := range []*keyring.Keyring{here, there} {
		if diff := cmp.Diff([]string{next.KID}, published(t, k)); diff != "" {
			t.Errorf("published after the end (-want +got):\n%s", diff)
		}
	}
	if n := storedKeys(t, engine); n != 1 {
		t.Errorf("%d keys are stored after the end, want the old one dropped", n)
	}
}

func expectSigner(t *testing.T, kid string, replicas ...*keyring.Keyring) {
	t.Helper()
	for _, k := range replicas {
		if got := signingKID(t, k.Set("talk")); got != kid {
			t.Errorf("%q signs, want %q", got, kid)
		}
		keys, err := k.Set("talk").Keys()
		if err != nil {
			t.Fatal(err)
		}
		for _, key := range keys {
			if key.Signs != (key.KID == kid) {
				t.Errorf("Keys() says of %q that Signs = %v, while %q signs", key.KID, key.Signs, kid)
			}
		}
	}
}

// storedKeys reads with a clock of long ago, for which no key is over.
func storedKeys(t *testing.T, engine *memstore.Store) int {
	t.Helper()
	k := newKeyring(t, engine, func() time.Time { return noon.Add(-time.Hour) }, "talk")
	load(t, k)
	keys, err := k.Set("talk").Keys()
	if err != nil {
		t.Fatal(err)
	}
	return len(keys)
}

func TestRotationsAtOnceAreOneRotation(t *testing.T) {
	var now clock
	engine := memstore.New(memstore.Config{Now: now.Now})
	var replicas []*keyring.Keyring
	for range 4 {
		k := newKeyring(t, engine, now.Now, "talk")
		load(t, k)
		replicas = append(replicas, k)
	}
	kids := make([]string, len(replicas))
	var rotating sync.WaitGroup
	for i, k := range replicas {
		rotating.Go(func() {
			key, err := k.Rotate(context.Background(), "talk")
			if err != nil {
				t.Errorf("Rotate() = %v", err)
			}
			kids[i] = key.KID
		})
	}
	rotating.Wait()
	if n := len(slices.Compact(sorted(kids...))); n != 1 {
		t.Errorf("%d keys were made, want one", n)
	}
	if n := storedKeys(t, engine); n != 2 {
		t.Errorf("%d keys are stored, want the old and the new one", n)
	}
}

func TestAReplicaWhoseClockIsBehindSignsWithTheFirstKey(t *testing.T) {
	engine := memstore.New(memstore.Config{})
	load(t, newKeyring(t, engine, func() time.Time { return noon }, "talk"))
	behind := newKeyring(t, engine, func() time.Time { return noon.Add(-time.Hour) }, "talk")
	load(t, behind)
	if _, _, err := behind.Set("talk").Sign(object{}); err != nil {
		t.Errorf("Sign() = %v", err)
	}
}

func TestARemovedKeyIsGoneAtOnce(t *testing.T) { // G3
	var now clock
	engine := memstore.New(memstore.Config{Now: now.Now})
	here, there := newKeyring(t, engine, now.Now, "talk"), newKeyring(t, engine, now.Now, "talk")
	load(t, here)
	load(t, there)
	leaked := signingKID(t, here.Set("talk"))
	token, _, err := here.Set("talk").Sign(goodClaims())
	if err != nil {
		t.Fatal(err)
	}
	next, err := here.Rotate(t.Context(), "talk")
	if err != nil {
		t.Fatal(err)
	}
	if err := here.Remove(t.Context(), "talk", leaked); err != nil {
		t.Fatalf("Remove() = %v", err)
	}
	for _, k := range []*keyring.Keyring{here, there} {
		if diff := cmp.Diff([]string{next.KID}, published(t, k)); diff != "" {
			t.Errorf("published after Remove (-want +got):\n%s", diff)
		}
		if _, err := k.Set("talk").Verify(token, wanted); !errors.Is(err, keyring.ErrRefused) {
			t.Errorf("Verify() of the leaked key's token = %v, want ErrRefused", err)
		}
	}
	expectSigner(t, next.KID, here, there)
}

func TestTheLastKeyIsReplacedWhenRemoved(t *testing.T) {
	k := newKeyring(t, memstore.New(memstore.Config{}), nil, "talk")
	load(t, k)
	leaked := signingKID(t, k.Set("talk"))
	if err := k.Remove(t.Context(), "talk", leaked); err != nil {
		t.Fatalf("Remove() = %v", err)
	}
	fresh := signingKID(t, k.Set("talk"))
	if diff := cmp.Diff([]string{fresh}, published(t, k)); diff != "" || fresh == leaked {
		t.Errorf("published after Remove (-want +got):\n%s", diff)
	}
}

func TestChangesThatCannotBeMadeAreRefused(t *testing.T) {
	stored := newKeyring(t, memstore.New(memstore.Config{}), nil, "talk")
	load(t, stored)
	engine := memstore.New(memstore.Config{})
	document := exampleDocument(t)
	document["version"] = 2
	putDocument(t, engine, document)
	newer := newKeyring(t, engine, nil, "talk")
	files := fileKeyring(t, nil, exampleKey())
	rotate := func(k *keyring.Keyring, chat string) error {
		_, err := k.Rotate(t.Context(), chat)
		return err
	}
	for _, tt := range []struct {
		name string
		err  error
		want string
	}{
		{"rotating keys from files", rotate(files, "talk"), keyring.ErrFromFiles.Error()},
		{"removing a key from a file", files.Remove(t.Context(), "talk", exampleKID), keyring.ErrFromFiles.Error()},
		{"rotating a set there is not", rotate(stored, "coral"), "no such set"},
		{"removing a key there is not", stored.Remove(t.Context(), "talk", exampleKID), keyring.ErrNoKey.Error()},
		{"rotating what a newer version wrote", rotate(newer, "talk"), "version 2"},
		{"removing from what a newer version wrote", newer.Remove(t.Context(), "talk", exampleKID), "version 2"},
	} {
		if tt.err == nil || !strings.Contains(tt.err.Error(), tt.want) {
			t.Errorf("%s = %v, want %q", tt.name, tt.err, tt.want)
		}
	}
}
