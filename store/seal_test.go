package store_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"testing"
	"time"

	"chatgate/store"
)

func TestNewSealerRefusesBadKeys(t *testing.T) {
	t.Parallel()
	a, b := keyNamed("a"), keyNamed("b")
	for name, tt := range map[string]struct {
		keys map[string][]byte
		want string
	}{
		"a short key":             {map[string][]byte{"now": a[:31]}, `sealing key "now": must have at least 32 bytes, got 31`},
		"no keys":                 {nil, `current sealing key "now" is not among the keys given`},
		"the current key missing": {map[string][]byte{"old": b}, `current sealing key "now" is not among the keys given`},
		"one key under two names": {map[string][]byte{"now": a, "old": a}, "are the same key"},
	} {
		_, err := store.NewSealer("now", tt.keys)
		if err == nil || !strings.Contains(err.Error(), tt.want) {
			t.Errorf("NewSealer() with %s = %v, want %q", name, err, tt.want)
		}
	}
}

func TestSealerOpensOnlyAtThePlace(t *testing.T) { // S59
	t.Parallel()
	s := sealer(t, "a")
	sealed := s.Seal([]byte("plain"), "here")
	if got, err := s.Open(sealed, "here"); err != nil || string(got) != "plain" {
		t.Errorf("Open() = %q, %v, want %q", got, err, "plain")
	}
	_, err := s.Open(sealed, "there")
	wantErr(t, "Open() elsewhere", err, store.ErrCorrupt)
	if again := s.Seal([]byte("plain"), "here"); bytes.Equal(again, sealed) {
		t.Error("sealing twice gave the same bytes")
	}
}

func TestSealerRefusesEveryFlippedBitAndEveryCut(t *testing.T) { // S60
	t.Parallel()
	s := sealer(t, "a")
	sealed := s.Seal([]byte("plain"), "here")
	for bit := range len(sealed) * 8 {
		flipped := bytes.Clone(sealed)
		flipped[bit/8] ^= 1 << (bit % 8)
		if _, err := s.Open(flipped, "here"); !errors.Is(err, store.ErrCorrupt) && !errors.Is(err, store.ErrUnknownKey) {
			t.Errorf("Open() with bit %d flipped = %v", bit, err)
		}
	}
	for n := range sealed {
		if _, err := s.Open(sealed[:n], "here"); !errors.Is(err, store.ErrCorrupt) {
			t.Errorf("Open() of the first %d bytes = %v, want %v", n, err, store.ErrCorrupt)
		}
	}
}

func FuzzSealerOpensNothingForeign(f *testing.F) { // S68
	s, err := store.NewSealer("a", map[string][]byte{"a": keyNamed("a")})
	if err != nil {
		f.Fatal(err)
	}
	for _, seed := range [][]byte{nil, {1}, {1, 0, 0, 0, 0}, []byte("plain text"), s.Seal([]byte("x"), "elsewhere")} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, sealed []byte) {
		if plain, err := s.Open(sealed, "here"); err == nil {
			t.Errorf("Open(%x) = %q", sealed, plain)
		}
	})
}

func TestSealerRotation(t *testing.T) { // S61, D23
	t.Parallel()
	before, added, current, removed := sealer(t, "old"), sealer(t, "old", "new"), sealer(t, "new", "old"), sealer(t, "new")
	underOld, underNew := before.Seal([]byte("o"), "here"), current.Seal([]byte("n"), "here")
	for name, tt := range map[string]struct {
		sealer   *store.Sealer
		old, new error
		stale    bool
	}{
		"before the new key is added":  {before, nil, store.ErrUnknownKey, false},
		"with the new key added":       {added, nil, nil, false},
		"with the new key current":     {current, nil, nil, true},
		"after the old key is removed": {removed, store.ErrUnknownKey, nil, true},
	} {
		_, err := tt.sealer.Open(underOld, "here")
		wantErr(t, name+", Open(under old)", err, tt.old)
		_, err = tt.sealer.Open(underNew, "here")
		wantErr(t, name+", Open(under new)", err, tt.new)
		if got := tt.sealer.Stale(underOld); got != tt.stale {
			t.Errorf("%s, Stale(under old) = %v, want %v", name, got, tt.stale)
		}
	}
}

func TestSealerNamesAnUnknownKeyByItsFingerprint(t *testing.T) {
	t.Parallel()
	old := sealer(t, "old")
	_, err := sealer(t, "new").Open(old.Seal([]byte("x"), "here"), "here")
	var unknown *store.UnknownKeyError
	if !errors.As(err, &unknown) || old.String() != "old="+unknown.Fingerprint {
		t.Errorf("Open() = %v, want an UnknownKeyError with the fingerprint in %q", err, old)
	}
	if !strings.Contains(fmt.Sprint(err), unknown.Fingerprint) {
		t.Errorf("%q does not name %q", err, unknown.Fingerprint)
	}
}

func TestSealerKnowsNoStaleGarbage(t *testing.T) {
	t.Parallel()
	for _, sealed := range []string{"", "\x01abc", "\x02abcdefgh", "text"} {
		if sealer(t, "a").Stale([]byte(sealed)) {
			t.Errorf("Stale(%q) = true", sealed)
		}
	}
}

func TestSwappedRecordsDoNotOpen(t *testing.T) { // S60
	t.Parallel()
	w := newWorld()
	bucket := store.NewBucket[link](w.replica(t, "a").Passing("room"))
	must(t, bucket.Put(t.Context(), "x", link{Name: "x"}, time.Hour))
	must(t, bucket.Put(t.Context(), "y", link{Name: "y"}, time.Hour))
	x, y := w.raw(t, "t:room:x"), w.raw(t, "t:room:y")
	must(t, w.engine.Put(t.Context(), "t:room:x", y, time.Hour))
	must(t, w.engine.Put(t.Context(), "t:room:y", x, time.Hour))
	for _, id := range []string{"x", "y"} {
		_, err := bucket.Get(t.Context(), id)
		wantErr(t, "Get("+id+") after the swap", err, store.ErrCorrupt)
	}
}

func TestSwappedFieldsDoNotOpen(t *testing.T) { // S60
	t.Parallel()
	w := newWorld()
	records := store.NewRecords(w.replica(t, "a").Passing("room"), "s")
	must(t, records.Add(t.Context(), "x", map[string]store.Value{"s": {V: ada}, "token": {V: ada}}, time.Hour))
	raw, err := w.engine.AllHash(t.Context(), "t:room:x")
	must(t, err)
	swapped := map[string][]byte{"s": raw["token"], "token": raw["s"]}
	must(t, w.engine.SetHash(t.Context(), "t:room:x", "s", swapped, nil, 0))
	got, err := records.Get(t.Context(), "x", "s", "token")
	must(t, err)
	for _, field := range []string{"s", "token"} {
		wantErr(t, "Open("+field+") after the swap", got.Open(field, new(link)), store.ErrCorrupt)
	}
}

func TestGarbageIsRefused(t *testing.T) { // S68
	t.Parallel()
	w := newWorld()
	s := w.replica(t, "a")
	bucket := store.NewBucket[link](s.Passing("room"))
	place := "t:room:x\x00"
	for name, garbage := range map[string][]byte{
		"nothing":                      {},
		"text":                         []byte("ada"),
		"another version":              append([]byte{2}, sealer(t, "a").Seal([]byte("x"), place)[1:]...),
		"a value too short for an end": sealer(t, "a").Seal([]byte("short"), place),
		"a value that is no JSON":      sealer(t, "a").Seal([]byte("\x00\x00\x00\x00\x00\x00\x00\x00{"), place),
		"a value of another shape":     sealer(t, "a").Seal([]byte("\x00\x00\x00\x00\x00\x00\x00\x00[1]"), place),
	} {
		must(t, w.engine.Put(t.Context(), "t:room:x", garbage, time.Hour))
		got, err := bucket.Get(t.Context(), "x")
		wantErr(t, "Get() of "+name, err, store.ErrCorrupt)
		if got != (link{}) {
			t.Errorf("Get() of %s = %v, want nothing of it", name, got)
		}
	}
	must(t, w.engine.Delete(t.Context(), "t:room:x"))
	must(t, w.engine.PutIndex(t.Context(), "t:room:x", store.Entry{Member: "m"}, time.Hour))
	_, err := bucket.Get(t.Context(), "x")
	wantErr(t, "Get() of another kind", err, store.ErrUnavailable)
}

func TestSecretIsRedacted(t *testing.T) {
	t.Parallel()
	secret := store.Secret("let-me-in")
	var log bytes.Buffer
	slog.New(slog.NewJSONHandler(&log, nil)).Info("opened", "secret", secret)
	printed := fmt.Sprintf("%v %s %+v %#v %q", secret, secret, struct{ S store.Secret }{secret}, secret, secret) + log.String()
	if strings.Contains(printed, "let-me-in") {
		t.Errorf("printed %s", printed)
	}
	if got := secret.Reveal(); got != "let-me-in" {
		t.Errorf("Reveal() = %q", got)
	}
	if !json.Valid(log.Bytes()) {
		t.Errorf("the log line is no JSON: %s", &log)
	}
}
