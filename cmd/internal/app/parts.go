package app

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"golang.org/x/net/publicsuffix"

	"chatgate/gateway"
	"chatgate/gateway/audit"
	"chatgate/gateway/chat"
	"chatgate/gateway/handoff"
	"chatgate/gateway/limit"
	"chatgate/gateway/outbox"
	"chatgate/gateway/problem"
	"chatgate/gateway/session"
	"chatgate/gateway/web"
	"chatgate/oidc"
	"chatgate/store"
)

// openParts builds the rooms in the order in which they lend to each other.
func (a *App) openParts() error {
	p := &a.parts
	p.now, p.transport = a.base.now, a.base.transport
	for _, open := range []func() error{
		a.openStore, a.openDecisions, a.openOutbox, a.openPages, a.openProviders, a.openSessions, a.openKeys,
	} {
		if err := open(); err != nil {
			return err
		}
	}
	return nil
}

// newTransport is shared by all outgoing calls (S131, S132). Each caller adds its own deadline and size limit.
func newTransport() http.RoundTripper {
	t := http.DefaultTransport.(*http.Transport).Clone()
	t.DialContext = dial
	t.TLSHandshakeTimeout = 3 * time.Second
	t.MaxIdleConnsPerHost = 32
	t.MaxConnsPerHost = 128
	return t
}

func (a *App) openStore() error {
	sealer, err := a.cfg.sealer(a.base.ownKey)
	if err != nil {
		return fmt.Errorf("sealing: %w", err)
	}
	p := &a.parts
	if p.store, err = store.New(store.Config{Engine: a.engine, Sealer: sealer, Now: p.now}); err != nil {
		return err
	}
	p.names, p.heartbeat = store.NewNames(p.store), store.NewHeartbeat(p.store)
	a.work("heartbeat", p.heartbeat.Run)
	a.work("names", a.keepNames)
	if p.limits, err = limit.New(limit.Config{Store: p.store, Names: p.names, Refused: a.meters.limit}); err != nil {
		return err
	}
	p.metrics, err = chat.NewMetrics(a.registry)
	return err
}

// keepNames looks after the key of names until ctx ends. What it finds wrong stands in /readyz, and in the log once.
func (a *App) keepNames(ctx context.Context) error {
	ticker := time.NewTicker(10 * time.Second)
	defer ticker.Stop()
	told := false
	for {
		err := a.parts.names.Keep(ctx)
		if foreign := errors.Is(err, store.ErrForeignNames); foreign != told {
			told = foreign
			a.log.ErrorContext(ctx, "key of names changed", "foreign", foreign)
		}
		select {
		case <-ctx.Done():
			return nil
		case <-ticker.C:
		}
	}
}

func (a *App) openOutbox() (err error) {
	p := &a.parts
	p.outbox, err = outbox.New(outbox.Config{Store: p.store, Log: a.log, Now: p.now, OnDone: a.jobDone, Around: a.traceJob})
	if err != nil {
		return err
	}
	a.work("outbox", p.outbox.Run)
	p.ledger, err = outbox.NewLedger(outbox.LedgerConfig{
		Store: p.store, Names: p.names, Outbox: p.outbox, Held: p.heartbeat.Held, Log: a.log, Now: p.now,
	})
	if err != nil {
		return err
	}
	a.work("ledger", p.ledger.Run)
	return nil
}

// jobDone counts attempts, and audits the jobs that nobody will do any more; what was done is audited by who did it.
func (a *App) jobDone(ctx context.Context, job outbox.Job, result outbox.Result) {
	a.meters.job(job, result)
	reason := audit.Permanent
	switch result {
	case outbox.Done, outbox.Retried:
		return
	case outbox.TooOld:
		reason = audit.TooOld
	}
	a.audit.Record(ctx, audit.Event{
		Act: audit.JobGaveUp, Reason: reason, Actor: audit.ActorGateway, Chat: job.Chat, Attrs: []slog.Attr{slog.String("job", job.Kind)},
	})
}

func (a *App) openPages() (err error) {
	p := &a.parts
	theme, err := a.cfg.Theme.Open(a.cfg.dir)
	if err != nil {
		return fmt.Errorf("theme.%w", err)
	}
	theme.HSTS = strings.HasPrefix(string(a.cfg.BaseURL), "https://")
	if p.pages, err = web.New(theme); err != nil {
		return fmt.Errorf("theme.%w", err)
	}
	p.problems, err = problem.New(problem.Config{Pages: p.pages, Log: a.log, Count: a.meters.problem})
	return err
}

func (a *App) openProviders() error {
	p := &a.parts
	p.providers = map[string]*oidc.RelyingParty{}
	for _, key := range slices.Sorted(maps.Keys(a.cfg.Providers)) {
		rp, err := oidc.New(a.cfg.Providers[key], oidc.Env{
			Provider: key, Transport: a.toProvider(key), Log: a.log, Now: p.now, Development: a.cfg.Development,
			Observe: a.meters.call(key),
		})
		if err != nil {
			return fmt.Errorf("providers.%s: %w", key, err)
		}
		p.providers[key] = rp
		a.work("provider "+key, rp.Run)
	}
	return nil
}

func (a *App) openSessions() (err error) {
	p := &a.parts
	p.sessions, err = session.New(session.Config{
		Store: p.store, Names: p.names, Heartbeat: p.heartbeat, Settings: a.cfg.Session,
		Chats: a.cfg.chatAges(), Provider: gateway.NewProviders(p.providers, p.outbox, a.audit), CrossSite: a.cfg.crossSite(), Log: a.log, Now: p.now,
		Rechecked: a.meters.recheck,
	})
	if err != nil {
		return err
	}
	a.work("sessions", p.sessions.Run)
	stored, err := newLevels(a, a.registry)
	if err != nil {
		return err
	}
	a.work("levels", stored.Run)
	p.handOffs, err = handoff.New(handoff.Config{Store: p.store, Settings: a.cfg.HandOff, Now: p.now})
	return err
}

// chatAges are the chats, each with how long a sign-in counts for it.
func (c *Config) chatAges() map[string]time.Duration {
	ages := make(map[string]time.Duration, len(c.Chats))
	for name, section := range c.Chats {
		ages[name] = section.AccessRules().MaxAge
	}
	return ages
}

// openChats opens every connector with what the gateway lends it.
func (a *App) openChats() error {
	p := &a.parts
	for _, name := range slices.Sorted(maps.Keys(a.cfg.Chats)) {
		section := a.cfg.Chats[name]
		title := cmp.Or(section.Called(), name)
		connector, err := section.Open(chat.Env{
			Name: name, Title: title, BaseURL: string(a.cfg.BaseURL), Development: a.cfg.Development,
			Store: p.store, Names: p.names, Heartbeat: p.heartbeat, Sessions: p.sessions, HandOffs: p.handOffs, Keys: p.keys.Set(name),
			Outbox: p.outbox, Ledger: p.ledger, Limits: p.limits, Rules: a.cfg.Limits.Rules(), Audit: a.audit,
			Pages: p.pages, Problems: p.problems, Transport: a.toChat(name), Metrics: p.metrics,
			Log: a.log.With("chat", name), Now: p.now,
		})
		if err != nil {
			return fmt.Errorf("chats.%s: %w", name, err)
		}
		p.metrics.Expect(name)
		a.chats[name] = gateway.Chat{Connector: connector, Title: title, Rules: section.AccessRules()}
		if w, ok := connector.(chat.Worker); ok {
			a.work("chat "+name, w.Run)
		}
	}
	return nil
}

// crossSite says whether any page that talks to us lives on another site: the session cookie must then be
// SameSite=None, since Lax is not sent from there (R20).
func (c *Config) crossSite() bool {
	for _, section := range c.Chats {
		for _, origin := range section.Addresses() {
			if !sameSite(c.BaseURL, origin) {
				return true
			}
		}
	}
	return false
}

// sameSite compares scheme and registrable domain, as browsers do.
func sameSite(a, b chat.Origin) bool {
	schemeA, siteA := site(a)
	schemeB, siteB := site(b)
	return schemeA == schemeB && siteA == siteB
}

func site(o chat.Origin) (scheme, domain string) {
	u, err := url.Parse(string(o))
	if err != nil {
		return "", string(o)
	}
	domain, err = publicsuffix.EffectiveTLDPlusOne(u.Hostname())
	if err != nil {
		domain = u.Hostname() // an IP address, or a name that is a public suffix itself
	}
	return u.Scheme, domain
}
