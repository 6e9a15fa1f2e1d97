package main

import (
	"context"
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/redis/go-redis/v9"

	"chatgate/oidc/oidctest"
	"chatgate/store/storetest/redistest"
)

// TestASessionCostsRedisLittle: a signed-in person with a Rocket.Chat login token costs at most 1.8 KiB, indexes and
// ledger included, the provider's own tokens apart.
func TestASessionCostsRedisLittle(t *testing.T) {
	const sessions, budget = 100, 1.8 * 1024
	address := redistest.Start(t).Addr
	w := start(t, worldConfig{Redis: address, People: people(sessions)})
	for i := range sessions {
		v := w.visitor(t)
		v.signIn("/login?chat=rocketchat&path=/home", numbered(i).Username)
		if got := v.rocketChatToken(); got.status != http.StatusOK {
			t.Fatalf("token = %d %s", got.status, got.body)
		}
	}
	rooms := memoryByRoom(t, address)
	var perSession float64
	for _, room := range slices.Sorted(maps.Keys(rooms)) {
		each := float64(rooms[room]) / sessions
		t.Logf("%-14s %6.0f bytes a session", room, each)
		if slices.Contains([]string{"t:session", "t:subject", "t:sid", "d:ledger", "d:ledgerdue"}, room) {
			perSession += each
		}
	}
	t.Logf("together       %6.0f bytes, budget %.0f", perSession, budget)
	if perSession > budget {
		t.Errorf("a session costs %.0f bytes of Redis, want at most %.0f", perSession, budget)
	}
}

func people(n int) (all []oidctest.User) {
	for i := range n {
		all = append(all, numbered(i))
	}
	return all
}

// numbered is somebody as a directory describes them.
func numbered(i int) oidctest.User {
	name := fmt.Sprintf("person%d", i)
	return oidctest.User{
		Username: name, Password: name, Subject: fmt.Sprintf("3f2504e0-4f89-11d3-9a0c-%012d", i), Name: "Person Number " + name,
		Email: name + "@example.org", EmailVerified: true, Groups: []string{"staff", "comments-readers"},
	}
}

// memoryByRoom adds up what Redis says of every key.
func memoryByRoom(t *testing.T, address string) map[string]int64 {
	t.Helper()
	ctx, client := context.Background(), redis.NewClient(&redis.Options{Addr: address})
	defer func() { _ = client.Close() }()
	rooms := map[string]int64{}
	for keys := client.Scan(ctx, 0, "*", 1000).Iterator(); keys.Next(ctx); {
		used, err := client.MemoryUsage(ctx, keys.Val(), 0).Result()
		if err != nil {
			continue // expired between the scan and the question
		}
		parts := strings.SplitN(strings.TrimPrefix(keys.Val(), "chatgate:"), ":", 3)
		rooms[parts[0]+":"+parts[1]] += used
	}
	return rooms
}
