package rocketchat

import (
	"fmt"
	"sync"
	"time"
)

const (
	breakAfter = 5               // failures in a row
	breakFor   = 3 * time.Second // until one call may try again
)

// breaker keeps callers from waiting for a Rocket.Chat that does not answer (R35): after five failures in a row calls
// fail at once, and every three seconds one is let through to see. The zero value with a clock is closed.
type breaker struct {
	now func() time.Time

	mu       sync.Mutex
	failures int
	tryAt    time.Time
}

func (b *breaker) allow() error {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.failures < breakAfter {
		return nil
	}
	now := b.now()
	if now.Before(b.tryAt) {
		return fmt.Errorf("%w: it failed %d times in a row", errUnavailable, b.failures)
	}
	b.tryAt = now.Add(breakFor) // this caller tries; the others go on failing until it knows
	return nil
}

// done counts how a call ended. One that ended without saying anything is not counted; where it was the one that tried,
// the next may do so when its time is over.
func (b *breaker) done(failed bool) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if !failed {
		b.failures = 0
		return
	}
	b.failures++
	b.tryAt = b.now().Add(breakFor)
}
