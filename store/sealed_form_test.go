package store_test

import (
	"bytes"
	"crypto/aes"
	"crypto/cipher"
	"crypto/hkdf"
	"crypto/sha256"
	"testing"
)

// TestTheFingerprintTellsNothingOfTheKey takes a sealed value apart by the standard library alone: one byte of version,
// four of fingerprint, the nonce, and AES-256-GCM with the place beside it. Fingerprint and key come out of one HKDF by
// two names, so that what every record shows is no part of what seals it (S59); and a form that was released is read by
// every later version (D24).
func TestTheFingerprintTellsNothingOfTheKey(t *testing.T) {
	t.Parallel()
	const head = 5
	sealed := sealer(t, "a").Seal([]byte("plain"), "here")
	shown, err := hkdf.Key(sha256.New, keyNamed("a"), nil, "chatgate sealing key fingerprint", 32)
	if err != nil {
		t.Fatal(err)
	}
	if sealed[0] != 1 || !bytes.Equal(sealed[1:head], shown[:head-1]) {
		t.Errorf("a sealed value begins with %x, want version 1 and fingerprint %x", sealed[:head], shown[:head-1])
	}
	if _, err := openBy(t, shown, sealed[head:]); err == nil {
		t.Error("what the fingerprint is cut from opens the value")
	}
	key, err := hkdf.Key(sha256.New, keyNamed("a"), nil, "chatgate sealing AES-256-GCM", 32)
	if err != nil {
		t.Fatal(err)
	}
	if plain, err := openBy(t, key, sealed[head:]); err != nil || string(plain) != "plain" {
		t.Errorf("opened by the standard library = %q, %v, want %q", plain, err, "plain")
	}
}

func openBy(t *testing.T, key, body []byte) ([]byte, error) {
	t.Helper()
	block, err := aes.NewCipher(key)
	if err != nil {
		t.Fatal(err)
	}
	aead, err := cipher.NewGCM(block)
	if err != nil {
		t.Fatal(err)
	}
	return aead.Open(nil, body[:aead.NonceSize()], body[aead.NonceSize():], []byte("here"))
}
