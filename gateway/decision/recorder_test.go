package decision_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"chatgate/gateway/decision"
	"chatgate/store"
	"chatgate/store/memstore"
)

// archive is a store and a clock that recorders share.
type archive struct {
	t      *testing.T
	engine store.Engine
	now    time.Time
	mu     sync.Mutex
	counts map[string]int
}

func newArchive(t *testing.T) *archive {
	a := &archive{t: t, now: time.Date(2026, 11, 22, 6, 0, 0, 0, time.UTC), counts: map[string]int{}}
	a.engine = memstore.New(memstore.Config{Now: func() time.Time { return a.now }})
	return a
}

var usual = decision.Settings{Keep: 24 * time.Hour, PerMinute: 600, Most: 20000}

// recorder is that of one replica, which holds these sealing keys; the first seals.
func (a *archive) recorder(s decision.Settings, keys ...string) *decision.Recorder {
	a.t.Helper()
	if len(keys) == 0 {
		keys = []string{"a"}
	}
	held := map[string][]byte{}
	for _, key := range keys {
		held[key] = bytes.Repeat([]byte(key), 32)
	}
	sealer, err := store.NewSealer(keys[0], held)
	a.must(err)
	now := func() time.Time { return a.now }
	st, err := store.New(store.Config{Engine: a.engine, Sealer: sealer, Now: now})
	a.must(err)
	r, err := decision.New(decision.Config{
		Store: st, Names: store.NewNames(st), Settings: s, Log: slog.New(slog.DiscardHandler), Now: now,
		Count: func(result string) { a.mu.Lock(); a.counts[result]++; a.mu.Unlock() },
	})
	a.must(err)
	return r
}

func (a *archive) must(err error) {
	a.t.Helper()
	if err != nil {
		a.t.Fatal(err)
	}
}

func record(id string) decision.Record {
	return decision.Record{
		Request: id, At: time.Date(2026, 11, 22, 6, 0, 0, 0, time.UTC), Route: "/chat/token", Method: "GET", Status: 403, Code: "access_denied",
		Provider: "corp", Subject: "ada-1",
		Steps: []decision.Step{{Code: decision.RuleRefused, Facts: map[string]string{"reason": "group_missing"}, Decided: true}},
	}
}

const id = "ABCDEFGHIOB2"

func TestEveryReplicaFindsWhatOneRemembered(t *testing.T) {
	a := newArchive(t)
	one, other := a.recorder(usual), a.recorder(usual)
	one.Keep(record(id))
	one.Flush(t.Context())
	for _, typed := range []string{id, strings.ToLower(id), "  ABCD-EFGH-IOB2 \n", "abcd efgh iob2", "ABCDEFGH1082"} {
		got, err := other.Find(t.Context(), typed)
		if err != nil {
			t.Errorf("Find(%q) = %v", typed, err)
			continue
		}
		if diff := cmp.Diff(record(id), got); diff != "" {
			t.Errorf("Find(%q) (-want +got):\n%s", typed, diff)
		}
	}
	for _, typed := range []string{"", "ABCDEFGHIOB3", strings.Repeat("A", 1<<16)} {
		if _, err := other.Find(t.Context(), typed); !errors.Is(err, decision.ErrUnknown) {
			t.Errorf("Find(%.20q) = %v, want ErrUnknown", typed, err)
		}
	}
}

func TestARecordIsForgottenInTime(t *testing.T) {
	a := newArchive(t)
	r := a.recorder(usual)
	r.Keep(record(id))
	r.Flush(t.Context())
	a.now = a.now.Add(usual.Keep)
	if _, err := r.Find(t.Context(), id); !errors.Is(err, decision.ErrUnknown) {
		t.Errorf("Find after %v = %v, want ErrUnknown", usual.Keep, err)
	}
}

func TestARecordOutlivesTheRotationOfItsSealingKey(t *testing.T) { // D23
	a := newArchive(t)
	before := a.recorder(usual, "a")
	before.Keep(record(id))
	before.Flush(t.Context())
	if _, err := a.recorder(usual, "b", "a").Find(t.Context(), id); err != nil {
		t.Errorf("Find with the former key held = %v", err)
	}
	if _, err := a.recorder(usual, "b").Find(t.Context(), id); !errors.Is(err, store.ErrUnknownKey) {
		t.Errorf("Find with the former key removed = %v, want ErrUnknownKey", err)
	}
}

func TestADumpShowsNothingOfARecord(t *testing.T) { // D23, S59
	a := newArchive(t)
	spy := &spy{Engine: a.engine}
	a.engine = spy
	r := a.recorder(usual)
	r.Keep(record(id))
	r.Flush(t.Context())
	if len(spy.written) == 0 {
		t.Fatal("nothing was written")
	}
	for _, secret := range []string{id, "ada-1", "corp", "access_denied", "group_missing", "/chat/token"} {
		if strings.Contains(spy.written, secret) {
			t.Errorf("the store holds %q in the open", secret)
		}
	}
	if spy.endless {
		t.Error("a record was written without an end")
	}
}

// spy keeps the keys and values of what was put.
type spy struct {
	store.Engine
	written string
	endless bool
}

func (s *spy) Put(ctx context.Context, key string, value []byte, ttl time.Duration) error {
	s.written += key + "\n" + string(value) + "\n"
	s.endless = s.endless || ttl <= 0
	return s.Engine.Put(ctx, key, value, ttl)
}

func TestAFloodFillsNothing(t *testing.T) { // S126
	for _, tc := range []struct {
		name     string
		settings decision.Settings
		address  func(n int) string
		want     int
	}{
		{"one address has a tenth of a minute", decision.Settings{Keep: time.Hour, PerMinute: 100, Most: 1000}, func(int) string { return "192.0.2.1" }, 10},
		{"one IPv6 customer is one address", decision.Settings{Keep: time.Hour, PerMinute: 100, Most: 1000}, func(n int) string { return fmt.Sprintf("2001:db8::%x", n) }, 10},
		{"all strangers together have half of the minute", decision.Settings{Keep: time.Hour, PerMinute: 100, Most: 1000}, func(n int) string { return fmt.Sprintf("10.%d.%d.1", n/250, n%250) }, 50},
		{"and never more than half of the room", decision.Settings{Keep: time.Hour, PerMinute: 5000, Most: 200}, func(n int) string { return fmt.Sprintf("10.%d.%d.1", n/250, n%250) }, 100},
		{"and nothing where it is switched off", decision.Settings{PerMinute: 100, Most: 1000}, func(int) string { return "192.0.2.1" }, 0},
	} {
		t.Run(tc.name, func(t *testing.T) {
			r := newArchive(t).recorder(tc.settings)
			admitted := 0
			for n := range 10_000 {
				if r.Admits(tc.address(n), false) {
					admitted++
				}
			}
			if admitted != tc.want {
				t.Errorf("%d of 10000 were admitted, want %d", admitted, tc.want)
			}
		})
	}
}

func TestAFloodOfStrangersLeavesRoomForPeopleWeKnow(t *testing.T) { // S126
	r := newArchive(t).recorder(decision.Settings{Keep: time.Hour, PerMinute: 100, Most: 100})
	address := func(n int) string { return fmt.Sprintf("2001:db8:0:%x::1", n) }
	for n := range 10_000 {
		r.Admits(address(n), false)
	}
	admitted := 0
	for n := range 10_000 {
		if r.Admits(address(n), true) {
			admitted++
		}
	}
	if admitted != 50 {
		t.Errorf("%d requests of people we know were admitted after the flood, want the other 50 of 100", admitted)
	}
}

func TestARecorderThatIsNotThereRemembersNothing(t *testing.T) {
	var none *decision.Recorder
	if none.Admits("192.0.2.1", true) {
		t.Error("Admits() = true")
	}
}

func TestKeepNeverWaits(t *testing.T) {
	a := newArchive(t)
	r := a.recorder(usual)
	for range 1000 { // nobody writes
		r.Keep(record(id))
	}
	if a.counts[decision.Dropped] != 1000-256 {
		t.Errorf("dropped = %d, want all but the 256 that wait", a.counts[decision.Dropped])
	}
}

func TestAStoreThatIsDownCostsTheRecordAlone(t *testing.T) {
	a := newArchive(t)
	r := a.recorder(usual)
	a.must(a.engine.Close())
	r.Keep(record(id))
	r.Flush(t.Context())
	if diff := cmp.Diff(map[string]int{decision.Failed: 1}, a.counts); diff != "" {
		t.Errorf("counts (-want +got):\n%s", diff)
	}
}

func TestRunWritesWhatWaitsBeforeItReturns(t *testing.T) {
	a := newArchive(t)
	r := a.recorder(usual)
	r.Keep(record(id))
	ctx, stop := context.WithCancel(t.Context())
	stop()
	a.must(r.Run(ctx))
	if _, err := r.Find(t.Context(), id); err != nil {
		t.Errorf("Find = %v", err)
	}
}

func TestARecorderNeedsItsParts(t *testing.T) {
	if _, err := decision.New(decision.Config{}); err == nil {
		t.Error("New without parts = nil")
	}
}
