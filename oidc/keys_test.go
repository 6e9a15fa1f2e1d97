package oidc_test

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"chatgate/oidc"
	"chatgate/oidc/oidctest"

	"github.com/go-jose/go-jose/v4"
)

// A new kid leads to one fetch and success (S39).
func TestKeyRotation(t *testing.T) {
	provider := newProvider()
	for _, name := range []string{"oidcc-client-test-signing-key-rotation", "oidcc-client-test-signing-key-rotation-just-before-signing"} {
		bubble(t, name, provider, config(), func(w *world) {
			before := w.provider.Calls(oidctest.PathJWKS)
			attempt, callback := w.begin("ada")
			w.provider.RotateKeys()
			if _, _, err := w.rp.Finish(w.t.Context(), attempt, callback); err != nil {
				w.t.Fatalf("Finish() = %v, want nil", err)
			}
			if _, _, err := w.signIn("ada"); err != nil {
				w.t.Errorf("Finish() with the key known = %v, want nil", err)
			}
			if n := w.provider.Calls(oidctest.PathJWKS) - before; n != 1 {
				w.t.Errorf("keys were fetched %d times, want once", n)
			}
		})
	}
}

// Many sign-ins that meet a new key at once share one fetch (S39).
func TestKeyRotationUnderLoad(t *testing.T) {
	bubble(t, "fifty sign-ins meet a new key", newProvider(), config(), func(w *world) {
		before := w.provider.Calls(oidctest.PathJWKS)
		w.provider.RotateKeys()
		var finished sync.WaitGroup
		for range 50 {
			attempt, callback := w.begin("ada")
			finished.Go(func() {
				if _, _, err := w.rp.Finish(w.t.Context(), attempt, callback); err != nil {
					w.t.Errorf("Finish() = %v, want nil", err)
				}
			})
		}
		finished.Wait()
		if n := w.provider.Calls(oidctest.PathJWKS) - before; n != 1 {
			w.t.Errorf("keys were fetched %d times, want once", n)
		}
	})
}

// A flood of unknown kids leads to at most one fetch per half a minute (S39).
func TestUnknownKeysFlood(t *testing.T) {
	bubble(t, "tokens with kids nobody knows", newProvider(), config(), func(w *world) {
		before := w.provider.Calls(oidctest.PathJWKS)
		for i := range 20 {
			w.provider.Set(header(fmt.Sprintf(`{"alg":"RS256","kid":"unknown-%d"}`, i)))
			identity, tokens, err := w.signIn("ada")
			wantRefused(w.t, identity, tokens, err, oidc.ReasonSignature)
			time.Sleep(3 * time.Second)
		}
		if n := w.provider.Calls(oidctest.PathJWKS) - before; n != 2 {
			w.t.Errorf("keys were fetched %d times within a minute, want twice", n)
		}
	})
}

// While a fetch of unknown keys has just failed, sign-ins fail as the provider's trouble, without asking again.
func TestUnknownKeyWhileKeysAreDown(t *testing.T) {
	bubble(t, "two sign-ins within the interval", newProvider(), config(), func(w *world) {
		w.provider.RotateKeys()
		w.provider.Set(func(f *oidctest.Faults) { f.Answers[oidctest.PathJWKS] = oidctest.Status(http.StatusBadGateway) })
		before := w.provider.Calls(oidctest.PathJWKS)
		for range 2 {
			_, _, err := w.signIn("ada")
			wantProviderError(w.t, err)
		}
		if n := w.provider.Calls(oidctest.PathJWKS) - before; n != 1 {
			w.t.Errorf("keys were fetched %d times, want once", n)
		}
		w.provider.Set(func(f *oidctest.Faults) { delete(f.Answers, oidctest.PathJWKS) })
		time.Sleep(31 * time.Second)
		if _, _, err := w.signIn("ada"); err != nil {
			w.t.Errorf("Finish() after the interval = %v, want nil", err)
		}
	})
}

// A token without kid is tried with each key that fits (S38).
func TestKIDAbsentMultipleJWKS(t *testing.T) {
	bubble(t, "oidcc-client-test-kid-absent-multiple-jwks", newProvider(), config(), func(w *world) {
		w.provider.Set(func(f *oidctest.Faults) { f.NoKID = true })
		w.provider.RotateKeys()
		if _, _, err := w.signIn("ada"); err != nil {
			w.t.Errorf("Finish() = %v, want nil", err)
		}
		w.provider.Set(func(f *oidctest.Faults) { f.ForeignKey = true })
		identity, tokens, err := w.signIn("ada")
		wantRefused(w.t, identity, tokens, err, oidc.ReasonSignature)
	})
}

// Keys the provider has withdrawn are believed no longer than until the next refresh.
func TestWithdrawnKey(t *testing.T) {
	bubble(t, "a token signed by a withdrawn key", newProvider(), config(), func(w *world) {
		w.provider.RotateKeys()
		w.provider.Set(func(f *oidctest.Faults) { f.Answers[oidctest.PathJWKS] = oidctest.JSON(foreignKeys) })
		time.Sleep(2 * time.Hour)
		synctest.Wait()
		identity, tokens, err := w.signIn("ada")
		wantRefused(w.t, identity, tokens, err, oidc.ReasonSignature)
	})
}

// foreignKeys has keys we cannot use, keys for encryption, and one that fits nothing here (RFC 7517, Section 5).
const foreignKeys = `{"keys":[
	{"kty":"OKP","crv":"Ed448","x":"AAAA"},
	{"kty":"RSA","use":"enc","n":"AQAB","e":"AQAB"},
	{"kty":"quantum"},
	{"kty":"EC","crv":"P-256","kid":"1","use":"sig",
	 "x":"f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU","y":"x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0"}]}`

// An encryption key never verifies a signature, and neither does one whose alg is another.
func TestKeysThatDoNotFit(t *testing.T) {
	provider := newProvider()
	for name, edit := range map[string]map[string]any{
		"a key for encryption":          {"use": "enc"},
		"a key for another algorithm":   {"alg": "RS512"},
		"a key under another kid":       {"kid": "other"},
		"a key of another kind of math": {"kty": "EC"},
	} {
		bubble(t, name, provider, config(), func(w *world) {
			set := jwks(w.t, w.provider, edit)
			w.provider.Set(func(f *oidctest.Faults) { f.Answers[oidctest.PathJWKS] = oidctest.JSON(set) })
			time.Sleep(2 * time.Hour)
			synctest.Wait()
			identity, tokens, err := w.signIn("ada")
			wantRefused(w.t, identity, tokens, err, oidc.ReasonSignature)
		})
	}
}

func TestKeySetsThatAreRefused(t *testing.T) {
	provider := newProvider()
	private, err := json.Marshal(jose.JSONWebKeySet{Keys: []jose.JSONWebKey{provider.Key()}})
	if err != nil {
		t.Fatal(err)
	}
	_, one, _ := strings.Cut(strings.TrimSuffix(foreignKeys, "]}"), `{"kty":"quantum"},`)
	for name, c := range map[string]struct{ set, want string }{
		"a private key alone":   {string(private), "no public signing key"},
		"more keys than we try": {`{"keys":[` + strings.Repeat(one+",", 64) + one + `]}`, "too many keys"},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				provider.Set(func(f *oidctest.Faults) { f.Answers[oidctest.PathJWKS] = oidctest.JSON(c.set) })
				w := newWorld(t, provider, config())
				w.start()
				if err := w.rp.Ready(); err == nil || !strings.Contains(err.Error(), c.want) {
					t.Errorf("Ready() = %v, want %q", err, c.want)
				}
			})
		})
	}
}

// Whoever waits for keys can go away; the fetch goes on for the others.
func TestWaitingForKeysEndsWithItsContext(t *testing.T) {
	bubble(t, "the request is cancelled", newProvider(), config(), func(w *world) {
		attempt, callback := w.begin("ada")
		w.provider.RotateKeys()
		w.provider.Set(func(f *oidctest.Faults) { f.Answers[oidctest.PathJWKS] = oidctest.Slow(time.Minute) })
		ctx, cancel := context.WithTimeout(w.t.Context(), time.Second)
		defer cancel()
		start := time.Now()
		_, _, err := w.rp.Finish(ctx, attempt, callback)
		wantProviderError(w.t, err)
		if took := time.Since(start); took != time.Second {
			w.t.Errorf("Finish took %s, want 1s", took)
		}
	})
}
