package oidc_test

import (
	"encoding/base64"
	"encoding/json"
	"errors"
	"maps"
	"strings"
	"testing"
	"time"

	"chatgate/oidc"
	"chatgate/oidc/oidctest"
)

// claim sets one claim of the ID token when it is signed; a nil value removes it.
func claim(name string, value func() any) func(f *oidctest.Faults) {
	return func(f *oidctest.Faults) {
		f.IDToken = func(claims map[string]any) {
			if delete(claims, name); value != nil {
				claims[name] = value()
			}
		}
	}
}

func is(value any) func() any { return func() any { return value } }

func ago(d time.Duration) func() any {
	return func() any { return time.Now().Add(-d).Unix() }
}

func signedWith(algorithm string) func(f *oidctest.Faults) {
	return func(f *oidctest.Faults) { f.Algorithm = algorithm }
}

func hmacWith(key []byte) func(f *oidctest.Faults) {
	return func(f *oidctest.Faults) { f.Algorithm, f.HMACKey = "HS256", key }
}

func foreign(algorithm string) func(f *oidctest.Faults) {
	return func(f *oidctest.Faults) { f.Algorithm, f.ForeignKey = algorithm, true }
}

func signed(edit func(string) string) func(f *oidctest.Faults) {
	return func(f *oidctest.Faults) { f.Signed = edit }
}

func payload(text string) func(f *oidctest.Faults) {
	return func(f *oidctest.Faults) { f.Payload = []byte(text) }
}

func header(text string) func(f *oidctest.Faults) {
	return signed(func(s string) string {
		_, rest, _ := strings.Cut(s, ".")
		return encoded(text) + "." + rest
	})
}

func encoded(text string) string { return base64.RawURLEncoding.EncodeToString([]byte(text)) }

func swapPayload(s string) string {
	parts := strings.Split(s, ".")
	parts[1] = encoded(`{"sub":"sub-bob"}`)
	return strings.Join(parts, ".")
}

func leeway(d time.Duration) func(c *oidc.Config) { return func(c *oidc.Config) { c.Leeway = d } }
func maxAge(d time.Duration) func(c *oidc.Config) { return func(c *oidc.Config) { c.MaxAge = d } }
func acr(values ...string) func(c *oidc.Config)   { return func(c *oidc.Config) { c.ACRValues = values } }

func wantProviderError(t *testing.T, err error) {
	t.Helper()
	if !errors.Is(err, oidc.ErrProvider) || errors.Is(err, oidc.ErrRefused) {
		t.Errorf("err = %v, want ErrProvider", err)
	}
}

// jwks is the provider's key with some members changed, beside a key that fits nothing.
func jwks(t *testing.T, provider *oidctest.Provider, edit map[string]any) string {
	t.Helper()
	key := provider.Key()
	data, err := json.Marshal(key.Public())
	if err != nil {
		t.Fatal(err)
	}
	var members map[string]any
	if err := json.Unmarshal(data, &members); err != nil {
		t.Fatal(err)
	}
	maps.Copy(members, edit)
	if data, err = json.Marshal(members); err != nil {
		t.Fatal(err)
	}
	return strings.Replace(foreignKeys, `{"keys":[`, `{"keys":[`+string(data)+",", 1)
}
