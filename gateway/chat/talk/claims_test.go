package talk

import (
	"bytes"
	"encoding/json"
	"flag"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

var update = flag.Bool("update", false, "write the golden files anew")

func TestClaimsOfEachProfile(t *testing.T) {
	issued := time.Date(2026, time.November, 21, 9, 0, 0, 0, time.UTC)
	when := stamp{ID: "an-id", Nonce: "a-nonce", IssuedAt: issued, Expires: issued.Add(15 * time.Minute)}
	known := account{
		ID: userID, Username: "ada", Email: "ada@example.org", Role: Moderator,
		Picture: "https://idp.example.org/ada.png",
	}
	decorated := known
	decorated.Badges = []string{"Editor", "Founder"}
	stranger := account{ID: userID, Username: madeUpName}
	reachable := account{ID: userID, Username: madeUpName, Email: "a@example.org"}
	undecorated := reachable
	undecorated.Badges = []string{}
	const issuer = "https://sso.example.org/talk"
	for _, test := range []struct {
		golden  string
		shape   shape
		account account
	}{
		{"coral-sso", coralSSO("https://sso.example.org/"), known},
		{"coral-sso-least", coralSSO("https://sso.example.org/"), reachable},
		{"coral-sso-badges", coralSSO("https://sso.example.org/"), decorated},
		{"coral-sso-no-badges-any-more", coralSSO("https://sso.example.org/"), undecorated},
		{"coral-oidc", coralOIDC(issuer, "coral"), known},
		{"coral-oidc-least", coralOIDC(issuer, "coral"), stranger},
		{"talk4", talk4(issuer, "talk"), known},
		{"talk4-least", talk4(issuer, "talk"), stranger},
	} {
		t.Run(test.golden, func(t *testing.T) {
			raw, err := json.MarshalIndent(test.shape(test.account, when), "", "  ")
			if err != nil {
				t.Fatal(err)
			}
			golden(t, test.golden+".golden.json", append(raw, '\n'))
		})
	}
}

func golden(t *testing.T, name string, got []byte) {
	t.Helper()
	path := filepath.Join("testdata", name)
	if *update {
		if err := os.WriteFile(path, got, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(want, got) {
		t.Errorf("claims (-want +got):\n%s", cmp.Diff(string(want), string(got)))
	}
}
