package app

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"os"
	"slices"
	"strings"
	"time"

	"chatgate/gateway/audit"
	"chatgate/gateway/keyring"
	"chatgate/store"
)

const (
	// readyWithin is how long a reload waits for the store and for providers, and askAgain how long between two questions.
	readyWithin = 15 * time.Second
	askAgain    = time.Second
	// settleTime lies between two looks at files of which some have changed.
	settleTime = time.Second
	// tryAgain is when a configuration is tried again that was in order and could not be taken up.
	tryAgain = 10 * time.Second
)

// Reload says when the configuration is read again.
type Reload struct {
	Every time.Duration `yaml:"every" default:"30s" min:"0s" max:"1h" doc:"How often this file and the files that it names are looked at. What has changed is taken up without a restart; what is wrong is refused as a whole, and the present configuration goes on. 0s reads them on SIGHUP alone."`
}

// Check refuses what would do nothing but look.
func (r *Reload) Check(report func(key, problem string)) {
	if r.Every > 0 && r.Every < time.Second {
		report("every", fmt.Sprintf("must be at least 1s, or 0s for SIGHUP alone, got %s", r.Every))
	}
}

// refusedError is why a configuration was not taken up. The reason is one of those of audit.ConfigRefused.
type refusedError struct {
	reason audit.Reason
	err    error
}

func (e *refusedError) Error() string { return withoutUserinfo(e.err.Error()) }
func (e *refusedError) Unwrap() error { return e.err }

// problems are what is wrong, one sentence each.
func (e *refusedError) problems() []string { return strings.Split(e.Error(), "\n") }

// Reload reads the configuration again and has it served. Its error says why that was not done, and then everything is as it
// was. It is for a Runner that serves and has a Source.
func (r *Runner) Reload(ctx context.Context) error { return r.reload(ctx, audit.ActorOperator) }

func (r *Runner) reload(ctx context.Context, actor string) error {
	r.reloading.Lock()
	defer r.reloading.Unlock()
	if r.source == nil || r.working == nil {
		return errors.New("reload configuration: this gateway was not started from one that can be read again")
	}
	changed, refused := r.takeUp(ctx)
	if ctx.Err() != nil {
		return ctx.Err() // the gateway stops, and nothing is to be told of its configuration
	}
	r.base.reloads.tell(refused, r.base.now())
	current := r.current
	if refused != nil {
		current.log.ErrorContext(ctx, "configuration refused: the former one goes on", "reason", string(refused.reason), "problems", refused.problems())
		current.audit.Record(ctx, audit.Event{Act: audit.ConfigRefused, Reason: refused.reason, Actor: actor})
		return refused
	}
	current.log.InfoContext(ctx, "configuration reloaded", "changed", changed)
	current.audit.Record(ctx, audit.Event{Act: audit.ConfigReloaded, Actor: actor})
	return nil
}

// takeUp has the next configuration served, or says why not: its second result is no plain error, so that there is none that
// nobody is told of. The first one is which settings are new.
func (r *Runner) takeUp(ctx context.Context) (changed []string, refused *refusedError) {
	former := r.current
	loaded, seen, err := readStable(r.source, former.loaded.files())
	r.files = newLooks(union(loaded.files(), former.loaded.files()), seen)
	if errors.Is(err, errUnsteady) {
		return nil, &refusedError{audit.NotReady, err}
	}
	if err != nil {
		return nil, &refusedError{audit.ConfigInvalid, err}
	}
	changed = changes(former.cfg, loaded.Config)
	if fixed := needingRestart(changed); len(fixed) > 0 {
		return nil, &refusedError{audit.NeedsRestart, fmt.Errorf("%s: changing this needs a restart", strings.Join(fixed, ", "))}
	}
	next, refused := r.open(ctx, loaded)
	if refused != nil {
		return nil, refused
	}
	if !r.replace(next) {
		return nil, &refusedError{audit.NotReady, errors.Join(errors.New("the gateway ends"), r.discard(next))}
	}
	r.base.level.Set(loaded.Config.Log.level())
	return changed, nil
}

// open makes the next App and brings it to where the present one is, or leaves nothing behind.
func (r *Runner) open(ctx context.Context, loaded Loaded) (*serving, *refusedError) {
	former := r.current
	engine, mark, err := r.engine(loaded.Config)
	if err != nil {
		return nil, &refusedError{audit.ConfigInvalid, err}
	}
	reason := audit.ConfigInvalid
	next, err := r.base.open(loaded.Config, engine)
	if err == nil {
		preparing, cancel := context.WithTimeout(ctx, r.patience)
		defer cancel()
		if err = next.prepare(preparing, former.App); err == nil {
			return &serving{App: next, loaded: loaded, authorities: mark}, nil
		}
		reason = audit.NotReady
	}
	if engine != former.engine {
		err = errors.Join(err, engine.Close())
	}
	return nil, &refusedError{reason, err}
}

// discard closes what an App was opened with that will not serve.
func (r *Runner) discard(next *serving) error {
	if next.engine == r.current.engine {
		return nil
	}
	return next.engine.Close()
}

// engine is the present one, unless there is another way to its records: another password, or authorities that were
// replaced, which a connection that goes on would never hear of (S132).
func (r *Runner) engine(cfg *Config) (store.Engine, digest, error) {
	former := r.current
	mark := contents(cfg.Redis.files())
	same := len(changes(&Config{Redis: former.cfg.Redis}, &Config{Redis: cfg.Redis})) == 0 && mark == former.authorities
	if same || cfg.Redis.Memory || r.base.lend.Engine != nil {
		return former.engine, mark, nil
	}
	engine, err := r.base.openEngine(cfg)
	return engine, mark, err
}

// prepare brings an App that nobody is sent to yet to where the former one is, so that nobody waits for it and nobody is
// turned away. What the former one has not, the next need not have either, the store apart: without it there are neither
// keys to sign with nor anybody's session.
func (a *App) prepare(ctx context.Context, former *App) error {
	a.parts.names.Continue(former.parts.names)
	for key, rp := range a.parts.providers {
		if before, ok := former.parts.providers[key]; ok {
			rp.Continue(before)
		}
	}
	for {
		err := a.lacks(ctx, former)
		if err == nil {
			return nil
		}
		select {
		case <-ctx.Done():
			return err
		case <-time.After(askAgain):
		}
	}
}

// lacks looks once at what has to be there. What is written in the store comes last: the signing keys are sealed anew under
// a key that others may not have if it comes to nothing.
func (a *App) lacks(ctx context.Context, former *App) error {
	p := &a.parts
	if err := p.names.Inspect(ctx); err != nil {
		return fmt.Errorf("the key of names: %w", err)
	}
	if err := p.heartbeat.Listen(ctx); err != nil {
		return fmt.Errorf("the other replicas: %w", err)
	}
	if err := p.heartbeat.Mismatch(); err != nil && former.parts.heartbeat.Mismatch() == nil {
		return fmt.Errorf("sealing.keys: %w", err)
	}
	for _, key := range slices.Sorted(maps.Keys(p.providers)) {
		before, known := former.parts.providers[key]
		if !known || before.Ready() != nil || p.providers[key].Ready() == nil {
			continue
		}
		if err := p.providers[key].Discover(ctx); err != nil {
			return fmt.Errorf("providers.%s: %w", key, err)
		}
	}
	if err := p.keys.Load(ctx); err != nil && !errors.Is(err, keyring.ErrClocks) {
		return fmt.Errorf("signing keys: %w", err)
	}
	return nil
}

// watch has the configuration read again when its files have changed, or at a hangup, until ctx ends.
func (r *Runner) watch(ctx context.Context, hangups <-chan os.Signal) {
	for {
		var due <-chan time.Time
		stop := func() bool { return true }
		if wait := r.wait(); wait > 0 {
			timer := time.NewTimer(wait)
			due, stop = timer.C, timer.Stop
		}
		select {
		case <-ctx.Done():
			stop()
			return
		case <-hangups:
			stop()
			r.base.hangup()
			_ = r.reload(ctx, audit.ActorOperator) // the log has its error
		case <-due:
			if r.changed() {
				_ = r.reload(ctx, audit.ActorGateway)
			}
		}
	}
}

// wait is how long until the files are looked at; 0 is until somebody asks.
func (r *Runner) wait() time.Duration {
	r.reloading.Lock()
	defer r.reloading.Unlock()
	every := r.current.cfg.Reload.Every
	switch {
	case r.source == nil:
		return 0
	case r.base.reloads.retries():
		return tryAgain
	case every > 0 && r.files.unsettled():
		return settleTime
	}
	return every
}

// changed says whether the configuration is to be read again.
func (r *Runner) changed() bool {
	r.reloading.Lock()
	defer r.reloading.Unlock()
	return r.files.look() || r.base.reloads.retries()
}
