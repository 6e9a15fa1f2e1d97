package keyring_test

import (
	"encoding/base64"
	"encoding/json"
	"math"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// segment decodes one part of a token: 0 is the header, 1 the claims.
func segment(t *testing.T, token string, i int) map[string]any {
	t.Helper()
	parts := strings.Split(token, ".")
	if len(parts) != 3 {
		t.Fatalf("the token has %d parts, want 3", len(parts))
	}
	raw, err := base64.RawURLEncoding.DecodeString(parts[i])
	if err != nil {
		t.Fatal(err)
	}
	var members map[string]any
	if err := json.Unmarshal(raw, &members); err != nil {
		t.Fatal(err)
	}
	return members
}

func TestAHeaderIsExactlyAlgTypAndKID(t *testing.T) { // G1, G11, G19
	token, kid, err := fileKeyring(t, nil, exampleKey()).Set("talk").Sign(map[string]any{"sub": "u1"})
	if err != nil || kid != exampleKID {
		t.Fatalf("Sign() kid = %q, error = %v", kid, err)
	}
	want := map[string]any{"alg": "RS256", "typ": "JWT", "kid": exampleKID}
	if diff := cmp.Diff(want, segment(t, token, 0)); diff != "" {
		t.Errorf("header (-want +got):\n%s", diff)
	}
}

func TestClaimsAreSignedAsTheyAre(t *testing.T) {
	set := fileKeyring(t, nil, exampleKey()).Set("talk")
	type claims struct {
		Subject string `json:"sub"`
		Ends    int64  `json:"exp"`
		Email   string `json:"email,omitempty"`
	}
	want := map[string]any{"sub": "u1", "exp": 1.8e9}
	for _, given := range []any{claims{Subject: "u1", Ends: 1_800_000_000}, map[string]any{"sub": "u1", "exp": 1_800_000_000}} {
		token, _, err := set.Sign(given)
		if err != nil {
			t.Fatalf("Sign(%T) = %v", given, err)
		}
		if diff := cmp.Diff(want, segment(t, token, 1)); diff != "" {
			t.Errorf("claims of %T (-want +got):\n%s", given, diff)
		}
	}
}

func TestClaimsThatAreNoObjectAreRefused(t *testing.T) {
	set := fileKeyring(t, nil, exampleKey()).Set("talk")
	for _, given := range []any{nil, "text", 1, []string{"a"}, math.Inf(1), (*struct{})(nil)} {
		if token, _, err := set.Sign(given); err == nil || token != "" {
			t.Errorf("Sign(%#v) = %q, %v, want an error", given, token, err)
		}
	}
}
