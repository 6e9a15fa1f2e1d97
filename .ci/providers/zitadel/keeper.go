package main

import (
	"context"
	"crypto/rand"
	"crypto/rsa"
	"slices"
	"sync"

	"github.com/go-jose/go-jose/v4"
	"github.com/zitadel/oidc/v3/example/server/storage"
	"github.com/zitadel/oidc/v3/pkg/oidc"
	"github.com/zitadel/oidc/v3/pkg/op"
)

// keeper adds to the example's storage what it leaves out: signing keys that change, groups, and a way home after a sign-out.
type keeper struct {
	*storage.Storage
	homeURI string // empty for none

	mu    sync.RWMutex
	keys  []*key   // the newest first
	ended []string // the people whose sessions were ended, in that order
}

func newKeeper(s *storage.Storage, homeURI string) (*keeper, error) {
	k := &keeper{Storage: s, homeURI: homeURI, ended: []string{}}
	_, err := k.rotate()
	return k, err
}

// GetClientByClientID adds where the client's people come back to.
func (k *keeper) GetClientByClientID(ctx context.Context, id string) (op.Client, error) {
	c, err := k.Storage.GetClientByClientID(ctx, id)
	if err != nil || k.homeURI == "" {
		return c, err
	}
	return withHome{c, k.homeURI}, nil
}

// TerminateSession forgets the tokens of a person who signs out.
func (k *keeper) TerminateSession(ctx context.Context, userID, clientID string) error {
	if err := k.Storage.TerminateSession(ctx, userID, clientID); err != nil {
		return err
	}
	k.mu.Lock()
	defer k.mu.Unlock()
	k.ended = append(k.ended, userID)
	return nil
}

func (k *keeper) endedFor() []string {
	k.mu.RLock()
	defer k.mu.RUnlock()
	return slices.Clone(k.ended)
}

// withHome is a client with an address registered for that.
type withHome struct {
	op.Client
	uri string
}

func (c withHome) PostLogoutRedirectURIs() []string { return []string{c.uri} }

func (k *keeper) rotate() (kid string, err error) {
	private, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		return "", err
	}
	made := &key{id: rand.Text(), private: private}
	k.mu.Lock()
	defer k.mu.Unlock()
	k.keys = append([]*key{made}, k.keys...)
	return made.id, nil
}

// SigningKey is the newest key.
func (k *keeper) SigningKey(context.Context) (op.SigningKey, error) {
	k.mu.RLock()
	defer k.mu.RUnlock()
	return k.keys[0], nil
}

// KeySet publishes every key that ever signed.
func (k *keeper) KeySet(context.Context) ([]op.Key, error) {
	k.mu.RLock()
	defer k.mu.RUnlock()
	published := make([]op.Key, len(k.keys))
	for i, one := range k.keys {
		published[i] = publicKey{one}
	}
	return published, nil
}

// SetUserinfoFromRequest adds the groups to an ID token.
func (k *keeper) SetUserinfoFromRequest(ctx context.Context, info *oidc.UserInfo, request op.IDTokenRequest, scopes []string) error {
	if err := k.Storage.SetUserinfoFromRequest(ctx, info, request, scopes); err != nil {
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
