package keyring

import (
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"fmt"
	"os"
	"strings"

	"chatgate/store"
)

// readFile reads the one private key of a PEM file, and warns when it is exposed: others may read it too (S99).
func (k *Keyring) readFile(path string) (key signingKey, exposed bool, err error) {
	raw, err := os.ReadFile(path)
	if err != nil {
		return signingKey{}, false, err
	}
	parsed, err := parsePEM(raw)
	if err != nil {
		return signingKey{}, false, err
	}
	if key, err = newSigningKey(parsed); err != nil {
		return signingKey{}, false, err
	}
	if info, err := os.Stat(path); err == nil && info.Mode().Perm()&0o004 != 0 {
		k.log.Warn("signing key file readable by others", "path", path, "mode", info.Mode().Perm().String())
		exposed = true
	}
	return key, exposed, nil
}

// parsePEM returns the private key of the only block, of whatever kind. Its errors say what the file holds instead.
func parsePEM(raw []byte) (any, error) {
	block, rest := pem.Decode(raw)
	if block == nil {
		return nil, errors.New("holds no PEM block")
	}
	if more, _ := pem.Decode(rest); more != nil {
		return nil, errors.New("holds more than one PEM block, one private key is needed")
	}
	if block.Type == "ENCRYPTED PRIVATE KEY" || strings.Contains(block.Headers["Proc-Type"], "ENCRYPTED") {
		return nil, errors.New("is encrypted, an unencrypted key is needed")
	}
	switch block.Type {
	case "RSA PRIVATE KEY":
		return x509.ParsePKCS1PrivateKey(block.Bytes)
	case "PRIVATE KEY":
		return x509.ParsePKCS8PrivateKey(block.Bytes)
	}
	return nil, fmt.Errorf("holds a %q block, an RSA private key (PKCS #1 or PKCS #8) is needed", block.Type)
}

// PublicOf is the public half of a private key in PEM, such as Generate makes. Its error says what the text holds instead.
func PublicOf(private store.Secret) (Key, error) {
	parsed, err := parsePEM([]byte(private.Reveal()))
	if err != nil {
		return Key{}, err
	}
	key, err := newSigningKey(parsed)
	if err != nil {
		return Key{}, err
	}
	return Key{KID: key.kid, Public: &key.private.PublicKey}, nil
}

// Generate makes a key for a file of the operator's: unencrypted PEM (PKCS #8), and what may be told of it.
func Generate(bits int) (file store.Secret, made Key, err error) {
	if bits < minKeyBits || bits > maxKeyBits {
		return "", Key{}, fmt.Errorf("RSA keys for signing have %d to %d bits, got %d", minKeyBits, maxKeyBits, bits)
	}
	private, err := rsa.GenerateKey(rand.Reader, bits)
	if err != nil {
		return "", Key{}, fmt.Errorf("make signing key: %w", err)
	}
	der, err := x509.MarshalPKCS8PrivateKey(private)
	if err != nil {
		return "", Key{}, fmt.Errorf("encode signing key: %w", err)
	}
	kid, err := thumbprint(&private.PublicKey)
	block := &pem.Block{Type: "PRIVATE KEY", Bytes: der}
	return store.Secret(pem.EncodeToMemory(block)), Key{KID: kid, Public: &private.PublicKey}, err
}

// PublicPEM is the public half as PEM (SubjectPublicKeyInfo), which is how Talk 4 reads it from its environment (G14).
func (k Key) PublicPEM() (string, error) {
	der, err := x509.MarshalPKIXPublicKey(k.Public)
	if err != nil {
		return "", fmt.Errorf("encode public key: %w", err)
	}
	return string(pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: der})), nil
}
