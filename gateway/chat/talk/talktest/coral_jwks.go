package talktest

import (
	"context"
	"crypto/rsa"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math/big"
	"net/http"
	"slices"
	"sync"
	"time"
)

// What jwks-rsa 1.12.3 does in Coral's hands: one entry per kid, five at most, ten minutes each, failures never
// remembered, and no limit on how often it asks.
const (
	keyLifetime  = 10 * time.Minute
	keyCapacity  = 5
	jwksTimeout  = 30 * time.Second
	jwksMaxBytes = 1 << 20
)

// keySet finds a provider's RSA keys by kid.
type keySet struct {
	url    string
	client *http.Client
	now    func() time.Time

	mu    sync.Mutex
	known []knownKey // the most recently used one last
}

type knownKey struct {
	kid     string
	key     *rsa.PublicKey
	fetched time.Time
}

// find returns the key called kid, from the cache while its entry lasts. A key that has left the JWKS is therefore
// believed for up to ten minutes more, which is what G3 asks operators to reckon with.
func (s *keySet) find(ctx context.Context, kid string) (*rsa.PublicKey, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if key := s.cached(kid); key != nil {
		return key, nil
	}
	keys, err := s.fetch(ctx)
	if err != nil {
		return nil, err
	}
	i := slices.IndexFunc(keys, func(k jwk) bool { return k.KID == kid })
	if i < 0 {
		return nil, fmt.Errorf("unable to find a signing key that matches %q", kid)
	}
	key, err := keys[i].publicKey()
	if err != nil {
		return nil, fmt.Errorf("read key %q: %w", kid, err)
	}
	s.remember(kid, key)
	return key, nil
}

func (s *keySet) cached(kid string) *rsa.PublicKey {
	i := slices.IndexFunc(s.known, func(k knownKey) bool { return k.kid == kid })
	if i < 0 {
		return nil
	}
	entry := s.known[i]
	s.known = slices.Delete(s.known, i, i+1)
	if s.now().Sub(entry.fetched) >= keyLifetime {
		return nil
	}
	s.known = append(s.known, entry)
	return entry.key
}

func (s *keySet) remember(kid string, key *rsa.PublicKey) {
	if len(s.known) == keyCapacity {
		s.known = slices.Delete(s.known, 0, 1)
	}
	s.known = append(s.known, knownKey{kid: kid, key: key, fetched: s.now()})
}

// forget empties the cache, as starting Coral again does.
func (s *keySet) forget() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.known = nil
}

// reset goes over to another address and forgets what it knew, as saving settings does.
func (s *keySet) reset(url string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.url, s.known = url, nil
}

// fetch reads the keys Coral can use; the answer's content type is not looked at.
func (s *keySet) fetch(ctx context.Context) ([]jwk, error) {
	ctx, cancel := context.WithTimeout(ctx, jwksTimeout)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, s.url, http.NoBody)
	if err != nil {
		return nil, fmt.Errorf("ask for the JWKS: %w", err)
	}
	res, err := s.client.Do(req)
	if err != nil {
		return nil, fmt.Errorf("ask for the JWKS: %w", err)
	}
	defer res.Body.Close()
	if res.StatusCode != http.StatusOK {
		return nil, fmt.Errorf("ask for the JWKS: answered %s", res.Status)
	}
	var set struct {
		Keys []jwk `json:"keys"`
	}
	if err := json.NewDecoder(io.LimitReader(res.Body, jwksMaxBytes)).Decode(&set); err != nil {
		return nil, fmt.Errorf("read the JWKS: %w", err)
	}
	return slices.DeleteFunc(set.Keys, func(k jwk) bool { return !k.usable() }), nil
}

// jwk is the part of a JSON Web Key (RFC 7517) that jwks-rsa reads. "alg" is not among it.
type jwk struct {
	KTY string   `json:"kty"`
	Use *string  `json:"use"`
	KID string   `json:"kid"`
	N   string   `json:"n"`
	E   string   `json:"e"`
	X5C []string `json:"x5c"`
}

// usable leaves out EC and Ed25519 keys, and keys meant for encryption.
func (k jwk) usable() bool {
	return k.KTY == "RSA" && (k.Use == nil || *k.Use == "sig") && (len(k.X5C) > 0 || k.N != "" && k.E != "")
}

// publicKey prefers the first certificate to "n" and "e", even where the two disagree (G2 wants no "x5c" for this).
func (k jwk) publicKey() (*rsa.PublicKey, error) {
	if len(k.X5C) > 0 {
		return certified(k.X5C[0])
	}
	n, err := base64.RawURLEncoding.DecodeString(k.N)
	if err != nil {
		return nil, fmt.Errorf("decode n: %w", err)
	}
	e, err := base64.RawURLEncoding.DecodeString(k.E)
	if err != nil {
		return nil, fmt.Errorf("decode e: %w", err)
	}
	return &rsa.PublicKey{N: new(big.Int).SetBytes(n), E: int(new(big.Int).SetBytes(e).Int64())}, nil
}

func certified(x5c string) (*rsa.PublicKey, error) {
	der, err := base64.StdEncoding.DecodeString(x5c)
	if err != nil {
		return nil, fmt.Errorf("decode x5c: %w", err)
	}
	certificate, err := x509.ParseCertificate(der)
	if err != nil {
		return nil, fmt.Errorf("read x5c: %w", err)
	}
	key, ok := certificate.PublicKey.(*rsa.PublicKey)
	if !ok {
		return nil, errors.New("read x5c: the certificate holds no RSA key")
	}
	return key, nil
}
