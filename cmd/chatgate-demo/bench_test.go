package main

import (
	"context"
	"crypto/rand"
	"log/slog"
	"math"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/gin-gonic/gin"
	"github.com/redis/go-redis/v9"

	"chatgate/store/storetest/redistest"
)

// BenchmarkWarmToken measures the call that Rocket.Chat's client makes at every page load, against the least that a
// gateway of this make could do: Gin, one GET of go-redis, JSON. The budget is a CPU ratio of 1.25 to that floor in one
// run, with the access log off, and a tenth more with it.
//
// The machine is shared and its speed changes from second to second, so each round serves a few calls of every kind in
// turn and the ratios are those of the sums: x-floor, to be read beside the times, which mean little by themselves.
//
// On two shared cores the ratio has been seen between 1.36 and 1.52, 1.47 in the median: the budget is not held yet. The
// CPU profile says why not. Of what a warm call costs beyond the floor, a third is HMGET of five fields in place of GET of
// one, mostly its longer reply. The rest has no single cause: opening the sealed fields, the answer's JSON, cookie and
// session, the histograms and the request id take a twentieth of the call each.
//
//	go test -run '^$' -bench WarmToken -benchtime 400x -count 5 ./cmd/chatgate-demo
func BenchmarkWarmToken(b *testing.B) {
	const round = 20
	redis := redistest.Start(b).Addr // one for all: the kernel's share of a call depends on which process answers
	quiet, logged := startWarm(b, redis, "log: {access: false}\n"), startWarm(b, redis, "log: {access: true}\n")
	bottom, least := floor(b, quiet.redis), httptest.NewRequest(http.MethodPost, "/", nil)
	kinds := []struct {
		name string
		call func()
	}{
		{"floor", func() { bottom.ServeHTTP(newSink(), least) }},
		{"warm", func() { quiet.handler.ServeHTTP(newSink(), quiet.request) }},
		{"logged", func() { logged.handler.ServeHTTP(newSink(), logged.request) }},
		{"anonymous", func() { quiet.handler.ServeHTTP(newSink(), quiet.anonymous) }},
	}
	spent := make([]time.Duration, len(kinds))
	for first := 0; b.Loop(); first++ {
		for turn := range kinds {
			i := (first + turn) % len(kinds) // nobody is always the one that finds the caches cold
			began := cpu(b)
			for range round {
				kinds[i].call()
			}
			spent[i] += cpu(b) - began
		}
	}
	for i, kind := range kinds {
		b.ReportMetric(float64(spent[i].Nanoseconds())/float64(b.N*round), kind.name+"-cpu-ns")
		b.ReportMetric(float64(spent[i])/float64(spent[0]), kind.name+"-x-floor")
	}
	b.ReportMetric(0, "ns/op") // of a whole round of all kinds: says nothing
}

// TestAWarmTokenCallIsCheap holds the budgets that do not depend on the machine's mood: one Redis command, at most 60
// allocations, and nothing at all for a caller without a cookie (D22).
func TestAWarmTokenCallIsCheap(t *testing.T) {
	warm := startWarm(t, redistest.Start(t).Addr, "log: {access: false}\n")
	count := newCounter(t, warm.redis)
	allocations := testing.AllocsPerRun(100, func() { warm.serve(t, warm.request, http.StatusOK) })
	inWarm := count.least(t, func() { warm.serve(t, warm.request, http.StatusOK) })
	inAnonymous := count.least(t, func() { warm.serve(t, warm.anonymous, http.StatusUnauthorized) })
	t.Logf("%.0f allocations, %d Redis commands in %d warm calls, %d in as many without a cookie", allocations, inWarm, calls, inAnonymous)
	if inWarm != calls {
		t.Errorf("%d warm calls cost %d Redis commands, want one each", calls, inWarm)
	}
	if inAnonymous != 0 {
		t.Errorf("%d calls without a cookie cost %d Redis commands, want none", calls, inAnonymous)
	}
	if allocations > 60 && !raceEnabled {
		t.Errorf("a warm call makes %.0f allocations, want at most 60", allocations)
	}
}

// calls is how many calls are counted at once.
const calls = 100

// counter tells how many commands a Redis processes.
type counter struct{ client *redis.Client }

func newCounter(t testing.TB, address string) counter {
	t.Helper()
	c := counter{client: redis.NewClient(&redis.Options{Addr: address})}
	t.Cleanup(func() { _ = c.client.Close() })
	c.read(t) // greets the server now, not within a count
	return c
}

// during is how many commands were processed while do ran; one more is the count's own question.
func (c counter) during(t testing.TB, do func()) int64 {
	t.Helper()
	before := c.read(t)
	do()
	return c.read(t) - before - 1
}

// least is how many commands so many calls cost. The gateway's background work sends a few of its own now and then, so
// the least of several counts is taken.
func (c counter) least(t testing.TB, call func()) int64 {
	t.Helper()
	least := int64(math.MaxInt64)
	for range 10 {
		least = min(least, c.during(t, func() {
			for range calls {
				call()
			}
		}))
	}
	return least
}

func (c counter) read(t testing.TB) int64 {
	t.Helper()
	stats, err := c.client.Info(context.Background(), "stats").Result()
	if err != nil {
		t.Fatal(err)
	}
	_, text, _ := strings.Cut(stats, "total_commands_processed:")
	text, _, _ = strings.Cut(text, "\r\n")
	n, err := strconv.ParseInt(text, 10, 64)
	if err != nil {
		t.Fatal(err)
	}
	return n
}

// warmWorld is a gateway with one person signed in whose login token is made.
type warmWorld struct {
	redis              string
	handler            http.Handler
	request, anonymous *http.Request
}

// forgetful is where a log goes that is to be written in full, and by nobody read.
type forgetful struct{}

func (forgetful) Write(p []byte) (int, error) { return len(p), nil }

// unwatched is a log that is written for its cost alone.
type unwatched struct{ slog.Handler }

func forgetfulLog() *slog.Logger { return slog.New(unwatched{slog.NewJSONHandler(forgetful{}, nil)}) }

func startWarm(t testing.TB, redis, extra string) warmWorld {
	t.Helper()
	w := start(t, worldConfig{Redis: redis, KeyPrefix: rand.Text() + ":", Log: forgetfulLog(), Extra: extra + "limits: {warmCallsPerSession: 0, warmCallsPerAddress: 0}\n"})
	v := w.visitor(t)
	v.signIn("/login", "ada")
	if got := v.rocketChatToken(); got.status != http.StatusOK {
		t.Fatalf("token = %d %s", got.status, got.body)
	}
	request := httptest.NewRequest(http.MethodPost, w.Addresses().Gateway+"/rocketchat/token", nil)
	request.Header.Set("Origin", w.Addresses().RocketChat)
	anonymous := request.Clone(request.Context())
	gateway := httptest.NewRequest(http.MethodGet, w.Addresses().Gateway, nil).URL
	for _, c := range v.client.Jar.Cookies(gateway) {
		request.AddCookie(c)
	}
	return warmWorld{redis: redis, handler: w.App.Server().Handler(), request: request, anonymous: anonymous}
}

func (w warmWorld) serve(t testing.TB, request *http.Request, want int) {
	answer := newSink()
	w.handler.ServeHTTP(answer, request)
	if answer.status != want {
		t.Fatalf("answer = %d, want %d", answer.status, want)
	}
}

// sink takes an answer as net/http's own writer does, without the copies that a recorder makes for tests.
type sink struct {
	header http.Header
	status int
}

func newSink() *sink { return &sink{header: make(http.Header, 16)} }

func (s *sink) Header() http.Header         { return s.header }
func (s *sink) WriteHeader(status int)      { s.status = status }
func (s *sink) Write(p []byte) (int, error) { return len(p), nil }

// floor is Gin, one GET and JSON.
func floor(t testing.TB, address string) http.Handler {
	t.Helper()
	client := redis.NewClient(&redis.Options{Addr: address})
	t.Cleanup(func() { _ = client.Close() })
	if err := client.Set(t.Context(), "floor", strings.Repeat("x", 600), time.Hour).Err(); err != nil {
		t.Fatal(err)
	}
	gin.SetMode(gin.ReleaseMode)
	engine := gin.New()
	engine.POST("/", func(c *gin.Context) {
		value, err := client.Get(c.Request.Context(), "floor").Result()
		if err != nil {
			c.Status(http.StatusInternalServerError)
			return
		}
		c.JSON(http.StatusOK, map[string]string{"loginToken": value[:43], "userId": value[:17]})
	})
	return engine
}

// cpu is what this process has used: Redis is another one.
func cpu(t testing.TB) time.Duration {
	t.Helper()
	var usage syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &usage); err != nil {
		t.Fatal(err)
	}
	return time.Duration(usage.Utime.Nano() + usage.Stime.Nano())
}
