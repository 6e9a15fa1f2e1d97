package app_test

import (
	"context"
	"maps"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"

	"chatgate/cmd/internal/app"
)

func TestReadKeysTakesRSAKeysAlone(t *testing.T) {
	const rsa = `{"kty":"RSA","use":"sig","kid":"a","n":"` + "wJbwc2" + `","e":"AQAB"}`
	for _, tt := range []struct {
		name, body string
		status     int
		want       string // the key ids, or words of the error
		wrong      bool
	}{
		{name: "one RSA key", body: `{"keys":[` + rsa + `]}`, want: "a"},
		{name: "keys of other kinds beside it", body: `{"keys":[{"kty":"EC","kid":"e"},` + rsa + `,{"kty":"RSA","kid":"","n":"AQ","e":"AQ"},{"kty":"RSA","kid":"x","n":"?","e":"AQAB"},{"kty":"RSA","kid":"y","n":"AQAB","e":"AQABAQABAQABAQAB"}]}`, want: "a"},
		{name: "no key", body: `{"keys":[]}`, want: "has no RSA key", wrong: true},
		{name: "no JSON", body: `<html>`, want: "no JWK set", wrong: true},
		{name: "nothing there", status: http.StatusNotFound, want: "answers with 404", wrong: true},
		{name: "a redirect", status: http.StatusFound, want: "answers with 302", wrong: true},
	} {
		t.Run(tt.name, func(t *testing.T) {
			server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
				if tt.status != 0 {
					w.WriteHeader(tt.status)
				}
				_, _ = w.Write([]byte(tt.body))
			}))
			defer server.Close()
			keys, err := app.ReadKeys(context.Background(), server.URL)
			if tt.wrong && (err == nil || !strings.Contains(err.Error(), tt.want)) {
				t.Errorf("ReadKeys = %v, want %q", err, tt.want)
			}
			if got := strings.Join(slices.Sorted(maps.Keys(keys)), " "); !tt.wrong && (err != nil || got != tt.want) {
				t.Errorf("ReadKeys = %q, %v, want %q", got, err, tt.want)
			}
		})
	}
	if _, err := app.ReadKeys(context.Background(), "http://127.0.0.1:1/"); err == nil {
		t.Error("ReadKeys of an address that nobody answers at = nil")
	}
}
