package talktest

import (
	"encoding/base64"
	"errors"
	"fmt"
	"regexp"
	"strings"

	"github.com/golang-jwt/jwt/v5"
)

// keys reads the configured keys by kid.
func (cfg *Talk4Config) keys() (map[string]any, error) {
	if len(cfg.Secrets) == 0 {
		key, err := readKey(cfg.Algorithm, cfg.Secret, cfg.Secret)
		if err != nil {
			return nil, fmt.Errorf("Secret: %w", err)
		}
		return map[string]any{"": key}, nil
	}
	keys := make(map[string]any, len(cfg.Secrets))
	for i, s := range cfg.Secrets {
		if _, taken := keys[s.KID]; taken || s.KID == "" {
			return nil, fmt.Errorf("Secrets[%d].KID: must be a unique string, got %q", i, s.KID)
		}
		key, err := readKey(cfg.Algorithm, s.Secret, s.Public)
		if err != nil {
			return nil, fmt.Errorf("Secrets[%d]: %w", i, err)
		}
		keys[s.KID] = key
	}
	return keys, nil
}

// jsonwebtokenAlgorithms are those of jsonwebtoken 8.5.1 that need a key. EdDSA is not among them.
var jsonwebtokenAlgorithms = regexp.MustCompile(`^(HS|RS|PS|ES)(256|384|512)$`)

func readKey(algorithm, secret, public string) (any, error) {
	parts := jsonwebtokenAlgorithms.FindStringSubmatch(algorithm)
	if parts == nil {
		return nil, fmt.Errorf("algorithm: %q is not a valid algorithm", algorithm)
	}
	pem := []byte(strings.ReplaceAll(public, `\n`, "\n"))
	switch parts[1] {
	case "HS":
		return hmacKey(secret)
	case "ES":
		return jwt.ParseECPublicKeyFromPEM(pem)
	default:
		return jwt.ParseRSAPublicKeyFromPEM(pem)
	}
}

// hmacKey uses the text as it is: JSON around a secret, as Talk's own pages show it, becomes part of the key. After
// "base64:" the bytes are read as UTF-8, so one outside ASCII is replaced and never matches its signer's (G11).
func hmacKey(secret string) ([]byte, error) {
	if secret == "" {
		return nil, errors.New("a secret is required")
	}
	encoded, ok := strings.CutPrefix(secret, "base64:")
	if !ok {
		return []byte(secret), nil
	}
	raw, err := base64.StdEncoding.DecodeString(encoded)
	if err != nil {
		return nil, fmt.Errorf("decode the base64 secret: %w", err)
	}
	return []byte(string([]rune(string(raw)))), nil
}
