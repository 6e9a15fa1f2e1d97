package keyring

import (
	"crypto/rsa"
	"encoding/json"
	"errors"
	"fmt"
	"sync/atomic"
	"time"

	"github.com/golang-jwt/jwt/v5"
)

const (
	minKeyBits = 2048 // the smallest RSA key that signs (G1, S99)
	maxKeyBits = 4096 // the largest one made here: each further doubling takes eight times as long for a token
)

// signingKey is one key, ready to sign.
type signingKey struct {
	kid                string
	private            *rsa.PrivateKey
	created, signsFrom time.Time
}

func newSigningKey(parsed any) (signingKey, error) {
	private, ok := parsed.(*rsa.PrivateKey)
	if !ok {
		return signingKey{}, fmt.Errorf("holds a %T, an RSA private key is needed", parsed)
	}
	if bits := private.N.BitLen(); bits < minKeyBits {
		return signingKey{}, fmt.Errorf("RSA key of %d bits, at least %d are needed", bits, minKeyBits)
	}
	kid, err := thumbprint(&private.PublicKey)
	return signingKey{kid: kid, private: private}, err
}

// Format prints the kid alone.
func (k signingKey) Format(f fmt.State, _ rune) { fmt.Fprintf(f, "signing key %s", k.kid) }

// generation is what a set holds between two readings. It never changes.
type generation struct {
	stored     document     // empty for keys from files
	published  []signingKey // verify, and are in the JWKS
	candidates []signingKey // may sign, in the order in which they start to
	jwks       Document
}

func newGeneration(stored document, published, candidates []signingKey) (*generation, error) {
	jwks, err := render(published)
	return &generation{stored: stored, published: published, candidates: candidates, jwks: jwks}, err
}

// Format prints nothing of the keys: fmt would not ask those in unexported fields how they print.
func (g generation) Format(f fmt.State, _ rune) { redact(f) }

// signer returns the newest key whose time has come. When none has, this replica's clock is behind that of the one
// that made the keys, and the first one signs.
func (g *generation) signer(now time.Time) signingKey {
	signs := g.candidates[0]
	for _, key := range g.candidates[1:] {
		if !key.signsFrom.After(now) {
			signs = key
		}
	}
	return signs
}

// Set is the keys of one chat. It is safe for concurrent use.
type Set struct {
	name        string
	now         func() time.Time
	rotateEvery time.Duration
	fromFiles   bool
	exposed     []string
	current     atomic.Pointer[generation]
}

func (s *Set) loaded() (*generation, error) {
	if g := s.current.Load(); g != nil {
		return g, nil
	}
	return nil, fmt.Errorf("chat %q: %w", s.name, ErrNotLoaded)
}

// standing returns the document this replica works with.
func (s *Set) standing() (document, error) {
	g, err := s.loaded()
	if err != nil {
		return document{}, err
	}
	return g.stored, nil
}

// String names the set and tells nothing of its keys.
func (s *Set) String() string { return fmt.Sprintf("signing keys of %q", s.name) }

// JWKS returns the set's public keys, or ErrNotLoaded. It is rendered once per change and costs nothing to serve (G2).
func (s *Set) JWKS() (Document, error) {
	g, err := s.loaded()
	if err != nil {
		return Document{}, err
	}
	return g.jwks, nil
}

// SigningKID returns the kid of the key that signs now, or ErrNotLoaded: what a cache of tokens compares with, since
// a token of a former key is to be replaced (D18).
func (s *Set) SigningKID() (string, error) {
	g, err := s.loaded()
	if err != nil {
		return "", err
	}
	return g.signer(s.now()).kid, nil
}

// Sign makes a token of claims, which must encode to a JSON object, and returns it with the kid of its key. The
// algorithm is RS256 and the header exactly alg, typ and kid (G11, G19, S100); the claims are signed as they are.
func (s *Set) Sign(claims any) (token, kid string, err error) {
	g, err := s.loaded()
	if err != nil {
		return "", "", err
	}
	key := g.signer(s.now())
	token, err = sign(jwt.SigningMethodRS256, key.kid, key.private, claims)
	return token, key.kid, err
}

// payload lets any value be the claims of a token: while signing, golang-jwt only encodes them.
type payload struct {
	jwt.Claims
	raw json.RawMessage
}

// MarshalJSON encodes the value alone.
func (p payload) MarshalJSON() ([]byte, error) { return p.raw, nil }

func sign(method jwt.SigningMethod, kid string, key, claims any) (string, error) {
	raw, err := json.Marshal(claims)
	if err != nil {
		return "", fmt.Errorf("encode claims: %w", err)
	}
	if raw[0] != '{' {
		return "", errors.New("encode claims: not a JSON object")
	}
	token := jwt.NewWithClaims(method, payload{raw: raw})
	token.Header["kid"] = kid
	signed, err := token.SignedString(key)
	if err != nil {
		return "", fmt.Errorf("sign token: %w", err)
	}
	return signed, nil
}
