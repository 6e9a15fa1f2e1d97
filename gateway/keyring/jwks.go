package keyring

import (
	"bytes"
	"cmp"
	"crypto"
	"crypto/rsa"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"time"

	"github.com/go-jose/go-jose/v4"
)

// Document is a JWK set as it is served. Body is shared: nobody may change it.
type Document struct {
	Body []byte
	ETag string // strong, with its quotes
}

// render makes the JWK set (RFC 7517, Section 5) of the public halves: kty, use, alg, kid, n and e of each (G2, S95).
// Ordered by kid, so that all replicas serve the same bytes.
func render(keys []signingKey) (Document, error) {
	set := jose.JSONWebKeySet{Keys: make([]jose.JSONWebKey, 0, len(keys))}
	for _, key := range keys {
		set.Keys = append(set.Keys, jose.JSONWebKey{
			Key: &key.private.PublicKey, KeyID: key.kid, Use: "sig", Algorithm: string(jose.RS256),
		})
	}
	slices.SortFunc(set.Keys, func(a, b jose.JSONWebKey) int { return cmp.Compare(a.KeyID, b.KeyID) })
	body, err := json.Marshal(set)
	if err != nil {
		return Document{}, fmt.Errorf("encode JWKS: %w", err)
	}
	sum := sha256.Sum256(body)
	return Document{Body: body, ETag: `"` + base64.RawURLEncoding.EncodeToString(sum[:16]) + `"`}, nil
}

// thumbprint is the kid of a key: its SHA-256 thumbprint (RFC 7638), the same on every replica and after every restart,
// and never that of another key (G4, S96).
func thumbprint(public *rsa.PublicKey) (string, error) {
	sum, err := (&jose.JSONWebKey{Key: public}).Thumbprint(crypto.SHA256)
	if err != nil {
		return "", fmt.Errorf("thumbprint of signing key: %w", err)
	}
	return base64.RawURLEncoding.EncodeToString(sum), nil
}

// Serve answers a GET or HEAD for a JWK set: anyone may read it, from any page, and keep it for five minutes, which
// the lead of a rotation allows for (G2, G3, S98). It answers If-None-Match with 304.
func Serve(w http.ResponseWriter, r *http.Request, d Document) {
	h := w.Header()
	h.Set("Content-Type", "application/json")
	h.Set("Cache-Control", "public, max-age=300")
	h.Set("Access-Control-Allow-Origin", "*")
	h.Set("ETag", d.ETag)
	http.ServeContent(w, r, "", time.Time{}, bytes.NewReader(d.Body))
}
