package store

import (
	"context"
	"crypto/hkdf"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"errors"
	"fmt"
	"sync/atomic"
)

// Names derives identifiers from identities: store keys that tell a reader of a dump nothing, and the public user ids
// of chats. The key behind them never rotates, because every account link and every user id hangs on it (D6). It is
// made once by whichever replica is first, kept sealed among the durable records, and is part of a backup.
type Names struct {
	bucket  Bucket[[]byte]
	key     atomic.Pointer[[]byte]
	foreign atomic.Bool
}

const (
	namesID   = "key"
	nameBytes = 18 // 144 bits: no two identities share a name, and base64 needs no padding
)

// NewNames prepares the names of a store; the key is read at first use.
func NewNames(s *Store) *Names { return &Names{bucket: NewBucket[[]byte](s.Durable("names"))} }

// Continue takes over the key that another Names of the same store has read, so that both name everybody alike whatever
// becomes of the record meanwhile. It is called before n is used.
func (n *Names) Continue(from *Names) { n.key.Store(from.key.Load()) }

// Of returns the name of parts for one purpose: 24 characters of base64url, the same for ever, and unrelated to the
// names of other purposes. It fails only while the key cannot be read.
func (n *Names) Of(ctx context.Context, purpose string, parts ...string) (string, error) {
	key, err := n.load(ctx)
	if err != nil {
		return "", fmt.Errorf("read the key of names: %w", err)
	}
	forPurpose, err := hkdf.Key(sha256.New, key, nil, "chatgate names "+purpose, sha256.Size)
	if err != nil {
		return "", fmt.Errorf("derive the key of names: %w", err)
	}
	mac := hmac.New(sha256.New, forPurpose)
	for _, part := range parts {
		// Length first: ("ab", "c") and ("a", "bc") are two names.
		mac.Write(binary.BigEndian.AppendUint64(nil, uint64(len(part))))
		mac.Write([]byte(part))
	}
	return base64.RawURLEncoding.EncodeToString(mac.Sum(nil)[:nameBytes]), nil
}

func (n *Names) load(ctx context.Context) ([]byte, error) {
	if key := n.key.Load(); key != nil {
		return *key, nil
	}
	fresh := make([]byte, 32)
	_, _ = rand.Read(fresh)
	switch err := n.bucket.Add(ctx, namesID, fresh, 0); {
	case err == nil:
	case errors.Is(err, ErrExists):
		if fresh, err = n.bucket.Get(ctx, namesID); err != nil {
			return nil, err
		}
	default:
		return nil, err
	}
	n.key.Store(&fresh)
	return fresh, nil
}

// ErrForeignNames says that the store holds another key of names than this process works with: the record was lost and
// made anew elsewhere, or a backup of another installation was restored. Both would name every person differently.
var ErrForeignNames = errors.New("the store holds another key of names than this replica works with: restore the durable records, or restart every replica")

// Keep looks after the stored key. It puts back a record that the store has lost, moves it under the current sealing
// key before an older one is removed (D23), and notices another key in its place, which Mismatch then tells.
func (n *Names) Keep(ctx context.Context) error {
	key, err := n.load(ctx)
	if err != nil {
		return err
	}
	err = n.bucket.Add(ctx, namesID, key, 0)
	if err == nil || !errors.Is(err, ErrExists) {
		return err
	}
	stored, err := n.bucket.Get(ctx, namesID)
	if err != nil {
		return err
	}
	n.foreign.Store(!hmac.Equal(stored, key))
	if err := n.Mismatch(); err != nil {
		return err
	}
	_, err = n.bucket.Reseal(ctx, namesID, 0)
	return err
}

// Mismatch returns ErrForeignNames when Keep found another key in the store.
func (n *Names) Mismatch() error {
	if n.foreign.Load() {
		return ErrForeignNames
	}
	return nil
}
