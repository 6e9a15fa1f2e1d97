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
	t.Run("redis", func(t *testing.T) {
		engine, err := redisstore.Open(redisstore.Config{
			Standalone: &redisstore.Standalone{Address: miniredis.RunT(t).Addr()},
		})
		must(t, err)
		t.Cleanup(func() { _ = engine.Close() })
		test(t, newWorldOn(t, &clock{t: morning}, engine))
	})
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

var errCrash = fmt.Errorf("%w: crashed", store.ErrUnavailable)

// faulty is an engine that stops taking writes after some, as a process or a server does that dies in between.
type faulty struct {
	store.Engine

	mu    sync.Mutex
	armed bool
	left  int  // writes until it stops
	lost  bool // the write at which it stops is carried out, and its answer lost
	down  bool // nothing is written at all

	refusals int           // refused writes until reached is closed
	reached  chan struct{} // nil when nobody waits
}

// crashAfter lets n more writes succeed.
func (f *faulty) crashAfter(n int, lost bool) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.armed, f.left, f.lost = true, n, lost
}

func (f *faulty) setDown(down bool) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.down = down
}

// afterRefusals returns a channel that is closed once so many writes were refused.
func (f *faulty) afterRefusals(n int) <-chan struct{} {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.refusals, f.reached = n, make(chan struct{})
	return f.reached
}

// heal takes writes again, and says whether any was refused.
func (f *faulty) heal() bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	crashed := f.armed && f.left < 0
	f.armed = false
	return crashed
}

func (f *faulty) write(do func() error) error {
	f.mu.Lock()
	stop, perform := f.down, !f.down
	if f.armed {
		f.left--
		stop = f.left < 0
		perform = !stop || (f.lost && f.left == -1)
	}
	if f.refusals--; stop && f.reached != nil && f.refusals == 0 {
		close(f.reached)
	}
	f.mu.Unlock()
	if perform {
		err := do()
		if !stop {
			return err
		}
	}
	return errCrash
}

func (f *faulty) PutIndex(ctx context.Context, key string, e store.Entry, ttl time.Duration) error {
	return f.write(func() error { return f.Engine.PutIndex(ctx, key, e, ttl) })
}

func (f *faulty) MoveIndex(ctx context.Context, key, old string, e store.Entry) error {
	return f.write(func() error { return f.Engine.MoveIndex(ctx, key, old, e) })
}

func (f *faulty) DropIndex(ctx context.Context, key string, members ...string) error {
	return f.write(func() error { return f.Engine.DropIndex(ctx, key, members...) })
}

func (f *faulty) SetHash(ctx context.Context, key, anchor string, set map[string][]byte, remove []string, ttl time.Duration) error {
	return f.write(func() error { return f.Engine.SetHash(ctx, key, anchor, set, remove, ttl) })
}

func (f *faulty) ClaimIndex(ctx context.Context, key string, due, until time.Time, limit int) (e []store.Entry, err error) {
	err = f.write(func() (err error) {
		e, err = f.Engine.ClaimIndex(ctx, key, due, until, limit)
		return err
	})
	if err != nil {
		return nil, err
	}
	return e, nil
}
