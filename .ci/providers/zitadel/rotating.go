package main

import (
	"context"
	"crypto/rand"
	"crypto/rsa"
	"sync"

	"github.com/go-jose/go-jose/v4"
	"github.com/zitadel/oidc/v3/example/server/storage"
	"github.com/zitadel/oidc/v3/pkg/oidc"
	"github.com/zitadel/oidc/v3/pkg/op"
)

// rotating adds to the example's storage what it leaves out: signing keys that change, and groups.
type rotating struct {
	*storage.Storage

	mu   sync.RWMutex
	keys []*key // the newest first
}

func newRotating(s *storage.Storage) (*rotating, error) {
	r := &rotating{Storage: s}
	_, err := r.rotate()
	return r, err
}

func (r *rotating) rotate() (kid string, err error) {
	private, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		return "", err
	}
	made := &key{id: rand.Text(), private: private}
	r.mu.Lock()
	defer r.mu.Unlock()
	r.keys = append([]*key{made}, r.keys...)
	return made.id, nil
}

// SigningKey is the newest key.
func (r *rotating) SigningKey(context.Context) (op.SigningKey, error) {
	r.mu.RLock()
	defer r.mu.RUnlock()
	return r.keys[0], nil
}

// KeySet publishes every key that ever signed.
func (r *rotating) KeySet(context.Context) ([]op.Key, error) {
	r.mu.RLock()
	defer r.mu.RUnlock()
	published := make([]op.Key, len(r.keys))
	for i, k := range r.keys {
		published[i] = publicKey{k}
	}
	return published, nil
}

// SetUserinfoFromRequest adds the groups to an ID token.
func (r *rotating) SetUserinfoFromRequest(ctx context.Context, info *oidc.UserInfo, request op.IDTokenRequest, scopes []string) error {
	if err := r.Storage.SetUserinfoFromRequest(ctx, info, request, scopes); err != nil {
		return err
	}
	info.AppendClaims("groups", groups[request.GetSubject()])
	return nil
}

type key struct {
	id      string
	private *rsa.PrivateKey
}

func (k *key) ID() string                                  { return k.id }
func (k *key) Key() any                                    { return k.private }
func (k *key) SignatureAlgorithm() jose.SignatureAlgorithm { return jose.RS256 }

type publicKey struct{ *key }

func (k publicKey) Key() any                           { return k.private.Public() }
func (k publicKey) Algorithm() jose.SignatureAlgorithm { return jose.RS256 }
func (k publicKey) Use() string                        { return "sig" }
