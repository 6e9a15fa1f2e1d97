package redisstore_test

import (
	"errors"
	"testing"
	"time"

	"github.com/alicebob/miniredis/v2"

	"chatgate/store"
	"chatgate/store/redisstore"
	"chatgate/store/storetest/redistest"
)

func inspected(t *testing.T, cfg redisstore.Config) []store.Server {
	t.Helper()
	found, err := open(t, cfg).Inspect(t.Context())
	if err != nil {
		t.Fatalf("Inspect() = %v", err)
	}
	return found
}

func TestInspectTellsEvictionAndPersistence(t *testing.T) { // D24
	t.Parallel()
	tests := []struct {
		name        string
		arguments   []string
		eviction    string
		persistence store.Persistence
		limit       int64
	}{
		{"a server that keeps everything", []string{"--appendonly", "yes", "--dir", t.TempDir()}, "noeviction", store.AppendOnly, 0},
		{"a server with snapshots alone", []string{"--save", "3600 1", "--dir", t.TempDir()}, "noeviction", store.Snapshots, 0},
		{"a cache", []string{"--maxmemory-policy", "allkeys-lru", "--maxmemory", "64mb"}, "allkeys-lru", store.NotPersistent, 64 << 20},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			found := inspected(t, at(redistest.Start(t, tt.arguments...).Addr))
			if len(found) != 1 {
				t.Fatalf("Inspect() tells of %d servers, want 1", len(found))
			}
			got := found[0]
			if got.Eviction != tt.eviction || got.Persistence != tt.persistence {
				t.Errorf("Inspect() = %q, %q, want %q, %q", got.Eviction, got.Persistence, tt.eviction, tt.persistence)
			}
			if got.Product == "" || got.Version == "" {
				t.Errorf("Inspect() tells product %q and version %q, want both", got.Product, got.Version)
			}
			if got.Memory == nil || *got.Memory < 100_000 || got.MemoryLimit == nil || *got.MemoryLimit != tt.limit || got.Evicted == nil || *got.Evicted != 0 {
				t.Errorf("Inspect() tells of memory %v of %v and %v evicted, want some of %d and none", got.Memory, got.MemoryLimit, got.Evicted, tt.limit)
			}
			if got.Ahead.Abs() > time.Second {
				t.Errorf("Inspect() tells a clock that is %s ahead on one machine", got.Ahead)
			}
		})
	}
}

func TestInspectAsksEveryMasterOfACluster(t *testing.T) {
	t.Parallel()
	nodes := redistest.StartCluster(t, 3)
	found := inspected(t, redisstore.Config{Cluster: &redisstore.Cluster{Addresses: []string{nodes[0].Addr}}})
	if len(found) != len(nodes) {
		t.Fatalf("Inspect() tells of %d servers, want %d", len(found), len(nodes))
	}
	for i, server := range found {
		if server.Name == "" || i > 0 && server.Name <= found[i-1].Name {
			t.Errorf("server %d is called %q after %q, want names in order", i, server.Name, found[max(0, i-1)].Name)
		}
	}
}

func TestInspectLeavesUnknownWhatItMayNotAsk(t *testing.T) {
	t.Parallel()
	server := redistest.Start(t)
	server.Do(t, "acl", "setuser", "chatgate", "on", ">secret", "~*", "+ping")
	cfg := at(server.Addr)
	cfg.Username, cfg.Password = "chatgate", "secret"
	got := inspected(t, cfg)[0]
	if got != (store.Server{}) {
		t.Errorf("Inspect() = %+v without any right, want nothing known", got)
	}
	if _, err := open(t, cfg).Time(t.Context()); !errors.Is(err, store.ErrNoClock) {
		t.Errorf("Time() = %v without the right, want ErrNoClock", err)
	}
}

// TestAServerWithoutTheCommandHasNoClock: some rename it away, and some that speak Redis' language do not have it.
func TestAServerWithoutTheCommandHasNoClock(t *testing.T) {
	t.Parallel()
	server := redistest.Start(t, "--rename-command", "TIME", "")
	if _, err := open(t, at(server.Addr)).Time(t.Context()); !errors.Is(err, store.ErrNoClock) {
		t.Errorf("Time() = %v, want ErrNoClock", err)
	}
}

func TestInspectOfAServerThatIsAway(t *testing.T) {
	t.Parallel()
	mini := miniredis.RunT(t)
	s := open(t, at(mini.Addr()))
	mini.Close()
	if _, err := s.Inspect(t.Context()); !errors.Is(err, store.ErrUnavailable) {
		t.Errorf("Inspect() = %v, want ErrUnavailable", err)
	}
}
