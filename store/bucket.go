package store

import (
	"context"
	"time"
)

// Bucket is the typed, sealed view of one place: one T per id.
type Bucket[T any] struct{ place Place }

// NewBucket opens the place as a bucket of T. T is encoded as JSON.
func NewBucket[T any](p Place) Bucket[T] { return Bucket[T]{place: p} }

// Get returns the value, or ErrNotFound, ErrUnknownKey, ErrCorrupt or ErrUnavailable.
func (b Bucket[T]) Get(ctx context.Context, id string) (T, error) {
	sealed, err := b.place.store.engine.Get(ctx, b.place.key(id))
	return b.open(id, sealed, err)
}

// Put writes the value. A ttl of 0 means no end.
func (b Bucket[T]) Put(ctx context.Context, id string, v T, ttl time.Duration) error {
	sealed, err := b.place.seal(id, "", v, b.place.end(ttl))
	if err != nil {
		return err
	}
	return b.place.store.engine.Put(ctx, b.place.key(id), sealed, ttl)
}

// Add writes the value only where there is none, else it returns ErrExists.
func (b Bucket[T]) Add(ctx context.Context, id string, v T, ttl time.Duration) error {
	sealed, err := b.place.seal(id, "", v, b.place.end(ttl))
	if err != nil {
		return err
	}
	return b.place.store.engine.Add(ctx, b.place.key(id), sealed, ttl)
}

// Take reads and removes the value: of any number of callers exactly one gets it.
func (b Bucket[T]) Take(ctx context.Context, id string) (T, error) {
	sealed, err := b.place.store.engine.Take(ctx, b.place.key(id))
	return b.open(id, sealed, err)
}

// Delete removes the value. Absent is fine.
func (b Bucket[T]) Delete(ctx context.Context, id string) error {
	return b.place.store.engine.Delete(ctx, b.place.key(id))
}

// Update replaces the value by what change makes of it, while nobody else writes it: it retries on a conflict, and
// returns the value that stands. change runs once per try and may return an error to leave things as they are.
func (b Bucket[T]) Update(ctx context.Context, id string, ttl time.Duration, change func(T) (T, error)) (T, error) {
	for {
		sealed, err := b.place.store.engine.Get(ctx, b.place.key(id))
		old, err := b.open(id, sealed, err)
		if err != nil {
			return old, err
		}
		next, err := change(old)
		if err != nil {
			return old, err
		}
		replacement, err := b.place.seal(id, "", next, b.place.end(ttl))
		if err != nil {
			return old, err
		}
		err = b.place.store.engine.Swap(ctx, b.place.key(id), sealed, replacement, ttl)
		if err == nil {
			return next, nil
		}
		if !isConflict(err) || ctx.Err() != nil {
			return old, err
		}
	}
}

// Reseal writes the value anew under the current sealing key when it stands under an older one, so that the older key
// can be removed from the configuration. It says whether it did.
func (b Bucket[T]) Reseal(ctx context.Context, id string, ttl time.Duration) (bool, error) {
	sealed, err := b.place.store.engine.Get(ctx, b.place.key(id))
	if err != nil || !b.place.store.sealer.Stale(sealed) {
		return false, err
	}
	_, err = b.Update(ctx, id, ttl, func(v T) (T, error) { return v, nil })
	return err == nil, err
}

func (b Bucket[T]) open(id string, sealed []byte, err error) (v T, _ error) {
	if err != nil {
		return v, err
	}
	return v, b.place.open(id, "", sealed, &v)
}
