package redisstore

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/redis/go-redis/v9"

	"chatgate/store"
)

// Store is a store.Engine in Redis. It is safe for concurrent use.
type Store struct {
	client  redis.UniversalClient
	prefix  string
	observe func(ctx context.Context, op string, d time.Duration, err error)
}

var (
	_ store.Engine = (*Store)(nil)
	_ store.Clock  = (*Store)(nil)
)

// Open checks the configuration and reads its TLS files. It dials nothing: connections are made as calls need them.
func Open(cfg Config) (*Store, error) {
	if err := cfg.err(); err != nil {
		return nil, fmt.Errorf("redis: %w", err)
	}
	client, err := cfg.client()
	if err != nil {
		return nil, fmt.Errorf("redis: %w", err)
	}
	observe := cfg.Observe
	if observe == nil {
		observe = func(context.Context, string, time.Duration, error) {}
	}
	return &Store{client: client, prefix: cmp.Or(cfg.KeyPrefix, defaultKeyPrefix), observe: observe}, nil
}

// Ping says whether Redis answers; of a Cluster, whether one of its nodes does.
func (s *Store) Ping(ctx context.Context) error {
	return s.send(ctx, "ping", redis.NewStatusCmd(ctx, "ping"))
}

// Time is that of the server; of a Cluster, that of one of its nodes. A Redis user who may not ask gets store.ErrNoClock.
func (s *Store) Time(ctx context.Context) (time.Time, error) {
	cmd := redis.NewTimeCmd(ctx, "time")
	err := s.send(ctx, "time", cmd)
	if refused(err) {
		return time.Time{}, fmt.Errorf("%w: %w", store.ErrNoClock, err)
	}
	return cmd.Val(), err
}

// Close ends the connections; later calls fail.
func (s *Store) Close() error { return s.client.Close() }

// send sends one command and tells the observer.
func (s *Store) send(ctx context.Context, op string, cmd redis.Cmder) error {
	began := time.Now()
	err := s.process(ctx, cmd)
	s.observe(ctx, op, time.Since(began), err)
	return err
}

// process sends one command. What can go wrong with it is store.ErrNotFound, for a nil reply, or wraps
// store.ErrUnavailable.
func (s *Store) process(ctx context.Context, cmd redis.Cmder) error {
	err := s.client.Process(ctx, cmd)
	switch {
	case errors.Is(err, redis.Nil):
		return store.ErrNotFound
	case err != nil:
		return fmt.Errorf("%w: %w", store.ErrUnavailable, err)
	}
	return nil
}

// once is a command that is never sent a second time after it may have been carried out.
type once struct{ redis.Cmder }

// NoRetry is what go-redis asks before it sends a command again.
func (once) NoRetry() bool { return true }

func (s *Store) key(key string) string { return s.prefix + key }

// milliseconds is a lifetime as Redis takes it, 0 meaning no end. A lifetime that is over or shorter than a millisecond
// must not become endless.
func milliseconds(ttl time.Duration) int64 {
	if ttl == 0 {
		return 0
	}
	return max(1, (ttl + time.Millisecond - 1).Milliseconds())
}
