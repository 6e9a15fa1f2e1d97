package redisstore_test

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"sync"
	"testing"
	"time"

	"github.com/alicebob/miniredis/v2"
	"github.com/google/go-cmp/cmp"

	"chatgate/store"
	"chatgate/store/redisstore"
	"chatgate/store/storetest/redistest"
)

func TestEveryErrorOfRedisIsUnavailable(t *testing.T) { // S67
	t.Parallel()
	mini := miniredis.RunT(t)
	s := open(t, at(mini.Addr()))
	for _, refusal := range []string{
		"LOADING Redis is loading the dataset in memory",
		"READONLY You can't write against a read only replica.",
		"OOM command not allowed when used memory > 'maxmemory'.",
		"MISCONF Redis is configured to save RDB snapshots",
		"MOVED 3999 127.0.0.1:1",
		"CLUSTERDOWN The cluster is down",
		"NOAUTH Authentication required.",
		"NOPERM this user has no permissions to run the command",
		"WRONGTYPE Operation against a key holding the wrong kind of value",
		"ERR something new",
	} {
		mini.SetError(refusal)
		for _, op := range operations(s, t) {
			if err := op.do(); !errors.Is(err, store.ErrUnavailable) {
				t.Errorf("%s after %q = %v, want %v", op.name, refusal, err, store.ErrUnavailable)
			}
		}
	}
	mini.SetError("")
	if err := s.Ping(t.Context()); err != nil {
		t.Errorf("Ping() = %v after the errors have gone", err)
	}
}

func TestRedisMayGoAndComeBack(t *testing.T) { // S67, D26
	t.Parallel()
	mini := miniredis.RunT(t)
	s := open(t, at(mini.Addr()))
	if err := s.Put(t.Context(), "k", []byte("v"), time.Minute); err != nil {
		t.Fatal(err)
	}
	mini.Close()
	for _, op := range operations(s, t) {
		if err := op.do(); !errors.Is(err, store.ErrUnavailable) {
			t.Errorf("%s without Redis = %v, want %v", op.name, err, store.ErrUnavailable)
		}
	}
	if err := mini.Restart(); err != nil {
		t.Fatal(err)
	}
	// go-redis looks for a server that was away once a second.
	redistest.Eventually(t, func() error { return s.Ping(t.Context()) })
	if got, err := s.Get(t.Context(), "k"); err != nil || string(got) != "v" {
		t.Errorf("Get() after the restart = %q, %v, want %q", got, err, "v")
	}
}

func TestLostAnswers(t *testing.T) {
	t.Parallel()
	mini := miniredis.RunT(t)
	p := newProxy(t, mini.Addr())
	s := open(t, at(p.addr))
	for _, op := range operations(s, t) { // the scripts are known from here on
		if err := op.do(); err != nil {
			t.Fatalf("%s: %v", op.name, err)
		}
	}
	twice := map[string][]string{
		"get": {"get", "get"}, "get_hash": {"hmget", "hmget"}, "all_hash": {"hgetall", "hgetall"},
		"list_index": {"zrangebyscore", "zrangebyscore"}, "ping": {"ping", "ping"},
		"time": {"time", "time"},
	}
	for _, op := range operations(s, t) {
		p.seen()
		p.spoiling(func(string) fate { return fate{lost: true} })
		if err := op.do(); !errors.Is(err, store.ErrUnavailable) {
			t.Errorf("%s whose answers are lost = %v, want %v", op.name, err, store.ErrUnavailable)
		}
		p.spoiling(func(string) fate { return fate{} })
		seen, want := p.seen(), twice[op.name]
		if want == nil && len(seen) != 1 {
			t.Errorf("%s writes and was sent as %q, want once", op.name, seen)
		} else if diff := cmp.Diff(want, seen); want != nil && diff != "" {
			t.Errorf("%s reads, -want +got:\n%s", op.name, diff)
		}
	}
}

func TestAReadSurvivesABrokenConnection(t *testing.T) {
	t.Parallel()
	mini := miniredis.RunT(t)
	p := newProxy(t, mini.Addr())
	s := open(t, at(p.addr))
	if err := s.Put(t.Context(), "k", []byte("v"), time.Minute); err != nil {
		t.Fatal(err)
	}
	first := true
	p.spoiling(func(string) fate {
		defer func() { first = false }()
		return fate{lost: first}
	})
	if got, err := s.Get(t.Context(), "k"); err != nil || string(got) != "v" {
		t.Errorf("Get() = %q, %v, want %q", got, err, "v")
	}
}

func TestALateAnswerMeetsNobody(t *testing.T) { // S69, CVE-2025-29923
	t.Parallel()
	mini := miniredis.RunT(t)
	p := newProxy(t, mini.Addr())
	cfg := at(p.addr)
	cfg.PoolSize = 1 // so that the next caller would get the same connection
	s := open(t, cfg)
	for _, key := range []string{"mine", "theirs"} {
		if err := s.Put(t.Context(), key, []byte(key), time.Minute); err != nil {
			t.Fatal(err)
		}
	}
	release := make(chan struct{})
	p.spoiling(func(string) fate { return fate{held: release} })
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Millisecond)
	defer cancel()
	if _, err := s.Get(ctx, "mine"); !errors.Is(err, store.ErrUnavailable) {
		t.Errorf("Get() past its time = %v, want %v", err, store.ErrUnavailable)
	}
	p.spoiling(func(string) fate { return fate{} })
	close(release)
	if got, err := s.Get(t.Context(), "theirs"); err != nil || string(got) != "theirs" {
		t.Errorf("the next Get() = %q, %v, want %q", got, err, "theirs")
	}
}

func TestWaitingForAConnectionEnds(t *testing.T) {
	t.Parallel()
	mini := miniredis.RunT(t)
	p := newProxy(t, mini.Addr())
	cfg := at(p.addr)
	cfg.PoolSize, cfg.Timeouts.Pool = 1, 10*time.Millisecond
	s := open(t, cfg)
	release, arrived := make(chan struct{}), make(chan struct{})
	p.spoiling(func(string) fate {
		close(arrived)
		return fate{held: release}
	})
	var running sync.WaitGroup
	running.Go(func() {
		if err := s.Ping(t.Context()); err != nil {
			t.Errorf("Ping() that has the connection = %v", err)
		}
	})
	<-arrived
	if err := s.Delete(t.Context(), "k"); !errors.Is(err, store.ErrUnavailable) {
		t.Errorf("Delete() that waits for it = %v, want %v", err, store.ErrUnavailable)
	}
	close(release)
	running.Wait()
}

func TestNoAnswerMeetsAnotherCall(t *testing.T) { // S69
	t.Parallel()
	mini := miniredis.RunT(t)
	p := newProxy(t, mini.Addr())
	cfg := at(p.addr)
	cfg.PoolSize = 4
	s := open(t, cfg)
	const callers, calls = 8, 150
	for i := range callers {
		fillChaos(t, s, chaosKey(i))
	}
	p.spoiling(func(string) fate {
		late := make(chan struct{})
		time.AfterFunc(upTo(4*time.Millisecond), func() { close(late) })
		return fate{held: late, lost: upTo(20) == 0}
	})
	var running sync.WaitGroup
	for i := range callers {
		running.Go(func() {
			for range calls {
				chaosCall(t, s, chaosKey(i))
			}
		})
	}
	running.Wait()
}

// upTo is some time before d.
func upTo(d time.Duration) time.Duration { return rand.N(d) } //nolint:gosec // G404: chaos needs no secrets

func chaosKey(i int) string { return fmt.Sprintf("cookie-%d", i) }

func fillChaos(t *testing.T, s *redisstore.Store, key string) {
	t.Helper()
	err := errors.Join(
		s.Put(t.Context(), "v"+key, []byte(key), time.Hour),
		s.AddHash(t.Context(), "h"+key, "s", fields{"s": []byte(key)}, time.Hour),
	)
	if err != nil {
		t.Fatal(err)
	}
}

// chaosCall reads what belongs to a key through a bad connection, with little patience.
func chaosCall(t *testing.T, s *redisstore.Store, key string) {
	ctx, cancel := context.WithTimeout(t.Context(), upTo(5*time.Millisecond))
	defer cancel()
	value, err := s.Get(ctx, "v"+key)
	checkChaos(t, "Get", key, value, err)
	record, err := s.GetHash(ctx, "h"+key, "s")
	checkChaos(t, "GetHash", key, append(record, nil)[0], err)
	all, err := s.AllHash(ctx, "h"+key)
	checkChaos(t, "AllHash", key, all["s"], err)
}

func checkChaos(t *testing.T, call, key string, got []byte, err error) {
	if err == nil && string(got) != key || err != nil && !errors.Is(err, store.ErrUnavailable) {
		t.Errorf("%s(%q) = %q, %v, want its own value or %v", call, key, got, err, store.ErrUnavailable)
	}
}
