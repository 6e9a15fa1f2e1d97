package oidc

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/json"
	"encoding/pem"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/go-jose/go-jose/v4"
)

const (
	assertionType     = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer" // RFC 7523, Section 2.2
	assertionLifetime = time.Minute
	minRSABits        = 2048
)

// clientKey proves that we are the client, where the provider knows the public half (OpenID Connect Core 1.0, Section
// 9, "private_key_jwt"; RFC 7523).
type clientKey struct {
	clientID string
	signer   jose.Signer
	now      func() time.Time
}

func newClientKey(cfg ClientConfig, now func() time.Time) (*clientKey, error) {
	algorithm, key, err := parseClientKey(cfg.Key)
	if err != nil {
		return nil, err
	}
	options := (&jose.SignerOptions{}).WithType("JWT")
	if cfg.KeyID != "" {
		options = options.WithHeader("kid", cfg.KeyID)
	}
	signer, err := jose.NewSigner(jose.SigningKey{Algorithm: algorithm, Key: key}, options)
	if err != nil {
		return nil, err
	}
	return &clientKey{cfg.ID, signer, now}, nil
}

// parseClientKey takes what openssl writes: PKCS #8, PKCS #1 and SEC 1. Its errors never quote the key.
func parseClientKey(text Secret) (jose.SignatureAlgorithm, any, error) {
	block, rest := pem.Decode([]byte(text.Reveal()))
	if block == nil || len(bytes.TrimSpace(rest)) > 0 {
		return "", nil, errors.New("must be one private key in PEM, as openssl genpkey writes it")
	}
	var key any
	var err error
	switch block.Type {
	case "PRIVATE KEY":
		key, err = x509.ParsePKCS8PrivateKey(block.Bytes)
	case "RSA PRIVATE KEY":
		key, err = x509.ParsePKCS1PrivateKey(block.Bytes)
	case "EC PRIVATE KEY":
		key, err = x509.ParseECPrivateKey(block.Bytes)
	default:
		return "", nil, errors.New("must be one private key in PEM without a passphrase")
	}
	if err != nil {
		return "", nil, errors.New("must be a private key that can be read")
	}
	return keyAlgorithm(key)
}

// keyAlgorithm takes the two algorithms that every provider with private_key_jwt knows.
func keyAlgorithm(key any) (jose.SignatureAlgorithm, any, error) {
	switch k := key.(type) {
	case *rsa.PrivateKey:
		if k.N.BitLen() < minRSABits {
			return "", nil, fmt.Errorf("must have at least %d bits, got %d", minRSABits, k.N.BitLen())
		}
		return jose.RS256, k, nil
	case *ecdsa.PrivateKey:
		if k.Curve == elliptic.P256() {
			return jose.ES256, k, nil
		}
	}
	return "", nil, errors.New("must be an RSA key or an EC key of the curve P-256")
}

// assertion is good for one call.
func (k *clientKey) assertion(audience string) (string, error) {
	now := k.now()
	claims, err := json.Marshal(map[string]any{
		"iss": k.clientID,
		"sub": k.clientID,
		"aud": audience,
		"jti": rand.Text(),
		"iat": now.Unix(),
		"exp": now.Add(assertionLifetime).Unix(),
	})
	if err != nil {
		return "", err
	}
	jws, err := k.signer.Sign(claims)
	if err != nil {
		return "", fmt.Errorf("sign client assertion: %w", err)
	}
	return jws.CompactSerialize()
}

// asserting adds an assertion to every form that is posted: x/oauth2 lets nobody add a parameter to a refresh, and all
// that is posted goes to endpoints that want the client to prove itself.
type asserting struct {
	base     http.RoundTripper
	key      *clientKey
	audience func(called string) string
}

func (a asserting) RoundTrip(req *http.Request) (*http.Response, error) {
	if req.Method != http.MethodPost {
		return a.base.RoundTrip(req)
	}
	signed, err := a.sign(req)
	if err != nil {
		return nil, err
	}
	return a.base.RoundTrip(signed)
}

// sign works on a copy, since a RoundTripper leaves its request alone.
func (a asserting) sign(req *http.Request) (*http.Request, error) {
	body, err := io.ReadAll(req.Body)
	if err != nil {
		return nil, err
	}
	if err := req.Body.Close(); err != nil {
		return nil, err
	}
	form, err := url.ParseQuery(string(body))
	if err != nil {
		return nil, err
	}
	assertion, err := a.key.assertion(a.audience(req.URL.String()))
	if err != nil {
		return nil, err
	}
	form.Set("client_assertion_type", assertionType)
	form.Set("client_assertion", assertion)
	encoded := form.Encode()
	signed := req.Clone(req.Context())
	signed.Body = io.NopCloser(strings.NewReader(encoded))
	signed.ContentLength = int64(len(encoded))
	signed.GetBody = nil
	return signed, nil
}

// assertionAudience is the token endpoint as the provider names it, where that is called, which all providers take: it
// is what OpenID Connect Core 1.0, Section 9 asks for, and some know no other. Elsewhere it is the issuer. A provider
// that names another's token endpoint as its own therefore gets no assertion that is good there (RFC 9700, Section 4.4).
func (rp *RelyingParty) assertionAudience(called string) string {
	p := rp.current.Load()
	if p != nil && called == p.oauth.Endpoint.TokenURL {
		return p.TokenEndpoint
	}
	return rp.cfg.Issuer
}
