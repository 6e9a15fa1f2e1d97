package main

import (
	"crypto/sha256"
	"encoding/base64"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"os"
	"runtime"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"

	"chatgate/oidc"
	"chatgate/store/storetest/redistest"
)

// TestAFloodOfStrangersLeavesNothingBehind: each of them brings a state, a session cookie and an address that nobody has
// seen, begins a sign-in, comes back from one that never was and asks for a token. The process does not grow with their
// number, and whatever Redis keeps of them ends by itself. There are 10,000 of them, or as many as CHATGATE_FLOOD says
// (S126).
func TestAFloodOfStrangersLeavesNothingBehind(t *testing.T) {
	n := 10_000
	if asked := os.Getenv("CHATGATE_FLOOD"); asked != "" {
		var err error
		if n, err = strconv.Atoi(asked); err != nil {
			t.Fatal(err)
		}
	}
	address := redistest.Start(t).Addr
	w := start(t, worldConfig{Redis: address, Log: slog.New(slog.DiscardHandler), Extra: "log: {access: false}\nexplain: {most: 100}\n"})
	client := redis.NewClient(&redis.Options{Addr: address})
	t.Cleanup(func() { _ = client.Close() })
	ours := passingKeys(t, client)

	w.flood(t, 0, n/5) // by now every table, pool and buffer has its size
	before := heap()
	w.flood(t, n/5, n)
	after := heap()
	t.Logf("%d strangers: heap %d KiB, then %d KiB", n, before>>10, after>>10)
	if grown := after - before; grown > 1<<20+int64(n)*16 {
		t.Errorf("%d strangers grew the heap by %d KiB, want it bounded", n, grown>>10)
	}
	theirs := passingKeys(t, client)
	t.Logf("Redis keeps %d records of them", len(theirs)-len(ours))
	refusals := 0
	for key, left := range theirs {
		if strings.Contains(key, "t:decision:") { // kept for a day, and no more of them than explain.most
			refusals++
			continue
		}
		if _, known := ours[key]; !known && (left == forEver || left > oidc.AttemptLifetime) {
			t.Fatalf("a record of a stranger's lives for %s, want it to end within %s", left, oidc.AttemptLifetime)
		}
	}
	if refusals > 110 {
		t.Errorf("%d refusals of strangers are remembered, want 100 and what a day of it gives back meanwhile", refusals)
	}
	v := w.visitor(t)
	v.signIn("/login", "ada")
	if got := v.rocketChatToken(); got.status != http.StatusOK {
		t.Errorf("afterwards ada's token = %d %s, want 200", got.status, got.body)
	}
}

// flood sends the strangers of these numbers, four at a time.
func (w *world) flood(t *testing.T, from, to int) {
	t.Helper()
	handler, a := w.App.Server().Handler(), w.Addresses()
	strangers := make(chan int)
	var all sync.WaitGroup
	for range 4 {
		all.Go(func() {
			for i := range strangers {
				secret := sha256.Sum256(fmt.Appendf(nil, "stranger %d", i))
				text := base64.RawURLEncoding.EncodeToString(secret[:])
				call := func(method, target, origin string, want ...int) {
					r := httptest.NewRequest(method, a.Gateway+target, nil)
					r.RemoteAddr = netip.AddrPortFrom(netip.AddrFrom16([16]byte(secret[:16])), 4711).String()
					r.Header.Set("Cookie", "__Host-chatgate="+text)
					if origin != "" {
						r.Header.Set("Origin", origin)
					}
					answer := newSink()
					handler.ServeHTTP(answer, r)
					for _, status := range want {
						if answer.status == status {
							return
						}
					}
					t.Errorf("stranger %d: %s = %d, want %d", i, target, answer.status, want)
				}
				call(http.MethodGet, "/login", "", http.StatusSeeOther, http.StatusTooManyRequests)
				call(http.MethodGet, "/login/callback?code=x&state="+text, "", http.StatusBadRequest)
				call(http.MethodPost, "/rocketchat/token", a.RocketChat, http.StatusUnauthorized)
			}
		})
	}
	for i := from; i < to; i++ {
		strangers <- i
	}
	close(strangers)
	all.Wait()
}

// heap is what lives after the garbage is gone.
func heap() int64 {
	runtime.GC()
	runtime.GC() // what finalizers let go
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return int64(m.HeapAlloc)
}

// forEver is Redis's answer for a record without an end; one that has ended meanwhile has another.
const forEver = time.Duration(-1)

// passingKeys are the records that are not durable, each with how long it has to live.
func passingKeys(t *testing.T, client *redis.Client) map[string]time.Duration {
	t.Helper()
	lives := map[string]*redis.DurationCmd{}
	pipe := client.Pipeline()
	keys := client.Scan(t.Context(), 0, "*:t:*", 1000).Iterator()
	for keys.Next(t.Context()) {
		lives[keys.Val()] = pipe.TTL(t.Context(), keys.Val())
	}
	if err := keys.Err(); err != nil {
		t.Fatal(err)
	}
	if len(lives) == 0 {
		return nil
	}
	if _, err := pipe.Exec(t.Context()); err != nil {
		t.Fatal(err)
	}
	left := map[string]time.Duration{}
	for key, life := range lives {
		left[key] = life.Val()
	}
	return left
}
