package memstore

import (
	"context"
	"time"

	"chatgate/store"
)

// hash is a record's fields. As in Redis, a record without fields does not exist.
type hash map[string][]byte

// AddHash creates the record, or returns store.ErrExists when one with this anchor lives.
func (s *Store) AddHash(ctx context.Context, key, anchor string, fields map[string][]byte, ttl time.Duration) error {
	unlock, err := s.lock(ctx)
	if err != nil {
		return err
	}
	defer unlock()
	record, _, err := find[hash](s, key)
	if err != nil {
		return err
	}
	if record.stands(anchor) {
		return store.ErrExists
	}
	delete(s.items, key)
	if len(fields) > 0 {
		s.put(key, copied(fields), ttl)
	}
	return nil
}

// GetHash returns the named fields in order, nil for each that is absent.
func (s *Store) GetHash(ctx context.Context, key string, fields ...string) ([][]byte, error) {
	unlock, err := s.lock(ctx)
	if err != nil {
		return nil, err
	}
	defer unlock()
	record, _, err := find[hash](s, key)
	if err != nil {
		return nil, err
	}
	values := make([][]byte, len(fields))
	for i, field := range fields {
		if value, ok := record[field]; ok {
			values[i] = clone(value)
		}
	}
	return values, nil
}

// AllHash returns every field; an absent record gives an empty map.
func (s *Store) AllHash(ctx context.Context, key string) (map[string][]byte, error) {
	unlock, err := s.lock(ctx)
	if err != nil {
		return nil, err
	}
	defer unlock()
	record, _, err := find[hash](s, key)
	if err != nil {
		return nil, err
	}
	return copied(record), nil
}

// SetHash writes and removes fields while the anchor is present, else it returns store.ErrConflict.
func (s *Store) SetHash(
	ctx context.Context, key, anchor string, set map[string][]byte, remove []string, ttl time.Duration,
) error {
	unlock, err := s.lock(ctx)
	if err != nil {
		return err
	}
	defer unlock()
	record, ok, err := find[hash](s, key)
	if err != nil {
		return err
	}
	if anchor != "" && !record.stands(anchor) {
		return store.ErrConflict
	}
	if !ok {
		record = hash{}
		s.put(key, record, ttl)
	}
	for field, value := range set {
		record[field] = clone(value)
	}
	for _, field := range remove {
		delete(record, field)
	}
	s.settle(key, record, anchor, ttl)
	return nil
}

// settle gives a record that was just written its lifetime, or removes it with its last field.
func (s *Store) settle(key string, record hash, anchor string, ttl time.Duration) {
	switch {
	case len(record) == 0:
		delete(s.items, key)
	case ttl == 0:
	case anchor == "":
		s.extend(key, ttl)
	default:
		s.items[key].end = s.end(ttl)
	}
}

// TakeHash reads every field and removes the record. An absent record gives an empty map.
func (s *Store) TakeHash(ctx context.Context, key string) (map[string][]byte, error) {
	unlock, err := s.lock(ctx)
	if err != nil {
		return nil, err
	}
	defer unlock()
	record, _, err := find[hash](s, key)
	if err != nil {
		return nil, err
	}
	delete(s.items, key)
	return copied(record), nil
}

// stands says whether the record lives: it has its anchor, or any field where there is none.
func (h hash) stands(anchor string) bool {
	if anchor == "" {
		return len(h) > 0
	}
	_, ok := h[anchor]
	return ok
}

func copied(fields map[string][]byte) hash {
	out := make(hash, len(fields))
	for field, value := range fields {
		out[field] = clone(value)
	}
	return out
}
