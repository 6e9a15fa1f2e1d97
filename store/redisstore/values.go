package redisstore

import (
	"context"
	"errors"
	"time"

	"github.com/redis/go-redis/v9"

	"chatgate/store"
)

// Get is GET.
func (s *Store) Get(ctx context.Context, key string) ([]byte, error) {
	cmd := redis.NewStringCmd(ctx, "get", s.key(key))
	if err := s.send(ctx, "get", cmd); err != nil {
		return nil, err
	}
	return []byte(cmd.Val()), nil
}

// Put is SET PX.
func (s *Store) Put(ctx context.Context, key string, value []byte, ttl time.Duration) error {
	return s.send(ctx, "put", once{redis.NewStatusCmd(ctx, s.set(key, value, ttl)...)})
}

// Add is SET NX PX.
func (s *Store) Add(ctx context.Context, key string, value []byte, ttl time.Duration) error {
	err := s.send(ctx, "add", once{redis.NewStatusCmd(ctx, append(s.set(key, value, ttl), "nx")...)})
	if errors.Is(err, store.ErrNotFound) {
		return store.ErrExists
	}
	return err
}

func (s *Store) set(key string, value []byte, ttl time.Duration) []any {
	words := []any{"set", s.key(key), value}
	if ttl != 0 {
		words = append(words, "px", milliseconds(ttl))
	}
	return words
}

// Take is GETDEL. When its answer is lost, so is the value: a login attempt then begins anew.
func (s *Store) Take(ctx context.Context, key string) ([]byte, error) {
	cmd := redis.NewStringCmd(ctx, "getdel", s.key(key))
	if err := s.send(ctx, "take", once{cmd}); err != nil {
		return nil, err
	}
	return []byte(cmd.Val()), nil
}

// Delete is DEL.
func (s *Store) Delete(ctx context.Context, key string) error {
	return s.send(ctx, "delete", once{redis.NewIntCmd(ctx, "del", s.key(key))})
}

// Swap compares and replaces, or removes, in one step.
func (s *Store) Swap(ctx context.Context, key string, old, next []byte, ttl time.Duration) error {
	args := []any{old}
	if next != nil {
		args = append(args, next, milliseconds(ttl))
	}
	return s.decide(ctx, swapScript, store.ErrConflict, key, args...)
}

// Count is INCR, which the first call gives a lifetime.
func (s *Store) Count(ctx context.Context, key string, window time.Duration) (int64, time.Duration, error) {
	cmd, err := run(ctx, s, countScript, redis.NewIntSliceCmd, key, max(1, milliseconds(window)))
	if err != nil {
		return 0, 0, err
	}
	return cmd.Val()[0], time.Duration(cmd.Val()[1]) * time.Millisecond, nil
}
