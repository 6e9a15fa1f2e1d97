package store_test

import (
	"context"
	"errors"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"chatgate/store"
	"chatgate/store/memstore"
)

// locks are made inside a synctest bubble, so that waiting takes no time and the engine's clock is the bubble's.
func locks(t *testing.T) store.Locks {
	t.Helper()
	s, err := store.New(store.Config{Engine: memstore.New(memstore.Config{}), Sealer: sealer(t, "a")})
	must(t, err)
	return store.NewLocks(s.Passing("locks"))
}

func TestLocksLetOneWorkAtATime(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		l := locks(t)
		inside, done := 0, 0 // guarded by the lock under test; the race detector watches
		var running sync.WaitGroup
		for range 50 {
			running.Go(func() {
				err := l.Do(t.Context(), "x", time.Hour, func(context.Context) error {
					if inside++; inside != 1 {
						t.Errorf("%d work at once", inside)
					}
					time.Sleep(time.Second)
					inside--
					done++
					return nil
				})
				if err != nil {
					t.Error(err)
				}
			})
		}
		running.Wait()
		if done != 50 {
			t.Errorf("%d of 50 have worked", done)
		}
	})
}

func TestLocksOfOtherNamesDoNotWait(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		l := locks(t)
		began := time.Now()
		must(t, l.Do(t.Context(), "x", time.Hour, func(ctx context.Context) error {
			return l.Do(ctx, "y", time.Hour, func(context.Context) error { return nil })
		}))
		if waited := time.Since(began); waited != 0 {
			t.Errorf("waited %v", waited)
		}
	})
}

func TestALockIsLetGoWhateverWorkDoes(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		l := locks(t)
		failed := errors.New("failed")
		wantErr(t, "Do()", l.Do(t.Context(), "x", time.Hour, func(context.Context) error { return failed }), failed)

		ctx, cancel := context.WithCancel(t.Context())
		wantErr(t, "Do() cancelled within", l.Do(ctx, "x", time.Hour, func(ctx context.Context) error {
			cancel()
			return ctx.Err()
		}), context.Canceled)

		func() {
			defer func() { _ = recover() }()
			_ = l.Do(t.Context(), "x", time.Hour, func(context.Context) error { panic("work") })
		}()
		began := time.Now()
		must(t, l.Do(t.Context(), "x", time.Hour, func(context.Context) error { return nil }))
		if waited := time.Since(began); waited != 0 {
			t.Errorf("the next holder waited %v", waited)
		}
	})
}

func TestAWaiterGivesUpWithItsContext(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		l := locks(t)
		must(t, l.Do(t.Context(), "x", time.Hour, func(ctx context.Context) error {
			waiting, cancel := context.WithTimeout(ctx, time.Second)
			defer cancel()
			err := l.Do(waiting, "x", time.Hour, func(context.Context) error {
				t.Error("a second holder worked")
				return nil
			})
			wantErr(t, "Do()", err, store.ErrUnavailable)
			wantErr(t, "Do()", err, context.DeadlineExceeded)
			return nil
		}))
	})
}

func TestALockOutlivesNoHolderThatIsTooSlow(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		l := locks(t)
		var running sync.WaitGroup
		running.Go(func() {
			_ = l.Do(t.Context(), "x", time.Minute, func(ctx context.Context) error {
				<-ctx.Done()
				time.Sleep(time.Second) // it does not notice at once
				return ctx.Err()
			})
		})
		synctest.Wait()
		began := time.Now()
		must(t, l.Do(t.Context(), "x", time.Hour, func(ctx context.Context) error {
			if waited := time.Since(began); waited < time.Minute || waited > time.Minute+200*time.Millisecond {
				t.Errorf("the second holder waited %v, want a minute", waited)
			}
			running.Wait() // the first holder lets go of what is no longer its own
			waiting, cancel := context.WithTimeout(ctx, time.Second)
			defer cancel()
			err := l.Do(waiting, "x", time.Hour, func(context.Context) error { return nil })
			wantErr(t, "Do() while the second holder works", err, store.ErrUnavailable)
			return nil
		}))
	})
}
