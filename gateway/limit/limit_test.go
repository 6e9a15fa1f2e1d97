package limit_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/alicebob/miniredis/v2"
	"github.com/google/go-cmp/cmp"

	"chatgate/gateway/limit"
	"chatgate/store"
	"chatgate/store/memstore"
	"chatgate/store/redisstore"
)

type clock struct{ nanos atomic.Int64 }

func (c *clock) Now() time.Time          { return time.Unix(0, c.nanos.Load()) }
func (c *clock) Advance(d time.Duration) { c.nanos.Add(int64(d)) }

func newClock() *clock {
	c := new(clock)
	c.Advance(time.Duration(time.Date(2026, 11, 21, 8, 0, 0, 0, time.UTC).UnixNano()))
	return c
}

// watched is an engine that notes what it is asked to count.
type watched struct {
	store.Engine
	mu   sync.Mutex
	keys []string
}

func (w *watched) Count(ctx context.Context, key string, window time.Duration) (int64, time.Duration, error) {
	w.mu.Lock()
	w.keys = append(w.keys, key)
	w.mu.Unlock()
	return w.Engine.Count(ctx, key, window)
}

// replica is one process's limiter on a shared engine.
func replica(t *testing.T, engine store.Engine, now func() time.Time) *limit.Limiter {
	t.Helper()
	sealer, err := store.NewSealer("a", map[string][]byte{"a": make([]byte, 32)})
	if err != nil {
		t.Fatal(err)
	}
	s, err := store.New(store.Config{Engine: engine, Sealer: sealer, Now: now})
	if err != nil {
		t.Fatal(err)
	}
	l, err := limit.New(limit.Config{Store: s, Names: store.NewNames(s)})
	if err != nil {
		t.Fatal(err)
	}
	return l
}

// eachEngine runs a test on both engines; advance moves the engine's own clock.
func eachEngine(t *testing.T, test func(t *testing.T, engine store.Engine, advance func(time.Duration))) {
	t.Run("memory", func(t *testing.T) {
		c := newClock()
		test(t, memstore.New(memstore.Config{Now: c.Now}), c.Advance)
	})
	t.Run("redis", func(t *testing.T) {
		server := miniredis.RunT(t)
		engine, err := redisstore.Open(redisstore.Config{Standalone: &redisstore.Standalone{Address: server.Addr()}})
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = engine.Close() })
		test(t, engine, server.FastForward)
	})
}

var rule = limit.Rule{Name: "login_start_address", Max: 3, Per: time.Minute}

// S123: limits hold across replicas and say when to come back.
func TestLimiterHoldsAcrossReplicasUntilTheWindowEnds(t *testing.T) {
	eachEngine(t, func(t *testing.T, engine store.Engine, advance func(time.Duration)) {
		ctx := t.Context()
		a, b := replica(t, engine, nil), replica(t, engine, nil)
		for i, l := range []*limit.Limiter{a, b, a} {
			if err := l.Allow(ctx, rule, "192.0.2.1"); err != nil {
				t.Fatalf("call %d = %v, want it allowed", i+1, err)
			}
		}
		advance(20 * time.Second)
		for i := range 5 { // refused calls do not prolong the window
			err := b.Allow(ctx, rule, "192.0.2.1")
			var exceeded *limit.Exceeded
			if !errors.As(err, &exceeded) {
				t.Fatalf("Allow() = %v, want *Exceeded", err)
			}
			if exceeded.Rule != rule.Name || exceeded.RetryAfter <= 35*time.Second || exceeded.RetryAfter > 40*time.Second {
				t.Errorf("Allow() = %+v, want %s and the 40s left", exceeded, rule.Name)
			}
			if exceeded.First != (i == 0) {
				t.Errorf("refused call %d: First = %v, want it of the first alone", i+1, exceeded.First)
			}
		}
		if err := b.Allow(ctx, rule, "192.0.2.2"); err != nil {
			t.Errorf("another key = %v, want it allowed", err)
		}
		other := rule
		other.Name = "callback_address"
		if err := b.Allow(ctx, other, "192.0.2.1"); err != nil {
			t.Errorf("another rule = %v, want it allowed", err)
		}
		advance(40 * time.Second)
		if err := b.Allow(ctx, rule, "192.0.2.1"); err != nil {
			t.Errorf("after the window = %v, want it allowed", err)
		}
	})
}

// D31: a company of 5,000 signs in from one address within ten minutes.
func TestDefaultsLetACompanyIn(t *testing.T) {
	c := newClock()
	l := replica(t, memstore.New(memstore.Config{Now: c.Now}), c.Now)
	start := limit.Settings{LoginStartsPerAddress: 600}.Rules().LoginStartAddress
	for i := range 5000 {
		if err := l.Allow(t.Context(), start, "192.0.2.1"); err != nil {
			t.Fatalf("sign-in %d = %v", i+1, err)
		}
		c.Advance(10 * time.Minute / 5000)
	}
}

// S126: a key takes the same room whatever was sent, and a dump does not show it.
func TestKeysAreShortAndOpaque(t *testing.T) {
	engine := &watched{Engine: memstore.New(memstore.Config{})}
	l := replica(t, engine, nil)
	for _, key := range []string{"", "192.0.2.1", strings.Repeat("x", 1<<20), "a\r\nb\x00*"} {
		if err := l.Allow(t.Context(), rule, key); err != nil {
			t.Fatal(err)
		}
	}
	seen := map[string]bool{}
	for _, key := range engine.keys {
		seen[key] = true
		if want := "t:limit:login_start_address:"; !strings.HasPrefix(key, want) || len(key) != len(want)+24 {
			t.Errorf("store key %q, want %q and 24 characters", key, want)
		}
	}
	if len(engine.keys) != 4 || len(seen) != 4 {
		t.Errorf("%d commands for %d keys, want one for each of 4", len(engine.keys), len(seen))
	}
}

func TestLimiterLeavesAnOutageToItsCaller(t *testing.T) {
	engine := memstore.New(memstore.Config{})
	l := replica(t, engine, nil)
	_ = engine.Close()
	err := l.Allow(t.Context(), rule, "192.0.2.1")
	if !errors.Is(err, store.ErrUnavailable) || errors.As(err, new(*limit.Exceeded)) {
		t.Errorf("Allow() = %v, want ErrUnavailable", err)
	}
}

func TestRuleWithoutAMaximumIsOff(t *testing.T) {
	engine := &watched{Engine: memstore.New(memstore.Config{})}
	l := replica(t, engine, nil)
	local, err := limit.NewLocal(limit.Rule{Name: "off"}, nil)
	if err != nil {
		t.Fatal(err)
	}
	for range 1000 {
		if err := errors.Join(l.Allow(t.Context(), limit.Rule{Name: "off", Per: time.Minute}, "k"), local.Allow("k")); err != nil {
			t.Fatal(err)
		}
	}
	if len(engine.keys) != 0 {
		t.Errorf("%d commands for a rule that is off, want none", len(engine.keys))
	}
}

func TestNewNeedsAStore(t *testing.T) {
	if _, err := limit.New(limit.Config{}); err == nil {
		t.Error("New took no store")
	}
}

func TestExceededTellsTheRuleAndNotTheKey(t *testing.T) {
	err := fmt.Errorf("start login: %w", &limit.Exceeded{Rule: "login_start_address", RetryAfter: 40 * time.Second})
	if diff := cmp.Diff("start login: limit login_start_address exceeded, retry after 40s", err.Error()); diff != "" {
		t.Errorf("Error() (-want +got):\n%s", diff)
	}
}

func TestLimiterTellsOfEveryCallThatIsRefused(t *testing.T) {
	sealer, err := store.NewSealer("a", map[string][]byte{"a": make([]byte, 32)})
	if err != nil {
		t.Fatal(err)
	}
	s, err := store.New(store.Config{Engine: memstore.New(memstore.Config{}), Sealer: sealer})
	if err != nil {
		t.Fatal(err)
	}
	var refused []string
	l, err := limit.New(limit.Config{Store: s, Names: store.NewNames(s), Refused: func(rule string) { refused = append(refused, rule) }})
	if err != nil {
		t.Fatal(err)
	}
	for range rule.Max + 2 {
		_ = l.Allow(t.Context(), rule, "192.0.2.1") // what it answers is another test's
	}
	if diff := cmp.Diff([]string{rule.Name, rule.Name}, refused); diff != "" {
		t.Errorf("rules of refused calls (-want +got):\n%s", diff)
	}
}
