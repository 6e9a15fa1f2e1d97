package store

import (
	"context"
	"errors"
	"time"
)

// Inspector is an engine that can tell about the servers behind it, for a tool that looks an installation over and for
// metrics. Nothing that serves people waits for it.
type Inspector interface {
	// Inspect asks every server that holds records. Its error wraps ErrUnavailable.
	Inspect(ctx context.Context) ([]Server, error)
}

// Server is one server of an engine, as it describes itself. What it does not tell is empty.
type Server struct {
	// Name is its address.
	Name string
	// Product is "redis" or "valkey", Version its release.
	Product, Version string
	// Eviction is its maxmemory-policy.
	Eviction string
	// Persistence says whether it writes to disk.
	Persistence Persistence
	// Memory is how many bytes its records take, MemoryLimit its maxmemory, which is 0 where it has none. Evicted is how many
	// records it has thrown away for want of room since it started. All are nil where the server does not tell.
	Memory, MemoryLimit, Evicted *int64
	// Ahead is how far its clock is before ours; negative when it is behind.
	Ahead time.Duration
}

// Persistence says whether a server writes to disk.
type Persistence string

// What is known of a server's persistence.
const (
	PersistenceUnknown Persistence = ""     // the server does not say
	AppendOnly         Persistence = "aof"  // an append-only file
	Snapshots          Persistence = "rdb"  // snapshots now and then: the last minutes may be lost
	NotPersistent      Persistence = "none" // a restart forgets everything
)

// Inspect says whether the stored key of names opens with the sealing keys at hand, and changes nothing: nil, also
// where there is none yet, else ErrUnknownKey, ErrCorrupt or ErrUnavailable.
func (n *Names) Inspect(ctx context.Context) error {
	_, err := n.bucket.Get(ctx, namesID)
	if errors.Is(err, ErrNotFound) {
		return nil
	}
	return err
}

// SealingKeys are the sealing keys of a process, by their fingerprints, which tell nothing of the keys.
type SealingKeys struct {
	// Current seals.
	Current string
	// Names are what the configuration calls each key.
	Names map[string]string
}

// SealingKeys are those that this process holds.
func (s *Store) SealingKeys() SealingKeys {
	keys := SealingKeys{Current: s.sealer.current.String(), Names: make(map[string]string, len(s.sealer.names))}
	for mark, name := range s.sealer.names {
		keys.Names[mark.String()] = name
	}
	return keys
}
