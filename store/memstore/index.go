package memstore

import (
	"cmp"
	"context"
	"math"
	"slices"
	"time"

	"chatgate/store"
)

// index is members and where they stand, in milliseconds since 1970. As in Redis, one without members does not exist.
type index map[string]int64

// PutIndex adds or moves a member. The set lives at least ttl from now.
func (s *Store) PutIndex(ctx context.Context, key string, e store.Entry, ttl time.Duration) error {
	unlock, err := s.lock(ctx)
	if err != nil {
		return err
	}
	defer unlock()
	set, ok, err := find[index](s, key)
	if err != nil {
		return err
	}
	if !ok {
		set = index{}
		s.put(key, set, ttl)
	}
	set[e.Member] = e.At.UnixMilli()
	s.extend(key, ttl)
	return nil
}

// ListIndex returns up to limit members standing in [from, to], earliest first.
func (s *Store) ListIndex(ctx context.Context, key string, from, to time.Time, limit int) ([]store.Entry, error) {
	unlock, err := s.lock(ctx)
	if err != nil {
		return nil, err
	}
	defer unlock()
	set, _, err := find[index](s, key)
	if err != nil {
		return nil, err
	}
	return set.between(from.UnixMilli(), to.UnixMilli(), limit), nil
}

// CountIndex says how many members stand in [from, to].
func (s *Store) CountIndex(ctx context.Context, key string, from, to time.Time) (int, error) {
	unlock, err := s.lock(ctx)
	if err != nil {
		return 0, err
	}
	defer unlock()
	set, _, err := find[index](s, key)
	if err != nil {
		return 0, err
	}
	found := 0
	for _, at := range set {
		if from.UnixMilli() <= at && at <= to.UnixMilli() {
			found++
		}
	}
	return found, nil
}

// ClaimIndex returns up to limit members standing at or before due, and moves each to until.
func (s *Store) ClaimIndex(ctx context.Context, key string, due, until time.Time, limit int) ([]store.Entry, error) {
	unlock, err := s.lock(ctx)
	if err != nil {
		return nil, err
	}
	defer unlock()
	set, _, err := find[index](s, key)
	if err != nil {
		return nil, err
	}
	claimed := set.between(math.MinInt64, due.UnixMilli(), limit)
	for _, e := range claimed {
		set[e.Member] = until.UnixMilli()
	}
	return claimed, nil
}

// MoveIndex replaces the member old by e, or returns store.ErrNotFound.
func (s *Store) MoveIndex(ctx context.Context, key, old string, e store.Entry) error {
	unlock, err := s.lock(ctx)
	if err != nil {
		return err
	}
	defer unlock()
	set, _, err := find[index](s, key)
	if err != nil {
		return err
	}
	if _, ok := set[old]; !ok {
		return store.ErrNotFound
	}
	delete(set, old)
	set[e.Member] = e.At.UnixMilli()
	return nil
}

// DropIndex removes members. Absent ones are fine.
func (s *Store) DropIndex(ctx context.Context, key string, members ...string) error {
	return s.thin(ctx, key, func(set index) {
		for _, member := range members {
			delete(set, member)
		}
	})
}

// TrimIndex removes the members standing before the time given.
func (s *Store) TrimIndex(ctx context.Context, key string, before time.Time) error {
	return s.thin(ctx, key, func(set index) {
		for member, at := range set {
			if at < before.UnixMilli() {
				delete(set, member)
			}
		}
	})
}

// thin removes members from a set, and the set with its last one.
func (s *Store) thin(ctx context.Context, key string, remove func(index)) error {
	unlock, err := s.lock(ctx)
	if err != nil {
		return err
	}
	defer unlock()
	set, ok, err := find[index](s, key)
	if err != nil || !ok {
		return err
	}
	if remove(set); len(set) == 0 {
		delete(s.items, key)
	}
	return nil
}

// between lists members in the order of Redis: by time, then by bytes.
func (x index) between(from, to int64, limit int) []store.Entry {
	var found []store.Entry
	for member, at := range x {
		if from <= at && at <= to {
			found = append(found, store.Entry{Member: member, At: time.UnixMilli(at).UTC()})
		}
	}
	slices.SortFunc(found, func(a, b store.Entry) int {
		return cmp.Or(a.At.Compare(b.At), cmp.Compare(a.Member, b.Member))
	})
	return found[:min(len(found), max(limit, 0))]
}
