package oidc_test

import (
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/pem"
	"fmt"
	"net/http"
	"strings"
	"testing"

	"github.com/go-jose/go-jose/v4"

	"chatgate/oidc"
	"chatgate/oidc/oidctest"
)

// keyPEM writes a private key as openssl does.
func keyPEM(t *testing.T, key any) oidc.Secret {
	t.Helper()
	der, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		t.Fatal(err)
	}
	return oidc.Secret(pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der}))
}

func newECKey(t *testing.T, curve elliptic.Curve) *ecdsa.PrivateKey {
	t.Helper()
	key, err := ecdsa.GenerateKey(curve, rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	return key
}

func newRSAKey(t *testing.T, bits int) *rsa.PrivateKey {
	t.Helper()
	t.Setenv("GODEBUG", "rsa1024min=0") // weak ones are made to be refused
	key, err := rsa.GenerateKey(rand.Reader, bits)
	if err != nil {
		t.Fatal(err)
	}
	return key
}

// keyed is a configuration that proves itself with a key.
func keyed(key oidc.Secret, id string) oidc.Config {
	cfg := offline()
	cfg.Client = oidc.ClientConfig{ID: "keyed", Auth: oidc.AuthKey, Key: key, KeyID: id}
	return cfg
}

func keyedProvider(public any, id string) *oidctest.Provider {
	return oidctest.New(oidctest.Config{
		Issuer: issuer,
		Clients: []oidctest.Client{
			{ID: "keyed", Key: &jose.JSONWebKey{Key: public, KeyID: id}, RedirectURIs: []string{callbackURL}},
		},
		Users: []oidctest.User{{Username: "ada", Password: "ada", Subject: "sub-ada", Name: "Ada Lovelace"}},
	})
}

// A client proves itself with a key at every endpoint (OpenID Connect Core 1.0, Section 9; S41).
func TestPrivateKeyJWT(t *testing.T) {
	ec, rsaKey := newECKey(t, elliptic.P256()), newRSAKey(t, 2048)
	sec1, err := x509.MarshalECPrivateKey(ec)
	if err != nil {
		t.Fatal(err)
	}
	pkcs1 := x509.MarshalPKCS1PrivateKey(rsaKey)
	for _, c := range []struct {
		name   string
		key    oidc.Secret
		keyID  string
		public any
	}{
		{"ES256", keyPEM(t, ec), "ec-1", ec.Public()},
		{"RS256", keyPEM(t, rsaKey), "rsa-1", rsaKey.Public()},
		{"RS256 without a key id", keyPEM(t, rsaKey), "", rsaKey.Public()},
		{"an EC key as openssl ecparam writes it", oidc.Secret(pem.EncodeToMemory(&pem.Block{Type: "EC PRIVATE KEY", Bytes: sec1})), "", ec.Public()},
		{"an RSA key as openssl genrsa wrote it", oidc.Secret(pem.EncodeToMemory(&pem.Block{Type: "RSA PRIVATE KEY", Bytes: pkcs1})), "", rsaKey.Public()},
	} {
		bubble(t, c.name, keyedProvider(c.public, c.keyID), keyed(c.key, c.keyID), func(w *world) {
			former, tokens, err := w.signIn("ada")
			if err != nil || former.Subject != "sub-ada" {
				w.t.Fatalf("Finish() = %+v, %v, want ada", former, err)
			}
			if _, tokens, err = w.rp.Refresh(w.t.Context(), former, tokens); err != nil {
				w.t.Fatalf("Refresh() = %v, want nil", err)
			}
			if err := w.rp.Revoke(w.t.Context(), tokens); err != nil {
				w.t.Fatalf("Revoke() = %v, want nil", err)
			}
			identity, none, err := w.rp.Refresh(w.t.Context(), former, tokens)
			wantRefused(w.t, identity, none, err, oidc.ReasonRefresh)
		})
	}
}

func TestPrivateKeyJWTWithAnotherKey(t *testing.T) {
	stranger := keyed(keyPEM(t, newECKey(t, elliptic.P256())), "k")
	bubble(t, "a key that is not registered", keyedProvider(newECKey(t, elliptic.P256()).Public(), "k"), stranger, func(w *world) {
		identity, tokens, err := w.signIn("ada")
		wantRefused(w.t, identity, tokens, err, oidc.ReasonCode)
	})
}

// What is sent to one endpoint is of no use at another's: a provider that calls another's token endpoint its own, and
// keeps the others, gets no assertion for that one (RFC 9700, Section 4.4).
func TestAssertionsAreForWhoGetsThem(t *testing.T) {
	key := newECKey(t, elliptic.P256())
	bubble(t, "audiences", keyedProvider(key.Public(), ""), keyed(keyPEM(t, key), ""), func(w *world) {
		got := map[string]string{}
		for _, path := range []string{oidctest.PathToken, oidctest.PathRevoke} {
			w.provider.Set(func(f *oidctest.Faults) {
				f.Answers[path] = func(rw http.ResponseWriter, r *http.Request) {
					if r.PostFormValue("client_id") != "keyed" || r.PostFormValue("client_secret") != "" || r.Header.Get("Authorization") != "" {
						w.t.Errorf("%s: the client proves itself in another way too", path)
					}
					got[path] = audienceOf(w.t, r.PostFormValue("client_assertion"))
					oidctest.Status(http.StatusBadRequest)(rw, r)
				}
			})
		}
		if _, _, err := w.signIn("ada"); err == nil {
			w.t.Error("a code was exchanged at an endpoint that says no")
		}
		_ = w.rp.Revoke(w.t.Context(), oidc.Tokens{Refresh: "r"}) // what is sent counts here
		if got[oidctest.PathToken] != issuer+oidctest.PathToken || got[oidctest.PathRevoke] != issuer {
			w.t.Errorf("audiences = %q, want the token endpoint there and the issuer elsewhere", got)
		}
	})
}

func audienceOf(t *testing.T, assertion string) string {
	t.Helper()
	jws, err := jose.ParseSignedCompact(assertion, []jose.SignatureAlgorithm{jose.ES256})
	if err != nil {
		t.Fatal(err)
	}
	return claimText(t, jws.UnsafePayloadWithoutVerification(), "aud")
}

// A key that is weak, or none that providers take, stops the start, and no message shows it.
func TestPrivateKeyJWTRefusesKeys(t *testing.T) {
	_, edwards, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	good := keyPEM(t, newECKey(t, elliptic.P256()))
	public, err := x509.MarshalPKIXPublicKey(edwards.Public())
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		name   string
		client oidc.ClientConfig
		want   string
	}{
		{"no key", oidc.ClientConfig{}, "client.key: must be one private key in PEM"},
		{"words", oidc.ClientConfig{Key: "open sesame"}, "client.key: must be one private key in PEM"},
		{"two keys", oidc.ClientConfig{Key: good + good}, "client.key: must be one private key in PEM"},
		{"a secret beside the key", oidc.ClientConfig{Key: good, Secret: "s"}, "client.secret: must be left out"},
		{"RSA of 1024 bits", oidc.ClientConfig{Key: keyPEM(t, newRSAKey(t, 1024))}, "client.key: must have at least 2048 bits, got 1024"},
		{"another curve", oidc.ClientConfig{Key: keyPEM(t, newECKey(t, elliptic.P384()))}, "client.key: must be an RSA key or an EC key of the curve P-256"},
		{"EdDSA", oidc.ClientConfig{Key: keyPEM(t, edwards)}, "client.key: must be an RSA key or an EC key of the curve P-256"},
		{"a public key", oidc.ClientConfig{Key: oidc.Secret(pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: public}))}, "client.key: must be one private key in PEM without a passphrase"},
		{"a damaged key", oidc.ClientConfig{Key: oidc.Secret(pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: []byte("damaged")}))}, "client.key: must be a private key that can be read"},
	} {
		t.Run(c.name, func(t *testing.T) {
			cfg := config()
			cfg.Client = c.client
			cfg.Client.ID, cfg.Client.Auth = "keyed", oidc.AuthKey
			_, err := oidc.New(cfg, oidc.Env{Provider: "corp"})
			if err == nil || !strings.Contains(err.Error(), c.want) {
				t.Fatalf("New() = %v, want %q", err, c.want)
			}
			if key := c.client.Key.Reveal(); key != "" && strings.Contains(err.Error(), key) {
				t.Error("the error shows the key")
			}
		})
	}
	if shown := fmt.Sprintf("%v %+v %#v", keyed(good, ""), keyed(good, ""), keyed(good, "")); strings.Contains(shown, "PRIVATE") {
		t.Error("a formatted configuration shows the key")
	}
}
