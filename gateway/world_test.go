package gateway_test

import (
	"bytes"
	"cmp"
	"context"
	"log/slog"
	"net/http"
	"net/netip"
	"strings"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"chatgate/gateway"
	"chatgate/gateway/audit"
	"chatgate/gateway/chat"
	"chatgate/gateway/chat/chattest"
	"chatgate/gateway/decision"
	"chatgate/gateway/handoff"
	"chatgate/gateway/keyring"
	"chatgate/gateway/limit"
	"chatgate/gateway/outbox"
	"chatgate/gateway/problem"
	"chatgate/gateway/session"
	"chatgate/gateway/tracing"
	"chatgate/gateway/web"
	"chatgate/oidc"
	"chatgate/oidc/oidctest"
	"chatgate/store"
	"chatgate/store/memstore"
)

const (
	base    = "https://sso.example.org"
	issuer  = "https://idp.example.org"
	recheck = 15 * time.Minute
	board   = "https://board.example.org"
	// guestIssuer is the second provider's.
	guestIssuer = "https://guests.example.org"
)

// world is a gateway with one provider and one chat, and everything a test may want to move or break.
type world struct {
	*gateway.Server
	t        testing.TB
	cfg      gateway.Config
	provider *oidctest.Provider
	guests   *oidctest.Provider // known as guests, where there is a second one
	engine   *faultyEngine
	sessions *session.Manager
	outbox   *outbox.Outbox
	ledger   *outbox.Ledger
	handOffs *handoff.Manager
	beat     *store.Heartbeat
	board    *bulletin
	clock    *chattest.Clock
	log      *chattest.Journal
	why      *decision.Recorder
	registry *prometheus.Registry
}

type options struct {
	rules   limit.Rules
	trusted []netip.Prefix
	// undiscovered leaves the provider's document unread, as while the provider is down.
	undiscovered bool
	drain        time.Duration
	rulesOfBoard *chat.AccessRules
	// scopes are asked for; nil is the default, without offline_access.
	scopes []string
	// second adds another provider.
	second bool
	// unread are the keys of further providers, whose documents nobody has read.
	unread []string
	// domains are the providers' e-mail domains by their keys.
	domains map[string][]string
	// choice has the sign-in after a sign-out ask for the account.
	choice bool
	// prompt is what the provider is asked with at every sign-in.
	prompt string
	// age is how long a sign-in counts for the board.
	age    time.Duration
	people []oidctest.User
	// annex adds another chat at the board's page, for which every sign-in counts.
	annex bool
	// tracer records requests.
	tracer *tracing.Tracer
	// profiles are served.
	profiles bool
	// checks are looked at beside the gateway's own.
	checks map[string]func() error
}

func open(t testing.TB, o options) *world {
	t.Helper()
	w := &world{t: t, clock: chattest.NewClock(), log: &chattest.Journal{}, registry: prometheus.NewRegistry()}
	w.engine = &faultyEngine{Engine: memstore.New(memstore.Config{Now: w.clock.Now})}
	users := []oidctest.User{
		{Username: "ada", Password: "ada", Subject: "ada-1", Name: "Ada Lovelace", Email: "ada@example.org", EmailVerified: true},
		{Username: "bob", Password: "bob", Subject: "bob-2", Name: "Bob Kahn"},
	}
	for address, into := range map[string]**oidctest.Provider{issuer: &w.provider, guestIssuer: &w.guests} {
		*into = oidctest.New(oidctest.Config{
			Issuer: address, Now: w.clock.Now, Users: append(users, o.people...),
			Clients: []oidctest.Client{{ID: "chatgate", Secret: "client-secret", RedirectURIs: []string{base + "/login/callback"}}},
		})
	}
	sealer, err := store.NewSealer("k", map[string][]byte{"k": bytes.Repeat([]byte("k"), 32)})
	w.must(err)
	st, err := store.New(store.Config{Engine: w.engine, Sealer: sealer, Now: w.clock.Now})
	w.must(err)
	log := slog.New(gateway.LogHandler{Handler: slog.NewJSONHandler(w.log, nil)})
	pages, err := web.New(web.Config{HSTS: true})
	w.must(err)
	problems, err := problem.New(problem.Config{Pages: pages, Log: log})
	w.must(err)
	names := store.NewNames(st)
	limits, err := limit.New(limit.Config{Store: st, Names: names})
	w.must(err)
	w.beat = store.NewHeartbeat(st)
	w.outbox, err = outbox.New(outbox.Config{Store: st, Log: log, Now: w.clock.Now})
	w.must(err)
	w.ledger, err = outbox.NewLedger(outbox.LedgerConfig{Store: st, Names: names, Outbox: w.outbox, Now: w.clock.Now})
	w.must(err)
	providers := map[string]*oidc.RelyingParty{"corp": w.relyingParty("corp", o)}
	if o.second {
		providers["guests"] = w.relyingParty("guests", o)
	}
	for _, key := range o.unread {
		providers[key] = w.relyingParty(key, options{undiscovered: true, domains: o.domains})
	}
	w.sessions, err = session.New(session.Config{
		Provider: gateway.NewProviders(providers, w.outbox, audit.New(log)),
		Store:    st, Names: names, Heartbeat: w.beat, Chats: map[string]time.Duration{"board": o.age}, Log: log, Now: w.clock.Now,
		Settings: session.Settings{Idle: time.Hour, Absolute: 8 * time.Hour, Recheck: recheck},
	})
	w.must(err)
	keys, err := keyring.New(keyring.Config{Store: st, Log: log, Now: w.clock.Now, Sets: []keyring.SetConfig{{Name: "board"}}})
	w.must(err)
	w.must(keys.Load(t.Context()))
	w.handOffs, err = handoff.New(handoff.Config{Store: st, Now: w.clock.Now})
	w.must(err)
	w.board = &bulletin{sessions: w.sessions, problems: problems, entered: make(chan struct{}), leave: make(chan struct{})}
	w.why, err = decision.New(decision.Config{
		Store: st, Names: names, Log: log, Now: w.clock.Now, Settings: decision.Settings{Keep: 24 * time.Hour, PerMinute: 600, Most: 20000},
	})
	w.must(err)
	chats := map[string]gateway.Chat{"board": {Connector: w.board, Title: "Bulletin Board", Rules: o.rulesOfBoard}}
	if o.annex {
		chats["annex"] = gateway.Chat{Connector: annex{}, Title: "Annex"}
	}
	w.cfg = gateway.Config{
		BaseURL: base, Providers: providers, Chats: chats, Pprof: o.profiles, Tracer: o.tracer,
		Checks: o.checks, TrustedProxies: o.trusted, Rules: o.rules, AccessLog: true, DrainDelay: o.drain, AccountChoice: o.choice,
		Store: st, Names: names, Heartbeat: w.beat, Sessions: w.sessions, Ledger: w.ledger, HandOffs: w.handOffs, Keys: keys, Limits: limits, Audit: audit.New(log),
		Pages: pages, Problems: problems, Decisions: w.why, Metrics: w.registry, Log: log, Now: w.clock.Now,
	}
	w.Server, err = gateway.New(w.cfg)
	w.must(err)
	return w
}

// within is the same world for a test inside the one that opened it.
func (w *world) within(t testing.TB) *world {
	same := *w
	same.t = t
	return &same
}

func (w *world) relyingParty(key string, o options) *oidc.RelyingParty {
	w.t.Helper()
	at := cmp.Or(map[string]string{"corp": issuer, "guests": guestIssuer}[key], "https://"+key+".example.org")
	rp, err := oidc.New(oidc.Config{
		Issuer: at, Domains: o.domains[key], Title: "The " + key, Client: oidc.ClientConfig{ID: "chatgate", Secret: "client-secret"}, Leeway: 30 * time.Second,
		Scopes: o.scopes, Prompt: o.prompt,
	}, oidc.Env{
		Provider: key, Now: w.clock.Now, Log: slog.New(slog.DiscardHandler),
		Transport: w.network(),
	})
	w.must(err)
	if o.undiscovered {
		return rp
	}
	ctx, stop := context.WithCancel(w.t.Context())
	done := make(chan error, 1)
	go func() { done <- rp.Run(ctx) }()
	w.t.Cleanup(func() { stop(); <-done })
	for deadline := time.Now().Add(10 * time.Second); rp.Ready() != nil; {
		if time.Now().After(deadline) {
			w.t.Fatal(rp.Ready())
		}
		time.Sleep(time.Millisecond) // discovery runs by the real clock
	}
	return rp
}

// network is where the providers are.
func (w *world) network() *http.Transport {
	return oidctest.Network(w.t, map[string]http.Handler{"idp.example.org": w.provider, "guests.example.org": w.guests})
}

// at is the provider that an address is one of.
func (w *world) at(address string) *oidctest.Provider {
	if strings.HasPrefix(address, guestIssuer) {
		return w.guests
	}
	return w.provider
}

func (w *world) must(err error) {
	w.t.Helper()
	if err != nil {
		w.t.Fatal(err)
	}
}
