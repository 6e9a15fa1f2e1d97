package keyring_test

import (
	"bytes"
	"encoding/json"
	"flag"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"testing"

	"github.com/go-jose/go-jose/v4"
	"github.com/google/go-cmp/cmp"

	"chatgate/gateway/keyring"
)

var update = flag.Bool("update", false, "write the golden files anew")

func exampleJWKS(t *testing.T) keyring.Document {
	t.Helper()
	d, err := fileKeyring(t, nil, exampleKey()).Set("talk").JWKS()
	if err != nil {
		t.Fatal(err)
	}
	return d
}

func TestTheJWKSIsTheGoldenOne(t *testing.T) { // G2
	const golden = "testdata/jwks.json"
	var got bytes.Buffer
	if err := json.Indent(&got, exampleJWKS(t).Body, "", "  "); err != nil {
		t.Fatal(err)
	}
	got.WriteByte('\n')
	if *update {
		if err := os.WriteFile(golden, got.Bytes(), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(golden)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), got.String()); diff != "" {
		t.Errorf("JWKS (-want +got):\n%s", diff)
	}
}

func TestAPublishedKeyHasPublicMembersOnly(t *testing.T) { // S95
	var set struct{ Keys []map[string]string }
	if err := json.Unmarshal(exampleJWKS(t).Body, &set); err != nil {
		t.Fatal(err)
	}
	for _, key := range set.Keys {
		if key["n"] == "" {
			t.Error("a key is published without its modulus")
		}
		delete(key, "n")
		want := map[string]string{"kty": "RSA", "use": "sig", "alg": "RS256", "kid": exampleKID, "e": "AQAB"}
		if diff := cmp.Diff(want, key); diff != "" {
			t.Errorf("members of a published key (-want +got):\n%s", diff)
		}
	}
}

func TestTheOrderOfFilesDoesNotChangeTheJWKS(t *testing.T) {
	one, err := fileKeyring(t, nil, exampleKey(), otherKey()).JWKS()
	if err != nil {
		t.Fatal(err)
	}
	other, err := fileKeyring(t, nil, otherKey(), exampleKey()).JWKS()
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(one, other); diff != "" {
		t.Errorf("JWKS of the same keys in another order (-one +other):\n%s", diff)
	}
	if one.ETag == exampleJWKS(t).ETag {
		t.Error("two different JWK sets share an ETag")
	}
}

// Another library reads the JWKS and verifies our tokens with it.
func TestATokenVerifiesAgainstThePublishedJWKS(t *testing.T) {
	k := fileKeyring(t, nil, otherKey(), exampleKey())
	token, kid, err := k.Set("talk").Sign(map[string]any{"sub": "u1"})
	if err != nil {
		t.Fatal(err)
	}
	d, err := k.JWKS()
	if err != nil {
		t.Fatal(err)
	}
	var set jose.JSONWebKeySet
	if err := json.Unmarshal(d.Body, &set); err != nil {
		t.Fatal(err)
	}
	signed, err := jose.ParseSignedCompact(token, []jose.SignatureAlgorithm{jose.RS256})
	if err != nil {
		t.Fatal(err)
	}
	keys := set.Key(kid)
	if len(keys) != 1 {
		t.Fatalf("%d published keys have kid %q, want one", len(keys), kid)
	}
	if _, err := signed.Verify(keys[0]); err != nil {
		t.Errorf("Verify() = %v", err)
	}
}

func TestServeAnswersAsCachesExpect(t *testing.T) { // S98
	d := exampleJWKS(t)
	for _, tt := range []struct {
		name, method, ifNoneMatch string
		status                    int
		body                      string
	}{
		{"a first GET", http.MethodGet, "", http.StatusOK, string(d.Body)},
		{"a HEAD", http.MethodHead, "", http.StatusOK, ""},
		{"a GET of what is cached", http.MethodGet, d.ETag, http.StatusNotModified, ""},
		{"a GET of one of those cached", http.MethodGet, `"other", W/` + d.ETag, http.StatusNotModified, ""},
		{"a HEAD of what is cached", http.MethodHead, d.ETag, http.StatusNotModified, ""},
		{"a GET of what has changed", http.MethodGet, `"other"`, http.StatusOK, string(d.Body)},
	} {
		t.Run(tt.name, func(t *testing.T) {
			r := httptest.NewRequest(tt.method, "/.well-known/jwks.json", nil)
			if tt.ifNoneMatch != "" {
				r.Header.Set("If-None-Match", tt.ifNoneMatch)
			}
			w := httptest.NewRecorder()
			keyring.Serve(w, r, d)
			res := w.Result()
			body, err := io.ReadAll(res.Body)
			if err != nil || res.StatusCode != tt.status || string(body) != tt.body {
				t.Errorf("answer = %d %q, want %d %q", res.StatusCode, body, tt.status, tt.body)
			}
			want := map[string]string{
				"ETag": d.ETag, "Cache-Control": "public, max-age=300", "Access-Control-Allow-Origin": "*",
				"Access-Control-Allow-Credentials": "",
			}
			if tt.status == http.StatusOK {
				want["Content-Type"] = "application/json"
			}
			for name, value := range want {
				if got := res.Header.Get(name); got != value {
					t.Errorf("%s = %q, want %q", name, got, value)
				}
			}
		})
	}
}
