package keyring_test

import (
	"bytes"
	"crypto/x509"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"chatgate/gateway/keyring"
	"chatgate/store"
	"chatgate/store/memstore"
)

// exampleDocument is the stored form as it was first released: later versions must go on reading it (D24).
func exampleDocument(t *testing.T) map[string]any {
	t.Helper()
	der, err := x509.MarshalPKCS8PrivateKey(exampleKey())
	if err != nil {
		t.Fatal(err)
	}
	return map[string]any{"version": 1, "keys": []map[string]any{{
		"kid": exampleKID, "der": der, "created": "2026-11-01T00:00:00Z", "signs_from": "2026-11-01T00:15:00Z",
	}}}
}

func putDocument(t *testing.T, engine store.Engine, document map[string]any) {
	t.Helper()
	bucket := store.NewBucket[map[string]any](newStore(t, engine, "a").Durable("keyring"))
	if err := bucket.Put(t.Context(), "talk", document, 0); err != nil {
		t.Fatal(err)
	}
}

func TestTheStoredFormIsRead(t *testing.T) {
	engine := memstore.New(memstore.Config{})
	putDocument(t, engine, exampleDocument(t))
	k := newKeyring(t, engine, nil, "talk")
	load(t, k)
	got, err := k.Set("talk").Keys()
	want := []keyring.Key{{
		KID: exampleKID, Public: &exampleKey().PublicKey,
		Created: time.Date(2026, 11, 1, 0, 0, 0, 0, time.UTC), SignsFrom: time.Date(2026, 11, 1, 0, 15, 0, 0, time.UTC),
		Signs: true,
	}}
	if diff := cmp.Diff(want, got); diff != "" || err != nil {
		t.Errorf("Keys() error = %v, diff (-want +got):\n%s", err, diff)
	}
}

func TestADocumentThatIsNotUnderstoodIsRefusedAndKept(t *testing.T) {
	for _, tt := range []struct {
		name   string
		change func(document, key map[string]any)
		want   string
	}{
		{"of a later version", func(d, _ map[string]any) { d["version"] = 2 }, "version 2"},
		{"without keys", func(d, _ map[string]any) { d["keys"] = []any{} }, "no key"},
		{"with another key's kid", func(_, k map[string]any) { k["kid"] = "mine" }, "thumbprint"},
		{"with a broken key", func(_, k map[string]any) { k["der"] = []byte("broken") }, exampleKID},
	} {
		t.Run(tt.name, func(t *testing.T) {
			engine := memstore.New(memstore.Config{})
			document := exampleDocument(t)
			tt.change(document, document["keys"].([]map[string]any)[0])
			putDocument(t, engine, document)
			before, _ := engine.Get(t.Context(), "d:keyring:talk")
			k := newKeyring(t, engine, nil, "talk")
			if err := k.Load(t.Context()); err == nil || !strings.Contains(err.Error(), tt.want) {
				t.Errorf("Load() = %v, want an error with %q", err, tt.want)
			}
			if err := k.Ready(); !errors.Is(err, keyring.ErrNotLoaded) {
				t.Errorf("Ready() = %v, want ErrNotLoaded", err)
			}
			if after, _ := engine.Get(t.Context(), "d:keyring:talk"); !bytes.Equal(before, after) {
				t.Error("the record was changed")
			}
		})
	}
}
