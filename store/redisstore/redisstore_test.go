package redisstore_test

import (
	"context"
	"errors"
	"slices"
	"testing"
	"time"

	"github.com/alicebob/miniredis/v2"
	"github.com/google/go-cmp/cmp"

	"chatgate/store"
	"chatgate/store/redisstore"
	"chatgate/store/storetest"
)

// open opens a store that the test closes.
func open(t testing.TB, cfg redisstore.Config) *redisstore.Store {
	t.Helper()
	if cfg.PoolSize == 0 {
		cfg.PoolSize = 128 // the suite calls from a hundred goroutines at once, on machines that are slow now and then
	}
	s, err := redisstore.Open(cfg)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.Close() })
	return s
}

func at(addr string) redisstore.Config {
	return redisstore.Config{Standalone: &redisstore.Standalone{Address: addr}}
}

func TestEngineOnEmbeddedRedis(t *testing.T) {
	t.Parallel()
	storetest.Run(t, func(t *testing.T) (store.Engine, func(time.Duration)) {
		mini := miniredis.RunT(t)
		return open(t, at(mini.Addr())), mini.FastForward
	})
}

func TestOpenDialsNothing(t *testing.T) { // D26
	t.Parallel()
	s := open(t, at("127.0.0.1:1"))
	if err := s.Ping(t.Context()); !errors.Is(err, store.ErrUnavailable) {
		t.Errorf("Ping() = %v, want %v", err, store.ErrUnavailable)
	}
}

func TestKeysBeginWithThePrefix(t *testing.T) {
	t.Parallel()
	for prefix, want := range map[string]string{"": "chatgate:t:room:x", "other:": "other:t:room:x"} {
		mini := miniredis.RunT(t)
		cfg := at(mini.Addr())
		cfg.KeyPrefix = prefix
		s := open(t, cfg)
		if err := s.Put(t.Context(), "t:room:x", []byte("v"), time.Minute); err != nil {
			t.Fatal(err)
		}
		if _, _, err := s.Count(t.Context(), "t:room:x2", time.Minute); err != nil {
			t.Fatal(err)
		}
		if got := mini.Keys(); !slices.Equal(got, []string{want, want + "2"}) {
			t.Errorf("keys with prefix %q = %q, want %q and one for the script", prefix, got, want)
		}
	}
}

// fields is one record.
type fields = map[string][]byte

// operations are one call of each, in an order that lets each succeed.
func operations(s *redisstore.Store, t *testing.T) []operation {
	ctx, x := t.Context(), []byte("x")
	now := time.Unix(1_800_000_000, 0)
	return []operation{
		{"put", func() error { return s.Put(ctx, "v", x, time.Minute) }},
		{"get", func() error { _, err := s.Get(ctx, "v"); return err }},
		{"swap", func() error { return s.Swap(ctx, "v", x, x, time.Minute) }},
		{"take", func() error { _, err := s.Take(ctx, "v"); return err }},
		{"add", func() error { return s.Add(ctx, "v", x, time.Minute) }},
		{"delete", func() error { return s.Delete(ctx, "v") }},
		{"count", func() error { _, _, err := s.Count(ctx, "c", time.Minute); return err }},
		{"add_hash", func() error { return s.AddHash(ctx, "h", "s", fields{"s": x, "t": x}, time.Minute) }},
		{"get_hash", func() error { _, err := s.GetHash(ctx, "h", "s", "t", "absent"); return err }},
		{"all_hash", func() error { _, err := s.AllHash(ctx, "h"); return err }},
		{"set_hash", func() error { return s.SetHash(ctx, "h", "s", fields{"t": x}, []string{"u"}, time.Minute) }},
		{"take_hash", func() error { _, err := s.TakeHash(ctx, "h"); return err }},
		{"put_index", func() error { return s.PutIndex(ctx, "i", store.Entry{Member: "a", At: now}, time.Minute) }},
		{"list_index", func() error { _, err := s.ListIndex(ctx, "i", now, now, 1); return err }},
		{"claim_index", func() error { _, err := s.ClaimIndex(ctx, "i", now, now, 1); return err }},
		{"move_index", func() error { return s.MoveIndex(ctx, "i", "a", store.Entry{Member: "b", At: now}) }},
		{"drop_index", func() error { return s.DropIndex(ctx, "i", "b") }},
		{"trim_index", func() error { return s.TrimIndex(ctx, "i", now) }},
		{"ping", func() error { return s.Ping(ctx) }},
		{"time", func() error { _, err := s.Time(ctx); return err }},
	}
}

type operation struct {
	name string
	do   func() error
}

func TestEveryOperationIsOneCommand(t *testing.T) { // D22
	t.Parallel()
	mini := miniredis.RunT(t)
	p := newProxy(t, mini.Addr())
	s := open(t, at(p.addr))
	for _, warm := range []bool{false, true} {
		for _, op := range operations(s, t) {
			p.seen()
			if err := op.do(); err != nil {
				t.Fatalf("%s: %v", op.name, err)
			}
			if got := p.seen(); warm && len(got) != 1 {
				t.Errorf("%s took %q, want one command", op.name, got)
			}
		}
	}
}

func TestObserveIsToldOfEveryOperation(t *testing.T) {
	t.Parallel()
	mini := miniredis.RunT(t)
	cfg := at(mini.Addr())
	type outcome struct {
		Op  string
		Err error
	}
	var told []outcome
	cfg.Observe = func(_ context.Context, op string, d time.Duration, err error) {
		if told = append(told, outcome{op, err}); d <= 0 {
			t.Errorf("%s took %v", op, d)
		}
	}
	s := open(t, cfg)
	var want []outcome
	for _, op := range operations(s, t) {
		if err := op.do(); err != nil {
			t.Fatalf("%s: %v", op.name, err)
		}
		want = append(want, outcome{Op: op.name})
	}
	// The server had to learn every script first, which is no failure and no operation of its own.
	if diff := cmp.Diff(want, told); diff != "" {
		t.Errorf("operations told, -want +got:\n%s", diff)
	}

	_, err := s.Get(t.Context(), "absent")
	if last := told[len(told)-1]; !errors.Is(err, store.ErrNotFound) || !errors.Is(last.Err, store.ErrNotFound) {
		t.Errorf("Get() = %v and Observe was told %v, want %v", err, last.Err, store.ErrNotFound)
	}
}
