package keyring_test

import (
	"bytes"
	"context"
	"crypto/x509"
	"encoding/base64"
	"errors"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"chatgate/gateway/keyring"
	"chatgate/store"
	"chatgate/store/memstore"
)

// S96, D26: replicas that start at once agree on one key.
func TestReplicasThatStartAtOnceAgreeOnOneKey(t *testing.T) {
	engine := memstore.New(memstore.Config{})
	var replicas []*keyring.Keyring
	for range 8 {
		replicas = append(replicas, newKeyring(t, engine, nil, "talk"))
	}
	var starting sync.WaitGroup
	for _, k := range replicas {
		starting.Go(func() {
			if err := k.Load(context.Background()); err != nil {
				t.Errorf("Load() = %v", err)
			}
		})
	}
	starting.Wait()

	want, err := replicas[0].JWKS()
	if n := len(publishedKIDs(t, want, err)); n != 1 {
		t.Fatalf("%d keys published, want one", n)
	}
	for _, k := range replicas {
		got, err := k.JWKS()
		if err != nil || !bytes.Equal(got.Body, want.Body) || got.ETag != want.ETag {
			t.Errorf("JWKS() = %s, %v, want %s", got.Body, err, want.Body)
		}
		if kid := signingKID(t, k.Set("talk")); kid != signingKID(t, replicas[0].Set("talk")) {
			t.Errorf("replicas sign with different keys")
		}
	}
}

func TestARestartKeepsTheKey(t *testing.T) {
	engine := memstore.New(memstore.Config{})
	before := newKeyring(t, engine, nil, "talk")
	load(t, before)
	after := newKeyring(t, engine, nil, "talk")
	load(t, after)
	if got, want := signingKID(t, after.Set("talk")), signingKID(t, before.Set("talk")); got != want {
		t.Errorf("after a restart %q signs, want %q", got, want)
	}
}

func TestEveryChatHasKeysOfItsOwn(t *testing.T) { // G5
	k := newKeyring(t, memstore.New(memstore.Config{}), nil, "talk", "coral")
	load(t, k)
	talk, err := k.Set("talk").JWKS()
	talkKIDs := publishedKIDs(t, talk, err)
	coral, err := k.Set("coral").JWKS()
	coralKIDs := publishedKIDs(t, coral, err)
	if cmp.Equal(talkKIDs, coralKIDs) {
		t.Errorf("two chats share the key %v", talkKIDs)
	}
	union, err := k.JWKS()
	if n := len(publishedKIDs(t, union, err)); n != 2 {
		t.Errorf("the union has %d keys, want both", n)
	}
	if k.Set("rocketchat") != nil {
		t.Error(`Set("rocketchat") is not nil for a chat without keys`)
	}
}

func TestWithoutSetsThereIsAnEmptyUnion(t *testing.T) {
	d, err := newKeyring(t, memstore.New(memstore.Config{}), nil).JWKS()
	if err != nil || string(d.Body) != `{"keys":[]}` {
		t.Errorf("JWKS() = %s, %v, want an empty set", d.Body, err)
	}
}

// D26: never a key of one replica's own.
func TestNothingIsSignedOrPublishedBeforeTheKeysAreRead(t *testing.T) {
	engine := &faulty{Engine: memstore.New(memstore.Config{})}
	engine.away.Store(true)
	k := newKeyring(t, engine, nil, "talk")
	set := k.Set("talk")
	if err := k.Load(t.Context()); !errors.Is(err, store.ErrUnavailable) {
		t.Fatalf("Load() = %v, want ErrUnavailable", err)
	}
	for name, call := range map[string]func() error{
		"Ready":        k.Ready,
		"Keyring.JWKS": func() error { _, err := k.JWKS(); return err },
		"Set.JWKS":     func() error { _, err := set.JWKS(); return err },
		"SigningKID":   func() error { _, err := set.SigningKID(); return err },
		"Keys":         func() error { _, err := set.Keys(); return err },
		"Sign":         func() error { _, _, err := set.Sign(struct{}{}); return err },
		"Verify":       func() error { _, err := set.Verify("a.b.c", keyring.Expectation{}); return err },
	} {
		if err := call(); !errors.Is(err, keyring.ErrNotLoaded) {
			t.Errorf("%s = %v, want ErrNotLoaded", name, err)
		}
	}

	engine.away.Store(false)
	load(t, k)
	if err := k.Ready(); err != nil {
		t.Errorf("Ready() = %v", err)
	}
	engine.away.Store(true)
	if err := k.Load(t.Context()); err == nil {
		t.Error("Load() = nil with the store away")
	}
	if _, _, err := set.Sign(struct{}{}); err != nil {
		t.Errorf("Sign() = %v with keys read before the store went away", err)
	}
}

func TestAnUnreadableSetHoldsBackTheUnionButNotTheOthers(t *testing.T) {
	engine := &faulty{Engine: memstore.New(memstore.Config{}), awayFor: "d:keyring:coral"}
	k := newKeyring(t, engine, nil, "coral", "talk")
	if err := k.Load(t.Context()); err == nil || !strings.Contains(err.Error(), `"coral"`) {
		t.Errorf("Load() = %v, want an error that names coral", err)
	}
	if _, err := k.Set("talk").JWKS(); err != nil {
		t.Errorf("JWKS() of the readable set = %v", err)
	}
	if _, err := k.JWKS(); !errors.Is(err, keyring.ErrNotLoaded) {
		t.Errorf("JWKS() = %v, want ErrNotLoaded while a set is missing", err)
	}
}

func TestRunRecoversFromAnAbsentStore(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		engine := &faulty{Engine: memstore.New(memstore.Config{})}
		engine.away.Store(true)
		var log journal
		var read, failed atomic.Int64
		k, err := keyring.New(keyring.Config{
			Store: newStore(t, engine, "a"), Log: log.Logger(), Sets: []keyring.SetConfig{{Name: "talk"}},
			OnRead: func(err error) {
				if err != nil {
					failed.Add(1)
					return
				}
				read.Add(1)
			},
		})
		if err != nil {
			t.Fatal(err)
		}
		stop := start(t, k)
		time.Sleep(10 * time.Minute)
		if err := k.Ready(); !errors.Is(err, keyring.ErrNotLoaded) {
			t.Errorf("Ready() = %v with the store away, want ErrNotLoaded", err)
		}
		engine.away.Store(false)
		time.Sleep(20 * time.Second)
		if err := k.Ready(); err != nil {
			t.Errorf("Ready() = %v twenty seconds after the store came back", err)
		}
		stop()
		if read.Load() != 1 || failed.Load() < 40 {
			t.Errorf("OnRead was told of %d rounds that went well and %d that did not, want 1 and one each quarter of a minute",
				read.Load(), failed.Load())
		}
		for _, line := range []string{"signing keys not read", "signing keys read again", "signing keys stored", "signing keys changed"} {
			if n := strings.Count(log.String(), line); n != 1 {
				t.Errorf("%q was logged %d times, want once", line, n)
			}
		}
	})
}

func TestRunBringsAnotherReplicasChangeWithinAMinute(t *testing.T) { // S97: no restart
	synctest.Test(t, func(t *testing.T) {
		engine := memstore.New(memstore.Config{})
		here, there := newKeyring(t, engine, nil, "talk"), newKeyring(t, engine, nil, "talk")
		stop := start(t, here)
		synctest.Wait()
		load(t, there)
		next, err := there.Rotate(t.Context(), "talk")
		if err != nil {
			t.Fatal(err)
		}
		time.Sleep(70 * time.Second)
		union, err := here.JWKS()
		if kids := publishedKIDs(t, union, err); !strings.Contains(strings.Join(kids, " "), next.KID) {
			t.Errorf("published %v, want the new key %q among them", kids, next.KID)
		}
		stop()
	})
}

// start runs k until the function it returns is called.
func start(t *testing.T, k *keyring.Keyring) (stop func()) {
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error)
	go func() { done <- k.Run(ctx) }()
	return func() {
		cancel()
		if err := <-done; err != nil {
			t.Errorf("Run() = %v after its context ended, want nil", err)
		}
	}
}

func TestAStoreThatLostItsRecordsGetsTheKeysBack(t *testing.T) {
	engine := memstore.New(memstore.Config{})
	k := newKeyring(t, engine, nil, "talk")
	load(t, k)
	want := signingKID(t, k.Set("talk"))
	if err := engine.Delete(t.Context(), "d:keyring:talk"); err != nil {
		t.Fatal(err)
	}
	load(t, k)
	newcomer := newKeyring(t, engine, nil, "talk")
	load(t, newcomer)
	if got := signingKID(t, newcomer.Set("talk")); got != want {
		t.Errorf("a new replica signs with %q, want %q as before the loss", got, want)
	}
}

func TestKeysAreSealedAtRest(t *testing.T) { // D23
	engine := memstore.New(memstore.Config{})
	key := exampleKey()
	der, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		t.Fatal(err)
	}
	putDocument(t, engine, exampleDocument(t))
	load(t, newKeyring(t, engine, nil, "talk"))
	raw, err := engine.Get(t.Context(), "d:keyring:talk")
	if err != nil {
		t.Fatal(err)
	}
	for name, secret := range map[string][]byte{
		"DER": der, "DER in base64": []byte(base64.StdEncoding.EncodeToString(der)),
		"exponent": key.D.Bytes(), "prime": key.Primes[0].Bytes(), "kid": []byte(exampleKID),
	} {
		if bytes.Contains(raw, secret) {
			t.Errorf("the stored record shows the %s", name)
		}
	}
}

func TestASealingKeyIsReplacedInThreeDeploys(t *testing.T) { // D23
	engine := memstore.New(memstore.Config{})
	var kids []string
	for _, sealing := range []string{"a", "ab", "ba", "b"} {
		k, err := keyring.New(keyring.Config{
			Store: newStore(t, engine, sealing), Sets: []keyring.SetConfig{{Name: "talk"}},
		})
		if err != nil {
			t.Fatal(err)
		}
		load(t, k)
		kids = append(kids, signingKID(t, k.Set("talk")))
	}
	if want := []string{kids[0], kids[0], kids[0], kids[0]}; !cmp.Equal(kids, want) {
		t.Errorf("signing keys of the deploys = %v, want one key throughout", kids)
	}
}

func TestARecordUnderAnUnknownSealingKeyIsLeftAlone(t *testing.T) {
	engine := memstore.New(memstore.Config{})
	load(t, newKeyring(t, engine, nil, "talk"))
	before, err := engine.Get(t.Context(), "d:keyring:talk")
	if err != nil {
		t.Fatal(err)
	}
	stranger, err := keyring.New(keyring.Config{
		Store: newStore(t, engine, "c"), Sets: []keyring.SetConfig{{Name: "talk"}},
	})
	if err != nil {
		t.Fatal(err)
	}
	if err := stranger.Load(t.Context()); !errors.Is(err, store.ErrUnknownKey) {
		t.Errorf("Load() = %v, want ErrUnknownKey", err)
	}
	if err := stranger.Ready(); !errors.Is(err, keyring.ErrNotLoaded) {
		t.Errorf("Ready() = %v, want ErrNotLoaded", err)
	}
	after, err := engine.Get(t.Context(), "d:keyring:talk")
	if err != nil || !bytes.Equal(before, after) {
		t.Errorf("the record was changed (%v)", err)
	}
}
