package outbox

import (
	"context"
	"errors"
	"fmt"
	"time"

	"chatgate/store"
)

const (
	sweepEvery = 15 * time.Second
	sweepBatch = 100
	// resealEvery is after how many sweeps the entries under an older sealing key are written anew: about an hour.
	resealEvery = 240
	// An entry under a key that another replica holds is looked at again soon. One under a key that nobody holds waits
	// for an operator to bring the key back.
	elsewhereAgain = 5 * time.Minute
	lostAgain      = 24 * time.Hour
)

// Run sweeps every fifteen seconds until ctx ends. Every replica runs it; each entry is swept by one of them.
func (l *Ledger) Run(ctx context.Context) error {
	ticker := time.NewTicker(sweepEvery)
	defer ticker.Stop()
	reachable := true
	for round := 0; ; round++ {
		err := l.Sweep(ctx)
		if err == nil && round%resealEvery == 0 {
			err = l.Reseal(ctx)
		}
		if err != nil && reachable && ctx.Err() == nil {
			l.log.WarnContext(ctx, "ledger not swept", "err", err)
		}
		reachable = err == nil
		select {
		case <-ctx.Done():
			return nil
		case <-ticker.C:
		}
	}
}

// Sweep has every token revoked whose session has reached its absolute end, and tidies up what has expired. An entry
// that it could not finish comes up again when its claim runs out.
func (l *Ledger) Sweep(ctx context.Context) error {
	for {
		now := l.now()
		claimed, err := l.due.Claim(ctx, dueSet, now, now.Add(lease), sweepBatch)
		if err != nil {
			return fmt.Errorf("claim ledger entries: %w", err)
		}
		for _, e := range claimed {
			if err := l.sweep(ctx, e.Member); err != nil {
				return err
			}
		}
		if len(claimed) < sweepBatch {
			return nil
		}
	}
}

// RevokeAll has every token revoked that is out, whoever has it.
func (l *Ledger) RevokeAll(ctx context.Context) error {
	all, err := l.all(ctx)
	if err != nil {
		return err
	}
	var failures []error
	for _, e := range all {
		failures = append(failures, l.revokeMember(ctx, e.Member))
	}
	return errors.Join(failures...)
}

// all are the members of the due index.
func (l *Ledger) all(ctx context.Context) ([]store.Entry, error) {
	for limit := 1000; ; limit *= 4 {
		entries, err := l.due.List(ctx, dueSet, time.Unix(0, 0), l.now().AddDate(100, 0, 0), limit)
		if err != nil || len(entries) < limit {
			return entries, err
		}
	}
}

func (l *Ledger) revokeMember(ctx context.Context, name string) error {
	id, field, ok := splitMember(name)
	if !ok {
		return nil
	}
	fields, err := l.records.Get(ctx, id, field)
	if err != nil {
		return fmt.Errorf("read ledger: %w", err)
	}
	var h held
	switch err := fields.Open(field, &h); {
	case l.elsewhere(err):
		return fmt.Errorf("read ledger: %w", err)
	case err != nil: // gone, or for the sweep to tidy up
		return nil
	}
	if err := l.outbox.Enqueue(ctx, KindRevoke, h.Chat, h.revocation(CauseSignOut)); err != nil {
		return err
	}
	return l.forget(ctx, id, field)
}

func (l *Ledger) sweep(ctx context.Context, name string) error {
	id, field, ok := splitMember(name)
	if !ok {
		return l.due.Drop(ctx, dueSet, name) // nothing we wrote
	}
	fields, err := l.records.Get(ctx, id, field)
	if err != nil {
		return fmt.Errorf("read ledger: %w", err)
	}
	if len(fields.Names()) == 0 { // revoked meanwhile, or never written
		return l.due.Drop(ctx, dueSet, name)
	}
	var h held
	if err := fields.Open(field, &h); err != nil {
		return l.tidy(ctx, id, field, err)
	}
	if h.due().After(l.now()) { // moved to another session after it was scheduled
		return l.schedule(ctx, id, field, h.due())
	}
	// Nobody waits for an expiry, and as many come at once as people signed in at once: not before those who sign out.
	if err := l.outbox.enqueue(ctx, l.outbox.others, KindRevoke, h.Chat, h.revocation(CauseSessionEnd), l.now()); err != nil {
		return err
	}
	return l.forget(ctx, id, field)
}

// tidy removes an entry that has expired or that nothing opens, and keeps one that another sealing key may open (D23).
func (l *Ledger) tidy(ctx context.Context, id, field string, failure error) error {
	switch {
	case errors.Is(failure, store.ErrUnknownKey):
		if l.noted.first(failure.Error()) {
			l.log.WarnContext(ctx, "ledger entries left alone", "err", failure)
		}
		again := lostAgain
		if l.elsewhere(failure) {
			again = elsewhereAgain
		}
		return l.schedule(ctx, id, field, l.now().Add(again))
	case !errors.Is(failure, store.ErrNotFound):
		l.log.ErrorContext(ctx, "ledger entry dropped", "err", failure)
	}
	return l.forget(ctx, id, field)
}

// Reseal writes every entry anew that stands under an older sealing key, so that an operator can remove that key while
// tokens given out under it are still alive (D23). Without an older key there is nothing to do.
func (l *Ledger) Reseal(ctx context.Context) error {
	if !l.store.Rotating() {
		return nil
	}
	for limit := 1000; ; limit *= 4 {
		all, err := l.due.List(ctx, dueSet, time.Unix(0, 0), l.now().AddDate(100, 0, 0), limit)
		if err != nil {
			return fmt.Errorf("list ledger entries: %w", err)
		}
		if len(all) == limit {
			continue // there may be more
		}
		for _, e := range all {
			if err := l.reseal(ctx, e.Member); err != nil {
				return err
			}
		}
		return nil
	}
}

// reseal may put back an entry that a sign-out is removing at this moment: one more revocation at its end, no harm.
func (l *Ledger) reseal(ctx context.Context, name string) error {
	id, field, ok := splitMember(name)
	if !ok {
		return nil // the sweep drops it
	}
	fields, err := l.records.Get(ctx, id, field)
	if err != nil {
		return fmt.Errorf("read ledger: %w", err)
	}
	var h held
	if !fields.Stale(field) || fields.Open(field, &h) != nil {
		return nil
	}
	return l.write(ctx, id, map[string]held{field: h})
}
