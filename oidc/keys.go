package oidc

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/go-jose/go-jose/v4"
	"golang.org/x/sync/singleflight"
)

const (
	// refetchEvery bounds how often a token with an unknown key makes us ask for the keys again (S39).
	refetchEvery = 30 * time.Second
	// maxKeys bounds the work for a token without kid, which is tried with each key (S38).
	maxKeys = 64
)

// What is wrong with a token, as opposed to with the provider.
var (
	errSignature = errors.New("signature")
	errClaims    = errors.New("claims")
	errNoKey     = fmt.Errorf("%w: no key of the provider verifies it", errSignature)
)

// keySet holds the provider's signing keys. It stands in for go-oidc's RemoteKeySet, which asks the provider again
// for every unknown kid without any limit.
type keySet struct {
	address string
	get     func(ctx context.Context, address string) ([]byte, error)
	now     func() time.Time

	flight singleflight.Group // one fetch at a time, however many sign-ins wait for it

	mu        sync.RWMutex
	keys      []jose.JSONWebKey
	refetched time.Time // the last fetch that an unknown key asked for
	failure   error     // of that fetch
}

// signedClaims returns what a token says that one of the keys signed. Its errors are errSignature and errClaims for the
// token's fault, others for the provider's.
func (k *keySet) signedClaims(ctx context.Context, raw string, algorithms []string) ([]byte, claims, error) {
	allowed := make([]jose.SignatureAlgorithm, len(algorithms))
	for i, alg := range algorithms {
		allowed[i] = jose.SignatureAlgorithm(alg)
	}
	jws, err := jose.ParseSignedCompact(raw, allowed)
	if err != nil {
		return nil, nil, fmt.Errorf("%w: %w", errSignature, err)
	}
	payload, err := k.verify(ctx, jws)
	if err != nil {
		return nil, nil, err
	}
	c, err := decodeClaims(payload)
	if err != nil {
		return nil, nil, fmt.Errorf("%w: %w", errClaims, err)
	}
	return payload, c, nil
}

// verify returns the payload of a token whose algorithm has been checked. A key that is not known, or that has been
// replaced under its old kid, leads to one fetch (OpenID Connect Core 1.0, Section 10.1.1).
func (k *keySet) verify(ctx context.Context, jws *jose.JSONWebSignature) ([]byte, error) {
	if payload, err := k.try(jws); err == nil {
		return payload, nil
	}
	if err := k.share(ctx, k.refetch); err != nil {
		return nil, err
	}
	return k.try(jws)
}

func (k *keySet) try(jws *jose.JSONWebSignature) ([]byte, error) {
	k.mu.RLock()
	keys := k.keys
	k.mu.RUnlock()
	header := jws.Signatures[0].Protected
	for i := range keys {
		if !fits(&keys[i], header) {
			continue
		}
		if payload, err := jws.Verify(&keys[i]); err == nil {
			return payload, nil
		}
	}
	return nil, errNoKey
}

// fits reports whether a token's header may mean this key. A token without kid may mean any.
func fits(key *jose.JSONWebKey, header jose.Header) bool {
	return (header.KeyID == "" || header.KeyID == key.KeyID) && (key.Algorithm == "" || key.Algorithm == header.Algorithm)
}

// refresh fetches the keys; those that are gone are no longer believed.
func (k *keySet) refresh(ctx context.Context) error { return k.share(ctx, k.fetch) }

// share runs one fetch for everyone who waits. It outlives a caller who goes away, and ends by the client's deadline.
func (k *keySet) share(ctx context.Context, fetch func(context.Context) error) error {
	done := k.flight.DoChan("", func() (any, error) { return nil, fetch(context.WithoutCancel(ctx)) })
	select {
	case <-ctx.Done():
		return &providerError{"fetch keys", ctx.Err()}
	case result := <-done:
		return result.Err
	}
}

// refetch fetches unless that was done a moment ago; then the answer is what that fetch said.
func (k *keySet) refetch(ctx context.Context) error {
	k.mu.Lock()
	if !k.refetched.IsZero() && k.now().Sub(k.refetched) < refetchEvery {
		defer k.mu.Unlock()
		return k.failure
	}
	k.refetched = k.now()
	k.mu.Unlock()

	err := k.fetch(ctx)
	k.mu.Lock()
	defer k.mu.Unlock()
	k.failure = err
	return err
}

func (k *keySet) fetch(ctx context.Context) error {
	body, err := k.get(calling(ctx, CallKeys), k.address)
	if err != nil {
		return &providerError{"fetch keys", err}
	}
	keys, err := signingKeys(body)
	if err != nil {
		return &providerError{"read keys", err}
	}
	k.mu.Lock()
	defer k.mu.Unlock()
	k.keys = keys
	return nil
}

// signingKeys takes the public keys that may sign and ignores what it does not understand (RFC 7517, Section 5).
func signingKeys(body []byte) ([]jose.JSONWebKey, error) {
	var set struct {
		Keys []json.RawMessage `json:"keys"`
	}
	if err := json.Unmarshal(body, &set); err != nil {
		return nil, err
	}
	var keys []jose.JSONWebKey
	for _, raw := range set.Keys {
		var key jose.JSONWebKey
		if json.Unmarshal(raw, &key) != nil || !key.Valid() || !key.IsPublic() {
			continue
		}
		if key.Use == "" || key.Use == "sig" {
			keys = append(keys, key)
		}
	}
	switch {
	case len(keys) == 0:
		return nil, errors.New("no public signing key in the set")
	case len(keys) > maxKeys:
		return nil, errors.New("too many keys in the set")
	}
	return keys, nil
}
