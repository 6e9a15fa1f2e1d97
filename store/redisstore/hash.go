package redisstore

import (
	"context"
	"time"

	"github.com/redis/go-redis/v9"

	"chatgate/store"
)

// AddHash creates the record unless one with this anchor lives.
func (s *Store) AddHash(ctx context.Context, key, anchor string, fields map[string][]byte, ttl time.Duration) error {
	args := pairs([]any{anchor, milliseconds(ttl)}, fields)
	return s.decide(ctx, addHashScript, store.ErrExists, key, args...)
}

// GetHash is HMGET.
func (s *Store) GetHash(ctx context.Context, key string, fields ...string) ([][]byte, error) {
	if len(fields) == 0 {
		return nil, nil
	}
	words := make([]any, 0, 2+len(fields))
	words = append(words, "hmget", s.key(key))
	for _, field := range fields {
		words = append(words, field)
	}
	cmd := redis.NewSliceCmd(ctx, words...)
	if err := s.send(ctx, "get_hash", cmd); err != nil {
		return nil, err
	}
	values := make([][]byte, len(fields))
	for i, value := range cmd.Val() {
		if text, ok := value.(string); ok {
			values[i] = []byte(text)
		}
	}
	return values, nil
}

// AllHash is HGETALL.
func (s *Store) AllHash(ctx context.Context, key string) (map[string][]byte, error) {
	cmd := redis.NewMapStringStringCmd(ctx, "hgetall", s.key(key))
	err := s.send(ctx, "all_hash", cmd)
	return record(cmd, err)
}

// SetHash writes and removes fields while the anchor is present.
func (s *Store) SetHash(
	ctx context.Context, key, anchor string, set map[string][]byte, remove []string, ttl time.Duration,
) error {
	args := pairs([]any{anchor, milliseconds(ttl), len(set)}, set)
	for _, field := range remove {
		args = append(args, field)
	}
	return s.decide(ctx, setHashScript, store.ErrConflict, key, args...)
}

// TakeHash is HGETALL and DEL in one step.
func (s *Store) TakeHash(ctx context.Context, key string) (map[string][]byte, error) {
	cmd, err := run(ctx, s, takeHashScript, redis.NewMapStringStringCmd, key)
	return record(cmd, err)
}

func record(cmd *redis.MapStringStringCmd, err error) (map[string][]byte, error) {
	if err != nil {
		return nil, err
	}
	fields := make(map[string][]byte, len(cmd.Val()))
	for field, value := range cmd.Val() {
		fields[field] = []byte(value)
	}
	return fields, nil
}

func pairs(args []any, fields map[string][]byte) []any {
	for field, value := range fields {
		args = append(args, field, value)
	}
	return args
}
