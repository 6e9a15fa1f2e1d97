package main

import (
	"context"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"chatgate/store"
	"chatgate/store/redisstore"
)

// mortal is an engine on Redis that stops taking writes after some, as seen by a process that dies in between.
type mortal struct {
	store.Engine

	mu   sync.Mutex
	left int  // writes until it dies
	lost bool // the write at which it dies is carried out, and its answer lost

	queued bool // a job was put into the outbox
}

// newMortal opens one that lives for so many writes.
func newMortal(t testing.TB, redis string, writes int, lost bool) *mortal {
	t.Helper()
	engine, err := redisstore.Open(redisstore.Config{Standalone: &redisstore.Standalone{Address: redis}, KeyPrefix: "chatgate:"})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = engine.Close() })
	return &mortal{Engine: engine, left: writes, lost: lost}
}

func (m *mortal) dead() bool {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.left < 0
}

// hasQueued says whether a job was put into the outbox before it died.
func (m *mortal) hasQueued() bool {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.queued
}

var errDied = fmt.Errorf("%w: the replica died", store.ErrUnavailable)

func (m *mortal) write(do func() error) error {
	m.mu.Lock()
	m.left--
	dead, perform := m.left < 0, m.left >= 0 || m.lost && m.left == -1
	m.mu.Unlock()
	if perform {
		if err := do(); !dead {
			return err
		}
	}
	return errDied
}

func (m *mortal) Put(ctx context.Context, key string, value []byte, ttl time.Duration) error {
	return m.write(func() error { return m.Engine.Put(ctx, key, value, ttl) })
}

func (m *mortal) Add(ctx context.Context, key string, value []byte, ttl time.Duration) error {
	return m.write(func() error { return m.Engine.Add(ctx, key, value, ttl) })
}

func (m *mortal) Delete(ctx context.Context, key string) error {
	return m.write(func() error { return m.Engine.Delete(ctx, key) })
}

func (m *mortal) Swap(ctx context.Context, key string, old, next []byte, ttl time.Duration) error {
	return m.write(func() error { return m.Engine.Swap(ctx, key, old, next, ttl) })
}

func (m *mortal) SetHash(ctx context.Context, key, anchor string, set map[string][]byte, remove []string, ttl time.Duration) error {
	return m.write(func() error { return m.Engine.SetHash(ctx, key, anchor, set, remove, ttl) })
}

func (m *mortal) PutIndex(ctx context.Context, key string, e store.Entry, ttl time.Duration) error {
	return m.write(func() error {
		err := m.Engine.PutIndex(ctx, key, e, ttl)
		m.mu.Lock()
		defer m.mu.Unlock()
		m.queued = m.queued || err == nil && strings.Contains(key, ":outbox:")
		return err
	})
}

func (m *mortal) DropIndex(ctx context.Context, key string, members ...string) error {
	return m.write(func() error { return m.Engine.DropIndex(ctx, key, members...) })
}
