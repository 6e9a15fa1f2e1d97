package chattest

import (
	"context"
	"sync/atomic"
	"time"

	"chatgate/store"
)

// counting counts the commands that an engine is given.
type counting struct {
	store.Engine
	commands atomic.Int64
}

func (c *counting) count() store.Engine {
	c.commands.Add(1)
	return c.Engine
}

func (c *counting) Get(ctx context.Context, key string) ([]byte, error) {
	return c.count().Get(ctx, key)
}

func (c *counting) Put(ctx context.Context, key string, value []byte, ttl time.Duration) error {
	return c.count().Put(ctx, key, value, ttl)
}

func (c *counting) Add(ctx context.Context, key string, value []byte, ttl time.Duration) error {
	return c.count().Add(ctx, key, value, ttl)
}

func (c *counting) Take(ctx context.Context, key string) ([]byte, error) {
	return c.count().Take(ctx, key)
}

func (c *counting) Delete(ctx context.Context, key string) error { return c.count().Delete(ctx, key) }

func (c *counting) Swap(ctx context.Context, key string, old, next []byte, ttl time.Duration) error {
	return c.count().Swap(ctx, key, old, next, ttl)
}

func (c *counting) Count(ctx context.Context, key string, window time.Duration) (int64, time.Duration, error) {
	return c.count().Count(ctx, key, window)
}

func (c *counting) AddHash(ctx context.Context, key, anchor string, fields map[string][]byte, ttl time.Duration) error {
	return c.count().AddHash(ctx, key, anchor, fields, ttl)
}

func (c *counting) GetHash(ctx context.Context, key string, fields ...string) ([][]byte, error) {
	return c.count().GetHash(ctx, key, fields...)
}

func (c *counting) AllHash(ctx context.Context, key string) (map[string][]byte, error) {
	return c.count().AllHash(ctx, key)
}

func (c *counting) SetHash(ctx context.Context, key, anchor string, set map[string][]byte, remove []string, ttl time.Duration) error {
	return c.count().SetHash(ctx, key, anchor, set, remove, ttl)
}

func (c *counting) TakeHash(ctx context.Context, key string) (map[string][]byte, error) {
	return c.count().TakeHash(ctx, key)
}

func (c *counting) PutIndex(ctx context.Context, key string, e store.Entry, ttl time.Duration) error {
	return c.count().PutIndex(ctx, key, e, ttl)
}

func (c *counting) ListIndex(ctx context.Context, key string, from, to time.Time, limit int) ([]store.Entry, error) {
	return c.count().ListIndex(ctx, key, from, to, limit)
}

func (c *counting) ClaimIndex(ctx context.Context, key string, due, until time.Time, limit int) ([]store.Entry, error) {
	return c.count().ClaimIndex(ctx, key, due, until, limit)
}

func (c *counting) MoveIndex(ctx context.Context, key, old string, e store.Entry) error {
	return c.count().MoveIndex(ctx, key, old, e)
}

func (c *counting) DropIndex(ctx context.Context, key string, members ...string) error {
	return c.count().DropIndex(ctx, key, members...)
}

func (c *counting) CountIndex(ctx context.Context, key string, from, to time.Time) (int, error) {
	return c.count().CountIndex(ctx, key, from, to)
}

func (c *counting) TrimIndex(ctx context.Context, key string, before time.Time) error {
	return c.count().TrimIndex(ctx, key, before)
}
