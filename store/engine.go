package store

import (
	"context"
	"errors"
	"time"
)

var (
	// ErrNotFound says that nothing lives under the key: never written, deleted, taken or past its lifetime.
	ErrNotFound = errors.New("not found")
	// ErrExists says that another writer was first.
	ErrExists = errors.New("exists already")
	// ErrConflict says that the value changed since it was read, or that the anchor of a record is gone.
	ErrConflict = errors.New("changed meanwhile")
	// ErrUnavailable wraps every failure of the engine itself: no connection, a timeout, a full or read-only server,
	// a value of a foreign type. Callers answer 503 and change nothing (S67).
	ErrUnavailable = errors.New("store unavailable")
)

// Backend moves bytes that live under one key for a while.
//
// Here and below a lifetime (ttl) is kept to the millisecond. 0 means no end, which only durable records may have; a
// lifetime that is negative or shorter than a millisecond is over at once or within that millisecond, never endless.
type Backend interface {
	// Get returns the value, or ErrNotFound.
	Get(ctx context.Context, key string) ([]byte, error)
	// Put writes the value, whatever is there.
	Put(ctx context.Context, key string, value []byte, ttl time.Duration) error
	// Add writes the value only where there is nothing of any kind. The first writer wins; the others get ErrExists.
	Add(ctx context.Context, key string, value []byte, ttl time.Duration) error
	// Take reads and removes in one step: of any number of callers exactly one gets the value, the others ErrNotFound.
	Take(ctx context.Context, key string) ([]byte, error)
	// Delete removes the value, whatever its kind. Absent is fine.
	Delete(ctx context.Context, key string) error
}

// Swapper replaces a value only while it is the one the caller has read.
type Swapper interface {
	// Swap writes next while the value is old, else it returns ErrConflict. A nil next removes the value.
	Swap(ctx context.Context, key string, old, next []byte, ttl time.Duration) error
}

// Counter counts within fixed windows.
type Counter interface {
	// Count adds one and returns the sum and what is left of the window, which the first call opened.
	Count(ctx context.Context, key string, window time.Duration) (n int64, left time.Duration, err error)
}

// Hasher keeps records: fields that live together under one key. The anchor is the field whose presence means that the
// record lives; writes to a record that has lost it fail, so nothing resurrects what has ended.
type Hasher interface {
	// AddHash creates the record, or returns ErrExists when one with this anchor lives (without an anchor: one with any
	// field). It replaces what has lost its anchor.
	AddHash(ctx context.Context, key, anchor string, fields map[string][]byte, ttl time.Duration) error
	// GetHash returns the named fields in order, nil for each that is absent; with no names it returns none.
	// A record that does not exist gives nils, not an error.
	GetHash(ctx context.Context, key string, fields ...string) ([][]byte, error)
	// AllHash returns every field; an absent record gives an empty map.
	AllHash(ctx context.Context, key string) (map[string][]byte, error)
	// SetHash writes fields, then removes fields, while anchor is present, else it returns ErrConflict. An empty anchor
	// writes whatever is there. A ttl above 0 sets the record's lifetime anew, 0 leaves it as it is; with an empty
	// anchor the lifetime is only ever extended. A record ends with its last field.
	SetHash(ctx context.Context, key, anchor string, set map[string][]byte, remove []string, ttl time.Duration) error
	// TakeHash reads every field and removes the record in one step. An absent record gives an empty map.
	TakeHash(ctx context.Context, key string) (map[string][]byte, error)
}

// Entry is one member of an index and the time it stands at, in whole milliseconds.
type Entry struct {
	Member string
	At     time.Time
}

// Indexer keeps sets whose members stand at a time.
type Indexer interface {
	// PutIndex adds or moves a member. The set itself lives at least ttl from now, with 0 for ever.
	PutIndex(ctx context.Context, key string, e Entry, ttl time.Duration) error
	// ListIndex returns up to limit members standing in [from, to], earliest first, then by bytes.
	ListIndex(ctx context.Context, key string, from, to time.Time, limit int) ([]Entry, error)
	// CountIndex says how many members stand in [from, to], without reading them.
	CountIndex(ctx context.Context, key string, from, to time.Time) (int, error)
	// ClaimIndex returns up to limit members standing at or before due, and moves each to until in the same step:
	// of any number of callers exactly one gets a member, until its claim runs out. The entries say where they stood.
	ClaimIndex(ctx context.Context, key string, due, until time.Time, limit int) ([]Entry, error)
	// MoveIndex replaces the member old by e in one step, else it returns ErrNotFound.
	MoveIndex(ctx context.Context, key, old string, e Entry) error
	// DropIndex removes members. Absent ones are fine.
	DropIndex(ctx context.Context, key string, members ...string) error
	// TrimIndex removes the members standing before the time given.
	TrimIndex(ctx context.Context, key string, before time.Time) error
}

// Engine is everything chatgate needs of a place to keep things. memstore and redisstore implement it, and
// storetest holds both to the same behaviour. All failures of the engine itself wrap ErrUnavailable.
type Engine interface {
	Backend
	Swapper
	Counter
	Hasher
	Indexer
	// Ping says whether the engine answers.
	Ping(ctx context.Context) error
	// Close ends its connections; later calls fail.
	Close() error
}
