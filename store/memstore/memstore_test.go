package memstore_test

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"time"

	"chatgate/store"
	"chatgate/store/memstore"
)

// clock is a clock that tests move.
type clock struct{ now time.Time }

func (c *clock) Now() time.Time { return c.now }

func TestManyShortLivedKeysDoNotGrowForEver(t *testing.T) { // S126
	t.Parallel()
	clock := &clock{now: time.Unix(1_800_000_000, 0)}
	s := memstore.New(memstore.Config{Now: clock.Now})
	most := 0
	for i := range 100_000 {
		if err := s.Put(t.Context(), fmt.Sprint("state ", i), []byte("x"), time.Second); err != nil {
			t.Fatal(err)
		}
		clock.now = clock.now.Add(10 * time.Millisecond)
		most = max(most, s.Len())
	}
	if most > 1024 {
		t.Errorf("held %d keys at once, of which 100 were alive", most)
	}
}

func TestAClosedStoreIsUnavailable(t *testing.T) {
	t.Parallel()
	s := memstore.New(memstore.Config{})
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	if err := s.Ping(context.Background()); !errors.Is(err, store.ErrUnavailable) {
		t.Errorf("Ping() = %v, want %v", err, store.ErrUnavailable)
	}
	if err := s.Put(context.Background(), "k", nil, 0); !errors.Is(err, store.ErrUnavailable) {
		t.Errorf("Put() = %v, want %v", err, store.ErrUnavailable)
	}
}
