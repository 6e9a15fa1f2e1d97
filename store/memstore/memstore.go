package memstore

import (
	"context"
	"fmt"
	"sync"
	"time"

	"chatgate/store"
)

// Config says how a Store tells the time.
type Config struct {
	// Now is the clock that ends lifetimes; nil means time.Now.
	Now func() time.Time
}

// Store is a store.Engine in memory. It is safe for concurrent use.
type Store struct {
	now func() time.Time

	mu      sync.Mutex
	items   map[string]*item
	sweepAt int // the number of items at which the next sweep is due
	closed  bool
}

var (
	_ store.Engine = (*Store)(nil)
	_ store.Clock  = (*Store)(nil)
)

// item is what lives under one key: []byte, hash or index.
type item struct {
	value any
	end   time.Time // zero: no end
}

const fewestSwept = 1024

// New returns an empty store.
func New(cfg Config) *Store {
	if cfg.Now == nil {
		cfg.Now = time.Now
	}
	return &Store{now: cfg.Now, items: map[string]*item{}, sweepAt: fewestSwept}
}

// Ping says whether the store is open.
func (s *Store) Ping(ctx context.Context) error {
	unlock, err := s.lock(ctx)
	if err != nil {
		return err
	}
	unlock()
	return nil
}

// Time is that of Config.Now.
func (s *Store) Time(ctx context.Context) (time.Time, error) {
	unlock, err := s.lock(ctx)
	if err != nil {
		return time.Time{}, err
	}
	defer unlock()
	return s.now(), nil
}

// Close forgets everything; later calls fail.
func (s *Store) Close() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.items, s.closed = nil, true
	return nil
}

// Len returns how many keys take up memory now, those past their lifetime but not yet swept included.
func (s *Store) Len() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return len(s.items)
}

// Delete removes what lives under key, whatever its kind.
func (s *Store) Delete(ctx context.Context, key string) error {
	unlock, err := s.lock(ctx)
	if err != nil {
		return err
	}
	defer unlock()
	delete(s.items, key)
	return nil
}

// lock enters the store, or fails as a remote engine would: for a context that has ended, and after Close.
func (s *Store) lock(ctx context.Context) (unlock func(), err error) {
	if err := ctx.Err(); err != nil {
		return nil, fmt.Errorf("%w: %w", store.ErrUnavailable, err)
	}
	s.mu.Lock()
	if s.closed {
		s.mu.Unlock()
		return nil, fmt.Errorf("%w: closed", store.ErrUnavailable)
	}
	return s.mu.Unlock, nil
}

// find returns the live value under key, or ok=false for none. A value of another kind is an error, as in Redis.
func find[T any](s *Store, key string) (value T, ok bool, err error) {
	it := s.live(key)
	if it == nil {
		return value, false, nil
	}
	if value, ok = it.value.(T); !ok {
		return value, false, fmt.Errorf("%w: a value of another kind is under the key", store.ErrUnavailable)
	}
	return value, true, nil
}

func (s *Store) live(key string) *item {
	it := s.items[key]
	if it == nil || !it.ended(s.now()) {
		return it
	}
	delete(s.items, key)
	return nil
}

func (it *item) ended(now time.Time) bool { return !it.end.IsZero() && !now.Before(it.end) }

// put sets the value and its lifetime anew, after sweeping when that is due.
func (s *Store) put(key string, value any, ttl time.Duration) {
	if len(s.items) >= s.sweepAt {
		s.sweep()
	}
	s.items[key] = &item{value: value, end: s.end(ttl)}
}

func (s *Store) end(ttl time.Duration) time.Time {
	if ttl == 0 {
		return time.Time{}
	}
	return s.now().Add(ttl)
}

// extend makes the item live at least ttl from now; 0 means without end.
func (s *Store) extend(key string, ttl time.Duration) {
	it := s.items[key]
	if end := s.end(ttl); end.IsZero() || !it.end.IsZero() && it.end.Before(end) {
		it.end = end
	}
}

// sweep removes what is past its lifetime. The next one waits until as many keys again have come, so that each write
// pays for a constant share of it.
func (s *Store) sweep() {
	now := s.now()
	for key, it := range s.items {
		if it.ended(now) {
			delete(s.items, key)
		}
	}
	s.sweepAt = max(fewestSwept, 2*len(s.items))
}
