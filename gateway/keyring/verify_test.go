package keyring_test

import (
	"crypto"
	"crypto/hmac"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"encoding/pem"
	"errors"
	"maps"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"chatgate/gateway/keyring"
)

type object = map[string]any

var wanted = keyring.Expectation{Issuer: "https://sso.example.org/talk", Audience: "talk"}

// with returns a copy in which some members are others; nil removes one.
func with(base, other object) object {
	base = maps.Clone(base)
	maps.Copy(base, other)
	maps.DeleteFunc(base, func(_ string, v any) bool { return v == nil })
	return base
}

func goodHeader() object { return object{"alg": "RS256", "typ": "JWT", "kid": exampleKID} }

func goodClaims() object {
	return object{
		"iss": wanted.Issuer, "aud": wanted.Audience, "sub": "u1", "jti": "j1",
		"iat": noon.Unix(), "exp": noon.Add(15 * time.Minute).Unix(), "username": "Ada",
	}
}

// forge makes a token of anything, signed by anyone.
func forge(t testing.TB, header, claims any, sign func(input string) []byte) string {
	t.Helper()
	var parts []string
	for _, part := range []any{header, claims} {
		raw, err := json.Marshal(part)
		if err != nil {
			t.Fatal(err)
		}
		parts = append(parts, base64.RawURLEncoding.EncodeToString(raw))
	}
	input := strings.Join(parts, ".")
	return input + "." + base64.RawURLEncoding.EncodeToString(sign(input))
}

func by(key *rsa.PrivateKey) func(string) []byte {
	return func(input string) []byte {
		sum := sha256.Sum256([]byte(input))
		signature, err := rsa.SignPKCS1v15(rand.Reader, key, crypto.SHA256, sum[:])
		if err != nil {
			panic(err)
		}
		return signature
	}
}

func byPSS(key *rsa.PrivateKey) func(string) []byte {
	return func(input string) []byte {
		sum := sha256.Sum256([]byte(input))
		signature, err := rsa.SignPSS(rand.Reader, key, crypto.SHA256, sum[:], nil)
		if err != nil {
			panic(err)
		}
		return signature
	}
}

func bySecret(secret []byte) func(string) []byte {
	return func(input string) []byte {
		mac := hmac.New(sha256.New, secret)
		mac.Write([]byte(input))
		return mac.Sum(nil)
	}
}

func byNobody(string) []byte { return nil }

func TestVerifyReturnsTheClaimsOfOurToken(t *testing.T) {
	var now clock
	set := fileKeyring(t, now.Now, exampleKey()).Set("talk")
	token, _, err := set.Sign(goodClaims())
	if err != nil {
		t.Fatal(err)
	}
	got, err := set.Verify(token, wanted)
	if err != nil {
		t.Fatalf("Verify() = %v", err)
	}
	want := keyring.Claims{
		Issuer: wanted.Issuer, Audience: wanted.Audience, Subject: "u1", ID: "j1",
		IssuedAt: noon, ExpiresAt: noon.Add(15 * time.Minute),
	}
	if diff := cmp.Diff(want, got, cmpopts.IgnoreUnexported(keyring.Claims{}), cmpopts.EquateApproxTime(0)); diff != "" {
		t.Errorf("claims (-want +got):\n%s", diff)
	}
	var more struct{ Username string }
	if err := got.Decode(&more); err != nil || more.Username != "Ada" {
		t.Errorf("Decode() = %+v, %v, want the username", more, err)
	}
}

func TestVerifyTakesAKeyThatIsPublishedButSignsNoMore(t *testing.T) { // S97
	var now clock
	token := forge(t, goodHeader(), goodClaims(), by(exampleKey()))
	if _, err := fileKeyring(t, now.Now, otherKey(), exampleKey()).Set("talk").Verify(token, wanted); err != nil {
		t.Errorf("Verify() = %v", err)
	}
}

func TestVerifyRefusesEveryOtherToken(t *testing.T) {
	var now clock
	set := fileKeyring(t, now.Now, exampleKey()).Set("talk")
	public, err := x509.MarshalPKIXPublicKey(&exampleKey().PublicKey)
	if err != nil {
		t.Fatal(err)
	}
	publicPEM := pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: public})
	good := forge(t, goodHeader(), goodClaims(), by(exampleKey()))
	if _, err := set.Verify(good, wanted); err != nil {
		t.Fatalf("Verify() = %v for the token that the others are made from", err)
	}
	header := func(other object) string {
		return forge(t, with(goodHeader(), other), goodClaims(), by(exampleKey()))
	}
	claims := func(other object) string {
		return forge(t, goodHeader(), with(goodClaims(), other), by(exampleKey()))
	}
	parts := strings.Split(good, ".")
	for _, tt := range []struct{ name, token string }{
		{"of no algorithm", forge(t, with(goodHeader(), object{"alg": "none"}), goodClaims(), byNobody)}, // S35
		{"of no algorithm, but signed", header(object{"alg": "none"})},
		{"HS256 with the public PEM", forge(t, with(goodHeader(), object{"alg": "HS256"}), goodClaims(), bySecret(publicPEM))}, // S35
		{"HS256 with the public DER", forge(t, with(goodHeader(), object{"alg": "HS256"}), goodClaims(), bySecret(public))},
		{"PS256 by the right key", forge(t, with(goodHeader(), object{"alg": "PS256"}), goodClaims(), byPSS(exampleKey()))}, // S100
		{"RS512 in the header", header(object{"alg": "RS512"})},
		{"without alg", header(object{"alg": nil})},
		{"by another set's key under our kid", forge(t, goodHeader(), goodClaims(), by(otherKey()))}, // G5
		{"with an unknown kid", header(object{"kid": "unknown"})},
		{"without kid", header(object{"kid": nil, "x": "y"})},
		{"with an empty kid", header(object{"kid": ""})},
		{"with a kid that is a number", header(object{"kid": 1})},
		{"of another type", header(object{"typ": "at+jwt"})},
		{"with crit", header(object{"crit": []string{"exp"}})},
		{"with a jwk of its own", header(object{"jwk": object{"kty": "RSA"}})},
		{"expired this second", claims(object{"exp": noon.Unix()})},
		{"without exp", claims(object{"exp": nil})},
		{"not valid yet", claims(object{"nbf": noon.Add(time.Second).Unix()})},
		{"issued in the future", claims(object{"iat": noon.Add(2 * time.Minute).Unix()})},
		{"without iat", claims(object{"iat": nil})},
		{"of another issuer", claims(object{"iss": wanted.Issuer + "/"})}, // G6
		{"of no issuer", claims(object{"iss": nil})},
		{"for another audience", claims(object{"aud": "Talk"})},
		{"for no audience", claims(object{"aud": nil})},
		{"for an array of audiences", claims(object{"aud": []string{wanted.Audience}})}, // D16
		{"with claims that are null", forge(t, goodHeader(), nil, by(exampleKey()))},
		{"with claims that are an array", forge(t, goodHeader(), []string{}, by(exampleKey()))},
		{"with changed claims", parts[0] + "." + strings.Split(claims(object{"sub": "u2"}), ".")[1] + "." + parts[2]},
		{"without a signature", parts[0] + "." + parts[1] + "."},
		{"with padding", good + "="},
		{"of two parts", parts[0] + "." + parts[1]},
		{"of five parts", good + ".a.b"},
		{"of five dots", "....."}, // S48
		{"of nothing", ""},
		{"of 1 MiB", claims(object{"x": strings.Repeat("x", 1<<20)})}, // S48
		{"of a million dots", strings.Repeat(".", 1<<20)},
	} {
		t.Run(tt.name, func(t *testing.T) {
			got, err := set.Verify(tt.token, wanted)
			if !errors.Is(err, keyring.ErrRefused) {
				t.Errorf("Verify() = %+v, %v, want ErrRefused", got, err)
			}
			if got.Subject != "" {
				t.Errorf("Verify() gave away the subject %q of a refused token", got.Subject)
			}
		})
	}
}

func TestVerifyWithoutExpectationsRefuses(t *testing.T) {
	var now clock
	set := fileKeyring(t, now.Now, exampleKey()).Set("talk")
	nameless := forge(t, goodHeader(), with(goodClaims(), object{"iss": "", "aud": ""}), by(exampleKey()))
	for _, want := range []keyring.Expectation{{}, {Issuer: wanted.Issuer}, {Audience: wanted.Audience}} {
		if _, err := set.Verify(nameless, want); !errors.Is(err, keyring.ErrRefused) {
			t.Errorf("Verify(%+v) = %v, want ErrRefused", want, err)
		}
	}
}

func TestATokenOfAnotherSetIsRefused(t *testing.T) { // G5
	var now clock
	other := fileKeyring(t, now.Now, otherKey()).Set("talk")
	token, _, err := other.Sign(goodClaims())
	if err != nil {
		t.Fatal(err)
	}
	if _, err := fileKeyring(t, now.Now, exampleKey()).Set("talk").Verify(token, wanted); !errors.Is(err, keyring.ErrRefused) {
		t.Errorf("Verify() = %v, want ErrRefused", err)
	}
}

func TestLeewayIsAMinuteAtMost(t *testing.T) { // S43
	for _, tt := range []struct {
		leeway, late time.Duration
		refused      bool
	}{
		{0, -time.Second, false},
		{0, 0, true},
		{-time.Minute, -time.Second, false},
		{30 * time.Second, 29 * time.Second, false},
		{30 * time.Second, 30 * time.Second, true},
		{time.Hour, 59 * time.Second, false},
		{time.Hour, time.Minute, true},
	} {
		var now clock
		now.Advance(15*time.Minute + tt.late)
		set := fileKeyring(t, now.Now, exampleKey()).Set("talk")
		want := wanted
		want.Leeway = tt.leeway
		_, err := set.Verify(forge(t, goodHeader(), goodClaims(), by(exampleKey())), want)
		if got := errors.Is(err, keyring.ErrRefused); got != tt.refused {
			t.Errorf("Verify() with leeway %v, %v after exp: %v, want refused = %v", tt.leeway, tt.late, err, tt.refused)
		}
	}
}

// FuzzVerify looks for a token that is taken although nobody signed it.
func FuzzVerify(f *testing.F) {
	var now clock
	good := forge(f, goodHeader(), goodClaims(), by(exampleKey()))
	f.Add(good)
	f.Add(forge(f, with(goodHeader(), object{"alg": "none"}), goodClaims(), byNobody))
	f.Add(".....")
	set := fileKeyring(f, now.Now, exampleKey()).Set("talk")
	f.Fuzz(func(t *testing.T, token string) {
		if _, err := set.Verify(token, wanted); err == nil && token != good {
			t.Errorf("Verify(%q) = nil for a token that nobody signed", token)
		}
	})
}
