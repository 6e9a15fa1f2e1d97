package memstore

import (
	"bytes"
	"context"
	"fmt"
	"strconv"
	"time"

	"chatgate/store"
)

// Get returns the value, or store.ErrNotFound.
func (s *Store) Get(ctx context.Context, key string) ([]byte, error) {
	unlock, err := s.lock(ctx)
	if err != nil {
		return nil, err
	}
	defer unlock()
	return s.value(key)
}

// Put writes the value, whatever was there.
func (s *Store) Put(ctx context.Context, key string, value []byte, ttl time.Duration) error {
	unlock, err := s.lock(ctx)
	if err != nil {
		return err
	}
	defer unlock()
	s.put(key, clone(value), ttl)
	return nil
}

// Add writes the value where nothing of any kind lives, else it returns store.ErrExists.
func (s *Store) Add(ctx context.Context, key string, value []byte, ttl time.Duration) error {
	unlock, err := s.lock(ctx)
	if err != nil {
		return err
	}
	defer unlock()
	if s.live(key) != nil {
		return store.ErrExists
	}
	s.put(key, clone(value), ttl)
	return nil
}

// Take reads and removes the value, or returns store.ErrNotFound.
func (s *Store) Take(ctx context.Context, key string) ([]byte, error) {
	unlock, err := s.lock(ctx)
	if err != nil {
		return nil, err
	}
	defer unlock()
	value, err := s.value(key)
	if err == nil {
		delete(s.items, key)
	}
	return value, err
}

// Swap writes next, or removes the value when next is nil, while the value is old; else it returns store.ErrConflict.
func (s *Store) Swap(ctx context.Context, key string, old, next []byte, ttl time.Duration) error {
	unlock, err := s.lock(ctx)
	if err != nil {
		return err
	}
	defer unlock()
	value, ok, err := find[[]byte](s, key)
	switch {
	case err != nil:
		return err
	case !ok || !bytes.Equal(value, old):
		return store.ErrConflict
	case next == nil:
		delete(s.items, key)
	default:
		s.put(key, clone(next), ttl)
	}
	return nil
}

// Count adds one and returns the sum and what is left of the window.
func (s *Store) Count(ctx context.Context, key string, window time.Duration) (int64, time.Duration, error) {
	unlock, err := s.lock(ctx)
	if err != nil {
		return 0, 0, err
	}
	defer unlock()
	value, ok, err := find[[]byte](s, key)
	if err != nil {
		return 0, 0, err
	}
	if !ok {
		s.put(key, []byte("1"), window)
		return 1, window, nil
	}
	n, err := strconv.ParseInt(string(value), 10, 64)
	if err != nil {
		return 0, 0, fmt.Errorf("%w: the value is not a counter", store.ErrUnavailable)
	}
	it := s.items[key]
	if it.end.IsZero() {
		it.end = s.end(window)
	}
	it.value = strconv.AppendInt(nil, n+1, 10)
	return n + 1, it.end.Sub(s.now()), nil
}

func (s *Store) value(key string) ([]byte, error) {
	value, ok, err := find[[]byte](s, key)
	if err != nil {
		return nil, err
	}
	if !ok {
		return nil, store.ErrNotFound
	}
	return clone(value), nil
}

// clone keeps callers and the store from sharing bytes. It never returns nil, which would mean absent.
func clone(value []byte) []byte { return append([]byte{}, value...) }
