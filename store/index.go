package store

import (
	"context"
	"time"
)

// Index is the view of one place as sets whose members stand at a time. Members are visible in a dump: they are hashes
// or sealed bytes, never plain facts about a person.
type Index struct{ place Place }

// NewIndex opens the place.
func NewIndex(p Place) Index { return Index{place: p} }

// Put adds or moves a member of the set; the set lives at least ttl from now.
func (x Index) Put(ctx context.Context, set, member string, at time.Time, ttl time.Duration) error {
	return x.place.store.engine.PutIndex(ctx, x.place.key(set), Entry{Member: member, At: at}, ttl)
}

// List returns up to limit members standing in [from, to], earliest first.
func (x Index) List(ctx context.Context, set string, from, to time.Time, limit int) ([]Entry, error) {
	return x.place.store.engine.ListIndex(ctx, x.place.key(set), from, to, limit)
}

// Count says how many members stand in [from, to], without reading them.
func (x Index) Count(ctx context.Context, set string, from, to time.Time) (int, error) {
	return x.place.store.engine.CountIndex(ctx, x.place.key(set), from, to)
}

// Claim takes up to limit members that are due for one worker, until its claim runs out.
func (x Index) Claim(ctx context.Context, set string, due, until time.Time, limit int) ([]Entry, error) {
	return x.place.store.engine.ClaimIndex(ctx, x.place.key(set), due, until, limit)
}

// Move replaces a member by another in one step, or returns ErrNotFound.
func (x Index) Move(ctx context.Context, set, old, member string, at time.Time) error {
	return x.place.store.engine.MoveIndex(ctx, x.place.key(set), old, Entry{Member: member, At: at})
}

// Drop removes members. Absent ones are fine.
func (x Index) Drop(ctx context.Context, set string, members ...string) error {
	return x.place.store.engine.DropIndex(ctx, x.place.key(set), members...)
}

// Trim removes the members standing before the time given.
func (x Index) Trim(ctx context.Context, set string, before time.Time) error {
	return x.place.store.engine.TrimIndex(ctx, x.place.key(set), before)
}

// Sealed turns v into a member that only this place's set can read.
func (x Index) Sealed(set string, v any) (string, error) {
	sealed, err := x.place.seal(set, "", v, time.Time{})
	return string(sealed), err
}

// Unseal reads a member that Sealed made for this set.
func (x Index) Unseal(set, member string, v any) error {
	return x.place.open(set, "", []byte(member), v)
}
