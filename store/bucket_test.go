package store_test

import (
	"context"
	"errors"
	"sync"
	"testing"
	"time"

	"chatgate/store"
)

func TestBucket(t *testing.T) {
	t.Parallel()
	bucket := store.NewBucket[link](newWorld().replica(t, "a").Passing("room"))
	_, err := bucket.Get(t.Context(), "x")
	wantErr(t, "Get() of nothing", err, store.ErrNotFound)

	must(t, bucket.Add(t.Context(), "x", ada, time.Hour))
	wantErr(t, "second Add()", bucket.Add(t.Context(), "x", link{}, time.Hour), store.ErrExists)
	if got, err := bucket.Get(t.Context(), "x"); err != nil || got != ada {
		t.Errorf("Get() = %v, %v, want %v", got, err, ada)
	}
	if got, err := bucket.Take(t.Context(), "x"); err != nil || got != ada {
		t.Errorf("Take() = %v, %v, want %v", got, err, ada)
	}
	_, err = bucket.Take(t.Context(), "x")
	wantErr(t, "second Take()", err, store.ErrNotFound)

	must(t, bucket.Put(t.Context(), "x", ada, time.Hour))
	must(t, bucket.Delete(t.Context(), "x"))
	_, err = bucket.Get(t.Context(), "x")
	wantErr(t, "Get() after Delete()", err, store.ErrNotFound)
}

func TestBucketRefusesWhatJSONCannotHold(t *testing.T) {
	t.Parallel()
	bucket := store.NewBucket[func()](newWorld().replica(t, "a").Passing("room"))
	if err := bucket.Put(t.Context(), "x", func() {}, time.Hour); err == nil {
		t.Error("Put() of a function succeeded")
	}
	if err := bucket.Add(t.Context(), "x", func() {}, time.Hour); err == nil {
		t.Error("Add() of a function succeeded")
	}
}

func TestARestoredLifetimeProlongsNothing(t *testing.T) { // S62
	t.Parallel()
	for name, ttl := range map[string]time.Duration{"an hour": time.Hour, "a blink": 5 * time.Millisecond} {
		w := newWorld()
		bucket := store.NewBucket[link](w.replica(t, "a").Passing("room"))
		must(t, bucket.Put(t.Context(), "x", ada, ttl))
		must(t, w.engine.Put(t.Context(), "t:room:x", w.raw(t, "t:room:x"), 0)) // as a backup brings it back
		w.clock.advance(ttl - time.Millisecond)
		if got, err := bucket.Get(t.Context(), "x"); err != nil || got != ada {
			t.Errorf("Get() just within %s = %v, %v, want %v", name, got, err, ada)
		}
		w.clock.advance(time.Millisecond)
		_, err := bucket.Get(t.Context(), "x")
		wantErr(t, "Get() after "+name, err, store.ErrNotFound)
		_, err = bucket.Take(t.Context(), "x")
		wantErr(t, "Take() after "+name, err, store.ErrNotFound)
	}
}

func TestALifetimeInThePastIsOver(t *testing.T) {
	t.Parallel()
	w := newWorld()
	bucket := store.NewBucket[link](w.replica(t, "a").Passing("room"))
	must(t, bucket.Put(t.Context(), "x", ada, -time.Second))
	_, err := bucket.Get(t.Context(), "x")
	wantErr(t, "Get()", err, store.ErrNotFound)
}

func TestBucketUpdate(t *testing.T) {
	t.Parallel()
	w := newWorld()
	bucket := store.NewBucket[int](w.replica(t, "a").Durable("room"))
	add := func(n int) (int, error) { return n + 1, nil }
	_, err := bucket.Update(t.Context(), "n", 0, add)
	wantErr(t, "Update() of nothing", err, store.ErrNotFound)

	must(t, bucket.Put(t.Context(), "n", 0, 0))
	const writers = 50
	var running sync.WaitGroup
	for range writers {
		running.Go(func() {
			if _, err := bucket.Update(t.Context(), "n", 0, add); err != nil {
				t.Error(err)
			}
		})
	}
	running.Wait()
	if got, err := bucket.Get(t.Context(), "n"); err != nil || got != writers {
		t.Errorf("Get() after %d updates at once = %d, %v", writers, got, err)
	}
}

func TestBucketUpdateLeavesThingsWhenToldTo(t *testing.T) {
	t.Parallel()
	bucket := store.NewBucket[int](newWorld().replica(t, "a").Durable("room"))
	must(t, bucket.Put(t.Context(), "n", 7, 0))
	stop := errors.New("stop")
	got, err := bucket.Update(t.Context(), "n", 0, func(int) (int, error) { return 8, stop })
	wantErr(t, "Update()", err, stop)
	if kept, _ := bucket.Get(t.Context(), "n"); got != 7 || kept != 7 {
		t.Errorf("Update() = %d and left %d, want 7 both times", got, kept)
	}
}

func TestBucketUpdateEndsWithItsContext(t *testing.T) {
	t.Parallel()
	bucket := store.NewBucket[int](newWorld().replica(t, "a").Durable("room"))
	must(t, bucket.Put(t.Context(), "n", 7, 0))
	ctx, cancel := context.WithCancel(t.Context())
	_, err := bucket.Update(ctx, "n", 0, func(n int) (int, error) {
		must(t, bucket.Put(t.Context(), "n", n+1, 0)) // another writer, every time
		if n == 10 {
			cancel()
		}
		return n, nil
	})
	wantErr(t, "Update()", err, store.ErrUnavailable)
}

func TestBucketReseal(t *testing.T) { // S61
	t.Parallel()
	w := newWorld()
	before := store.NewBucket[link](w.replica(t, "old").Durable("room"))
	during := store.NewBucket[link](w.replica(t, "new", "old").Durable("room"))
	after := store.NewBucket[link](w.replica(t, "new").Durable("room"))
	must(t, before.Put(t.Context(), "x", ada, 0))
	_, err := after.Get(t.Context(), "x")
	wantErr(t, "Get() without the old key", err, store.ErrUnknownKey)

	for _, want := range []bool{true, false} {
		if moved, err := during.Reseal(t.Context(), "x", 0); moved != want || err != nil {
			t.Errorf("Reseal() = %v, %v, want %v", moved, err, want)
		}
	}
	if got, err := after.Get(t.Context(), "x"); err != nil || got != ada {
		t.Errorf("Get() after Reseal() = %v, %v, want %v", got, err, ada)
	}
	_, err = during.Reseal(t.Context(), "absent", 0)
	wantErr(t, "Reseal() of nothing", err, store.ErrNotFound)
}
