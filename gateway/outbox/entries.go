package outbox

import (
	"context"
	"errors"
	"fmt"
	"time"

	"chatgate/store"
)

// id names the record of a subject.
func (l *Ledger) id(ctx context.Context, provider, subject string) (string, error) {
	id, err := l.names.Of(ctx, "ledger", provider, subject)
	if err != nil {
		return "", fmt.Errorf("name ledger record: %w", err)
	}
	return id, nil
}

// entries reads what a subject holds. The error unreadable tells of entries that only another replica can open; it does
// not stand in the way of the others.
func (l *Ledger) entries(ctx context.Context, provider, subject string) (id string, open map[string]held, unreadable, err error) {
	if id, err = l.id(ctx, provider, subject); err != nil {
		return "", nil, nil, err
	}
	fields, err := l.records.All(ctx, id)
	if err != nil {
		return "", nil, nil, fmt.Errorf("read ledger: %w", err)
	}
	open = map[string]held{}
	for _, field := range fields.Names() {
		var h held
		switch err := fields.Open(field, &h); {
		case err == nil:
			open[field] = h
		case l.elsewhere(err):
			unreadable = fmt.Errorf("read ledger: %w", err)
		default: // expired, lost with its key, or corrupt: the sweep logs and tidies up
		}
	}
	return id, open, unreadable, nil
}

// elsewhere says whether another live replica can open what this one cannot.
func (l *Ledger) elsewhere(err error) bool {
	unknown := (*store.UnknownKeyError)(nil)
	return errors.As(err, &unknown) && l.held(unknown.Fingerprint)
}

// write stores entries in one step. The record lives at least as long as the last of them.
func (l *Ledger) write(ctx context.Context, id string, entries map[string]held) error {
	if len(entries) == 0 {
		return nil
	}
	values := make(map[string]store.Value, len(entries))
	var last int64
	for field, h := range entries {
		values[field] = h.value()
		last = max(last, h.Expires)
	}
	// A moment more than nothing: a lifetime of 0 would mean to leave the record's as it is.
	ttl := max(time.Unix(last, 0).Sub(l.now()), time.Second)
	if err := l.records.Set(ctx, id, values, nil, ttl); err != nil {
		return fmt.Errorf("write ledger: %w", err)
	}
	return nil
}

func (l *Ledger) schedule(ctx context.Context, id, field string, due time.Time) error {
	if err := l.due.Put(ctx, dueSet, member(id, field), due, max(due.Sub(l.now()), 0)+dueKeeps); err != nil {
		return fmt.Errorf("schedule ledger entry: %w", err)
	}
	return nil
}

// forget removes entries and then their due members: a member that is left over finds nothing.
func (l *Ledger) forget(ctx context.Context, id string, fields ...string) error {
	if len(fields) == 0 {
		return nil
	}
	if err := l.records.Set(ctx, id, nil, fields, 0); err != nil {
		return fmt.Errorf("remove from ledger: %w", err)
	}
	members := make([]string, len(fields))
	for i, field := range fields {
		members[i] = member(id, field)
	}
	if err := l.due.Drop(ctx, dueSet, members...); err != nil {
		return fmt.Errorf("unschedule ledger entries: %w", err)
	}
	return nil
}
