package keyring_test

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/pem"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"chatgate/gateway/keyring"
	"chatgate/store/memstore"
)

// fromFiles builds a keyring whose one set has these files.
func fromFiles(t *testing.T, log *journal, files ...string) (*keyring.Keyring, error) {
	t.Helper()
	return keyring.New(keyring.Config{
		Store: newStore(t, memstore.New(memstore.Config{}), "a"), Log: log.Logger(),
		Sets: []keyring.SetConfig{{Name: "talk", Files: files}},
	})
}

func pkcs8(t *testing.T, key any) []byte {
	t.Helper()
	der, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		t.Fatal(err)
	}
	return der
}

func TestBothFormsOfPEMFilesAreTaken(t *testing.T) {
	for _, tt := range []struct{ name, path string }{
		{"PKCS #1", pemFile(t, "RSA PRIVATE KEY", x509.MarshalPKCS1PrivateKey(exampleKey()))},
		{"PKCS #8", pemFile(t, "PRIVATE KEY", pkcs8(t, exampleKey()))},
	} {
		t.Run(tt.name, func(t *testing.T) {
			k, err := fromFiles(t, &journal{}, tt.path)
			if err != nil {
				t.Fatalf("New() = %v", err)
			}
			if kid := signingKID(t, k.Set("talk")); kid != exampleKID {
				t.Errorf("%q signs, want %q", kid, exampleKID)
			}
		})
	}
}

func TestTheFirstFileSignsAndAllArePublished(t *testing.T) {
	k := fileKeyring(t, nil, otherKey(), exampleKey())
	load(t, k)
	if kid := signingKID(t, k.Set("talk")); kid == exampleKID {
		t.Error("the second file signs, want the first")
	}
	d, err := k.Set("talk").JWKS()
	if kids := publishedKIDs(t, d, err); len(kids) != 2 || !strings.Contains(strings.Join(kids, " "), exampleKID) {
		t.Errorf("published %v, want both keys", kids)
	}
}

func TestAFileThatHoldsNoStrongRSAPrivateKeyStopsTheStart(t *testing.T) { // G1, S99
	weak, err := rsa.GenerateKey(rand.Reader, 1024)
	if err != nil {
		t.Fatal(err)
	}
	curve, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	sec1, err := x509.MarshalECPrivateKey(curve)
	if err != nil {
		t.Fatal(err)
	}
	_, edwards, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	public, err := x509.MarshalPKIXPublicKey(&exampleKey().PublicKey)
	if err != nil {
		t.Fatal(err)
	}
	good := pkcs8(t, exampleKey())
	block := pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: good})
	for _, tt := range []struct{ name, path, want string }{
		{"an RSA key of 1024 bits", pemFile(t, "PRIVATE KEY", pkcs8(t, weak)), "RSA key of 1024 bits, at least 2048 are needed"},
		{"an EC key in PKCS #8", pemFile(t, "PRIVATE KEY", pkcs8(t, curve)), "*ecdsa.PrivateKey, an RSA private key is needed"},
		{"an EC key in SEC 1", pemFile(t, "EC PRIVATE KEY", sec1), `"EC PRIVATE KEY" block, an RSA private key`},
		{"an Ed25519 key", pemFile(t, "PRIVATE KEY", pkcs8(t, edwards)), "ed25519.PrivateKey, an RSA private key is needed"},
		{"a public key alone", pemFile(t, "PUBLIC KEY", public), `"PUBLIC KEY" block, an RSA private key`},
		{"an encrypted key", pemFile(t, "ENCRYPTED PRIVATE KEY", good), "is encrypted"},
		{"a key encrypted the old way", writeFile(t, pem.EncodeToMemory(&pem.Block{
			Type: "RSA PRIVATE KEY", Headers: map[string]string{"Proc-Type": "4,ENCRYPTED", "DEK-Info": "AES-128-CBC,00"}, Bytes: good,
		})), "is encrypted"},
		{"two keys", writeFile(t, bytes.Repeat(block, 2)), "more than one PEM block"},
		{"a damaged key", pemFile(t, "PRIVATE KEY", good[:100]), "truncated"},
		{"no PEM", writeFile(t, []byte("hello\n")), "no PEM block"},
		{"nothing", filepath.Join(t.TempDir(), "absent.pem"), "no such file"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			_, err := fromFiles(t, &journal{}, tt.path)
			if err == nil || !strings.Contains(err.Error(), tt.want) || !strings.Contains(err.Error(), tt.path) {
				t.Errorf("New() error = %v, want one with %q and the path", err, tt.want)
			}
		})
	}
}

func TestNoKeyIsUsedTwice(t *testing.T) { // G4, G5
	path := pemFile(t, "PRIVATE KEY", pkcs8(t, exampleKey()))
	for _, tt := range []struct {
		name string
		sets []keyring.SetConfig
	}{
		{"by one chat", []keyring.SetConfig{{Name: "talk", Files: []string{path, path}}}},
		{"by two chats", []keyring.SetConfig{{Name: "talk", Files: []string{path}}, {Name: "coral", Files: []string{path}}}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			_, err := keyring.New(keyring.Config{Store: newStore(t, memstore.New(memstore.Config{}), "a"), Sets: tt.sets})
			if err == nil || !strings.Contains(err.Error(), `chat "talk" has this key already`) {
				t.Errorf("New() error = %v, want a refusal that names the other owner", err)
			}
		})
	}
}

func TestAKeyFileThatOthersReadIsWarnedOf(t *testing.T) { // S99
	path := pemFile(t, "PRIVATE KEY", pkcs8(t, exampleKey()))
	warned, exposed := map[os.FileMode]bool{}, map[os.FileMode]bool{}
	for _, mode := range []os.FileMode{0o600, 0o640, 0o644} {
		if err := os.Chmod(path, mode); err != nil {
			t.Fatal(err)
		}
		var log journal
		k, err := fromFiles(t, &log, path)
		if err != nil {
			t.Fatal(err)
		}
		warned[mode] = strings.Contains(log.String(), "readable by others") && strings.Contains(log.String(), path)
		exposed[mode] = slices.Equal(overview(t, k).Exposed, []string{path})
	}
	want := map[os.FileMode]bool{0o600: false, 0o640: false, 0o644: true}
	if diff := cmp.Diff(want, warned); diff != "" {
		t.Errorf("warnings by mode (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff(want, exposed); diff != "" {
		t.Errorf("files told as exposed, by mode (-want +got):\n%s", diff)
	}
}
