package keyring_test

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/go-jose/go-jose/v4"

	"chatgate/gateway/keyring"
	"chatgate/store"
	"chatgate/store/memstore"
)

const (
	longestToken = time.Hour        // G7
	longestCache = 10 * time.Minute // G3
)

// replica is one gateway process. Its clock may be fast or slow.
type replica struct {
	*keyring.Keyring
	now func() time.Time
}

func startReplica(t *testing.T, engine store.Engine, ahead, every time.Duration) replica {
	t.Helper()
	now := func() time.Time { return time.Now().Add(ahead) }
	k := rotating(t, engine, now, every, new(changes))
	stop := start(t, k)
	t.Cleanup(stop)
	return replica{Keyring: k, now: now}
}

// verifier is a product that keeps each JWKS for ten minutes and never asks in between, not even about a kid that it has
// never seen: the most stubborn cache that G3 allows for. It asks its replicas in turn.
type verifier struct {
	replicas []replica
	kept     jose.JSONWebKeySet
	until    time.Time
}

func (v *verifier) refuses(signed *jose.JSONWebSignature) error {
	if !time.Now().Before(v.until) {
		if err := v.fetch(); err != nil {
			return err
		}
	}
	kid := signed.Signatures[0].Header.KeyID
	keys := v.kept.Key(kid)
	if len(keys) != 1 {
		return fmt.Errorf("%d keys have the kid %q", len(keys), kid)
	}
	_, err := signed.Verify(keys[0])
	return err
}

func (v *verifier) fetch() error {
	from := v.replicas[0]
	v.replicas = append(v.replicas[1:], from)
	d, err := from.Set("talk").JWKS()
	if err != nil {
		return err
	}
	w := httptest.NewRecorder()
	keyring.Serve(w, httptest.NewRequest(http.MethodGet, "/talk/jwks.json", nil), d)
	v.kept, v.until = jose.JSONWebKeySet{}, time.Now().Add(longestCache)
	return json.Unmarshal(w.Body.Bytes(), &v.kept)
}

// office is two replicas at work, and verifiers that come at different moments of every ten minutes.
type office struct {
	t         *testing.T
	replicas  []replica
	mu        sync.Mutex
	verifiers []*verifier
	signers   map[string]bool
	tokens    int
}

func newOffice(t *testing.T, replicas ...replica) *office {
	return &office{t: t, replicas: replicas, signers: map[string]bool{}}
}

// admit adds a verifier that fetches from each of the replicas in turn, beginning with the one given, now.
func (o *office) admit(first int) {
	replicas := append(slices.Clone(o.replicas[first:]), o.replicas[:first]...)
	v := &verifier{replicas: replicas}
	if err := v.fetch(); err != nil {
		o.t.Errorf("a verifier reads the JWKS: %v", err)
	}
	o.mu.Lock()
	defer o.mu.Unlock()
	o.verifiers = append(o.verifiers, v)
}

// sign has a replica sign a token of the longest life, and follows that one to its end.
func (o *office) sign(r replica, following *sync.WaitGroup) {
	ends := r.now().Add(longestToken)
	token, kid, err := r.Set("talk").Sign(object{"iat": r.now().Unix(), "exp": ends.Unix()})
	if err != nil {
		o.t.Errorf("Sign() = %v", err)
		return
	}
	signed, err := jose.ParseSignedCompact(token, []jose.SignatureAlgorithm{jose.RS256})
	if err != nil {
		o.t.Errorf("a token of ours is not read: %v", err)
		return
	}
	o.mu.Lock()
	o.tokens++
	o.signers[kid] = true
	o.mu.Unlock()
	following.Go(func() {
		for time.Now().Before(ends) {
			o.mustTake(signed, kid, ends)
			time.Sleep(min(20*time.Minute, max(time.Until(ends)-time.Second, time.Second)))
		}
	})
}

func (o *office) mustTake(token *jose.JSONWebSignature, kid string, ends time.Time) {
	o.mu.Lock()
	defer o.mu.Unlock()
	for i, v := range o.verifiers {
		if err := v.refuses(token); err != nil {
			o.t.Errorf("verifier %d refuses a token by %q, %s before its end: %v", i, kid, time.Until(ends), err)
		}
	}
}

// work has every replica sign every three minutes for so long, and waits for the last token's end.
func (o *office) work(d time.Duration) {
	var signing, following sync.WaitGroup
	ctx, stop := context.WithTimeout(context.Background(), d)
	defer stop()
	for i, r := range o.replicas {
		signing.Go(func() {
			for ctx.Err() == nil {
				o.sign(r, &following)
				time.Sleep(time.Duration(173+6*i) * time.Second)
			}
		})
	}
	signing.Wait()
	following.Wait()
}

// G3, S97: no valid token is refused, however many rotations there are, whoever asks for them, and although the clocks of
// the two replicas are four minutes apart.
func TestNoTokenIsRefusedWhileKeysRotate(t *testing.T) {
	for _, tt := range []struct {
		name          string
		here, there   time.Duration
		losesTheStore bool
	}{
		{name: "with clocks that agree"},
		{name: "with one replica two minutes behind and one ahead", here: -2 * time.Minute, there: 2 * time.Minute},
		{name: "with a store that loses everything on the way", losesTheStore: true},
	} {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				engine := memstore.New(memstore.Config{})
				o := newOffice(t, startReplica(t, engine, tt.here, 3*time.Hour), startReplica(t, engine, tt.there, 3*time.Hour))
				synctest.Wait()
				for i := range 4 {
					o.admit(i % 2)
					time.Sleep(150 * time.Second)
				}
				o.rotateNowAndThen(engine, tt.losesTheStore)
				o.work(9 * time.Hour)
				if n := len(o.signers); n != 5 {
					t.Errorf("%d keys signed %d tokens, want the first, two by command and two by the schedule", n, o.tokens)
				}
			})
		})
	}
}

// rotateNowAndThen has an operator rotate and the store lose its records, while people are at work.
func (o *office) rotateNowAndThen(engine *memstore.Store, loses bool) {
	for i, at := range []time.Duration{100 * time.Minute, 340 * time.Minute} {
		time.AfterFunc(at, func() {
			if _, err := o.replicas[i].Rotate(context.Background(), "talk"); err != nil {
				o.t.Errorf("Rotate() = %v", err)
			}
		})
	}
	if !loses {
		return
	}
	for _, at := range []time.Duration{105 * time.Minute, 5 * time.Hour} {
		time.AfterFunc(at, func() {
			if err := engine.Delete(context.Background(), "d:keyring:talk"); err != nil {
				o.t.Errorf("Delete() = %v", err)
			}
		})
	}
}

// S97: the worst that can meet. The replica that rotates is two minutes behind, the one that is asked for the JWKS has
// just not heard of it, and a third one that signs is two minutes ahead.
func TestTheMostStubbornCacheHasLetGoWhenANewKeySigns(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		engine := memstore.New(memstore.Config{})
		at := func(ahead time.Duration) replica {
			now := func() time.Time { return time.Now().Add(ahead) }
			k := rotating(t, engine, now, 0, new(changes))
			load(t, k)
			return replica{Keyring: k, now: now}
		}
		behind, asked, ahead := at(-2*time.Minute), at(0), at(2*time.Minute)
		if _, err := behind.Rotate(t.Context(), "talk"); err != nil {
			t.Fatal(err)
		}
		load(t, ahead.Keyring)
		time.Sleep(time.Minute) // asked reads again at the end of it
		o := newOffice(t, asked)
		o.admit(0)
		load(t, asked.Keyring)
		var following sync.WaitGroup
		for range longestCache / time.Second {
			time.Sleep(time.Second)
			if kid := signingKID(t, ahead.Set("talk")); !o.signers[kid] {
				o.sign(ahead, &following)
			}
		}
		following.Wait()
		if len(o.signers) != 2 {
			t.Errorf("%d keys have signed when the cache ends, want the new one to begin right then", len(o.signers))
		}
	})
}

// S97: what one replica signs with, every other one publishes, at every moment.
func TestNoReplicaSignsWithAKeyThatAnotherDoesNotPublish(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		engine := memstore.New(memstore.Config{})
		replicas := []replica{
			startReplica(t, engine, -2*time.Minute, 3*time.Hour), startReplica(t, engine, 0, 3*time.Hour),
			startReplica(t, engine, 2*time.Minute, 3*time.Hour),
		}
		synctest.Wait()
		for range 12 * 60 * 2 {
			time.Sleep(30 * time.Second)
			for _, signs := range replicas {
				kid := signingKID(t, signs.Set("talk"))
				for i, publishes := range replicas {
					d, err := publishes.Set("talk").JWKS()
					if !slices.Contains(publishedKIDs(t, d, err), kid) {
						t.Fatalf("%q signs at %s, and replica %d does not publish it", kid, time.Now(), i)
					}
				}
			}
		}
	})
}

func TestWithinAMinuteNoReplicaSignsWithARemovedKey(t *testing.T) { // G3
	synctest.Test(t, func(t *testing.T) {
		engine := memstore.New(memstore.Config{})
		here, there := startReplica(t, engine, 0, 0), startReplica(t, engine, 0, 0)
		synctest.Wait()
		for range 10 { // at different moments of their rounds
			leaked := signingKID(t, here.Set("talk"))
			if err := here.Remove(t.Context(), "talk", leaked); err != nil {
				t.Fatalf("Remove() = %v", err)
			}
			time.Sleep(time.Minute)
			for name, k := range map[string]replica{"here": here, "there": there} {
				if signingKID(t, k.Set("talk")) == leaked {
					t.Errorf("%s a key signs a minute after it was removed", name)
				}
				d, err := k.Set("talk").JWKS()
				if slices.Contains(publishedKIDs(t, d, err), leaked) {
					t.Errorf("%s a key is published a minute after it was removed", name)
				}
			}
			time.Sleep(17 * time.Second)
		}
	})
}
