package store

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/hkdf"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"log/slog"
	"sort"
	"strings"
)

var (
	// ErrUnknownKey says that a record was sealed under a key this process does not hold (D23).
	ErrUnknownKey = errors.New("sealed under an unknown key")
	// ErrCorrupt says that a record does not open: altered, moved from another place, or not ours (S60, S68).
	ErrCorrupt = errors.New("record does not open")
)

// Secret is a configured secret. It prints as [redacted]; only Reveal gives it away.
type Secret string

// Reveal returns the secret itself.
func (s Secret) Reveal() string { return string(s) }

// String hides the secret from formatted output.
func (s Secret) String() string { return "[redacted]" }

// GoString hides the secret from %#v.
func (s Secret) GoString() string { return "[redacted]" }

// LogValue hides the secret from the log.
func (s Secret) LogValue() slog.Value { return slog.StringValue("[redacted]") }

const (
	sealVersion      = 1
	fingerprintBytes = 4
	minKeyBytes      = 32
)

// fingerprint names a sealing key inside records and heartbeats. It is derived from the key's bytes, not from its
// configured name, so two replicas that hold different keys under one name notice it (S146).
type fingerprint [fingerprintBytes]byte

func (f fingerprint) String() string { return hex.EncodeToString(f[:]) }

// Sealer holds the sealing keys of the configuration: one that seals and any number that still open (D23).
// A Sealer is safe for concurrent use.
type Sealer struct {
	current fingerprint
	keys    map[fingerprint]cipher.AEAD
	names   map[fingerprint]string
}

// NewSealer checks the keys and derives from each, by HKDF-SHA256 (RFC 5869), what is used. Each key needs at least
// 32 random bytes, and current must name one of them.
func NewSealer(current string, keys map[string][]byte) (*Sealer, error) {
	s := &Sealer{keys: map[fingerprint]cipher.AEAD{}, names: map[fingerprint]string{}}
	for name, key := range keys {
		if len(key) < minKeyBytes {
			return nil, fmt.Errorf("sealing key %q: must have at least %d bytes, got %d", name, minKeyBytes, len(key))
		}
		mark, aead, err := derive(key)
		if err != nil {
			return nil, fmt.Errorf("sealing key %q: %w", name, err)
		}
		if other, ok := s.names[mark]; ok {
			return nil, fmt.Errorf("sealing keys %q and %q are the same key", other, name)
		}
		s.keys[mark], s.names[mark] = aead, name
		if name == current {
			s.current = mark
		}
	}
	if _, ok := keys[current]; !ok {
		return nil, fmt.Errorf("current sealing key %q is not among the keys given", current)
	}
	return s, nil
}

func derive(key []byte) (fingerprint, cipher.AEAD, error) {
	var mark fingerprint
	name, err := hkdf.Key(sha256.New, key, nil, "chatgate sealing key fingerprint", fingerprintBytes)
	if err != nil {
		return mark, nil, err
	}
	copy(mark[:], name)
	sealing, err := hkdf.Key(sha256.New, key, nil, "chatgate sealing AES-256-GCM", 32)
	if err != nil {
		return mark, nil, err
	}
	block, err := aes.NewCipher(sealing)
	if err != nil {
		return mark, nil, err
	}
	aead, err := cipher.NewGCM(block)
	return mark, aead, err
}

// Seal encrypts plain so that it opens only at this place.
func (s *Sealer) Seal(plain []byte, place string) []byte { return s.seal(plain, []byte(place)) }

func (s *Sealer) seal(plain, place []byte) []byte {
	aead := s.keys[s.current]
	head := 1 + fingerprintBytes
	out := make([]byte, head+aead.NonceSize(), head+aead.NonceSize()+len(plain)+aead.Overhead())
	out[0] = sealVersion
	copy(out[1:head], s.current[:])
	nonce := out[head:]
	_, _ = rand.Read(nonce)                    // never fails: crypto/rand ends the process instead
	return aead.Seal(out, nonce, plain, place) //nolint:gosec // G407: the nonce is random, see above
}

// Open decrypts what Seal made for this place. It returns ErrUnknownKey or ErrCorrupt, each with nothing of the content.
func (s *Sealer) Open(sealed []byte, place string) ([]byte, error) {
	return s.open(sealed, []byte(place))
}

func (s *Sealer) open(sealed, place []byte) ([]byte, error) {
	mark, err := sealedUnder(sealed)
	if err != nil {
		return nil, err
	}
	aead, ok := s.keys[mark]
	if !ok {
		return nil, &UnknownKeyError{Fingerprint: mark.String()}
	}
	body := sealed[1+fingerprintBytes:]
	if len(body) < aead.NonceSize()+aead.Overhead() {
		return nil, ErrCorrupt
	}
	plain, err := aead.Open(nil, body[:aead.NonceSize()], body[aead.NonceSize():], place)
	if err != nil {
		return nil, ErrCorrupt
	}
	return plain, nil
}

// Stale says that a record opens but under a key that no longer seals, so that its owner writes it anew before an
// operator removes the key.
func (s *Sealer) Stale(sealed []byte) bool {
	mark, err := sealedUnder(sealed)
	return err == nil && mark != s.current
}

func sealedUnder(sealed []byte) (mark fingerprint, err error) {
	if len(sealed) < 1+fingerprintBytes || sealed[0] != sealVersion {
		return mark, ErrCorrupt
	}
	copy(mark[:], sealed[1:])
	return mark, nil
}

// UnknownKeyError is an ErrUnknownKey that names the key by its fingerprint.
type UnknownKeyError struct{ Fingerprint string }

func (e *UnknownKeyError) Error() string { return ErrUnknownKey.Error() + " " + e.Fingerprint }

// Is makes errors.Is(err, ErrUnknownKey) hold.
func (e *UnknownKeyError) Is(target error) bool { return target == ErrUnknownKey }

// String lists the keys by name and fingerprint, for the start-up log; it holds nothing secret.
func (s *Sealer) String() string {
	var all []string
	for mark, name := range s.names {
		all = append(all, name+"="+mark.String())
	}
	sort.Strings(all)
	return strings.Join(all, " ")
}
