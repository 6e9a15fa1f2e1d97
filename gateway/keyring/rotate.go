package keyring

import (
	"context"
	"crypto/rsa"
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
)

var (
	// ErrFromFiles says that a set's keys are files of the operator's, who changes them there.
	ErrFromFiles = errors.New("keys come from files")
	// ErrNoKey says that the set holds no such key.
	ErrNoKey = errors.New("no such key")
)

// Key tells about a signing key without its private half.
type Key struct {
	KID       string
	Public    *rsa.PublicKey // for chats that take keys by hand instead of a JWKS address (G14)
	Created   time.Time      // zero for a key from a file
	SignsFrom time.Time      // zero for a key from a file
	Signs     bool           // signs now
}

// Keys lists what the set publishes: stored keys in the order in which they sign, files as configured.
func (s *Set) Keys() ([]Key, error) {
	g, err := s.loaded()
	if err != nil {
		return nil, err
	}
	signer := g.signer(s.now())
	keys := make([]Key, 0, len(g.published))
	for _, key := range g.published {
		keys = append(keys, Key{
			KID: key.kid, Public: &key.private.PublicKey,
			Created: key.created, SignsFrom: key.signsFrom, Signs: key.kid == signer.kid,
		})
	}
	return keys, nil
}

// Rotate adds a key to a chat's stored set, which Load has made, and returns it. Every replica publishes it within a
// minute and signs with it a quarter of an hour later. While a key still waits for its turn, Rotate adds none and
// returns that one.
func (k *Keyring) Rotate(ctx context.Context, chat string) (Key, error) {
	now := k.now()
	fresh, err := newStoredKey(now, now.Add(signLead))
	if err != nil {
		return Key{}, err
	}
	err = k.change(ctx, chat, func(d document) (document, error) {
		d.Keys = d.live(now)
		if newest := d.Keys[len(d.Keys)-1]; !newest.SignsFrom.After(now) {
			d.Keys = append(d.Keys, fresh)
		}
		return d, nil
	})
	if err != nil {
		return Key{}, err
	}
	keys, err := k.Set(chat).Keys()
	if err != nil {
		return Key{}, err
	}
	return keys[len(keys)-1], nil
}

// Remove takes a key out of a chat's set, for one that leaked: within a minute no replica signs with it, publishes it or
// takes its tokens, and a consumer may go on with its cached JWKS for ten minutes (G3). What is left signs; when nothing
// is, a new key does at once, and consumers that do not look for an unknown kid refuse it until their cache ends.
func (k *Keyring) Remove(ctx context.Context, chat, kid string) error {
	spare, err := newDocument(k.now())
	if err != nil {
		return err
	}
	return k.change(ctx, chat, func(d document) (document, error) {
		rest := slices.DeleteFunc(slices.Clone(d.Keys), func(key storedKey) bool { return key.KID == kid })
		switch {
		case len(rest) == len(d.Keys):
			return d, ErrNoKey
		case len(rest) == 0:
			return spare, nil
		}
		d.Keys = rest
		return d, nil
	})
}

// change replaces a chat's document, on all replicas one change at a time, and makes it this replica's own.
func (k *Keyring) change(ctx context.Context, chat string, edit func(document) (document, error)) error {
	s := k.Set(chat)
	switch {
	case s == nil:
		return fmt.Errorf("signing keys of %q: no such set", chat)
	case s.fromFiles:
		return fmt.Errorf("signing keys of %q: %w", chat, ErrFromFiles)
	}
	stored, err := k.bucket.Update(ctx, chat, 0, func(d document) (document, error) {
		if err := d.check(); err != nil {
			return d, err // of a newer chatgate: what it added must not be lost
		}
		return edit(d)
	})
	if err == nil {
		err = k.use(ctx, s, stored)
	}
	if err != nil {
		return fmt.Errorf("signing keys of %q: %w", chat, err)
	}
	return k.publish()
}
