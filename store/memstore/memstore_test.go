package memstore_test

import (
	"fmt"
	"testing"
	"time"

	"chatgate/store"
	"chatgate/store/memstore"
	"chatgate/store/storetest"
)

// clock is a clock that tests move.
type clock struct{ now time.Time }

func (c *clock) Now() time.Time { return c.now }

func TestEngine(t *testing.T) {
	storetest.Run(t, func(*testing.T) (store.Engine, func(time.Duration)) {
		clock := &clock{now: time.Unix(1_800_000_000, 0)}
		advance := func(d time.Duration) { clock.now = clock.now.Add(d) }
		return memstore.New(memstore.Config{Now: clock.Now}), advance
	})
}

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
