package keyring

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"
)

const (
	// cacheLife is how long a consumer may go on with a JWK set it has read: ten minutes in plugins and proxies (G3).
	cacheLife = 10 * time.Minute
	// signLead is how long a new key is published before it signs: until the slowest replica has read it and the
	// slowest cache asked again, with room for clocks that differ.
	signLead = cacheLife + 2*rereadEvery + 3*time.Minute
	// keepAfter is how long a key stays published after the next one signs: the longest token (G7), and the caches.
	keepAfter = time.Hour + signLead
	// shortestTurn is how long a key signs at least: with less, keys would be added faster than they are dropped.
	shortestTurn = signLead + keepAfter
)

var (
	// ErrFromFiles says that a set's keys are files of the operator's, who changes them there.
	ErrFromFiles = errors.New("keys come from files")
	// ErrNoKey says that the set holds no such key.
	ErrNoKey = errors.New("no such key")
)

// Change is a key that was added to a set or removed from it. Keys that are dropped because their time is over are none.
type Change struct {
	Chat    string
	Key     Key
	Removed bool
	Cause   Cause
}

// Cause is the stable code of what changed a set.
type Cause string

// The causes.
const (
	First     Cause = "first_key" // the set had none
	Scheduled Cause = "scheduled" // SetConfig.RotateEvery was over
	Operator  Cause = "operator"  // Rotate or Remove was called
)

// Rotate adds a key to a chat's stored set, which Load has made, and returns it. Every replica publishes it within a
// minute and signs with it a quarter of an hour later. While a key still waits for its turn, Rotate adds none and
// returns that one. On a machine whose clock is wrong it is ErrClocks.
func (k *Keyring) Rotate(ctx context.Context, chat string) (Key, error) {
	s, err := k.changeable(chat)
	if err != nil {
		return Key{}, err
	}
	err = k.add(ctx, s, Operator, func(newest storedKey, now time.Time) bool { return !newest.SignsFrom.After(now) })
	if err != nil {
		return Key{}, fmt.Errorf("signing keys of %q: %w", chat, err)
	}
	keys, err := s.Keys()
	if err != nil {
		return Key{}, err
	}
	return keys[len(keys)-1], nil
}

// add has another key follow the newest one, provided that this is still wanted when the store takes it: of all who ask
// at once, one is heard.
func (k *Keyring) add(ctx context.Context, s *Set, cause Cause, wanted func(newest storedKey, now time.Time) bool) error {
	now, err := k.sureTime(ctx)
	if err != nil {
		return err
	}
	fresh, err := newStoredKey(now, now.Add(signLead))
	if err != nil {
		return err
	}
	added := false
	err = k.change(ctx, s, func(d document) (document, error) {
		d.Keys = d.live(now)
		if added = wanted(d.newest(), now); added {
			d.Keys = append(d.Keys, fresh)
		}
		return d, nil
	})
	if err == nil && added {
		k.onChange(ctx, Change{Chat: s.name, Key: fresh.key(), Cause: cause})
	}
	return err
}

// Remove takes a key out of a chat's set, for one that leaked: within a minute no replica signs with it, publishes it or
// takes its tokens, and a consumer may go on with its cached JWKS for ten minutes (G3). What is left signs; when nothing
// is, a new key does at once, and consumers that do not look for an unknown kid refuse it until their cache ends.
func (k *Keyring) Remove(ctx context.Context, chat, kid string) error {
	s, err := k.changeable(chat)
	if err != nil {
		return err
	}
	spare, err := k.firstDocument(ctx)
	if err != nil {
		return err
	}
	emptied := false
	err = k.change(ctx, s, func(d document) (document, error) {
		rest := slices.DeleteFunc(slices.Clone(d.Keys), func(key storedKey) bool { return key.KID == kid })
		emptied = len(rest) == 0
		switch {
		case len(rest) == len(d.Keys):
			return d, ErrNoKey
		case emptied:
			return spare, nil
		}
		d.Keys = rest
		return d, nil
	})
	if err != nil {
		return fmt.Errorf("signing keys of %q: %w", chat, err)
	}
	k.onChange(ctx, Change{Chat: chat, Key: Key{KID: kid}, Removed: true, Cause: Operator})
	if emptied {
		k.onChange(ctx, Change{Chat: chat, Key: spare.Keys[0].key(), Cause: Operator})
	}
	return nil
}

// changeable is named for sets that are stored.
func (k *Keyring) changeable(chat string) (*Set, error) {
	s, err := k.named(chat)
	if err == nil && s.fromFiles {
		return nil, fmt.Errorf("signing keys of %q: %w", chat, ErrFromFiles)
	}
	return s, err
}

// change replaces a stored set's document, on all replicas one change at a time, and makes it this replica's own.
func (k *Keyring) change(ctx context.Context, s *Set, edit func(document) (document, error)) error {
	stored, err := k.bucket.Update(ctx, s.name, 0, func(d document) (document, error) {
		if err := d.check(); err != nil {
			return d, err // of a newer chatgate: what it added must not be lost
		}
		return edit(d)
	})
	if err != nil {
		return err
	}
	if err := k.use(ctx, s, stored); err != nil {
		return err
	}
	return k.publish()
}
