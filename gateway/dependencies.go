package gateway

import (
	"context"
	"errors"
	"maps"
	"sync"
	"time"

	"chatgate/oidc"
)

const (
	storeEvery     = 10 * time.Second
	providersEvery = time.Minute
	// A provider that is down is looked at more often, so that an alert ends when the outage does. One that is not known yet
	// costs no call: it is being discovered.
	providersAgain = 15 * time.Second
	providersSoon  = time.Second
)

// The kinds of dependencies.
const (
	kindStore    = "store" // its name is that of its kind: there is one
	kindProvider = "provider"
	kindChat     = "chat"
)

type dependency struct{ kind, name string }

// dependencies are what was found last of what the gateway cannot do without, so that neither a probe nor a scrape ever
// waits for one of them. It is safe for concurrent use.
type dependencies struct {
	mu    sync.Mutex
	found map[dependency]error
}

// set keeps what was found, and says whether that is a change for better or worse.
func (d *dependencies) set(of dependency, err error) (changed bool) {
	d.mu.Lock()
	defer d.mu.Unlock()
	before := d.found[of]
	if d.found == nil {
		d.found = map[dependency]error{}
	}
	d.found[of] = err
	return (before == nil) != (err == nil)
}

func (d *dependencies) of(one dependency) error {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.found[one]
}

func (d *dependencies) all() map[dependency]error {
	d.mu.Lock()
	defer d.mu.Unlock()
	return maps.Clone(d.found)
}

// WatchDependencies looks at the store and at every provider, now and then, until ctx ends.
func (s *Server) WatchDependencies(ctx context.Context) error {
	var watching sync.WaitGroup
	watching.Go(func() { s.watchStore(ctx) })
	for key, rp := range s.cfg.Providers {
		watching.Go(func() { s.watchProvider(ctx, key, rp) })
	}
	watching.Wait()
	return nil
}

func (s *Server) watchStore(ctx context.Context) {
	for {
		s.lookAtStore(ctx)
		if !pause(ctx, storeEvery) {
			return
		}
	}
}

func (s *Server) lookAtStore(ctx context.Context) {
	limited, cancel := context.WithTimeout(ctx, healthTimeout)
	defer cancel()
	if err := s.cfg.Store.Ping(limited); ctx.Err() == nil {
		s.dependencies.set(dependency{kindStore, kindStore}, err)
	}
}

// watchProvider takes its time before it calls a provider that was discovered a moment ago.
func (s *Server) watchProvider(ctx context.Context, key string, rp *oidc.RelyingParty) {
	for known := false; ; {
		wait := providersEvery
		switch err := rp.Ready(); {
		case err != nil:
			wait = providersSoon
			s.dependencies.set(dependency{kindProvider, key}, err)
		case !known:
			known = true
			s.dependencies.set(dependency{kindProvider, key}, nil)
		default:
			wait = s.lookAtProvider(ctx, key, rp)
		}
		if !pause(ctx, wait) {
			return
		}
	}
}

// lookAtProvider says when to look again.
func (s *Server) lookAtProvider(ctx context.Context, key string, rp *oidc.RelyingParty) time.Duration {
	err := rp.Reach(ctx)
	if ctx.Err() != nil {
		return 0
	}
	if s.dependencies.set(dependency{kindProvider, key}, err) {
		s.cfg.Log.WarnContext(ctx, "provider changed for better or worse", "provider", key, "found", told(err))
	}
	if err != nil {
		return providersAgain
	}
	return providersEvery
}

// trouble says what is known to be wrong with one: that it was not discovered yet, or what was found when it was looked at.
func (s *Server) trouble(key string, rp *oidc.RelyingParty) error {
	if err := rp.Ready(); err != nil {
		return err
	}
	if err := s.dependencies.of(dependency{kindProvider, key}); !errors.Is(err, oidc.ErrNotReady) {
		return err
	}
	return nil // it has become ready since
}

func pause(ctx context.Context, wait time.Duration) bool {
	timer := time.NewTimer(wait)
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return false
	case <-timer.C:
		return true
	}
}
