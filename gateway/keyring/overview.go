package keyring

import (
	"context"
	"crypto/rsa"
	"fmt"
	"time"
)

// Key tells about a signing key without its private half.
type Key struct {
	KID       string
	Public    *rsa.PublicKey // for chats that take keys by hand instead of a JWKS address (G14); nil in a Change
	Created   time.Time      // zero for a key from a file
	SignsFrom time.Time      // zero for a key from a file
	Until     time.Time      // when a former key is dropped, its last token being over; zero for every other key
	Signs     bool           // signs now
}

// State is what a key does now.
type State string

// The states.
const (
	Waiting   State = "waiting"   // published, and signs later
	Signing   State = "signing"   // published, and signs
	Published State = "published" // signs nothing: a former key, or a file that is not the first
)

// States are all of them, in the order of a key's life.
func States() []State { return []State{Waiting, Signing, Published} }

// State says what the key does now.
func (k Key) State() State {
	switch {
	case k.Signs:
		return Signing
	case k.SignsFrom.IsZero() || !k.Until.IsZero():
		return Published
	}
	return Waiting
}

// keys tells of what is published: stored keys in the order in which they sign, files as configured.
func (g *generation) keys(now time.Time) []Key {
	signer := g.signer(now)
	keys := make([]Key, 0, len(g.published))
	for i, key := range g.published {
		told := Key{
			KID: key.kid, Public: &key.private.PublicKey,
			Created: key.created, SignsFrom: key.signsFrom, Signs: key.kid == signer.kid,
		}
		if rest := g.published[i+1:]; len(rest) > 0 && !told.Signs && !key.signsFrom.IsZero() && !rest[0].signsFrom.After(now) {
			told.Until = rest[0].signsFrom.Add(keepAfter)
		}
		keys = append(keys, told)
	}
	return keys
}

// Keys lists what the set publishes: stored keys in the order in which they sign, files as configured.
func (s *Set) Keys() ([]Key, error) {
	g, err := s.loaded()
	if err != nil {
		return nil, err
	}
	return g.keys(s.now()), nil
}

// Overview tells about a set what its operator needs to know.
type Overview struct {
	// Keys are as Set.Keys lists them. There is at least one.
	Keys []Key
	// FromFiles says that the operator brought them, Exposed which of their files everybody on this machine may read.
	FromFiles bool
	Exposed   []string
	// RotateEvery is the schedule, 0 for none.
	RotateEvery time.Duration
	// Next is when another key takes over: one that waits, or by the schedule. It is zero without either, and past when
	// no replica has added the key that was due.
	Next time.Time
}

// Signer is the key that signs now.
func (o Overview) Signer() Key {
	for _, key := range o.Keys {
		if key.Signs {
			return key
		}
	}
	return Key{}
}

// Overview tells about the keys that this replica works with, or is ErrNotLoaded.
func (s *Set) Overview() (Overview, error) {
	g, err := s.loaded()
	if err != nil {
		return Overview{}, err
	}
	return s.overview(g), nil
}

func (s *Set) overview(g *generation) Overview {
	now := s.now()
	o := Overview{Keys: g.keys(now), FromFiles: s.fromFiles, Exposed: s.exposed}
	if s.fromFiles {
		return o
	}
	o.RotateEvery = s.rotateEvery
	for _, key := range o.Keys {
		if key.State() == Waiting {
			o.Next = key.SignsFrom
			return o
		}
	}
	if s.rotateEvery > 0 {
		o.Next = o.Signer().SignsFrom.Add(s.rotateEvery)
	}
	return o
}

// due says whether the schedule wants a key to follow the newest one: the lead before its turn is over, so that the next
// one is published by then. After a long time without any replica this is at once.
func (s *Set) due(newest storedKey, now time.Time) bool {
	return s.rotateEvery > 0 && !newest.SignsFrom.Add(s.rotateEvery-signLead).After(now)
}

// Names are the chats that have a set, in order.
func (k *Keyring) Names() []string {
	names := make([]string, len(k.sets))
	for i, s := range k.sets {
		names[i] = s.name
	}
	return names
}

// Inspect tells about a chat's keys as they are stored now, and changes nothing there: it is for commands, which do not
// Load. Before a gateway has made the first key it is store.ErrNotFound.
func (k *Keyring) Inspect(ctx context.Context, chat string) (Overview, error) {
	s, err := k.named(chat)
	if err != nil {
		return Overview{}, err
	}
	if s.fromFiles {
		return s.Overview()
	}
	g, err := k.read(ctx, chat)
	if err != nil {
		return Overview{}, fmt.Errorf("signing keys of %q: %w", chat, err)
	}
	return s.overview(g), nil
}

func (k *Keyring) read(ctx context.Context, chat string) (*generation, error) {
	stored, err := k.bucket.Get(ctx, chat)
	if err != nil {
		return nil, err
	}
	return stored.open()
}
