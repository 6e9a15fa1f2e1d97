package limit_test

import (
	"errors"
	"fmt"
	"runtime"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"chatgate/gateway/limit"
)

func newLocal(t *testing.T, rule limit.Rule, now func() time.Time) *limit.Local {
	t.Helper()
	l, err := limit.NewLocal(rule, now)
	if err != nil {
		t.Fatal(err)
	}
	return l
}

func retryAfter(t *testing.T, err error) time.Duration {
	t.Helper()
	var exceeded *limit.Exceeded
	if !errors.As(err, &exceeded) {
		t.Fatalf("Allow() = %v, want *Exceeded", err)
	}
	return exceeded.RetryAfter
}

func TestLocalGivesTheAllowanceBackEvenly(t *testing.T) {
	c := newClock()
	l := newLocal(t, limit.Rule{Name: "warm", Max: 6, Per: time.Minute}, c.Now)
	use := func(n int) {
		t.Helper()
		for i := range n {
			if err := l.Allow("ada"); err != nil {
				t.Fatalf("call %d = %v, want it allowed", i+1, err)
			}
		}
	}
	use(6)
	for range 3 {
		if got := retryAfter(t, l.Allow("ada")); got != 10*time.Second {
			t.Errorf("RetryAfter = %s, want 10s", got)
		}
	}
	if err := l.Allow("bob"); err != nil {
		t.Errorf("another key = %v, want it allowed", err)
	}
	c.Advance(9 * time.Second)
	if got := retryAfter(t, l.Allow("ada")); got != time.Second {
		t.Errorf("RetryAfter = %s, want 1s", got)
	}
	c.Advance(time.Second)
	use(1)
	c.Advance(time.Hour)
	use(6)
	retryAfter(t, l.Allow("ada"))
}

func TestLocalRecoversFromAClockSetBack(t *testing.T) {
	c := newClock()
	l := newLocal(t, limit.Rule{Name: "warm", Max: 6, Per: time.Minute}, c.Now)
	if err := l.Allow("ada"); err != nil {
		t.Fatal(err)
	}
	c.Advance(-24 * time.Hour)
	retryAfter(t, l.Allow("ada"))
	c.Advance(10 * time.Second)
	if err := l.Allow("ada"); err != nil {
		t.Errorf("a call's worth of time after the clock was set back = %v, want it allowed", err)
	}
}

// S125, S126: a flood of keys grows nothing and locks nobody out.
func TestLocalStandsAFloodOfKeys(t *testing.T) {
	c := newClock()
	l := newLocal(t, limit.Rule{Name: "warm", Max: 2, Per: time.Minute}, c.Now)
	before := heap()
	for i := range 100_000 {
		if err := l.Allow(fmt.Sprintf("attacker %d", i)); err != nil {
			t.Fatalf("a key's first call was refused: %v", err)
		}
	}
	if grown := heap() - before; grown > 64<<10 {
		t.Errorf("100,000 keys grew the heap by %d bytes, want it fixed", grown)
	}
	if err := l.Allow("victim"); err != nil {
		t.Errorf("a bystander was refused: %v", err)
	}
	runtime.KeepAlive(l)
}

func heap() int64 {
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return int64(m.HeapAlloc)
}

func TestLocalCountsConcurrentCallsExactly(t *testing.T) {
	c := newClock()
	l := newLocal(t, limit.Rule{Name: "warm", Max: 100, Per: time.Hour}, c.Now)
	var allowed atomic.Int64
	var all sync.WaitGroup
	for range 8 {
		all.Go(func() {
			for range 50 {
				if l.Allow("ada") == nil {
					allowed.Add(1)
				}
			}
		})
	}
	all.Wait()
	if allowed.Load() != 100 {
		t.Errorf("%d calls were allowed, want 100", allowed.Load())
	}
}

func TestNewLocalRefusesARuleWithoutTime(t *testing.T) {
	if _, err := limit.NewLocal(limit.Rule{Name: "warm", Max: 1}, nil); err == nil {
		t.Error("NewLocal took a rule whose calls take no time")
	}
}

func BenchmarkLocal(b *testing.B) {
	l, err := limit.NewLocal(limit.Rule{Name: "warm", Max: 1 << 20, Per: time.Minute}, nil)
	if err != nil {
		b.Fatal(err)
	}
	b.ReportAllocs()
	for b.Loop() {
		_ = l.Allow("0123456789abcdef0123456789abcdef0123456789a")
	}
}
