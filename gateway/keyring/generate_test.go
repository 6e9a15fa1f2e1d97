package keyring_test

import (
	"crypto/rsa"
	"crypto/x509"
	"encoding/pem"
	"fmt"
	"strings"
	"testing"

	"chatgate/gateway/keyring"
)

func TestAGeneratedFileSignsUnderTheKeyIDThatWasTold(t *testing.T) {
	for _, bits := range []int{2048, 3072} {
		file, made, err := keyring.Generate(bits)
		if err != nil {
			t.Fatalf("Generate(%d) = %v", bits, err)
		}
		if printed := fmt.Sprintf("%v %+v %#v %s", file, file, file, file); strings.Contains(printed, "PRIVATE KEY") {
			t.Error("a generated file prints its key")
		}
		k, err := fromFiles(t, &journal{}, writeFile(t, []byte(file.Reveal())))
		if err != nil {
			t.Fatalf("New() with a generated file = %v", err)
		}
		keys, err := k.Set("talk").Keys()
		if err != nil || keys[0].KID != made.KID || keys[0].Public.N.BitLen() != bits {
			t.Errorf("the file holds key %q, %v, want %q of %d bits", keys[0].KID, err, made.KID, bits)
		}
		if got, err := keyring.PublicOf(file); err != nil || got.KID != made.KID || !got.Public.Equal(made.Public) {
			t.Errorf("PublicOf() = %q, %v, want %q", got.KID, err, made.KID)
		}
	}
}

func TestGenerateRefusesWeakAndSlowKeys(t *testing.T) { // G1
	for _, bits := range []int{-1, 0, 1024, 2047, 4097, 1 << 20} {
		if _, _, err := keyring.Generate(bits); err == nil || !strings.Contains(err.Error(), "2048 to 4096") {
			t.Errorf("Generate(%d) = %v, want a refusal", bits, err)
		}
	}
}

func TestThePublicHalfIsPEM(t *testing.T) { // G14
	text, err := keyring.Key{Public: &exampleKey().PublicKey}.PublicPEM()
	if err != nil {
		t.Fatal(err)
	}
	block, rest := pem.Decode([]byte(text))
	if block == nil || block.Type != "PUBLIC KEY" || len(rest) > 0 {
		t.Fatalf("PublicPEM() = %s", text)
	}
	parsed, err := x509.ParsePKIXPublicKey(block.Bytes)
	if public, ok := parsed.(*rsa.PublicKey); err != nil || !ok || !public.Equal(&exampleKey().PublicKey) {
		t.Errorf("PublicPEM() holds %T, %v, want the example's key", parsed, err)
	}
}
