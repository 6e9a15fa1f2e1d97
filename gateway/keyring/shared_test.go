package keyring_test

import (
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"chatgate/gateway/keyring"
	"chatgate/store"
)

const (
	coralSecret = store.Secret("ssosec_0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef")
	oldSecret   = store.Secret("ssosec_fedcba9876543210fedcba9876543210fedcba9876543210fedcba9876543210")
)

func ssoClaims() object {
	return object{
		"jti": "j1", "iat": noon.Unix(), "exp": noon.Add(15 * time.Minute).Unix(),
		"user": object{"id": "u1", "email": "ada@example.org", "username": "Ada"},
	}
}

func TestASharedTokenIsSignedWithTheSecretsText(t *testing.T) { // G15
	token, err := keyring.SignShared(coralSecret, "k1", ssoClaims())
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(object{"alg": "HS256", "typ": "JWT", "kid": "k1"}, segment(t, token, 0)); diff != "" {
		t.Errorf("header (-want +got):\n%s", diff)
	}
	input := token[:strings.LastIndex(token, ".")]
	parts := strings.Split(forge(t, object{}, object{}, func(string) []byte {
		return bySecret([]byte(coralSecret.Reveal()))(input)
	}), ".")
	if got := token[len(input)+1:]; got != parts[2] {
		t.Errorf("signature = %q, want the HMAC by the text %q", got, parts[2])
	}
}

func TestVerifySharedTakesTheTokensOfEverySecret(t *testing.T) { // S103: several, for rotation
	secrets := map[string]store.Secret{"k1": oldSecret, "k2": coralSecret}
	for kid, secret := range secrets {
		token, err := keyring.SignShared(secret, kid, ssoClaims())
		if err != nil {
			t.Fatal(err)
		}
		got, err := keyring.VerifyShared(secrets, token, noon)
		if err != nil || got.ID != "j1" {
			t.Errorf("VerifyShared(%s) = %+v, %v", kid, got, err)
		}
		var more struct{ User struct{ ID string } }
		if err := got.Decode(&more); err != nil || more.User.ID != "u1" {
			t.Errorf("Decode() = %+v, %v, want the user", more, err)
		}
	}
}

func TestVerifySharedRefusesEveryOtherToken(t *testing.T) {
	secrets := map[string]store.Secret{"k1": coralSecret, "short": "hunter2"}
	header := object{"alg": "HS256", "typ": "JWT", "kid": "k1"}
	secret := bySecret([]byte(coralSecret.Reveal()))
	for _, tt := range []struct{ name, token string }{
		{"of no algorithm", forge(t, with(header, object{"alg": "none"}), ssoClaims(), byNobody)},
		{"RS256 by a key of ours", forge(t, with(header, object{"alg": "RS256"}), ssoClaims(), by(exampleKey()))},
		{"HS512 in the header", forge(t, with(header, object{"alg": "HS512"}), ssoClaims(), secret)},
		{"by another secret", forge(t, header, ssoClaims(), bySecret([]byte(oldSecret.Reveal())))},
		{"by no secret", forge(t, header, ssoClaims(), bySecret(nil))},
		{"with an unknown kid", forge(t, with(header, object{"kid": "k2"}), ssoClaims(), bySecret(nil))},
		{"without kid", forge(t, with(header, object{"kid": nil}), ssoClaims(), secret)},
		{"by a secret that is too short", forge(t, with(header, object{"kid": "short"}), ssoClaims(), bySecret([]byte("hunter2")))},
		{"expired", forge(t, header, with(ssoClaims(), object{"exp": noon.Unix()}), secret)},
		{"without exp", forge(t, header, with(ssoClaims(), object{"exp": nil}), secret)},
		{"of 1 MiB", forge(t, header, with(ssoClaims(), object{"x": strings.Repeat("x", 1<<20)}), secret)},
		{"of five dots", "....."},
	} {
		t.Run(tt.name, func(t *testing.T) {
			if got, err := keyring.VerifyShared(secrets, tt.token, noon); !errors.Is(err, keyring.ErrRefused) {
				t.Errorf("VerifyShared() = %+v, %v, want ErrRefused", got, err)
			}
		})
	}
}

func TestASecretThatCannotWorkIsRefused(t *testing.T) { // S103, G11
	for _, tt := range []struct {
		name   string
		secret store.Secret
		ok     bool
	}{
		{"of 32 bytes", store.Secret(strings.Repeat("s", 32)), true},
		{"of 31 bytes", store.Secret(strings.Repeat("s", 31)), false},
		{"of nothing", "", false},
		{"beyond ASCII", store.Secret(strings.Repeat("é", 32)), false},
		{"with a line break", store.Secret(strings.Repeat("s", 32) + "\n"), false},
	} {
		t.Run(tt.name, func(t *testing.T) {
			err := keyring.CheckSharedSecret(tt.secret)
			if (err == nil) != tt.ok {
				t.Errorf("CheckSharedSecret() = %v, want ok = %v", err, tt.ok)
			}
			_, signErr := keyring.SignShared(tt.secret, "k1", ssoClaims())
			if (signErr == nil) != tt.ok {
				t.Errorf("SignShared() = %v, want ok = %v", signErr, tt.ok)
			}
			if err != nil && tt.secret != "" && strings.Contains(err.Error(), tt.secret.Reveal()) {
				t.Error("the error shows the secret")
			}
		})
	}
	if _, err := keyring.SignShared(coralSecret, "", ssoClaims()); err == nil {
		t.Error("SignShared() without a kid = nil, want an error")
	}
}
