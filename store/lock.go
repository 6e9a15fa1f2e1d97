package store

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"time"
)

// Locks lets one worker at a time, on any replica, do what must be done once.
type Locks struct{ place Place }

// NewLocks opens the place.
func NewLocks(p Place) Locks { return Locks{place: p} }

const (
	firstPoll = 5 * time.Millisecond
	lastPoll  = 100 * time.Millisecond
)

// Do waits until it holds the lock called id, or ctx ends, then runs work and lets go. A holder that dies loses the
// lock after hold, and so does one that is slower than that: work's context ends with the lock, so a late result is
// the caller's to guard, by writing only where its anchor still stands.
func (l Locks) Do(ctx context.Context, id string, hold time.Duration, work func(ctx context.Context) error) error {
	owner := []byte(rand.Text())
	until, err := l.acquire(ctx, id, owner, hold)
	if err != nil {
		return err
	}
	defer l.release(ctx, id, owner)
	working, cancel := context.WithDeadline(ctx, until)
	defer cancel()
	return work(working)
}

// acquire returns until when the lock is held. That is counted from before the engine was asked, so that work never
// outlasts the lock.
func (l Locks) acquire(ctx context.Context, id string, owner []byte, hold time.Duration) (until time.Time, err error) {
	wait := firstPoll
	for {
		until = time.Now().Add(hold)
		err = l.place.store.engine.Add(ctx, l.place.key(id), owner, hold)
		if !errors.Is(err, ErrExists) {
			return until, err
		}
		timer := time.NewTimer(wait)
		select {
		case <-ctx.Done():
			timer.Stop()
			return until, fmt.Errorf("wait for lock: %w: %w", ErrUnavailable, ctx.Err())
		case <-timer.C:
		}
		wait = min(2*wait, lastPoll)
	}
}

// release removes the lock only while it is ours. A failure is no news to the caller: the lock ends by itself.
func (l Locks) release(ctx context.Context, id string, owner []byte) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), time.Second)
	defer cancel()
	_ = l.place.store.engine.Swap(ctx, l.place.key(id), owner, nil, 0)
}
