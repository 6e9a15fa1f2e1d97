package store_test

import (
	"context"
	"errors"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"chatgate/store"
	"chatgate/store/memstore"
)

// fingerprintOf is the fingerprint of the key with a name.
func fingerprintOf(t *testing.T, name string) string {
	t.Helper()
	return strings.TrimPrefix(sealer(t, name).String(), name+"=")
}

func TestHeartbeatTellsWhichKeysAreHeld(t *testing.T) { // D23
	t.Parallel()
	w := newWorld()
	first, second := store.NewHeartbeat(w.replica(t, "new", "old")), store.NewHeartbeat(w.replica(t, "new"))
	old := fingerprintOf(t, "old")
	if second.Held(old) {
		t.Error("Held(old) before anybody's beat")
	}
	must(t, first.Beat(t.Context()))
	must(t, second.Beat(t.Context()))
	if !second.Held(old) || !second.Held(fingerprintOf(t, "new")) || second.Held(fingerprintOf(t, "other")) {
		t.Error("want both keys of the first replica held, and no other")
	}
	w.clock.advance(19 * time.Second)
	must(t, second.Beat(t.Context()))
	if !second.Held(old) {
		t.Error("Held(old) = false while the first replica's beat lives")
	}
	w.clock.advance(2 * time.Second)
	must(t, second.Beat(t.Context()))
	if second.Held(old) {
		t.Error("Held(old) = true after the first replica has gone")
	}
}

func TestHeartbeatNoticesAKeyThatThisReplicaLacks(t *testing.T) { // S146
	t.Parallel()
	w := newWorld()
	ahead, behind := store.NewHeartbeat(w.replica(t, "new", "old")), store.NewHeartbeat(w.replica(t, "old"))
	must(t, behind.Beat(t.Context()))
	must(t, ahead.Beat(t.Context()))
	must(t, behind.Beat(t.Context()))
	if err := ahead.Mismatch(); err != nil {
		t.Errorf("Mismatch() of the replica that holds both = %v", err)
	}
	if err := behind.Mismatch(); err == nil || !strings.Contains(err.Error(), fingerprintOf(t, "new")) {
		t.Errorf("Mismatch() of the replica behind = %v, want the key named", err)
	}
	w.clock.advance(21 * time.Second)
	must(t, behind.Beat(t.Context()))
	if err := behind.Mismatch(); err != nil {
		t.Errorf("Mismatch() after the others have gone = %v", err)
	}
}

func TestHeartbeatNoticesTwoKeysOfOneName(t *testing.T) { // S146
	t.Parallel()
	w := newWorld()
	one := store.NewHeartbeat(w.replica(t, "key"))
	wrong, err := store.NewSealer("key", map[string][]byte{"key": keyNamed("another")})
	must(t, err)
	other, err := store.New(store.Config{Engine: w.engine, Sealer: wrong, Now: w.clock.Now})
	must(t, err)
	must(t, one.Beat(t.Context()))
	two := store.NewHeartbeat(other)
	must(t, two.Beat(t.Context()))
	if two.Mismatch() == nil {
		t.Error("Mismatch() = nil with another key under the same name")
	}
}

func TestListenHearsAndIsNotHeard(t *testing.T) { // S141
	t.Parallel()
	w := newWorld()
	here, next := store.NewHeartbeat(w.replica(t, "old")), store.NewHeartbeat(w.replica(t, "new", "old"))
	must(t, here.Beat(t.Context()))
	must(t, next.Listen(t.Context()))
	if err := next.Mismatch(); err != nil || !next.Held(fingerprintOf(t, "old")) {
		t.Errorf("Listen() did not hear of the other's key: %v", err)
	}
	must(t, here.Beat(t.Context()))
	if here.Held(fingerprintOf(t, "new")) || here.Mismatch() != nil {
		t.Errorf("the other has heard of a key that nobody uses yet: %v", here.Mismatch())
	}
}

func TestHeartbeatKeepsWhatItKnewWhileTheEngineIsAway(t *testing.T) { // S67
	t.Parallel()
	w := newWorld()
	beat := store.NewHeartbeat(w.replica(t, "a"))
	must(t, beat.Beat(t.Context()))
	must(t, w.engine.Close())
	wantErr(t, "Beat()", beat.Beat(t.Context()), store.ErrUnavailable)
	if !beat.Held(fingerprintOf(t, "a")) {
		t.Error("Held() forgot its own key")
	}
}

func TestAnUnknownKeyIsSomebodysWhileItsHolderLives(t *testing.T) { // D23
	t.Parallel()
	w := newWorld()
	holder, here := w.replica(t, "old"), w.replica(t, "new")
	must(t, store.NewBucket[link](holder.Passing("room")).Put(t.Context(), "x", ada, time.Hour))
	must(t, store.NewHeartbeat(holder).Beat(t.Context()))
	beat := store.NewHeartbeat(here)
	must(t, beat.Beat(t.Context()))

	_, err := store.NewBucket[link](here.Passing("room")).Get(t.Context(), "x")
	var unknown *store.UnknownKeyError
	if !errors.As(err, &unknown) || !beat.Held(unknown.Fingerprint) {
		t.Errorf("Get() = %v, want an unknown key that a live replica holds", err)
	}
}

func TestHeartbeatRunsUntilItsContextEnds(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		engine := memstore.New(memstore.Config{})
		other, err := store.New(store.Config{Engine: engine, Sealer: sealer(t, "b")})
		must(t, err)
		s, err := store.New(store.Config{Engine: engine, Sealer: sealer(t, "a", "b")})
		must(t, err)
		running, watching := store.NewHeartbeat(s), store.NewHeartbeat(other)
		ctx, cancel := context.WithCancel(t.Context())
		ended := make(chan error, 1)
		go func() { ended <- running.Run(ctx) }()

		time.Sleep(time.Minute)
		must(t, watching.Beat(t.Context()))
		if !watching.Held(fingerprintOf(t, "a")) {
			t.Error("a replica that runs for a minute is not heard")
		}
		cancel()
		if err := <-ended; err != nil {
			t.Errorf("Run() = %v, want nil", err)
		}
	})
}
