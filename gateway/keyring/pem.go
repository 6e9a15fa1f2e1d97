package keyring

import (
	"crypto/x509"
	"encoding/pem"
	"errors"
	"fmt"
	"os"
	"strings"
)

// readFile reads the one private key of a PEM file, and warns when others may read it too (S99).
func (k *Keyring) readFile(path string) (signingKey, error) {
	raw, err := os.ReadFile(path)
	if err != nil {
		return signingKey{}, err
	}
	parsed, err := parsePEM(raw)
	if err != nil {
		return signingKey{}, err
	}
	key, err := newSigningKey(parsed)
	if err != nil {
		return signingKey{}, err
	}
	if info, err := os.Stat(path); err == nil && info.Mode().Perm()&0o004 != 0 {
		k.log.Warn("signing key file readable by others", "path", path, "mode", info.Mode().Perm().String())
	}
	return key, nil
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
