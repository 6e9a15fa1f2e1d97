package redisstore_test

import (
	"errors"
	"fmt"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"chatgate/store"
	"chatgate/store/redisstore"
	"chatgate/store/storetest"
	"chatgate/store/storetest/redistest"
)

// permissions are what doc.go says that the Redis user needs.
const permissions = "gate on >let-me-in resetkeys resetchannels -@all ~chatgate:* +get +set +getdel +del +hmget +hgetall +hlen +hexists +hset " +
	"+hdel +zadd +zscore +zrem +zrangebyscore +zremrangebyscore +zcount +incr +pttl +pexpire +persist +eval +evalsha +ping +time"

func TestEngineOnAServer(t *testing.T) {
	t.Parallel()
	server := redistest.Start(t)
	runSuite(t, at(server.Addr), server)
}

func TestEngineOnASocketAsARestrictedUser(t *testing.T) {
	t.Parallel()
	server := redistest.StartSocket(t, append([]string{"--user"}, strings.Fields(permissions)...)...)
	cfg := at(server.Addr)
	cfg.Username, cfg.Password = "gate", "let-me-in"
	runSuite(t, cfg, server)

	cfg.Password = "let-me-out"
	err := open(t, cfg).Ping(t.Context())
	if !errors.Is(err, store.ErrUnavailable) || strings.Contains(err.Error(), "let-me") {
		t.Errorf("Ping() with a wrong password = %v, want %v without the password", err, store.ErrUnavailable)
	}
}

func TestEngineOverTLS(t *testing.T) {
	t.Parallel()
	files := redistest.NewFiles(t, "redis.internal")
	server := redistest.StartTLS(t, files)
	good := redisstore.TLS{CA: files.CA, Cert: files.Cert, Key: files.Key}
	ping := func(change func(cfg *redisstore.TLS)) error {
		cfg, secured := at(server.Addr), good
		change(&secured)
		cfg.TLS = &secured
		return open(t, cfg).Ping(t.Context())
	}
	if err := ping(func(*redisstore.TLS) {}); err != nil {
		t.Errorf("Ping() = %v", err)
	}
	if err := ping(func(cfg *redisstore.TLS) { cfg.ServerName = "redis.internal" }); err != nil {
		t.Errorf("Ping() by another name of the certificate = %v", err)
	}
	refused := map[string]func(cfg *redisstore.TLS){
		"a name that the certificate does not carry": func(cfg *redisstore.TLS) { cfg.ServerName = "elsewhere" },
		"an authority that we do not trust":          func(cfg *redisstore.TLS) { cfg.CA = "" },
		"no certificate of ours":                     func(cfg *redisstore.TLS) { cfg.Cert, cfg.Key = "", "" },
	}
	for name, change := range refused {
		if err := ping(change); !errors.Is(err, store.ErrUnavailable) {
			t.Errorf("Ping() with %s = %v, want %v", name, err, store.ErrUnavailable)
		}
	}
	if err := open(t, at(server.Addr)).Ping(t.Context()); !errors.Is(err, store.ErrUnavailable) {
		t.Errorf("Ping() without TLS = %v, want %v", err, store.ErrUnavailable)
	}
}

func TestEngineOnACluster(t *testing.T) {
	t.Parallel()
	nodes := redistest.StartCluster(t, 3, append([]string{"--user"}, strings.Fields(permissions+" +cluster|slots")...)...)
	cfg := redisstore.Config{
		Cluster:  &redisstore.Cluster{Addresses: []string{nodes[0].Addr}},
		Username: "gate", Password: "let-me-in",
	}
	runSuite(t, cfg, nodes...)

	s := open(t, cfg)
	for i := range 30 {
		if err := s.Put(t.Context(), fmt.Sprint("spread ", i), []byte("v"), time.Minute); err != nil {
			t.Fatal(err)
		}
	}
	for _, node := range nodes {
		if node.Do(t, "dbsize") == "0" {
			t.Errorf("no key came to %s", node.Addr)
		}
	}
}

func TestAClusterMayMoveASlot(t *testing.T) {
	t.Parallel()
	nodes := redistest.StartCluster(t, 3)
	s := open(t, redisstore.Config{Cluster: &redisstore.Cluster{Addresses: []string{nodes[0].Addr}}})
	if err := s.Put(t.Context(), "x", []byte("v"), time.Minute); err != nil { // learns where slots are
		t.Fatal(err)
	}
	target := nodes[0]
	if target.Do(t, "dbsize") != "0" {
		target = nodes[1]
	}
	if err := s.Delete(t.Context(), "x"); err != nil {
		t.Fatal(err)
	}
	slot := target.Do(t, "cluster", "keyslot", "chatgate:x")
	for _, node := range nodes {
		node.Do(t, "cluster", "setslot", slot, "node", target.Do(t, "cluster", "myid"))
	}
	if err := s.Add(t.Context(), "x", []byte("moved"), time.Minute); err != nil {
		t.Errorf("Add() after the slot moved = %v", err)
	}
	if got := target.Do(t, "get", "chatgate:x"); got != "moved" {
		t.Errorf("the new owner of the slot has %q", got)
	}
}

func TestEngineFollowsAFailover(t *testing.T) {
	t.Parallel()
	watched := redistest.StartSentinel(t)
	cfg := redisstore.Config{
		Sentinel: &redisstore.Sentinel{
			Master: redistest.MasterName, Addresses: []string{watched.Sentinel.Addr},
			Password: store.Secret(watched.Sentinel.Password),
		},
		Password: store.Secret(watched.Master.Password),
	}
	runSuite(t, cfg, watched.Master)

	s := open(t, cfg)
	if err := s.Put(t.Context(), "k", []byte("before"), time.Hour); err != nil {
		t.Fatal(err)
	}
	redistest.Eventually(t, func() error {
		if got := watched.Replica.Do(t, "get", "chatgate:k"); got != "before" {
			return fmt.Errorf("the replica has %q", got)
		}
		return nil
	})
	watched.Master.Stop()
	redistest.Eventually(t, func() error { return s.Put(t.Context(), "k2", []byte("after"), time.Hour) })
	if got, err := s.Get(t.Context(), "k"); err != nil || string(got) != "before" {
		t.Errorf("Get() after the failover = %q, %v, want %q", got, err, "before")
	}
}

func TestRedisEndsKeysByItself(t *testing.T) {
	t.Parallel()
	s := open(t, at(redistest.Start(t).Addr))
	if err := s.Put(t.Context(), "k", []byte("v"), 30*time.Millisecond); err != nil {
		t.Fatal(err)
	}
	redistest.Eventually(t, func() error {
		_, err := s.Get(t.Context(), "k")
		if errors.Is(err, store.ErrNotFound) {
			return nil
		}
		return fmt.Errorf("the key lives: %w", err)
	})
}

func TestARestartedServerLearnsItsScriptsAgain(t *testing.T) { // S67
	t.Parallel()
	server := redistest.Start(t)
	s := open(t, at(server.Addr))
	count := func() error {
		_, _, err := s.Count(t.Context(), "k", time.Minute)
		return err
	}
	if err := count(); err != nil {
		t.Fatal(err)
	}
	server.Stop()
	if err := count(); !errors.Is(err, store.ErrUnavailable) {
		t.Errorf("Count() without the server = %v, want %v", err, store.ErrUnavailable)
	}
	server.Restart(t)
	redistest.Eventually(t, count)
}

var suites atomic.Int64

// runSuite runs the conformance suite on real servers, each case under a prefix of its own.
func runSuite(t *testing.T, cfg redisstore.Config, servers ...*redistest.Server) {
	t.Helper()
	storetest.Run(t, func(t *testing.T) (store.Engine, func(time.Duration)) {
		cfg.KeyPrefix = fmt.Sprintf("chatgate:%d:", suites.Add(1))
		return open(t, cfg), func(d time.Duration) {
			for _, server := range servers {
				age(t, server, cfg.KeyPrefix, d)
			}
		}
	})
}

// age does to the keys of a server what the passing of time would: real servers have no clock to move.
func age(t *testing.T, server *redistest.Server, prefix string, d time.Duration) {
	t.Helper()
	client := server.Client(t)
	keys, err := client.Keys(t.Context(), prefix+"*").Result()
	if err != nil {
		t.Fatal(err)
	}
	for _, key := range keys {
		left, err := client.PTTL(t.Context(), key).Result()
		if err == nil && left >= 0 {
			err = client.PExpire(t.Context(), key, left-d).Err() // a lifetime that is over deletes the key
		}
		if err != nil {
			t.Fatal(err)
		}
	}
}
