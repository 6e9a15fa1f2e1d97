package talktest_test

import (
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/base64"
	"math/big"
	"testing"
	"time"

	"github.com/golang-jwt/jwt/v5"

	"chatgate/gateway/chat/talk/talktest"
)

func TestUnreachableJWKS(t *testing.T) {
	p := newProvider()
	integration := oidcIntegration()
	integration.JWKSURI = issuer + "/elsewhere"
	coral := newCoral(t, talktest.CoralConfig{OIDC: integration, Transport: p})
	if _, err := coral.Verify(t.Context(), idToken(t, idClaims())); verdict(err) != tokenInvalid {
		t.Errorf("Verify() = %v, want %s", err, tokenInvalid)
	}
}

func TestJWKSCache(t *testing.T) {
	now, p := newClock(), newProvider()
	coral := newCoral(t, talktest.CoralConfig{OIDC: oidcIntegration(), Transport: p, Now: now.Now})
	long := idClaims().with("exp", start.Add(time.Hour).Unix())
	check := func(step, token, want string, fetches int) {
		t.Helper()
		_, err := coral.Verify(t.Context(), token)
		if got := verdict(err); got != want {
			t.Errorf("%s: Verify() = %s (%v), want %s", step, got, err, want)
		}
		if p.fetches != fetches {
			t.Errorf("%s: fetches = %d, want %d", step, p.fetches, fetches)
		}
	}
	check("a first token fetches", idToken(t, long), accepted, 1)
	check("a second one does not", idToken(t, long), accepted, 1)

	second := sign(t, jwt.SigningMethodRS256, otherRSAKey(), "key-2", long)
	p.keys = []jwk{rsaJWK("key-2", &otherRSAKey().PublicKey, nil)}
	check("a new kid works at once", second, accepted, 2)
	check("a removed key still verifies", idToken(t, long), accepted, 2)
	now.Advance(10*time.Minute - time.Second)
	check("until ten minutes are over", idToken(t, long), accepted, 2)
	now.Advance(time.Second)
	check("and then no more (G3)", idToken(t, long), tokenInvalid, 3)
	for i := range 5 {
		check("each miss fetches again (G2)", idToken(t, long), tokenInvalid, 4+i)
	}
}

func TestJWKSCacheHoldsFiveKeys(t *testing.T) {
	p := newProvider()
	kids := []string{"a", "b", "c", "d", "e", "f"}
	p.keys = nil
	for _, k := range kids {
		p.keys = append(p.keys, rsaJWK(k, &rsaKey().PublicKey, nil))
	}
	coral := newCoral(t, talktest.CoralConfig{OIDC: oidcIntegration(), Transport: p})
	for _, k := range append(kids, "a", "f") {
		if _, err := coral.Verify(t.Context(), sign(t, jwt.SigningMethodRS256, rsaKey(), k, idClaims())); err != nil {
			t.Fatalf("Verify() with kid %s = %v, want no error", k, err)
		}
	}
	// Six kids, then "a", which the sixth had pushed out; "f" was still there.
	if p.fetches != 7 {
		t.Errorf("fetches = %d, want 7", p.fetches)
	}
}

// certificate is key's public half as the first entry of "x5c" carries it.
func certificate(t *testing.T, key *rsa.PrivateKey) string {
	t.Helper()
	template := &x509.Certificate{SerialNumber: big.NewInt(1)}
	der, err := x509.CreateCertificate(rand.Reader, template, template, &key.PublicKey, key)
	if err != nil {
		t.Fatal(err)
	}
	return base64.StdEncoding.EncodeToString(der)
}

func TestJWKSCertificateWinsOverModulus(t *testing.T) {
	tests := []struct {
		name string
		x5c  any
		want string
	}{
		{"the same key in both is accepted", []string{certificate(t, rsaKey())}, accepted},
		{"another key in the certificate is the one that counts (G2)", []string{certificate(t, otherRSAKey())}, tokenInvalid},
		{"a certificate that cannot be read is not passed over", []string{"AAAA"}, tokenInvalid},
		{"an empty list is no certificate", []string{}, accepted},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			p := newProvider()
			p.keys = []jwk{rsaJWK(kid, &rsaKey().PublicKey, jwk{"x5c": tt.x5c})}
			coral := newCoral(t, talktest.CoralConfig{OIDC: oidcIntegration(), Transport: p})
			_, err := coral.Verify(t.Context(), idToken(t, idClaims()))
			if got := verdict(err); got != tt.want {
				t.Errorf("Verify() = %s (%v), want %s", got, err, tt.want)
			}
		})
	}
}
