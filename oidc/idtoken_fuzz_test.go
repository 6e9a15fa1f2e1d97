package oidc

import (
	"bytes"
	"context"
	"crypto/ed25519"
	"encoding/base64"
	"encoding/json"
	"errors"
	"testing"
	"time"

	"github.com/go-jose/go-jose/v4"
)

const (
	fuzzIssuer = "https://idp.example.org"
	fuzzNonce  = "the-nonce-of-the-attempt"
	goodHeader = `{"alg":"EdDSA","kid":"k"}`
	goodClaims = `{"iss":"https://idp.example.org","aud":"chatgate","sub":"ada","exp":1800000300,"iat":1800000000,` +
		`"nonce":"the-nonce-of-the-attempt"}`
)

// FuzzIDToken signs whatever header and claims it is given with the provider's own key, so that no check hides behind
// the signature: what is accepted says what a token has to say by a reading that shares no code with ours, and no
// longer passes with another signature (S34, S35, S43, S44, S48).
func FuzzIDToken(f *testing.F) {
	for _, seed := range []struct{ header, claims string }{
		{goodHeader, goodClaims},
		{`{"alg":"EdDSA"}`, goodClaims},
		{`{"alg":"none"}`, goodClaims},
		{`{"alg":"HS256","kid":"k"}`, goodClaims},
		{`{"alg":"EdDSA","kid":"other"}`, goodClaims},
		{`{"alg":"EdDSA","kid":"k","crit":["b64"],"b64":false}`, goodClaims},
		{`{"alg":"EdDSA","alg":"none"}`, goodClaims},
		{goodHeader, `{"iss":"https://idp.example.org","aud":["chatgate","api"],"azp":"chatgate","sub":"ada","exp":1.8000003e9,"iat":1800000000.5,"nbf":1800000000,"nonce":"the-nonce-of-the-attempt"}`},
		{goodHeader, `{"iss":"https://idp.example.org/","aud":"chatgate","sub":"ada","sub":"bob","exp":1,"iat":"1800000000","nonce":null}`},
		{goodHeader, `{"iss":"https://idp.example.org","aud":["chatgate","evil"],"sub":"","exp":9e99,"iat":-1,"nonce":["the-nonce-of-the-attempt"]}`},
	} {
		f.Add(seed.header, seed.claims)
	}
	rp, p, key := fuzzParty(f)
	f.Fuzz(func(t *testing.T, header, payload string) {
		signed := base64.RawURLEncoding.EncodeToString([]byte(header)) + "." + base64.RawURLEncoding.EncodeToString([]byte(payload))
		signature := ed25519.Sign(key, []byte(signed))
		accepted := func(signature []byte) bool {
			raw := Secret(signed + "." + base64.RawURLEncoding.EncodeToString(signature))
			_, err := rp.verify(t.Context(), p, Tokens{ID: raw}, expectation{nonce: fuzzNonce})
			return err == nil
		}
		if !accepted(signature) {
			return
		}
		if why := wrongWith(header, payload, rp.env.Now()); why != "" {
			t.Errorf("accepted although %s:\n%s\n%s", why, header, payload)
		}
		signature[len(payload)%len(signature)] ^= 1
		if accepted(signature) {
			t.Errorf("accepted with a wrong signature:\n%s\n%s", header, payload)
		}
	})
}

// fuzzParty knows its provider already, and the provider's one key. It reaches nobody.
func fuzzParty(f *testing.F) (*RelyingParty, *provider, ed25519.PrivateKey) {
	f.Helper()
	now := func() time.Time { return time.Unix(1_800_000_060, 0) }
	rp, err := New(Config{
		Issuer: fuzzIssuer, Client: ClientConfig{ID: "chatgate", Secret: "secret"}, Algorithms: []string{"EdDSA"},
		ExtraAudiences: []string{"api"}, Leeway: 30 * time.Second,
	}, Env{Provider: "corp", Now: now})
	if err != nil {
		f.Fatal(err)
	}
	key := ed25519.NewKeyFromSeed(bytes.Repeat([]byte{7}, ed25519.SeedSize))
	keys := &keySet{
		now:  now,
		keys: []jose.JSONWebKey{{Key: key.Public(), KeyID: "k", Algorithm: "EdDSA", Use: "sig"}},
		get: func(context.Context, string) ([]byte, error) {
			return nil, errors.New("out of reach")
		},
	}
	return rp, &provider{Metadata: Metadata{Issuer: fuzzIssuer}, algorithms: []string{"EdDSA"}, keys: keys}, key
}

// wrongWith reads a token anew, by encoding/json and by name, and says why it must not have been accepted.
func wrongWith(header, payload string, now time.Time) string {
	h, c := map[string]any{}, map[string]any{}
	if json.Unmarshal([]byte(header), &h) != nil || json.Unmarshal([]byte(payload), &c) != nil {
		return "it is not JSON"
	}
	_, critical := h["crit"]
	kid, named := h["kid"]
	switch {
	case h["alg"] != "EdDSA":
		return "its algorithm is another"
	case critical:
		return "it demands extensions"
	case named && kid != "k" && kid != "" && kid != nil:
		return "its key is another"
	case c["iss"] != fuzzIssuer:
		return "its issuer is another"
	case c["nonce"] != fuzzNonce:
		return "its nonce is another"
	case !audienceIsOurs(c):
		return "it is not for this client alone"
	case !subjectIsOne(c["sub"]):
		return "it has no subject"
	}
	return wrongTimes(c, now)
}

func audienceIsOurs(c map[string]any) bool {
	if azp, given := c["azp"]; given && azp != "chatgate" {
		return false
	}
	if c["aud"] == "chatgate" {
		return true
	}
	list, _ := c["aud"].([]any)
	ours := false
	for _, entry := range list {
		if entry != "chatgate" && entry != "api" {
			return false
		}
		ours = ours || entry == "chatgate"
	}
	return ours
}

func subjectIsOne(sub any) bool {
	text, _ := sub.(string)
	return text != "" && len(text) <= 255
}

func wrongTimes(c map[string]any, now time.Time) string {
	const leeway = 31 // the configured half minute, and a fraction of a second
	at := float64(now.Unix())
	exp, hasExp := c["exp"].(float64)
	iat, hasIat := c["iat"].(float64)
	switch nbf, begins := c["nbf"].(float64); {
	case !hasExp || exp < at-leeway:
		return "it has expired"
	case !hasIat || iat > at+leeway || iat < at-600-leeway:
		return "it was not issued just now"
	case begins && nbf > at+leeway:
		return "it has not begun"
	}
	return ""
}
