package talktest_test

import (
	"bytes"
	"crypto"
	"crypto/rand"
	"crypto/rsa"
	"encoding/base64"
	"encoding/json"
	"errors"
	"io"
	"maps"
	"math/big"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/golang-jwt/jwt/v5"

	"chatgate/gateway/chat/talk/talktest"
)

const (
	coralURL = "https://comments.example.org"
	newsURL  = "https://news.example.org"
	issuer   = "https://sso.example.org/talk"
	clientID = "coral"
	kid      = "key-1"
)

// start is a whole second, so that "one second later" means what it says.
var start = time.Date(2026, time.November, 21, 9, 0, 0, 0, time.UTC)

type clock struct{ now time.Time }

func newClock() *clock                   { return &clock{now: start} }
func (c *clock) Now() time.Time          { return c.now }
func (c *clock) Advance(d time.Duration) { c.now = c.now.Add(d) }

// Keys are costly to make, so tests share them; none of them is changed.
var (
	rsaKey      = sync.OnceValue(func() *rsa.PrivateKey { return generate(2048) })
	otherRSAKey = sync.OnceValue(func() *rsa.PrivateKey { return generate(2048) })
	weakRSAKey  = sync.OnceValue(func() *rsa.PrivateKey { return generate(1024) })
)

func generate(bits int) *rsa.PrivateKey {
	key, err := rsa.GenerateKey(rand.Reader, bits)
	if err != nil {
		panic(err)
	}
	return key
}

// provider is the gateway as Coral meets it: a JWKS and a token endpoint, reached through a RoundTripper.
type provider struct {
	keys    []jwk
	idToken string
	fetches int
	header  http.Header // of the last token request
	params  map[string]string
}

type jwk map[string]any

func rsaJWK(kid string, key *rsa.PublicKey, more jwk) jwk {
	k := jwk{
		"kty": "RSA", "use": "sig", "kid": kid,
		"n": base64.RawURLEncoding.EncodeToString(key.N.Bytes()),
		"e": base64.RawURLEncoding.EncodeToString(big.NewInt(int64(key.E)).Bytes()),
	}
	maps.Copy(k, more)
	return k
}

func newProvider() *provider {
	return &provider{keys: []jwk{rsaJWK(kid, &rsaKey().PublicKey, nil)}}
}

func (p *provider) RoundTrip(r *http.Request) (*http.Response, error) {
	w := httptest.NewRecorder()
	switch r.URL.Path {
	case "/talk/jwks.json":
		p.fetches++
		_ = json.NewEncoder(w).Encode(map[string]any{"keys": p.keys})
	case "/talk/oauth/token":
		_ = r.ParseForm()
		p.header = r.Header
		p.params = map[string]string{}
		for name := range r.PostForm {
			p.params[name] = r.PostForm.Get(name)
		}
		_ = json.NewEncoder(w).Encode(map[string]string{"id_token": p.idToken})
	default:
		w.WriteHeader(http.StatusNotFound)
	}
	return w.Result(), nil
}

func oidcIntegration() *talktest.OIDCIntegration {
	return &talktest.OIDCIntegration{
		Enabled: true, AllowRegistration: true, ClientID: clientID, ClientSecret: "s3cret", Issuer: issuer,
		JWKSURI: issuer + "/jwks.json", AuthorizationURL: issuer + "/oauth/authorize", TokenURL: issuer + "/oauth/token",
	}
}

// newCoral fills in what a test leaves out.
func newCoral(t *testing.T, cfg talktest.CoralConfig) *talktest.Coral {
	t.Helper()
	cfg.URL = coralURL
	if cfg.Now == nil {
		cfg.Now = newClock().Now
	}
	if cfg.Transport == nil {
		cfg.Transport = newProvider()
	}
	coral, err := talktest.NewCoral(cfg)
	if err != nil {
		t.Fatalf("NewCoral() = %v, want no error", err)
	}
	return coral
}

// claims is a token's payload; with and without make changed copies.
type claims jwt.MapClaims

func (c claims) with(name string, value any) claims {
	changed := maps.Clone(c)
	changed[name] = value
	return changed
}

func (c claims) without(names ...string) claims {
	changed := maps.Clone(c)
	for _, name := range names {
		delete(changed, name)
	}
	return changed
}

// idClaims is an ID token Coral takes.
func idClaims() claims {
	return claims{
		"iss": issuer, "sub": "u-ada", "aud": clientID, "exp": start.Add(15 * time.Minute).Unix(), "iat": start.Unix(),
		"jti": "id-1", "nonce": "n-0S6", "email": "ada@example.org", "email_verified": true, "preferred_username": "ada",
	}
}

func sign(t *testing.T, method jwt.SigningMethod, key crypto.PrivateKey, kid string, c claims) string {
	t.Helper()
	token := jwt.NewWithClaims(method, jwt.MapClaims(c))
	if kid != "" {
		token.Header["kid"] = kid
	}
	signed, err := token.SignedString(key)
	if err != nil {
		t.Fatalf("sign: %v", err)
	}
	return signed
}

// idToken signs with the key and kid the provider publishes.
func idToken(t *testing.T, c claims) string {
	t.Helper()
	return sign(t, jwt.SigningMethodRS256, rsaKey(), kid, c)
}

// verdict puts Verify's error in a few words: "accepted", "401 TOKEN_INVALID", "process stopped".
func verdict(err error) string {
	var refusal *talktest.Refusal
	var stopped *talktest.ProcessStopped
	switch {
	case err == nil:
		return "accepted"
	case errors.As(err, &stopped):
		return "process stopped"
	case errors.As(err, &refusal):
		return http.StatusText(refusal.Status) + " " + refusal.Code
	default:
		return err.Error()
	}
}

const (
	accepted     = "accepted"
	tokenInvalid = "Unauthorized TOKEN_INVALID"
	stopped      = "process stopped"
)

// call sends one request, with a Bearer token unless it is empty.
func call(h http.Handler, method, target, token, body string, headers ...string) *http.Response {
	r := httptest.NewRequest(method, target, strings.NewReader(body))
	if token != "" {
		r.Header.Set("Authorization", "Bearer "+token)
	}
	for i := 0; i < len(headers); i += 2 {
		r.Header.Set(headers[i], headers[i+1])
	}
	w := httptest.NewRecorder()
	h.ServeHTTP(w, r)
	return w.Result()
}

func bodyOf(t *testing.T, res *http.Response) string {
	t.Helper()
	defer res.Body.Close()
	raw, err := io.ReadAll(res.Body)
	if err != nil {
		t.Fatalf("read the body: %v", err)
	}
	return string(bytes.TrimSpace(raw))
}
