package oidc

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"net/http"
	"net/url"
	"sync/atomic"
	"time"
)

const (
	firstRetry   = time.Second
	lastRetry    = time.Minute
	refreshEvery = time.Hour // also how long a withdrawn signing key may still be believed
)

// Env is what a RelyingParty is lent.
type Env struct {
	// Provider is the provider's key in the configuration. It is part of every identity, so it never changes (D6).
	Provider string
	// Transport carries the calls, with its own certificate authorities and connection limits. Nil uses the
	// machine's authorities and at most 32 connections to a host.
	Transport http.RoundTripper
	// Log may be nil.
	Log *slog.Logger
	// Now defaults to time.Now.
	Now func() time.Time
	// Observe, when set, is told of every call when it has ended. It may be called from several goroutines at once.
	Observe func(c Call, o Outcome, took time.Duration)
	// Development allows http and this machine's own addresses, on loopback only (S128, S130).
	Development bool
}

// RelyingParty is chatgate towards one provider. It is safe for concurrent use.
type RelyingParty struct {
	cfg       Config
	env       Env
	addresses addresses
	client    *http.Client // takes JSON objects only
	plain     *http.Client // takes any answer, within the same limits
	current   atomic.Pointer[provider]
	failure   atomic.Pointer[error] // why the last discovery failed
}

// New checks the configuration and dials nobody.
func New(cfg Config, env Env) (*RelyingParty, error) {
	cfg.setDefaults()
	if env.Provider == "" {
		return nil, errors.New("oidc: a provider needs its key in the configuration")
	}
	if err := cfg.check(env.Development); err != nil {
		return nil, err
	}
	if env.Log == nil {
		env.Log = slog.New(slog.DiscardHandler)
	}
	if env.Now == nil {
		env.Now = time.Now
	}
	env.Log = env.Log.With("provider", env.Provider)
	addresses, err := newAddresses(cfg.Issuer, cfg.DiscoveryURL, env.Development)
	if err != nil {
		return nil, err
	}
	if env.Transport == nil {
		env.Transport = defaultTransport()
	}
	rp := &RelyingParty{cfg: cfg, env: env, addresses: addresses}
	if err := rp.openClients(); err != nil {
		return nil, err
	}
	return rp, nil
}

// openClients makes the two ways to call the provider.
func (rp *RelyingParty) openClients() error {
	base := rp.env.Transport
	if rp.cfg.Client.Auth == AuthKey {
		key, err := newClientKey(rp.cfg.Client, rp.env.Now)
		if err != nil {
			return fmt.Errorf("client.key: %w", err)
		}
		base = asserting{base: base, key: key, audience: rp.assertionAudience}
	}
	rp.client, rp.plain = rp.newClient(base, strictJSON), rp.newClient(base, nil)
	return nil
}

// Run discovers the provider, retrying with jitter from one second up to a minute, and refreshes the document and
// the keys about hourly. A failed refresh keeps what was good (D26). It returns nil when ctx ends.
func (rp *RelyingParty) Run(ctx context.Context) error {
	failures := 0
	for {
		wait := jitter(refreshEvery)
		if err := rp.discover(ctx); err != nil {
			wait = max(firstRetry, jitter(min(lastRetry, firstRetry<<min(failures, 6))))
			failures++
			rp.discoveryFailed(ctx, err)
		} else {
			failures = 0
		}
		select {
		case <-ctx.Done():
			return nil
		case <-time.After(wait):
		}
	}
}

func (rp *RelyingParty) discoveryFailed(ctx context.Context, err error) {
	if ctx.Err() != nil {
		return
	}
	rp.failure.Store(&err)
	rp.env.Log.WarnContext(ctx, "provider discovery failed", "issuer", rp.cfg.Issuer, "err", err)
}

// jitter spreads d over its upper half, so that replicas started together do not call together.
func jitter(d time.Duration) time.Duration { return d/2 + rand.N(d/2+1) }

// Ready returns nil once the provider is known, and until then ErrNotReady with the last failure.
func (rp *RelyingParty) Ready() error {
	_, err := rp.ready()
	return err
}

func (rp *RelyingParty) ready() (*provider, error) {
	if p := rp.current.Load(); p != nil {
		return p, nil
	}
	if failure := rp.failure.Load(); failure != nil {
		return nil, fmt.Errorf("%w: %w", ErrNotReady, *failure)
	}
	return nil, fmt.Errorf("%w: discovery has not finished", ErrNotReady)
}

// Title is what people call the provider.
func (rp *RelyingParty) Title() string { return cmp.Or(rp.cfg.Title, rp.env.Provider) }

// Issuer is the provider's, as it is configured.
func (rp *RelyingParty) Issuer() string { return rp.cfg.Issuer }

// Origins are where the provider shows pages: its issuer's origin, and that of the authorization endpoint once that is
// known. A page of ours that the provider frames names them.
func (rp *RelyingParty) Origins() []string {
	origins := []string{origin(rp.addresses.issuer)}
	if p := rp.current.Load(); p != nil {
		if u, err := url.Parse(p.AuthorizationEndpoint); err == nil && origin(u) != origins[0] {
			origins = append(origins, origin(u))
		}
	}
	return origins
}

// Metadata returns the provider's discovery document; false before there is one.
func (rp *RelyingParty) Metadata() (Metadata, bool) {
	p := rp.current.Load()
	if p == nil {
		return Metadata{}, false
	}
	return p.Metadata, true
}

// addresses knows where the provider is called, which need not be where browsers find it.
type addresses struct {
	issuer      *url.URL
	discovery   *url.URL
	development bool
}

func newAddresses(issuer, discovery string, development bool) (addresses, error) {
	a := addresses{development: development}
	var err error
	if a.issuer, err = url.Parse(issuer); err != nil {
		return a, fmt.Errorf("issuer: %w", err)
	}
	a.discovery, err = documentURL(a.issuer, discovery)
	return a, err
}
