package store

import (
	"context"
	"time"
)

// Counters is the view of one place as counters within fixed windows.
type Counters struct{ place Place }

// NewCounters opens the place.
func NewCounters(p Place) Counters { return Counters{place: p} }

// Add counts one more under id and returns the sum within the running window and what is left of that window.
func (c Counters) Add(ctx context.Context, id string, window time.Duration) (n int64, left time.Duration, err error) {
	return c.place.store.engine.Count(ctx, c.place.key(id), window)
}
