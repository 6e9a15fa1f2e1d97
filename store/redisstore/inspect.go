package redisstore

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/redis/go-redis/v9"

	"chatgate/store"
)

var _ store.Inspector = (*Store)(nil)

// Inspect asks the server, or every master of a Cluster, with INFO, TIME and CONFIG GET. A command that the Redis user
// may not give leaves what it tells unknown.
func (s *Store) Inspect(ctx context.Context) ([]store.Server, error) {
	cluster, ok := s.client.(*redis.ClusterClient)
	if !ok {
		server, err := inspect(ctx, s.client, "")
		return []store.Server{server}, err
	}
	var mu sync.Mutex
	var servers []store.Server
	err := cluster.ForEachMaster(ctx, func(ctx context.Context, node *redis.Client) error {
		server, err := inspect(ctx, node, node.Options().Addr)
		mu.Lock()
		defer mu.Unlock()
		servers = append(servers, server)
		return err
	})
	if err != nil && !errors.Is(err, store.ErrUnavailable) {
		err = fmt.Errorf("%w: %w", store.ErrUnavailable, err)
	}
	slices.SortFunc(servers, func(a, b store.Server) int { return strings.Compare(a.Name, b.Name) })
	return servers, err
}

// inspect asks one server. Only its clock has to be told: it costs no right that a server would withhold, and shows
// that somebody is there.
func inspect(ctx context.Context, c redis.Cmdable, name string) (store.Server, error) {
	server := store.Server{Name: name}
	asked := time.Now()
	theirs, err := c.Time(ctx).Result()
	if err != nil && !refused(err) {
		return server, fmt.Errorf("%w: %w", store.ErrUnavailable, err)
	}
	if err == nil {
		server.Ahead = theirs.Sub(asked.Add(time.Since(asked) / 2)).Round(time.Millisecond)
	}
	info := facts(c.Info(ctx).Val())
	server.Product, server.Version = productOf(info)
	server.Eviction = info["maxmemory_policy"]
	server.Memory, server.MemoryLimit, server.Evicted = number(info["used_memory"]), number(info["maxmemory"]), number(info["evicted_keys"])
	server.Persistence = persistenceOf(ctx, c, info)
	return server, nil
}

// refused says whether the server itself answered, with an error: the connection is sound, and the right is missing, or the
// command, which some rename away or do not have.
func refused(err error) bool {
	told, answered := errors.AsType[redis.Error](err)
	return answered && (redis.HasErrorPrefix(err, "NOPERM") || strings.HasPrefix(told.Error(), "ERR unknown command"))
}

// facts reads INFO: lines of name:value, and comments.
func facts(text string) map[string]string {
	found := map[string]string{}
	for line := range strings.Lines(text) {
		if name, value, ok := strings.Cut(strings.TrimSpace(line), ":"); ok {
			found[name] = value
		}
	}
	return found
}

// number is nil for what the server does not tell.
func number(text string) *int64 {
	n, err := strconv.ParseInt(text, 10, 64)
	if err != nil {
		return nil
	}
	return &n
}

// productOf: Valkey tells a redis_version too, the one whose commands it speaks.
func productOf(info map[string]string) (product, version string) {
	if v := info["valkey_version"]; v != "" {
		return "valkey", v
	}
	if v := info["redis_version"]; v != "" {
		return "redis", v
	}
	return "", ""
}

// persistenceOf: INFO tells of the append-only file, and only the configuration of snapshots, which many hosted
// servers do not show.
func persistenceOf(ctx context.Context, c redis.Cmdable, info map[string]string) store.Persistence {
	if info["aof_enabled"] == "1" {
		return store.AppendOnly
	}
	configured, err := c.ConfigGet(ctx, "save").Result()
	save, told := configured["save"]
	switch {
	case err != nil || !told || info["aof_enabled"] == "":
		return store.PersistenceUnknown
	case save == "":
		return store.NotPersistent
	}
	return store.Snapshots
}
