package outbox_test

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/alicebob/miniredis/v2"
	"go.uber.org/goleak"

	"chatgate/gateway/outbox"
	"chatgate/store"
	"chatgate/store/memstore"
	"chatgate/store/redisstore"
	"chatgate/store/storetest/redistest"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// secret is part of every token in these tests, and of no log line.
const secret = "s3cret"

var morning = time.Date(2026, 11, 21, 8, 0, 0, 0, time.UTC)

type clock struct {
	mu sync.Mutex
	t  time.Time
}

func (c *clock) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.t
}

func (c *clock) Advance(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.t = c.t.Add(d)
}

// journal is a log that several goroutines write and a test reads.
type journal struct {
	mu  sync.Mutex
	buf bytes.Buffer
}

func (j *journal) Write(p []byte) (int, error) {
	j.mu.Lock()
	defer j.mu.Unlock()
	return j.buf.Write(p)
}

func (j *journal) String() string {
	j.mu.Lock()
	defer j.mu.Unlock()
	return j.buf.String()
}

func (j *journal) count(msg string) int {
	return strings.Count(j.String(), fmt.Sprintf(`"msg":%q`, msg))
}

// world is one engine, one clock and one log, with any number of replicas.
type world struct {
	t      *testing.T
	clock  *clock
	engine *faulty
	log    *journal

	mu      sync.Mutex
	results []outbox.Result
	revoked map[string]int
}

func newWorld(t *testing.T) *world {
	c := &clock{t: morning}
	return newWorldOn(t, c, memstore.New(memstore.Config{Now: c.Now}))
}

func newWorldOn(t *testing.T, c *clock, engine store.Engine) *world {
	t.Helper()
	w := &world{t: t, clock: c, engine: &faulty{Engine: engine}, log: &journal{}, revoked: map[string]int{}}
	t.Cleanup(func() {
		if log := w.log.String(); strings.Contains(log, secret) {
			t.Errorf("the log holds a secret:\n%s", log)
		}
	})
	return w
}

// eachEngine runs a test on the engine in memory and on the Redis engine, in front of an embedded server.
func eachEngine(t *testing.T, test func(t *testing.T, w *world)) {
	t.Run("memory", func(t *testing.T) { test(t, newWorld(t)) })
	t.Run("redis", func(t *testing.T) { test(t, newRedisWorld(t, miniredis.RunT(t).Addr())) })
}

// everyEngine is eachEngine for what hangs on how a server orders commands: it takes a real one, too.
func everyEngine(t *testing.T, test func(t *testing.T, w *world)) {
	eachEngine(t, test)
	t.Run("redis-server", func(t *testing.T) { test(t, newRedisWorld(t, redistest.Start(t).Addr)) })
}

func newRedisWorld(t *testing.T, address string) *world {
	t.Helper()
	engine, err := redisstore.Open(redisstore.Config{Standalone: &redisstore.Standalone{Address: address}})
	must(t, err)
	t.Cleanup(func() { _ = engine.Close() })
	return newWorldOn(t, &clock{t: morning}, engine)
}

// key is a sealing key of the name given.
func key(name string) []byte { return bytes.Repeat([]byte(name[:1]), 32) }

// store opens the engine with sealing keys, the first of which seals.
func (w *world) store(keys ...string) *store.Store {
	w.t.Helper()
	all := map[string][]byte{}
	for _, name := range keys {
		all[name] = key(name)
	}
	sealer, err := store.NewSealer(keys[0], all)
	if err != nil {
		w.t.Fatal(err)
	}
	s, err := store.New(store.Config{Engine: w.engine, Sealer: sealer, Now: w.clock.Now})
	if err != nil {
		w.t.Fatal(err)
	}
	return s
}

// outbox is one replica's; it records how attempts end.
func (w *world) outbox(s *store.Store) *outbox.Outbox {
	return w.outboxPolling(s, 0)
}

func (w *world) outboxPolling(s *store.Store, poll time.Duration) *outbox.Outbox {
	w.t.Helper()
	o, err := outbox.New(outbox.Config{
		Store: s,
		Log:   slog.New(slog.NewJSONHandler(w.log, &slog.HandlerOptions{Level: slog.LevelDebug})),
		Now:   w.clock.Now,
		Poll:  poll,
		OnDone: func(_ context.Context, _ outbox.Job, r outbox.Result) {
			w.mu.Lock()
			defer w.mu.Unlock()
			w.results = append(w.results, r)
		},
	})
	if err != nil {
		w.t.Fatal(err)
	}
	return o
}

// ledger is one replica's ledger; names come from a store of their own so that sealing tests reach the ledger only.
func (w *world) ledger(s *store.Store, o *outbox.Outbox, held func(string) bool) *outbox.Ledger {
	w.t.Helper()
	l, err := outbox.NewLedger(outbox.LedgerConfig{
		Store: s, Names: store.NewNames(w.store("names")), Outbox: o, Held: held,
		Log: slog.New(slog.NewJSONHandler(w.log, nil)),
		Now: w.clock.Now,
	})
	if err != nil {
		w.t.Fatal(err)
	}
	return l
}

// revoker handles revocations of the chats given by counting them.
func (w *world) revoker(o *outbox.Outbox, chats ...string) {
	for _, chat := range chats {
		o.Handle(outbox.KindRevoke, chat, func(_ context.Context, job outbox.Job) error {
			var r outbox.RevokeJob
			if err := json.Unmarshal(job.Payload, &r); err != nil {
				return outbox.Permanent(err)
			}
			w.mu.Lock()
			defer w.mu.Unlock()
			w.revoked[r.Token.Reveal()]++
			return nil
		})
	}
}

// takeRevoked lists the tokens revoked so far and forgets them.
func (w *world) takeRevoked() []string {
	w.mu.Lock()
	defer w.mu.Unlock()
	var tokens []string
	for token := range w.revoked {
		tokens = append(tokens, token)
	}
	slices.Sort(tokens)
	w.revoked = map[string]int{}
	return tokens
}

func (w *world) takeResults() []outbox.Result {
	w.mu.Lock()
	defer w.mu.Unlock()
	taken := w.results
	w.results = nil
	return taken
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func drain(t *testing.T, o *outbox.Outbox) {
	t.Helper()
	must(t, o.Drain(t.Context()))
}

func depth(t *testing.T, o *outbox.Outbox) int {
	t.Helper()
	n, err := o.Depth(t.Context())
	must(t, err)
	return n
}

// until is the same end for every chat.
func until(at time.Time) func(string) time.Time { return func(string) time.Time { return at } }
