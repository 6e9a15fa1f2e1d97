package keyring

import (
	"cmp"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"slices"
	"time"
)

const (
	documentVersion = 1
	// keyBits is the size of the keys made here. 2048 is what every verifier takes (G1) at a third of the signing time
	// of 3072, for tokens that live minutes and keys that can be rotated any day.
	keyBits = 2048
)

// document is a set of keys as it is stored: one sealed record, so that a change to it is one compare-and-swap.
type document struct {
	Version int         `json:"version"`
	Keys    []storedKey `json:"keys"`
}

// storedKey is one private key and its place in time. When it stops signing and when it is dropped follow from the
// key after it.
type storedKey struct {
	KID       string    `json:"kid"`
	DER       []byte    `json:"der"` // PKCS #8
	Created   time.Time `json:"created"`
	SignsFrom time.Time `json:"signs_from"`
}

// newDocument is the first document of a set: one fresh key that signs at once.
func newDocument(now time.Time) (document, error) {
	key, err := newStoredKey(now, now)
	return document{Version: documentVersion, Keys: []storedKey{key}}, err
}

func newStoredKey(created, signsFrom time.Time) (storedKey, error) {
	private, err := rsa.GenerateKey(rand.Reader, keyBits)
	if err != nil {
		return storedKey{}, fmt.Errorf("make signing key: %w", err)
	}
	der, err := x509.MarshalPKCS8PrivateKey(private)
	if err != nil {
		return storedKey{}, fmt.Errorf("encode signing key: %w", err)
	}
	kid, err := thumbprint(&private.PublicKey)
	return storedKey{KID: kid, DER: der, Created: created, SignsFrom: signsFrom}, err
}

// check refuses what this version cannot keep whole.
func (d document) check() error {
	switch {
	case d.Version != documentVersion:
		return fmt.Errorf("key document has version %d, this chatgate knows %d", d.Version, documentVersion)
	case len(d.Keys) == 0:
		return errors.New("key document holds no key")
	}
	return nil
}

// newest is the key that signs last. A document that passed check has one.
func (d document) newest() storedKey {
	return slices.MaxFunc(d.Keys, func(a, b storedKey) int { return a.SignsFrom.Compare(b.SignsFrom) })
}

// inOrder returns the keys in the order in which they sign.
func (d document) inOrder() []storedKey {
	return slices.SortedFunc(slices.Values(d.Keys), func(a, b storedKey) int {
		return cmp.Or(a.SignsFrom.Compare(b.SignsFrom), cmp.Compare(a.KID, b.KID))
	})
}

// live returns the keys that may still have tokens out, in order: a key is over once the one after it has signed for
// longer than any token of the former lives.
func (d document) live(now time.Time) []storedKey {
	keys := d.inOrder()
	for len(keys) > 1 && !keys[1].SignsFrom.Add(keepAfter).After(now) {
		keys = keys[1:]
	}
	return keys
}

// open parses the keys: all that are stored, so that one replica whose clock is wrong does not withhold a key by which
// the others' tokens are out.
func (d document) open() (*generation, error) {
	if err := d.check(); err != nil {
		return nil, err
	}
	var keys []signingKey
	for _, stored := range d.inOrder() {
		key, err := stored.open()
		if err != nil {
			return nil, fmt.Errorf("stored key %q: %w", stored.KID, err)
		}
		keys = append(keys, key)
	}
	return newGeneration(d, keys, keys)
}

func (k storedKey) open() (signingKey, error) {
	parsed, err := x509.ParsePKCS8PrivateKey(k.DER)
	if err != nil {
		return signingKey{}, err
	}
	key, err := newSigningKey(parsed)
	if err != nil {
		return signingKey{}, err
	}
	if key.kid != k.KID {
		return signingKey{}, errors.New("kid is not the key's thumbprint")
	}
	key.created, key.signsFrom = k.Created, k.SignsFrom
	return key, nil
}

// key is what may be told of one that does not sign yet, or is the only one.
func (k storedKey) key() Key { return Key{KID: k.KID, Created: k.Created, SignsFrom: k.SignsFrom} }

// Format hides the keys from every verb.
func (d document) Format(f fmt.State, _ rune) { redact(f) }

// LogValue hides the keys from the log.
func (d document) LogValue() slog.Value { return slog.StringValue(redacted) }

// Format hides the key from every verb.
func (k storedKey) Format(f fmt.State, _ rune) { redact(f) }

// LogValue hides the key from the log.
func (k storedKey) LogValue() slog.Value { return slog.StringValue(redacted) }

const redacted = "[redacted]"

func redact(f fmt.State) { _, _ = io.WriteString(f, redacted) }
