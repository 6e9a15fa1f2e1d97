package store

import (
	"context"
	"errors"
	"time"
)

// ErrNoClock says that the engine does not tell the time: it has no clock of its own, or its user may not ask.
var ErrNoClock = errors.New("the store does not tell the time")

// Clock is an engine that tells the time by which its keys end. All replicas see the same one, so that a replica whose
// own clock is wrong can find out.
type Clock interface {
	// Time returns the engine's time, or ErrNoClock, or what wraps ErrUnavailable.
	Time(ctx context.Context) (time.Time, error)
}

// Time returns the engine's time, or ErrNoClock, or what wraps ErrUnavailable. It is for comparing: what this process
// does goes by its own clock.
func (s *Store) Time(ctx context.Context) (time.Time, error) {
	if clock, ok := s.engine.(Clock); ok {
		return clock.Time(ctx)
	}
	return time.Time{}, ErrNoClock
}
