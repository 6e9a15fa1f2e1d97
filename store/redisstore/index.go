package redisstore

import (
	"context"
	"fmt"
	"time"

	"github.com/redis/go-redis/v9"

	"chatgate/store"
)

// An index is a sorted set whose scores are milliseconds since 1970. These are exact as the doubles that Redis keeps:
// from the year 1 on they stay below 2^53 until long after the year 200000.

// PutIndex is ZADD, and the lifetime of the set only ever grows.
func (s *Store) PutIndex(ctx context.Context, key string, e store.Entry, ttl time.Duration) error {
	_, err := run(ctx, s, putIndexScript, redis.NewIntCmd, key, e.Member, e.At.UnixMilli(), milliseconds(ttl))
	return err
}

// ListIndex is ZRANGEBYSCORE.
func (s *Store) ListIndex(ctx context.Context, key string, from, to time.Time, limit int) ([]store.Entry, error) {
	if limit <= 0 { // a negative limit means all to Redis
		return nil, nil
	}
	cmd := redis.NewZSliceCmd(ctx, "zrangebyscore", s.key(key), from.UnixMilli(), to.UnixMilli(),
		"withscores", "limit", 0, limit)
	err := s.send(ctx, "list_index", cmd)
	return entries(cmd, err)
}

// CountIndex is ZCOUNT.
func (s *Store) CountIndex(ctx context.Context, key string, from, to time.Time) (int, error) {
	cmd := redis.NewIntCmd(ctx, "zcount", s.key(key), from.UnixMilli(), to.UnixMilli())
	err := s.send(ctx, "count_index", cmd)
	return int(cmd.Val()), err
}

// ClaimIndex reads what is due and moves it in one step.
func (s *Store) ClaimIndex(ctx context.Context, key string, due, until time.Time, limit int) ([]store.Entry, error) {
	if limit <= 0 {
		return nil, nil
	}
	cmd, err := run(ctx, s, claimIndexScript, redis.NewZSliceCmd, key, due.UnixMilli(), until.UnixMilli(), limit)
	return entries(cmd, err)
}

// MoveIndex is ZADD and ZREM while the old member is there.
func (s *Store) MoveIndex(ctx context.Context, key, old string, e store.Entry) error {
	return s.decide(ctx, moveIndexScript, store.ErrNotFound, key, old, e.Member, e.At.UnixMilli())
}

// DropIndex is ZREM.
func (s *Store) DropIndex(ctx context.Context, key string, members ...string) error {
	if len(members) == 0 {
		return nil
	}
	words := []any{"zrem", s.key(key)}
	for _, member := range members {
		words = append(words, member)
	}
	return s.send(ctx, "drop_index", once{redis.NewIntCmd(ctx, words...)})
}

// TrimIndex is ZREMRANGEBYSCORE.
func (s *Store) TrimIndex(ctx context.Context, key string, before time.Time) error {
	end := fmt.Sprintf("(%d", before.UnixMilli())
	return s.send(ctx, "trim_index", once{redis.NewIntCmd(ctx, "zremrangebyscore", s.key(key), "-inf", end)})
}

func entries(cmd *redis.ZSliceCmd, err error) ([]store.Entry, error) {
	if err != nil {
		return nil, err
	}
	found := make([]store.Entry, len(cmd.Val()))
	for i, z := range cmd.Val() {
		member, _ := z.Member.(string)
		found[i] = store.Entry{Member: member, At: time.UnixMilli(int64(z.Score)).UTC()}
	}
	return found, nil
}
