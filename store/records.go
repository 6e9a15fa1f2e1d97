package store

import (
	"context"
	"errors"
	"slices"
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
	key := r.place.key(id)
	values, err := r.place.store.engine.GetHash(ctx, key, fields...)
	if err != nil {
		return Fields{}, err
	}
	return Fields{store: r.place.store, key: key, names: fields, sealed: values}, nil
}

// All reads the whole record; one that does not exist has no fields.
func (r Records) All(ctx context.Context, id string) (Fields, error) {
	key := r.place.key(id)
	all, err := r.place.store.engine.AllHash(ctx, key)
	return r.fields(key, all), err
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
	key := r.place.key(id)
	all, err := r.place.store.engine.TakeHash(ctx, key)
	return r.fields(key, all), err
}

func (r Records) fields(key string, all map[string][]byte) Fields {
	f := Fields{store: r.place.store, key: key}
	for name, sealed := range all {
		f.names, f.sealed = append(f.names, name), append(f.sealed, sealed)
	}
	return f
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

// Fields are what was read of one record, still sealed. The zero value has none.
type Fields struct {
	store  *Store
	key    string
	names  []string
	sealed [][]byte // nil for a field that was asked for and is absent
}

// Open decodes a field into v. It returns ErrNotFound for one that is absent or past its end, ErrUnknownKey or
// ErrCorrupt for one that does not open.
func (f Fields) Open(name string, v any) error {
	_, err := f.OpenUntil(name, v)
	return err
}

// OpenUntil is Open for a field whose end matters too; it is zero for one that ends with its record.
func (f Fields) OpenUntil(name string, v any) (end time.Time, err error) {
	i := slices.Index(f.names, name)
	if i < 0 || f.sealed[i] == nil {
		return end, ErrNotFound
	}
	return f.store.openAt(f.key, name, f.sealed[i], v)
}

// Stale says that a field is sealed under a key that no longer seals: its owner writes it anew before that key is removed.
func (f Fields) Stale(name string) bool {
	i := slices.Index(f.names, name)
	return i >= 0 && f.sealed[i] != nil && f.store.sealer.Stale(f.sealed[i])
}

// Names lists the fields present, in no order.
func (f Fields) Names() []string {
	var present []string
	for i, name := range f.names {
		if f.sealed[i] != nil {
			present = append(present, name)
		}
	}
	return present
}

func isConflict(err error) bool { return errors.Is(err, ErrConflict) }
