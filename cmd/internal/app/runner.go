package app

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"sync"
	"time"

	"chatgate/gateway"
	"chatgate/gateway/audit"
	"chatgate/store"
	"chatgate/store/redisstore"
)

// Source reads the configuration, at the start and again for every reload. What it returns beside an error names the files
// that it came across.
type Source func() (Loaded, error)

// FromFile is Load, as often as it is called. Warn hears of each thing once; it may be nil.
func FromFile(path string, kinds Kinds, warn func(key, text string)) Source {
	told := map[[2]string]bool{}
	once := func(key, text string) {
		if it := [2]string{key, text}; warn != nil && !told[it] {
			told[it] = true
			warn(key, text)
		}
	}
	return func() (Loaded, error) {
		if err := refuseSpecial(path); err != nil {
			return Loaded{Files: []string{path}}, fmt.Errorf("read configuration: %w", err)
		}
		loaded, err := Load(path, kinds, once)
		if err == nil {
			err = refuseSpecial(loaded.Config.files()...)
		}
		return loaded, err
	}
}

// Runner serves one App after another on the same listeners: each time that the configuration has changed, the one made of
// it takes over from the former without a connection, a request or a session being lost (S141).
//
// A reload builds everything anew and dials what must be there before people are sent to it. Then the next App's work
// begins, the Host sends it all requests from then on, and the former App's work ends when its last request is answered.
// For that moment the two are like two replicas. What goes on is in base; limits and pauses that an App keeps in its own
// memory begin anew, as they do with every replica that is added.
type Runner struct {
	base   *base
	source Source
	files  looks
	// patience is how long a configuration may take to be where the present one is.
	patience time.Duration

	reloading sync.Mutex // one reload at a time; held while files are read, which may hang
	mu        sync.Mutex // of what follows; current changes under both
	current   *serving
	host      *gateway.Host
	working   context.Context // of all background work
	leaving   sync.WaitGroup  // Apps whose last requests are being answered
	engines   engines
}

// serving is an App whose background work runs.
type serving struct {
	*App
	loaded      Loaded
	authorities digest // those that its connections to the store were made with
	end         func() // the background work, and wait for it
}

// NewRunner reads the configuration and opens the first App. Like Open it dials nothing and listens to nothing.
func NewRunner(source Source, lend Lends) (*Runner, error) {
	loaded, seen, err := readStable(source, nil)
	if err != nil {
		return nil, err
	}
	a, err := Open(loaded.Config, lend)
	if err != nil {
		return nil, err
	}
	r := a.runner()
	r.source, r.files = source, newLooks(loaded.files(), seen)
	r.current.loaded, r.current.authorities = loaded, contents(loaded.Config.Redis.files())
	return r, nil
}

// runner serves this App, and no other unless it is given a source.
func (a *App) runner() *Runner {
	return &Runner{base: a.base, current: &serving{App: a}, host: gateway.NewHost(a.server), patience: readyWithin}
}

// Serve is the Runner's for an App that stays as it is.
func (a *App) Serve(ctx context.Context, public, admin net.Listener) error {
	return a.runner().Serve(ctx, public, admin, nil)
}

// Run listens where the configuration says and serves until ctx ends. A hangup has the configuration read again at once.
func (r *Runner) Run(ctx context.Context, hangups <-chan os.Signal) error {
	redisstore.LogTo(r.current.log)
	public, err := net.Listen("tcp", r.current.cfg.Listen.Public)
	if err != nil {
		return fmt.Errorf("listen.public: %w", err)
	}
	admin, err := net.Listen("tcp", r.current.cfg.Listen.Admin)
	if err != nil {
		return errors.Join(fmt.Errorf("listen.admin: %w", err), public.Close())
	}
	return r.Serve(ctx, public, admin, hangups)
}

// Serve runs everything on these listeners until ctx ends, then drains, stops the background work and closes the store. It
// is called once.
func (r *Runner) Serve(ctx context.Context, public, admin net.Listener, hangups <-chan os.Signal) error {
	first := r.current
	end, err := r.base.begin(ctx)
	if err != nil {
		return errors.Join(err, public.Close(), admin.Close(), first.engine.Close())
	}
	defer end()
	working, stop := context.WithCancel(context.WithoutCancel(ctx))
	r.reloading.Lock()
	r.mu.Lock()
	r.working = working
	r.engines.use(first.engine)
	first.begin(working)
	r.mu.Unlock()
	r.reloading.Unlock()
	first.audit.Record(ctx, audit.Event{Act: audit.Started, Actor: audit.ActorGateway})

	watching, look := context.WithCancel(ctx)
	var beside sync.WaitGroup
	beside.Go(func() { r.watch(watching, hangups) })
	err = r.host.Run(ctx, r.base.secured(public), admin)
	look()
	r.mu.Lock()
	stop() // nobody takes over any more
	r.mu.Unlock()
	if !within(lastLook, &beside) {
		first.log.Warn("the gateway ends while its files are being read: they are on something that does not answer")
	}
	r.leaving.Wait()
	return errors.Join(err, r.finish(ctx))
}

// lastLook is how long the end waits for files that are being read: a mount that is gone may never answer.
const lastLook = time.Second

// within waits for others, and says whether they have ended in time.
func within(d time.Duration, others *sync.WaitGroup) bool {
	done := make(chan struct{})
	go func() {
		others.Wait()
		close(done)
	}()
	select {
	case <-done:
		return true
	case <-time.After(d):
		return false
	}
}

// finish ends the last App.
func (r *Runner) finish(ctx context.Context) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	last := r.current
	last.end()
	last.audit.Record(context.WithoutCancel(ctx), audit.Event{Act: audit.Stopped, Actor: audit.ActorGateway})
	return r.engines.release(last.engine)
}

// begin starts the App's background work.
func (s *serving) begin(ctx context.Context) {
	ctx, stop := context.WithCancel(ctx)
	var background sync.WaitGroup
	for _, w := range s.workers {
		background.Go(func() {
			if err := w.run(ctx); err != nil {
				s.log.Error("background work ended", "work", w.name, "err", err)
			}
		})
	}
	s.end = func() {
		stop()
		background.Wait()
	}
}

// replace has the next App serve, and lets the former one go when it has answered its last request. It says no when the
// gateway ends.
func (r *Runner) replace(next *serving) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.working.Err() != nil {
		return false
	}
	former := r.current
	r.engines.use(next.engine)
	next.begin(r.working)
	r.base.former.join(former.registry) // first: the next one is never told of without it
	idle := r.host.Replace(next.server)
	r.current = next
	r.leaving.Go(func() {
		select {
		case <-idle:
		case <-r.working.Done():
		}
		former.end()
		r.base.former.settle(former.registry)
		if err := r.engines.release(former.engine); err != nil {
			next.log.Warn("former connections to the store not closed", "err", err)
		}
	})
	return true
}

// engines closes each engine when the last App that uses it has ended.
type engines struct {
	mu    sync.Mutex
	users map[store.Engine]int
}

func (e *engines) use(engine store.Engine) {
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.users == nil {
		e.users = map[store.Engine]int{}
	}
	e.users[engine]++
}

func (e *engines) release(engine store.Engine) error {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.users[engine]--
	if e.users[engine] > 0 {
		return nil
	}
	delete(e.users, engine)
	return engine.Close()
}
