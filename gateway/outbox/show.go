package outbox

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"time"

	"chatgate/store"
)

// Shown is an entry of the ledger without its token, as its person may be told of it.
type Shown struct {
	// Chat is the chat's name, and UserID the account's id there.
	Chat, UserID string
	// Expires is when the chat forgets the token by itself, End when it is revoked at the latest; zero for one that is kept.
	Expires, End time.Time
}

// OfSubject lists what an identity holds, by chat and expiry. Entries that do not open here are left out, and the error
// then wraps store.ErrUnknownKey where another replica could open them.
func (l *Ledger) OfSubject(ctx context.Context, provider, subject string) ([]Shown, error) {
	_, entries, unreadable, err := l.entries(ctx, provider, subject)
	if err != nil {
		return nil, err
	}
	shown := make([]Shown, 0, len(entries))
	for h := range maps.Values(entries) {
		one := Shown{Chat: h.Chat, UserID: h.UserID, Expires: time.Unix(h.Expires, 0).UTC()}
		if h.End != 0 {
			one.End = time.Unix(h.End, 0).UTC()
		}
		shown = append(shown, one)
	}
	slices.SortFunc(shown, func(a, b Shown) int { return cmp.Or(cmp.Compare(a.Chat, b.Chat), a.Expires.Compare(b.Expires)) })
	return shown, unreadable
}

// Waiting calls each for every job that waits, running ones included, the earliest of each lane first; those that do not
// open here are left out. It reads all of them, so it is for a command.
func (o *Outbox) Waiting(ctx context.Context, each func(Job)) error {
	for _, l := range o.lanes() {
		if err := o.waitingIn(ctx, l, each); err != nil {
			return fmt.Errorf("list %s: %w", l.set, err)
		}
	}
	return nil
}

func (o *Outbox) waitingIn(ctx context.Context, l lane, each func(Job)) error {
	entries, err := o.everyEntry(ctx, l)
	if err != nil {
		return err
	}
	for _, e := range entries {
		var job Job
		switch err := o.index.Unseal(l.set, e.Member, &job); {
		case err == nil:
			each(job)
		case errors.Is(err, store.ErrUnavailable):
			return err
		}
	}
	return nil
}

func (o *Outbox) everyEntry(ctx context.Context, l lane) ([]store.Entry, error) {
	for limit := counted; ; limit *= 4 {
		entries, err := o.index.List(ctx, l.set, time.Unix(0, 0), o.now().AddDate(100, 0, 0), limit)
		if err != nil || len(entries) < limit {
			return entries, err
		}
	}
}
