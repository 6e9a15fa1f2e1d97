package talk

import (
	"errors"
	"fmt"
	"time"

	"chatgate/gateway/chat"
	"chatgate/gateway/keyring"
	"chatgate/store"
)

// signer makes the tokens of one site, and recognises them. The algorithm is the configuration's, never a request's
// (S100).
type signer interface {
	// kid names the key that signs now, or is keyring.ErrNotLoaded.
	kid() (string, error)
	// sign signs with that key.
	sign(claims any) (token, kid string, err error)
	// verify returns the claims of a token that this site signed, keyring.ErrRefused or keyring.ErrNotLoaded.
	verify(token string) (keyring.Claims, error)
}

// newSigner chooses how a site signs.
func newSigner(cfg *Config, env chat.Env) (signer, error) {
	if _, wanted := cfg.SigningKeys(); wanted {
		if env.Keys == nil {
			return nil, errors.New("signing keys of the chat's own are needed")
		}
		return ownKeys{set: env.Keys, want: keyring.Expectation{Issuer: cfg.Issuer, Audience: cfg.audience()}}, nil
	}
	if cfg.Profile == Talk4 {
		want := keyring.Expectation{Issuer: cfg.Issuer, Audience: cfg.audience()}
		return shared{secrets: map[string]store.Secret{env.Name: cfg.SharedSecret}, current: env.Name, want: want, now: env.Now}, nil
	}
	return shared{secrets: cfg.SSOSecrets, current: cfg.current(), now: env.Now}, nil
}

// ownKeys signs RS256 with the site's own keys. No other site's token verifies with them (G5).
type ownKeys struct {
	set  *keyring.Set
	want keyring.Expectation
}

func (k ownKeys) kid() (string, error) { return k.set.SigningKID() }

func (k ownKeys) sign(claims any) (token, kid string, err error) { return k.set.Sign(claims) }

func (k ownKeys) verify(token string) (keyring.Claims, error) { return k.set.Verify(token, k.want) }

// shared signs HS256 with a secret that the chat knows too. Every secret verifies, so that a rotation at Coral refuses
// no token that is out.
type shared struct {
	secrets map[string]store.Secret
	current string
	// want is what a token must name; the tokens of Coral's single sign-on name neither issuer nor audience (G15).
	want keyring.Expectation
	now  func() time.Time
}

func (s shared) kid() (string, error) { return s.current, nil }

func (s shared) sign(claims any) (token, kid string, err error) {
	token, err = keyring.SignShared(s.secrets[s.current], s.current, claims)
	return token, s.current, err
}

func (s shared) verify(token string) (keyring.Claims, error) {
	claims, err := keyring.VerifyShared(s.secrets, token, s.now())
	switch {
	case err != nil:
		return keyring.Claims{}, err
	case claims.Issuer != s.want.Issuer || claims.Audience != s.want.Audience:
		return keyring.Claims{}, fmt.Errorf("%w: other issuer or audience", keyring.ErrRefused)
	}
	return claims, nil
}
