package storetest

import (
	"context"
	"errors"
	"testing"
	"time"

	"chatgate/store"
)

// clocks are promises of store.Clock, for engines that are one.
var clocks = []promise{
	{"Time goes on", func(t *testing.T, w world) {
		w.withClock(t, func(clock store.Clock) {
			var last time.Time
			for range 3 {
				now, err := clock.Time(t.Context())
				must(t, err)
				if now.IsZero() || now.Before(last) {
					t.Errorf("Time() = %s after %s, want a time that does not go back", now, last)
				}
				last = now
			}
		})
	}},
	{"Time is ErrUnavailable once the caller has gone and after Close", func(t *testing.T, w world) {
		w.withClock(t, func(clock store.Clock) {
			ctx, cancel := context.WithCancel(t.Context())
			cancel()
			_, err := clock.Time(ctx)
			wantErr(t, "Time() for nobody", err, store.ErrUnavailable)
			must(t, w.Close())
			_, err = clock.Time(t.Context())
			wantErr(t, "Time() after Close", err, store.ErrUnavailable)
			if errors.Is(err, store.ErrNoClock) {
				t.Errorf("Time() after Close = %v, want no ErrNoClock: it would be taken for leave to go on", err)
			}
		})
	}},
}

func (w world) withClock(t *testing.T, test func(clock store.Clock)) {
	t.Helper()
	if clock, ok := w.Engine.(store.Clock); ok {
		test(clock)
	}
}
