package talk

import (
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/base64"
	"encoding/pem"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"chatgate/gateway/chat"
	"chatgate/gateway/keyring"
	"chatgate/gateway/session"
	"chatgate/store"
	"chatgate/store/memstore"
)

// How many tokens of each kind the figures are about, 100 000 in all. An RSA signature costs as much as some hundred HMACs,
// so a smaller part are signed with one.
const (
	manySSO    = 49_000
	manyShared = 49_000
	manyRSA    = 2_000
)

// randomID is what rand.Text gives: 26 characters of base32, which are 130 bits (G7).
const randomID = `[A-Z2-7]{26}`

// TestAHundredThousandTokens have ids and nonces of their own, all signed within one second, and say to the letter what
// the profile says and nothing more (G7, G11, G15, G19).
func TestAHundredThousandTokens(t *testing.T) {
	now := func() time.Time { return time.Date(2026, time.November, 21, 9, 0, 0, 500e6, time.UTC) }
	who := account{
		ID: userID, Username: "ada", Email: "ada@example.org", Role: Moderator, Badges: []string{"Editor"},
		Picture: "https://idp.example.org/ada.png",
	}
	const issued = `"iat":1795251600,"exp":1795252500`
	seen := make(map[string]bool, manySSO+manyShared+2*manyRSA)
	for _, test := range []struct {
		name string
		many int
		cfg  Config
		want string // the claims, as a pattern with the random parts in groups
	}{
		{"coral-sso", manySSO, Config{Profile: CoralSSO, SSOSecrets: map[string]store.Secret{"kid-1": "a-secret-of-more-than-thirty-two-bytes"}},
			`{"jti":"(` + randomID + `)",` + issued + `,"user":{"id":"` + userID + `","email":"ada@example.org","username":"ada","role":"MODERATOR",` +
				`"badges":\["Editor"\],"url":"https://sso.example.org/","avatar":"https://idp.example.org/ada.png"}}`},
		{"talk4", manyShared, Config{Profile: Talk4, SharedSecret: "a-secret-of-more-than-thirty-two-bytes", Audience: "talk"},
			`{"jti":"(` + randomID + `)",` + issued + `,"iss":"https://sso.example.org/talk","sub":"` + userID + `","aud":"talk",` +
				`"username":"ada","email":"ada@example.org","email_verified":true}`},
		{"coral-oidc", manyRSA, Config{Profile: CoralOIDC, Client: Client{ID: "coral"}},
			`{"jti":"(` + randomID + `)",` + issued + `,"iss":"https://sso.example.org/talk","sub":"` + userID + `","aud":"coral","nonce":"(` + randomID + `)",` +
				`"email":"ada@example.org","email_verified":true,"preferred_username":"ada","picture":"https://idp.example.org/ada.png"}`},
	} {
		t.Run(test.name, func(t *testing.T) {
			c := tokenMaker(t, test.cfg, now)
			want := regexp.MustCompile("^" + test.want + "$")
			for range test.many {
				token, _, err := c.signer.sign(c.claims(who, c.stamp(session.Session{Ends: now().Add(time.Hour)}, "", c.cfg.TokenLifetime)))
				if err != nil {
					t.Fatal(err)
				}
				claims := payload(t, token)
				random := want.FindStringSubmatch(claims)
				if random == nil {
					t.Fatalf("the claims are %s, want %s", claims, test.want)
				}
				for _, value := range random[1:] {
					if seen[value] {
						t.Fatalf("%q is in two tokens", value)
					}
					seen[value] = true
				}
			}
		})
	}
	if want := manySSO + manyShared + 2*manyRSA; len(seen) != want {
		t.Errorf("%d random values in all, want %d", len(seen), want)
	}
}

// tokenMaker is as much of a connector as signs tokens.
func tokenMaker(t *testing.T, cfg Config, now func() time.Time) *connector {
	t.Helper()
	cfg.Issuer, cfg.TokenLifetime = "https://sso.example.org/talk", 15*time.Minute
	env := chat.Env{Name: "talk", Now: now}
	if set, wanted := cfg.SigningKeys(); wanted {
		set.Name, set.Files = "talk", []string{rsaFile(t)}
		keys, err := keyring.New(keyring.Config{Store: memoryStore(t), Now: now, Sets: []keyring.SetConfig{set}})
		if err != nil {
			t.Fatal(err)
		}
		env.Keys = keys.Set("talk")
	}
	signer, err := newSigner(&cfg, env)
	if err != nil {
		t.Fatal(err)
	}
	return &connector{cfg: cfg, env: env, signer: signer, claims: cfg.shape("https://sso.example.org/")}
}

func memoryStore(t *testing.T) *store.Store {
	t.Helper()
	sealer, err := store.NewSealer("a", map[string][]byte{"a": make([]byte, 32)})
	if err != nil {
		t.Fatal(err)
	}
	s, err := store.New(store.Config{Engine: memstore.New(memstore.Config{}), Sealer: sealer})
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func rsaFile(t *testing.T) string {
	t.Helper()
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(t.TempDir(), "key.pem")
	text := pem.EncodeToMemory(&pem.Block{Type: "RSA PRIVATE KEY", Bytes: x509.MarshalPKCS1PrivateKey(key)})
	if err := os.WriteFile(path, text, 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

func payload(t *testing.T, token string) string {
	t.Helper()
	raw, err := base64.RawURLEncoding.DecodeString(strings.Split(token, ".")[1])
	if err != nil {
		t.Fatal(fmt.Errorf("decode the claims: %w", err))
	}
	return string(raw)
}
