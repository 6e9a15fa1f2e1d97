package chattest

import (
	"bytes"
	"context"
	"log/slog"
	"net/http"
	"sync"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"chatgate/gateway/audit"
	"chatgate/gateway/chat"
	"chatgate/gateway/decision"
	"chatgate/gateway/handoff"
	"chatgate/gateway/keyring"
	"chatgate/gateway/limit"
	"chatgate/gateway/outbox"
	"chatgate/gateway/problem"
	"chatgate/gateway/session"
	"chatgate/gateway/web"
	"chatgate/store"
	"chatgate/store/memstore"
)

// BaseURL is the public origin of the gateway in tests, unless Options say otherwise.
const BaseURL = "https://sso.example.org"

// Options are what a test may want differently; the zero value is a gateway for one chat called "chat".
type Options struct {
	// Name is the chat's name.
	Name string
	// BaseURL is the gateway's public origin, without a final slash.
	BaseURL string
	// Keys gives the chat a loaded set of signing keys of its own.
	Keys bool
	// Limits are the limits in force; nil switches all of them off.
	Limits *limit.Settings
	// Session says how long sessions live; zero is 8 hours idle and 24 hours in all.
	Session session.Settings
	// Provider is asked whether sessions may go on, where Session.Recheck says how often. Each then has a refresh token.
	Provider session.Provider
	// MaxAge is how long a sign-in counts for the chat; 0 is as long as the session.
	MaxAge time.Duration
	// Transport carries calls to the chat; nil dials them.
	Transport http.RoundTripper
	// Engine holds the state; nil is a store in memory.
	Engine store.Engine
}

// Env is a chat.Env and what a test does with it.
type Env struct {
	chat.Env
	// Clock is the one behind Now; it starts on a Saturday morning and stands still.
	Clock *Clock
	// Journal holds every line that was logged, audit lines included, as JSON.
	Journal *Journal
	// Registry holds the metrics.
	Registry *prometheus.Registry

	t        testing.TB
	options  Options
	engine   *counting
	follower *follower

	explaining sync.Mutex
	explained  decision.Record
}

// Commands is how many commands this replica has given the store so far.
func (e *Env) Commands() int64 { return e.engine.commands.Load() }

// CloseStore takes the store away from every replica: from now on each of its commands fails (S67).
func (e *Env) CloseStore() error { return e.engine.Close() }

// NewEnv builds everything a connector is lent.
func NewEnv(t testing.TB, o Options) *Env {
	t.Helper()
	clock := NewClock()
	if o.Engine == nil {
		o.Engine = memstore.New(memstore.Config{Now: clock.Now})
	}
	return newEnv(t, o, clock, &Journal{})
}

// Replica is a second process of the same gateway: another connector opened from it shares the store, the clock and
// the journal, and nothing else.
func (e *Env) Replica() *Env {
	e.t.Helper()
	return newEnv(e.t, e.options, e.Clock, e.Journal)
}

// Within makes t the test that fails from now on: what is costly to open may serve many tests, one after the other.
func (e *Env) Within(t testing.TB) { e.t = t }

func newEnv(t testing.TB, o Options, clock *Clock, journal *Journal) *Env {
	t.Helper()
	o = o.complete()
	e := &Env{
		Env: chat.Env{
			Name: o.Name, Title: o.Name, BaseURL: o.BaseURL, Transport: o.Transport, Now: clock.Now,
			Log: slog.New(slog.NewJSONHandler(journal, &slog.HandlerOptions{Level: slog.LevelDebug})),
		},
		Clock: clock, Journal: journal, Registry: prometheus.NewRegistry(),
		t: t, options: o, engine: &counting{Engine: o.Engine}, follower: &follower{},
	}
	e.Audit = audit.New(e.Log)
	e.openStore()
	e.openSessions()
	e.openPages()
	e.openKeys()
	return e
}

func (o Options) complete() Options {
	if o.Name == "" {
		o.Name = "chat"
	}
	if o.BaseURL == "" {
		o.BaseURL = BaseURL
	}
	if o.Session.Absolute == 0 {
		o.Session = session.Settings{Idle: defaultIdle, Absolute: defaultAbsolute}
	}
	if o.Limits == nil {
		o.Limits = &limit.Settings{}
	}
	if o.Transport == nil {
		o.Transport = http.DefaultTransport
	}
	return o
}

func (e *Env) openStore() {
	sealer, err := store.NewSealer("test", map[string][]byte{"test": bytes.Repeat([]byte("k"), 32)})
	e.must(err)
	e.Store, err = store.New(store.Config{Engine: e.engine, Sealer: sealer, Now: e.Now})
	e.must(err)
	e.Names, e.Heartbeat = store.NewNames(e.Store), store.NewHeartbeat(e.Store)
	e.Rules = e.options.Limits.Rules()
	e.Limits, err = limit.New(limit.Config{Store: e.Store, Names: e.Names})
	e.must(err)
	e.Outbox, err = outbox.New(outbox.Config{Store: e.Store, Log: e.Log, Now: e.Now})
	e.must(err)
	e.Ledger, err = outbox.NewLedger(outbox.LedgerConfig{
		Store: e.Store, Names: e.Names, Outbox: e.Outbox, Log: e.Log, Now: e.Now,
	})
	e.must(err)
}

func (e *Env) openSessions() {
	var err error
	e.Sessions, err = session.New(session.Config{
		Store: e.Store, Names: e.Names, Heartbeat: e.Heartbeat, Settings: e.options.Session,
		Chats: map[string]time.Duration{e.Name: e.options.MaxAge}, Provider: e.options.Provider, Log: e.Log, Now: e.Now,
	})
	e.must(err)
	e.Sessions.Follow(e.follower)
	e.HandOffs, err = handoff.New(handoff.Config{Store: e.Store, Now: e.Now})
	e.must(err)
}

func (e *Env) openPages() {
	var err error
	e.Pages, err = web.New(web.Config{})
	e.must(err)
	e.Problems, err = problem.New(problem.Config{Pages: e.Pages, Log: e.Log})
	e.must(err)
	e.Metrics, err = chat.NewMetrics(e.Registry)
	e.must(err)
}

func (e *Env) openKeys() {
	if !e.options.Keys {
		return
	}
	keys, err := keyring.New(keyring.Config{
		Store: e.Store, Log: e.Log, Now: e.Now, Sets: []keyring.SetConfig{{Name: e.Name}},
	})
	e.must(err)
	e.must(keys.Load(context.Background()))
	e.Keys = keys.Set(e.Name)
}

func (e *Env) must(err error) {
	e.t.Helper()
	if err != nil {
		e.t.Fatal(err)
	}
}
