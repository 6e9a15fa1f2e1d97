package keyring

import (
	"errors"
	"fmt"
	"time"

	"github.com/golang-jwt/jwt/v5"

	"chatgate/store"
)

// minSecretBytes is 256 bits, the least for HS256 (RFC 7518, Section 3.2; S103).
const minSecretBytes = 32

// CheckSharedSecret refuses a secret that is too short, and one with characters outside printable ASCII: Talk and
// Coral read the text in ways that make those never match (G11).
func CheckSharedSecret(secret store.Secret) error {
	text := secret.Reveal()
	if len(text) < minSecretBytes {
		return fmt.Errorf("shared secret has %d bytes, at least %d are needed", len(text), minSecretBytes)
	}
	for _, b := range []byte(text) {
		if b < ' ' || b > '~' {
			return errors.New("shared secret has characters that are not printable ASCII")
		}
	}
	return nil
}

// SignShared makes an HS256 token with a secret that the chat knows as kid. The key is the secret's text as given, never
// decoded, because that is how Coral uses it (G15). Claims are as for [Set.Sign].
func SignShared(secret store.Secret, kid string, claims any) (string, error) {
	if kid == "" {
		return "", errors.New("sign token: a shared secret needs its kid")
	}
	if err := CheckSharedSecret(secret); err != nil {
		return "", fmt.Errorf("sign token: %w", err)
	}
	return sign(jwt.SigningMethodHS256, kid, []byte(secret.Reveal()), claims)
}

// VerifyShared returns the claims of a token that SignShared made with one of the secrets, which are named by kid, or
// ErrRefused. Such tokens name neither issuer nor audience (G15): the secret alone says whose they are.
func VerifyShared(secrets map[string]store.Secret, token string, now time.Time) (Claims, error) {
	return verify(token, jwt.SigningMethodHS256, now, 0, func(kid string) (any, error) {
		secret, ok := secrets[kid]
		if !ok {
			return nil, errUnknownKID
		}
		return []byte(secret.Reveal()), CheckSharedSecret(secret)
	})
}
