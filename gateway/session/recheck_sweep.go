package session

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"sync"
	"time"

	"chatgate/store"
)

const (
	dueSet = "due"

	sweepEvery = 5 * time.Second
	sweepBatch = 50
	rechecking = 4 // at once, on each replica
)

// Run has every session re-checked that is due, and the refresh tokens of those revoked that have reached their absolute
// end, until ctx ends. Every replica runs it; each session is looked at by one.
func (m *Manager) Run(ctx context.Context) error {
	if m.provider == nil {
		<-ctx.Done()
		return nil
	}
	ticker := time.NewTicker(sweepEvery)
	defer ticker.Stop()
	reachable := true
	for {
		err := m.RecheckDue(ctx)
		if err != nil && reachable && ctx.Err() == nil {
			m.log.WarnContext(ctx, "sessions not re-checked", "err", err)
		}
		reachable = err == nil
		select {
		case <-ctx.Done():
			return nil
		case <-ticker.C:
		}
	}
}

// RecheckDue asks the providers of every session that is due whether it may go on (S54). A session that idled away is
// asked for too, since its chats may still be open.
func (m *Manager) RecheckDue(ctx context.Context) error {
	for {
		now := m.now()
		claimed, err := m.due.Claim(ctx, dueSet, now, now.Add(recheckHold), sweepBatch)
		if err != nil {
			return fmt.Errorf("claim re-checks: %w", err)
		}
		if err := m.recheckAll(ctx, claimed); err != nil || len(claimed) < sweepBatch {
			return err
		}
	}
}

func (m *Manager) recheckAll(ctx context.Context, claimed []store.Entry) error {
	var (
		working sync.WaitGroup
		slots   = make(chan struct{}, rechecking)
		failed  = make(chan error, len(claimed))
	)
	for _, e := range claimed {
		slots <- struct{}{}
		working.Go(func() {
			failed <- m.recheck(ctx, e.Member)
			<-slots
		})
	}
	working.Wait()
	close(failed)
	var failures []error
	for err := range failed {
		failures = append(failures, err)
	}
	return errors.Join(failures...)
}

// schedule has a session looked at when its re-check is due, at the latest at its absolute end.
func (m *Manager) schedule(ctx context.Context, s Session) error {
	due := s.Ends
	if !s.Due.IsZero() && s.Due.Before(due) {
		due = s.Due
	}
	return m.due.Put(ctx, dueSet, s.Key, due, max(s.Ends.Sub(m.now()), 0)+keptAfter)
}

// soon is the time until the next re-check: somewhat less than the settings say, so that it is done by then, and not the
// same for all who signed in together.
func (m *Manager) soon() time.Duration {
	return m.settings.Recheck*7/10 + rand.N(m.settings.Recheck/5)
}
