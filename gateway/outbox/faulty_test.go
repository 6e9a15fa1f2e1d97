package outbox_test

import (
	"context"
	"fmt"
	"sync"
	"time"

	"chatgate/store"
)

var errCrash = fmt.Errorf("%w: crashed", store.ErrUnavailable)

// faulty is an engine that stops taking writes after some, as a process or a server does that dies in between.
type faulty struct {
	store.Engine

	mu    sync.Mutex
	armed bool
	left  int  // writes until it stops
	lost  bool // the write at which it stops is carried out, and its answer lost
	down  bool // nothing is written at all

	refusals int           // refused writes until reached is closed
	reached  chan struct{} // nil when nobody waits
}

// crashAfter lets n more writes succeed.
func (f *faulty) crashAfter(n int, lost bool) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.armed, f.left, f.lost = true, n, lost
}

func (f *faulty) setDown(down bool) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.down = down
}

// afterRefusals returns a channel that is closed once so many writes were refused.
func (f *faulty) afterRefusals(n int) <-chan struct{} {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.refusals, f.reached = n, make(chan struct{})
	return f.reached
}

// heal takes writes again, and says whether any was refused.
func (f *faulty) heal() bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	crashed := f.armed && f.left < 0
	f.armed = false
	return crashed
}

func (f *faulty) write(do func() error) error {
	f.mu.Lock()
	stop, perform := f.down, !f.down
	if f.armed {
		f.left--
		stop = f.left < 0
		perform = !stop || (f.lost && f.left == -1)
	}
	if f.refusals--; stop && f.reached != nil && f.refusals == 0 {
		close(f.reached)
	}
	f.mu.Unlock()
	if perform {
		err := do()
		if !stop {
			return err
		}
	}
	return errCrash
}

func (f *faulty) PutIndex(ctx context.Context, key string, e store.Entry, ttl time.Duration) error {
	return f.write(func() error { return f.Engine.PutIndex(ctx, key, e, ttl) })
}

func (f *faulty) MoveIndex(ctx context.Context, key, old string, e store.Entry) error {
	return f.write(func() error { return f.Engine.MoveIndex(ctx, key, old, e) })
}

func (f *faulty) DropIndex(ctx context.Context, key string, members ...string) error {
	return f.write(func() error { return f.Engine.DropIndex(ctx, key, members...) })
}

func (f *faulty) SetHash(ctx context.Context, key, anchor string, set map[string][]byte, remove []string, ttl time.Duration) error {
	return f.write(func() error { return f.Engine.SetHash(ctx, key, anchor, set, remove, ttl) })
}

func (f *faulty) ClaimIndex(ctx context.Context, key string, due, until time.Time, limit int) (e []store.Entry, err error) {
	err = f.write(func() (err error) {
		e, err = f.Engine.ClaimIndex(ctx, key, due, until, limit)
		return err
	})
	if err != nil {
		return nil, err
	}
	return e, nil
}
