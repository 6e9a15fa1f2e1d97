package store

import (
	"context"
	"encoding"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"strconv"
	"time"
)

// Config says what a Store is made of.
type Config struct {
	// Engine holds the bytes.
	Engine Engine
	// Sealer holds the sealing keys.
	Sealer *Sealer
	// Now is the clock of this process; nil means time.Now.
	Now func() time.Time
}

// Store is an engine with sealing and named places in it.
type Store struct {
	engine Engine
	sealer *Sealer
	now    func() time.Time
}

// New checks the configuration. It dials nothing.
func New(cfg Config) (*Store, error) {
	if cfg.Engine == nil || cfg.Sealer == nil {
		return nil, errors.New("store: an engine and a sealer are needed")
	}
	if cfg.Now == nil {
		cfg.Now = time.Now
	}
	return &Store{engine: cfg.Engine, sealer: cfg.Sealer, now: cfg.Now}, nil
}

// Ping says whether the engine answers.
func (s *Store) Ping(ctx context.Context) error { return s.engine.Ping(ctx) }

// Rotating says that a sealing key beside the current one is held: what must outlive it is to be written anew.
func (s *Store) Rotating() bool { return len(s.sealer.keys) > 1 }

// Durable is the place of a room whose records must survive: they are backed up, and lost only with harm (D24).
func (s *Store) Durable(room string) Place { return Place{store: s, prefix: "d:" + room + ":"} }

// Passing is the place of a room whose records may be lost at any time: people sign in again, nothing worse.
func (s *Store) Passing(room string) Place { return Place{store: s, prefix: "t:" + room + ":"} }

// Place is where the records of one room live.
type Place struct {
	store  *Store
	prefix string
}

// In is a place inside this one, for example one per chat.
func (p Place) In(name string) Place { return Place{store: p.store, prefix: p.prefix + name + ":"} }

func (p Place) key(id string) string { return p.prefix + id }

// Every sealed value begins with its own end in milliseconds since 1970 (8 bytes, 0 for none), so that neither Redis nor
// a restored backup can prolong it (S62); its JSON follows, or the bytes of a type that encodes itself.
const endBytes = 8

func (p Place) seal(id, field string, body any, end time.Time) ([]byte, error) {
	raw, err := encode(body)
	if err != nil {
		return nil, fmt.Errorf("encode record: %w", err)
	}
	plain := make([]byte, endBytes, endBytes+len(raw))
	if !end.IsZero() {
		binary.BigEndian.PutUint64(plain, uint64(end.UnixMilli()))
	}
	return p.store.sealer.seal(append(plain, raw...), sealPlace(p.key(id), field)), nil
}

func (p Place) open(id, field string, sealed []byte, into any) error {
	_, err := p.store.openAt(p.key(id), field, sealed, into)
	return err
}

// openAt decodes what was sealed under a key and field, and says when it ends (zero: never). It returns ErrNotFound
// for a value past its own end, by this process's clock.
func (s *Store) openAt(key, field string, sealed []byte, into any) (end time.Time, err error) {
	plain, err := s.sealer.open(sealed, sealPlace(key, field))
	if err != nil {
		return end, err
	}
	if len(plain) < endBytes {
		return end, ErrCorrupt
	}
	var millis int64
	_, _ = binary.Decode(plain, binary.BigEndian, &millis) // never fails: it has its eight bytes
	if millis != 0 {
		if end = time.UnixMilli(millis); !s.now().Before(end) {
			return end, ErrNotFound
		}
	}
	return end, decode(plain[endBytes:], into)
}

// encode writes JSON, or what a type that encodes itself says.
func encode(body any) ([]byte, error) {
	if own, ok := body.(encoding.BinaryMarshaler); ok {
		return own.MarshalBinary()
	}
	return json.Marshal(body)
}

// decode is the reverse. What needs no parser goes without one, since it stands in the way of every warm call: raw JSON
// is passed on as it is, the seal having vouched for each byte, and a whole number is a whole number.
func decode(body []byte, into any) (err error) {
	switch into := into.(type) {
	case encoding.BinaryUnmarshaler:
		err = into.UnmarshalBinary(body)
	case *json.RawMessage:
		*into = body
	case *int64:
		*into, err = strconv.ParseInt(string(body), 10, 64)
	default:
		err = json.Unmarshal(body, into)
	}
	if err != nil {
		return ErrCorrupt // an older or foreign shape: refused like any other record that is not ours (S68)
	}
	return nil
}

// sealPlace is the associated data. NUL cannot be part of a key or a field, so no two places share it.
func sealPlace(key, field string) []byte {
	place := make([]byte, 0, len(key)+1+len(field))
	place = append(append(place, key...), 0)
	return append(place, field...)
}

// end is when something with this lifetime ends; a lifetime of 0 has no end, a negative one is over.
func (p Place) end(ttl time.Duration) time.Time {
	if ttl == 0 {
		return time.Time{}
	}
	return p.store.now().Add(ttl)
}
