package app

import (
	"cmp"
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"maps"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"chatgate/gateway"
	"chatgate/gateway/audit"
	"chatgate/gateway/chat"
	"chatgate/gateway/chat/rocketchat"
	"chatgate/gateway/chat/talk"
	"chatgate/gateway/decision"
	"chatgate/gateway/handoff"
	"chatgate/gateway/keyring"
	"chatgate/gateway/limit"
	"chatgate/gateway/outbox"
	"chatgate/gateway/problem"
	"chatgate/gateway/session"
	"chatgate/gateway/web"
	"chatgate/oidc"
	"chatgate/store"
)

// Lends are what a process may lend an App in place of its own; the zero value is what production uses.
type Lends struct {
	// Log takes every line; nil writes JSON to standard error at the configured level.
	Log *slog.Logger
	// Transport carries calls to providers and chats; nil dials them, through the proxy of the environment if any.
	Transport http.RoundTripper
	// Engine keeps the state; nil opens what the configuration says.
	Engine store.Engine
	// Now is the clock; nil means time.Now.
	Now func() time.Time
	// Stdout takes the audit lines with audit.output: stdout; nil is that of the process.
	Stdout io.Writer

	command bool // nobody is served
}

// App is a gateway that is ready to run.
type App struct {
	base     *base
	cfg      *Config
	log      *slog.Logger
	engine   store.Engine
	server   *gateway.Server
	audit    *audit.Log
	parts    parts
	workers  []worker
	chats    map[string]gateway.Chat
	registry *prometheus.Registry
	meters   *meters
}

// worker is background work with a name for the log.
type worker struct {
	name string
	run  func(context.Context) error
}

// parts are the rooms that connectors and server share.
type parts struct {
	store     *store.Store
	names     *store.Names
	heartbeat *store.Heartbeat
	sessions  *session.Manager
	handOffs  *handoff.Manager
	keys      *keyring.Keyring
	outbox    *outbox.Outbox
	ledger    *outbox.Ledger
	limits    *limit.Limiter
	pages     *web.Pages
	problems  *problem.Renderer
	decisions *decision.Recorder
	metrics   *chat.Metrics
	providers map[string]*oidc.RelyingParty
	transport http.RoundTripper
	now       func() time.Time
}

// Open builds a gateway from a checked configuration. It dials nothing and listens to nothing: a provider, chat or
// Redis that is down does not keep it from starting (D26).
func Open(cfg *Config, lend Lends) (*App, error) {
	b, engine, err := newBase(cfg, lend)
	if err != nil {
		return nil, &discreetError{err}
	}
	a, err := b.open(cfg, engine)
	if err != nil {
		return nil, &discreetError{err}
	}
	return a, nil
}

// open builds one App more on this base.
func (b *base) open(cfg *Config, engine store.Engine) (*App, error) {
	a := &App{base: b, cfg: cfg, engine: engine, registry: prometheus.NewRegistry(), chats: map[string]gateway.Chat{}}
	a.log = slog.New(gateway.LogHandler{Handler: b.log.Handler()})
	a.audit = b.audit.log(a.log)
	a.warn()
	var err error
	if a.meters, err = newMeters(a.registry, cfg); err != nil {
		return nil, err
	}
	a.audit = a.audit.Counting(a.meters.act)
	if err := a.openParts(); err != nil {
		return nil, err
	}
	if err := a.openChats(); err != nil {
		return nil, err
	}
	a.server, err = gateway.New(gateway.Config{
		BaseURL: string(cfg.BaseURL), Providers: a.parts.providers, Chats: a.chats, Pprof: cfg.Listen.Pprof,
		TrustedProxies: cfg.trustedProxies(), Rules: cfg.Limits.Rules(), DrainDelay: cfg.Listen.Drain, AccessLog: cfg.Log.Access,
		AccountChoice: cfg.Session.AccountChoice, Place: cfg.Session.Place,
		Store: a.parts.store, Names: a.parts.names, Heartbeat: a.parts.heartbeat, Sessions: a.parts.sessions, Ledger: a.parts.ledger, HandOffs: a.parts.handOffs, Keys: a.parts.keys,
		Limits: a.parts.limits, Audit: a.audit, Pages: a.parts.pages, Problems: a.parts.problems, Decisions: a.parts.decisions,
		Metrics: a.registry, Gatherer: prometheus.Gatherers{b.registry, b.former.with(a.registry)}, Log: a.log, Now: a.parts.now,
		Tracer: b.tracer, Checks: map[string]func() error{"configuration": b.reloads.check},
	})
	if err != nil {
		return nil, err
	}
	a.work("chats", a.server.WatchChats)
	a.work("presence", newPresence(a).Run)
	a.work("dependencies", a.server.WatchDependencies)
	a.meters.expectJobs(a.parts.outbox.Kinds())
	return a, nil
}

// warn says aloud what is legal and should not surprise anybody (B-29, S128).
func (a *App) warn() {
	if a.cfg.Development {
		a.log.Warn("DEVELOPMENT MODE: http is allowed on loopback; never use it where people sign in")
	}
	if a.cfg.Listen.Pprof {
		a.log.Warn("PROFILES ARE SERVED at /debug/pprof/ on the admin listener: switch listen.pprof off when you are done", "admin", a.cfg.Listen.Admin)
	}
	if a.cfg.Redis.Memory {
		a.log.Warn("state is kept in memory: one replica only, and everybody signs in again after a restart")
	}
	for name, section := range a.cfg.Chats {
		for key, origin := range section.Addresses() {
			if !sameSite(a.cfg.BaseURL, origin) {
				a.log.Warn("cross-site: browsers that block third-party cookies will ask people to sign in by a press; "+
					"a host name of the gateway beside the chat's avoids it", "chat", name, "key", key, "origin", string(origin))
			}
		}
		a.warnOfAdministrators(name, section)
	}
}

// warnOfAdministrators says so where each of several providers decides on who administers a chat, or is staff there: groups
// are compared by name alone, so any of them may say of its people that they are in one.
func (a *App) warnOfAdministrators(name string, section chat.Config) {
	configured := slices.Sorted(maps.Keys(a.cfg.Providers))
	switch section := section.(type) {
	case *rocketchat.Config:
		if providers := section.AdminProviders(configured); len(providers) > 1 {
			a.log.Warn("groups of several providers make administrators: accounts.providers names those that are meant",
				"chat", name, "providers", providers)
		}
	case *talk.Config:
		if providers := section.StaffProviders(configured); len(providers) > 1 {
			a.log.Warn("groups of several providers make staff: roleProviders names those that are meant",
				"chat", name, "providers", providers)
		}
	}
}

// Server is the gateway's HTTP server, for callers that bring their own listeners.
func (a *App) Server() *gateway.Server { return a.server }

func (a *App) work(name string, run func(context.Context) error) {
	a.workers = append(a.workers, worker{name: name, run: run})
}

// sealer opens the configured keys. A gateway that keeps nothing has one of its own besides, which seals where none is
// configured.
func (c *Config) sealer(own []byte) (*store.Sealer, error) {
	keys := map[string][]byte{}
	for name, key := range c.Sealing.Keys {
		raw, err := base64.StdEncoding.DecodeString(strings.TrimSpace(key.Reveal()))
		if err != nil {
			return nil, fmt.Errorf("sealing.keys.%s: must be base64", name)
		}
		keys[name] = raw
	}
	current := c.Sealing.Current
	if c.Redis.Memory {
		const name = "of this process"
		keys[name] = own
		current = cmp.Or(current, name)
	}
	return store.NewSealer(current, keys)
}

// Check says whether a gateway would open with this configuration. It dials and listens to nothing.
func Check(cfg *Config) error {
	a, err := Open(cfg, Lends{Log: slog.New(slog.DiscardHandler)})
	if err != nil {
		return err
	}
	return errors.Join(a.base.readFiles(), a.engine.Close())
}
