package outbox

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"chatgate/store"
)

const (
	maxAge  = 30 * 24 * time.Hour // a job older than this is given up when it fails
	keep    = 24 * time.Hour      // a lane outlives its last job by this much
	counted = 1000                // Depth counts no further
	pollAt  = time.Second
)

// Config says what an Outbox works with.
type Config struct {
	// Store keeps the jobs, in its durable part.
	Store *store.Store
	// Log takes failures; nil discards them.
	Log *slog.Logger
	// Now is the clock by which jobs are due; nil means time.Now.
	Now func() time.Time
	// Poll is how often Run looks for jobs of other replicas and for retries; 0 means every second.
	Poll time.Duration
	// OnDone, when set, hears how each attempt ended once that is settled in the store: for metrics and the audit log.
	// It may be called from several goroutines at once.
	OnDone func(ctx context.Context, job Job, result Result)
	// Around, when set, does each attempt by calling do, whose error it passes on.
	Around func(ctx context.Context, job Job, do func(ctx context.Context) error) error
}

// Outbox is three durable queues of jobs shared by all replicas: one for revocations, one for grants at providers and one for
// all else. It is safe for concurrent use once its handlers are in.
type Outbox struct {
	index    store.Index
	log      *slog.Logger
	now      func() time.Time
	poll     time.Duration
	onDone   func(ctx context.Context, job Job, result Result)
	around   func(ctx context.Context, job Job, do func(ctx context.Context) error) error
	handlers map[route]Handler
	noted    noted

	revocations, grants, others lane
}

type route struct{ kind, chat string }

// New checks the configuration. It starts nothing: Run does the work.
func New(cfg Config) (*Outbox, error) {
	if cfg.Store == nil {
		return nil, errors.New("outbox: a store is needed")
	}
	if cfg.Log == nil {
		cfg.Log = slog.New(slog.DiscardHandler)
	}
	if cfg.Now == nil {
		cfg.Now = time.Now
	}
	if cfg.Poll <= 0 {
		cfg.Poll = pollAt
	}
	if cfg.OnDone == nil {
		cfg.OnDone = func(context.Context, Job, Result) {}
	}
	if cfg.Around == nil {
		cfg.Around = func(ctx context.Context, _ Job, do func(context.Context) error) error { return do(ctx) }
	}
	return &Outbox{
		index:    store.NewIndex(cfg.Store.Durable("outbox")),
		log:      cfg.Log,
		now:      cfg.Now,
		poll:     cfg.Poll,
		onDone:   cfg.OnDone,
		around:   cfg.Around,
		handlers: map[route]Handler{},

		revocations: newLane(laneRevocations),
		grants:      newLane(laneGrants),
		others:      newLane(laneJobs),
	}, nil
}

// Handle registers who does the jobs of one kind for one chat. All handlers are registered before Run or Drain; two for
// the same kind and chat are a mistake in the program, and Handle panics.
func (o *Outbox) Handle(kind, chat string, h Handler) {
	r := route{kind, chat}
	if _, ok := o.handlers[r]; ok || h == nil {
		panic(fmt.Sprintf("outbox: kind %q of chat %q needs exactly one handler", kind, chat))
	}
	o.handlers[r] = h
}

// Enqueue makes sure that a job will be done, starting now. After a nil error it survives a crash of this process; after
// any other it may or may not have been enqueued, and the caller does not go on. The payload is encoded as JSON.
func (o *Outbox) Enqueue(ctx context.Context, kind, chat string, payload any) error {
	return o.EnqueueAt(ctx, kind, chat, payload, o.now())
}

// Kinds are the kinds of jobs that this replica does, each with the chats it does them for. It is for the labels of metrics,
// and called once every handler is in.
func (o *Outbox) Kinds() map[string][]string {
	kinds := map[string][]string{}
	for r := range o.handlers {
		kinds[r.kind] = append(kinds[r.kind], r.chat)
	}
	return kinds
}

// EnqueueAt is Enqueue for a job that is first due at the time given.
func (o *Outbox) EnqueueAt(ctx context.Context, kind, chat string, payload any, due time.Time) error {
	return o.enqueue(ctx, o.lane(kind), kind, chat, payload, due)
}

func (o *Outbox) enqueue(ctx context.Context, l lane, kind, chat string, payload any, due time.Time) error {
	body, err := json.Marshal(payload)
	if err != nil {
		return fmt.Errorf("encode %s job: %w", kind, err)
	}
	now := o.now()
	if due.Before(now) {
		due = now
	}
	job := Job{ID: rand.Text(), Kind: kind, Chat: chat, Payload: body, Enqueued: due.UTC()}
	member, err := o.index.Sealed(l.set, job)
	if err != nil {
		return fmt.Errorf("seal %s job: %w", kind, err)
	}
	if err := o.index.Put(ctx, l.set, member, due, due.Sub(now)+maxAge+keep); err != nil {
		return fmt.Errorf("enqueue %s job: %w", kind, err)
	}
	if !due.After(now) {
		l.wakeUp()
	}
	return nil
}

// Depth says how many jobs wait in all lanes, running ones included. It counts no further than 1000, and it reads the
// jobs to count them, so it is for a command and not for a metric.
func (o *Outbox) Depth(ctx context.Context) (int, error) {
	total := 0
	for _, l := range o.lanes() {
		all, err := o.index.List(ctx, l.set, time.Unix(0, 0), o.now().AddDate(100, 0, 0), counted)
		if err != nil {
			return 0, fmt.Errorf("count %s: %w", l.set, err)
		}
		total += len(all)
	}
	return min(total, counted), nil
}
