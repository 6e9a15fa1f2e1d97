package oidctest

import (
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"net/http"
	"sync"

	"github.com/go-jose/go-jose/v4"
)

// signer holds the generations of signing keys; the newest signs, and the one before stays published.
type signer struct {
	mu          sync.Mutex
	count       int
	generations []generation
}

// generation is one key for each kind of algorithm, made when first used.
type generation struct {
	number int
	keys   map[string]jose.JSONWebKey
}

func (s *signer) rotate() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.count++
	s.generations = append([]generation{{number: s.count, keys: map[string]jose.JSONWebKey{}}}, s.generations...)
	if len(s.generations) > 2 {
		s.generations = s.generations[:2]
	}
}

// current is the signing key for an algorithm, with its private half.
func (s *signer) current(algorithm string) jose.JSONWebKey {
	s.mu.Lock()
	defer s.mu.Unlock()
	g := s.generations[0]
	if key, ok := g.keys[algorithm]; ok {
		return key
	}
	key := jose.JSONWebKey{
		Key:       newKey(algorithm),
		KeyID:     fmt.Sprintf("%s-%d", algorithm, g.number),
		Algorithm: algorithm,
		Use:       "sig",
	}
	g.keys[algorithm] = key
	return key
}

// published is every public key.
func (s *signer) published() jose.JSONWebKeySet {
	s.mu.Lock()
	defer s.mu.Unlock()
	set := jose.JSONWebKeySet{Keys: []jose.JSONWebKey{}}
	for _, g := range s.generations {
		for _, key := range g.keys {
			set.Keys = append(set.Keys, key.Public())
		}
	}
	return set
}

func newKey(algorithm string) any {
	var key any
	var err error
	switch algorithm {
	case "ES256":
		key, err = ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	case "EdDSA":
		_, key, err = ed25519.GenerateKey(rand.Reader)
	default:
		key, err = rsa.GenerateKey(rand.Reader, 2048)
	}
	if err != nil {
		panic(err) // the standard library's generators fail for wrong arguments only
	}
	return key
}

// RotateKeys makes a new signing key. The former one stays published until the next rotation.
func (p *Provider) RotateKeys() {
	p.keys.rotate()
}

// Key is the signing key in use, private half included, for tests that forge.
func (p *Provider) Key() jose.JSONWebKey { return p.keys.current(p.algorithm()) }

func (p *Provider) algorithm() string {
	switch a := p.faultsNow().Algorithm; a {
	case "", "none", "HS256":
		return "RS256"
	default:
		return a
	}
}

func (p *Provider) jwks(w http.ResponseWriter, _ *http.Request) {
	p.Key() // a key that has signed nothing yet is published all the same
	set := p.keys.published()
	if p.faultsNow().NoKID {
		for i := range set.Keys {
			set.Keys[i].KeyID = ""
		}
	}
	writeJSON(w, http.StatusOK, set)
}

// Sign signs claims as the provider would, with a typ header: "JWT" for an ID token, "logout+jwt" for a logout
// token. The faults that concern keys and algorithms apply.
func (p *Provider) Sign(typ string, claims map[string]any) (string, error) {
	payload, err := json.Marshal(claims)
	if err != nil {
		return "", err
	}
	return p.signBytes(typ, payload)
}

func (p *Provider) signBytes(typ string, payload []byte) (string, error) {
	faults := p.faultsNow()
	if faults.Algorithm == "none" {
		header := fmt.Sprintf(`{"alg":"none","typ":%q}`, typ)
		return encode([]byte(header)) + "." + encode(payload) + ".", nil
	}
	key := p.Key()
	if faults.ForeignKey {
		key.Key = newKey(key.Algorithm)
	}
	signing := jose.SigningKey{Algorithm: jose.SignatureAlgorithm(key.Algorithm), Key: key.Key}
	if faults.Algorithm == "HS256" {
		signing = jose.SigningKey{Algorithm: jose.HS256, Key: faults.HMACKey}
	}
	options := (&jose.SignerOptions{}).WithType(jose.ContentType(typ))
	if !faults.NoKID {
		options = options.WithHeader("kid", key.KeyID)
	}
	signer, err := jose.NewSigner(signing, options)
	if err != nil {
		return "", err
	}
	jws, err := signer.Sign(payload)
	if err != nil {
		return "", err
	}
	return jws.CompactSerialize()
}

func encode(b []byte) string { return base64.RawURLEncoding.EncodeToString(b) }
