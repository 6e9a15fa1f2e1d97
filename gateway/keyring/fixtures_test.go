package keyring_test

import (
	"bytes"
	"context"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/json"
	"encoding/pem"
	"log/slog"
	"os"
	"path/filepath"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/go-jose/go-jose/v4"

	"chatgate/gateway/keyring"
	"chatgate/store"
	"chatgate/store/memstore"
)

var noon = time.Date(2026, 11, 21, 12, 0, 0, 0, time.UTC)

// clock is a clock that moves when told to.
type clock struct{ offset atomic.Int64 }

func (c *clock) Now() time.Time          { return noon.Add(time.Duration(c.offset.Load())) }
func (c *clock) Advance(d time.Duration) { c.offset.Add(int64(d)) }

// faulty is an engine that can be away, altogether or for one key.
type faulty struct {
	store.Engine
	away    atomic.Bool
	awayFor string
}

func (f *faulty) Get(ctx context.Context, key string) ([]byte, error) {
	if f.away.Load() || key == f.awayFor {
		return nil, store.ErrUnavailable
	}
	return f.Engine.Get(ctx, key)
}

func (f *faulty) Add(ctx context.Context, key string, value []byte, ttl time.Duration) error {
	if f.away.Load() || key == f.awayFor {
		return store.ErrUnavailable
	}
	return f.Engine.Add(ctx, key, value, ttl)
}

// sealingKeys are named by one letter each.
func sealingKeys(names string) map[string][]byte {
	keys := map[string][]byte{}
	for _, name := range names {
		keys[string(name)] = bytes.Repeat([]byte(string(name)), 32)
	}
	return keys
}

// newStore seals with the first of the keys named.
func newStore(t testing.TB, engine store.Engine, keys string) *store.Store {
	t.Helper()
	sealer, err := store.NewSealer(keys[:1], sealingKeys(keys))
	if err != nil {
		t.Fatal(err)
	}
	st, err := store.New(store.Config{Engine: engine, Sealer: sealer})
	if err != nil {
		t.Fatal(err)
	}
	return st
}

// newKeyring is one replica with stored keys for the chats named.
func newKeyring(t *testing.T, engine store.Engine, now func() time.Time, chats ...string) *keyring.Keyring {
	t.Helper()
	cfg := keyring.Config{Store: newStore(t, engine, "a"), Now: now}
	for _, chat := range chats {
		cfg.Sets = append(cfg.Sets, keyring.SetConfig{Name: chat})
	}
	k, err := keyring.New(cfg)
	if err != nil {
		t.Fatal(err)
	}
	return k
}

// fileKeyring has one chat, "talk", with keys from files; it needs no loading.
func fileKeyring(t testing.TB, now func() time.Time, keys ...*rsa.PrivateKey) *keyring.Keyring {
	t.Helper()
	set := keyring.SetConfig{Name: "talk"}
	for _, key := range keys {
		set.Files = append(set.Files, pemFile(t, "RSA PRIVATE KEY", x509.MarshalPKCS1PrivateKey(key)))
	}
	k, err := keyring.New(keyring.Config{
		Store: newStore(t, memstore.New(memstore.Config{}), "a"), Now: now, Sets: []keyring.SetConfig{set},
	})
	if err != nil {
		t.Fatal(err)
	}
	return k
}

func load(t *testing.T, k *keyring.Keyring) {
	t.Helper()
	if err := k.Load(t.Context()); err != nil {
		t.Fatalf("Load() = %v", err)
	}
}

func pemFile(t testing.TB, kind string, der []byte) string {
	t.Helper()
	return writeFile(t, pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: der}))
}

func writeFile(t testing.TB, content []byte) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "signing.pem")
	if err := os.WriteFile(path, content, 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

// exampleKey is the RSA key of RFC 7515, Appendix A.2: a secret of nobody's.
var exampleKey = sync.OnceValue(func() *rsa.PrivateKey {
	raw, err := os.ReadFile("testdata/rfc7515-a2.json")
	if err != nil {
		panic(err)
	}
	var key jose.JSONWebKey
	if err := key.UnmarshalJSON(raw); err != nil {
		panic(err)
	}
	return key.Key.(*rsa.PrivateKey)
})

// exampleKID is its thumbprint, computed by other means.
const exampleKID = "IsUn6_e04MaShXFIISMp4kG62LWzMIPy_MvSA5pJgX8"

// otherKey is a second key, made once for all tests.
var otherKey = sync.OnceValue(func() *rsa.PrivateKey {
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		panic(err)
	}
	return key
})

// publishedKIDs reads a JWK set.
func publishedKIDs(t *testing.T, d keyring.Document, err error) []string {
	t.Helper()
	if err != nil {
		t.Fatalf("JWKS() error = %v", err)
	}
	var set struct{ Keys []struct{ KID string } }
	if err := json.Unmarshal(d.Body, &set); err != nil {
		t.Fatal(err)
	}
	kids := []string{}
	for _, key := range set.Keys {
		kids = append(kids, key.KID)
	}
	return kids
}

func signingKID(t *testing.T, s *keyring.Set) string {
	t.Helper()
	kid, err := s.SigningKID()
	if err != nil {
		t.Fatalf("SigningKID() error = %v", err)
	}
	return kid
}

// journal collects log messages.
type journal struct {
	mu   sync.Mutex
	text bytes.Buffer
}

func (j *journal) Write(p []byte) (int, error) {
	j.mu.Lock()
	defer j.mu.Unlock()
	return j.text.Write(p)
}

func (j *journal) String() string {
	j.mu.Lock()
	defer j.mu.Unlock()
	return j.text.String()
}

func (j *journal) Logger() *slog.Logger { return slog.New(slog.NewTextHandler(j, nil)) }
