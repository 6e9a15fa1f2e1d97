package store

import (
	"context"
	"errors"
	"time"
)

// Records is the view of one place as records: named, separately sealed fields that live and die with their anchor.
type Records struct {
	place  Place
	anchor string
}

// Value is one field to write: V is encoded as JSON, and the field ends at End (zero: with its record).
type Value struct {
	V   any
	End time.Time
}

// NewRecords opens the place. The anchor is the field whose presence means that a record lives; an empty anchor is for
// collections whose fields stand for themselves.
func NewRecords(p Place, anchor string) Records { return Records{place: p, anchor: anchor} }

// Add creates a record, or returns ErrExists when one lives under this id.
func (r Records) Add(ctx context.Context, id string, fields map[string]Value, ttl time.Duration) error {
	sealed, err := r.sealAll(id, fields)
	if err != nil {
		return err
	}
	return r.place.store.engine.AddHash(ctx, r.place.key(id), r.anchor, sealed, ttl)
}

// Get reads the named fields in one round trip.
func (r Records) Get(ctx context.Context, id string, fields ...string) (Fields, error) {
	values, err := r.place.store.engine.GetHash(ctx, r.place.key(id), fields...)
	if err != nil {
		return Fields{}, err
	}
	f := Fields{place: r.place, id: id, sealed: make(map[string][]byte, len(fields))}
	for i, name := range fields {
		if values[i] != nil {
			f.sealed[name] = values[i]
		}
	}
	return f, nil
}

// All reads the whole record; one that does not exist has no fields.
func (r Records) All(ctx context.Context, id string) (Fields, error) {
	sealed, err := r.place.store.engine.AllHash(ctx, r.place.key(id))
	return Fields{place: r.place, id: id, sealed: sealed}, err
}

// Set writes and removes fields while the record lives, else it returns ErrConflict. A ttl above 0 sets the record's
// lifetime anew (without an anchor: only ever extends it); 0 leaves it.
func (r Records) Set(ctx context.Context, id string, set map[string]Value, remove []string, ttl time.Duration) error {
	sealed, err := r.sealAll(id, set)
	if err != nil {
		return err
	}
	return r.place.store.engine.SetHash(ctx, r.place.key(id), r.anchor, sealed, remove, ttl)
}

// Take reads the whole record and removes it in one step: of any number of callers exactly one gets its fields.
func (r Records) Take(ctx context.Context, id string) (Fields, error) {
	sealed, err := r.place.store.engine.TakeHash(ctx, r.place.key(id))
	return Fields{place: r.place, id: id, sealed: sealed}, err
}

// Delete removes the record. Absent is fine.
func (r Records) Delete(ctx context.Context, id string) error {
	return r.place.store.engine.Delete(ctx, r.place.key(id))
}

func (r Records) sealAll(id string, fields map[string]Value) (map[string][]byte, error) {
	sealed := make(map[string][]byte, len(fields))
	for name, value := range fields {
		var err error
		if sealed[name], err = r.place.seal(id, name, value.V, value.End); err != nil {
			return nil, err
		}
	}
	return sealed, nil
}

// Fields are what was read of one record, still sealed.
type Fields struct {
	place  Place
	id     string
	sealed map[string][]byte
}

// Open decodes a field into v. It returns ErrNotFound for one that is absent or past its end, ErrUnknownKey or
// ErrCorrupt for one that does not open.
func (f Fields) Open(name string, v any) error {
	sealed, ok := f.sealed[name]
	if !ok {
		return ErrNotFound
	}
	return f.place.open(f.id, name, sealed, v)
}

// Names lists the fields present, in no order.
func (f Fields) Names() []string {
	names := make([]string, 0, len(f.sealed))
	for name := range f.sealed {
		names = append(names, name)
	}
	return names
}

func isConflict(err error) bool { return errors.Is(err, ErrConflict) }
