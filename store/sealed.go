package store

import (
	"encoding/base64"
	"time"
)

// Sealed is the typed view of values that travel outside the store, as text in the hands of a browser: nobody else can
// read, make or prolong one, and none opens at another place.
type Sealed[T any] struct{ place Place }

// NewSealed opens the place. T is encoded as JSON.
func NewSealed[T any](p Place) Sealed[T] { return Sealed[T]{place: p} }

// sealedID stands where a record has its id: these values have no key of their own.
const sealedID = "sealed"

// Seal returns v as text for a URL or a form, good for ttl; a ttl of 0 means no end.
func (s Sealed[T]) Seal(v T, ttl time.Duration) (string, error) {
	sealed, err := s.place.seal(sealedID, "", v, s.place.end(ttl))
	return base64.RawURLEncoding.EncodeToString(sealed), err
}

// Open returns what Seal was given. It returns ErrNotFound past its end, ErrCorrupt for a text that Seal did not make
// for this place, and ErrUnknownKey for one that was sealed under a key this process does not hold.
func (s Sealed[T]) Open(text string) (v T, err error) {
	sealed, err := base64.RawURLEncoding.Strict().DecodeString(text)
	if err != nil {
		return v, ErrCorrupt
	}
	return v, s.place.open(sealedID, "", sealed, &v)
}
