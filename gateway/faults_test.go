package gateway_test

import (
	"context"
	"sync"
	"time"

	"chatgate/store"
)

// faultyEngine is down when told to be.
type faultyEngine struct {
	store.Engine
	mu   sync.Mutex
	down bool
}

func (f *faultyEngine) setDown(down bool) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.down = down
}

func (f *faultyEngine) err() error {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.down {
		return store.ErrUnavailable
	}
	return nil
}

func (f *faultyEngine) Get(ctx context.Context, key string) ([]byte, error) {
	if err := f.err(); err != nil {
		return nil, err
	}
	return f.Engine.Get(ctx, key)
}

func (f *faultyEngine) Add(ctx context.Context, key string, value []byte, ttl time.Duration) error {
	if err := f.err(); err != nil {
		return err
	}
	return f.Engine.Add(ctx, key, value, ttl)
}

func (f *faultyEngine) GetHash(ctx context.Context, key string, fields ...string) ([][]byte, error) {
	if err := f.err(); err != nil {
		return nil, err
	}
	return f.Engine.GetHash(ctx, key, fields...)
}

func (f *faultyEngine) Ping(ctx context.Context) error {
	if err := f.err(); err != nil {
		return err
	}
	return f.Engine.Ping(ctx)
}
