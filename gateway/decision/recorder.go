package decision

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"strconv"
	"time"

	"chatgate/gateway/limit"
	"chatgate/store"
)

// Settings is the configuration's explain section.
type Settings struct {
	Keep      time.Duration `yaml:"keep" default:"24h" max:"168h" doc:"How long it is remembered why a request was refused, for chatgate explain; 0s remembers nothing."`
	PerMinute int           `yaml:"perMinute" default:"600" min:"1" max:"100000" doc:"Refused requests that one replica remembers within a minute; one address (IPv6: one /64) has a tenth of it."`
	Most      int           `yaml:"most" default:"20000" min:"100" max:"1000000" doc:"Refused requests that one replica remembers within the time of keep, up to 4 KiB each; one address has a tenth of it."`
}

const (
	share     = 10  // one address has one part in so many
	half      = 2   // and all strangers together one in so many: the others are there for requests of people whom we know
	waiting   = 256 // records that wait to be written; beyond them one is dropped
	writeTime = 2 * time.Second
)

// Results of a recording, as Config.Count is told.
const (
	Kept    = "kept"
	Limited = "limited" // more than the settings allow
	Dropped = "dropped" // the store is slower than refusals come
	Failed  = "failed"  // the store did not take it
)

// Results are all of them.
func Results() []string { return []string{Kept, Limited, Dropped, Failed} }

// Config says what a Recorder works with; Now and Count may be nil.
type Config struct {
	Store    *store.Store
	Names    *store.Names
	Settings Settings
	Log      *slog.Logger
	// Now is the clock; nil means time.Now.
	Now func() time.Time
	// Count is told what became of each request that was refused.
	Count func(result string)
}

// Recorder writes down why requests were refused, and finds it again. It is safe for concurrent use.
type Recorder struct {
	cfg     Config
	records store.Bucket[Record]
	queue   chan Record
	bounds  []bound
}

// bound is a limit that this process counts by itself (S126).
type bound struct {
	*limit.Local
	of whom
}

type whom int

const (
	everybody whom = iota
	strangers
	eachAddress // as a stranger, and once more as somebody known
)

// New checks the configuration. It dials nothing, and nothing is written unless Run runs.
func New(cfg Config) (*Recorder, error) {
	if cfg.Store == nil || cfg.Names == nil || cfg.Log == nil {
		return nil, errors.New("decision: a store, names and a log are needed")
	}
	if cfg.Now == nil {
		cfg.Now = time.Now
	}
	if cfg.Count == nil {
		cfg.Count = func(string) {}
	}
	r := &Recorder{
		cfg: cfg, records: store.NewBucket[Record](cfg.Store.Passing("decision")), queue: make(chan Record, waiting),
	}
	if cfg.Settings.Keep <= 0 {
		return r, nil
	}
	return r, r.limit()
}

// limit prepares the bounds. Those of one address come first, those of strangers next: whoever floods us uses up their own
// share alone, and nothing that strangers do makes us forget the others.
func (r *Recorder) limit() error {
	minute := limit.Rule{Name: "decisions_minute", Max: r.cfg.Settings.PerMinute, Per: time.Minute}
	all := limit.Rule{Name: "decisions_kept", Max: r.cfg.Settings.Most, Per: r.cfg.Settings.Keep}
	for _, b := range []struct {
		rule limit.Rule
		of   whom
	}{
		{part(minute, share), eachAddress},
		{part(all, share), eachAddress},
		{part(minute, half), strangers},
		{part(all, half), strangers},
		{minute, everybody},
		{all, everybody},
	} {
		local, err := limit.NewLocal(b.rule, r.cfg.Now)
		if err != nil {
			return fmt.Errorf("decision: %w", err)
		}
		r.bounds = append(r.bounds, bound{local, b.of})
	}
	return nil
}

func part(rule limit.Rule, of int) limit.Rule {
	rule.Max = max(1, rule.Max/of)
	return rule
}

// Admits says whether one more request from an address may be remembered, and counts it. Known is for one with a session or
// a login of ours behind it. It is asked first, so that a flood costs no more than the question.
func (r *Recorder) Admits(address string, known bool) bool {
	if r == nil || r.cfg.Settings.Keep <= 0 {
		return false
	}
	for _, b := range r.bounds {
		if b.of == strangers && known {
			continue
		}
		key := ""
		if b.of == eachAddress {
			key = strconv.FormatBool(known) + " " + limit.AddressText(address)
		}
		if b.Count(key) > 0 {
			r.cfg.Count(Limited)
			return false
		}
	}
	return true
}

// Keep has a record written soon, or drops it: it never waits.
func (r *Recorder) Keep(rec Record) {
	select {
	case r.queue <- rec:
	default:
		r.cfg.Count(Dropped)
	}
}

// Run writes records until ctx ends, and then those that wait.
func (r *Recorder) Run(ctx context.Context) error {
	for {
		select {
		case rec := <-r.queue:
			r.write(context.WithoutCancel(ctx), rec)
		case <-ctx.Done():
			r.Flush(context.WithoutCancel(ctx))
			return nil
		}
	}
}

// Flush writes the records that wait now, within the time of writing one.
func (r *Recorder) Flush(ctx context.Context) {
	ctx, cancel := context.WithTimeout(ctx, writeTime)
	defer cancel()
	for {
		select {
		case rec := <-r.queue:
			r.write(ctx, rec)
		default:
			return
		}
	}
}

func (r *Recorder) write(ctx context.Context, rec Record) {
	ctx, cancel := context.WithTimeout(ctx, writeTime)
	defer cancel()
	name, err := r.name(ctx, rec.Request)
	if err == nil {
		err = r.records.Put(ctx, name, rec, r.cfg.Settings.Keep)
	}
	if err != nil {
		r.cfg.Count(Failed)
		r.cfg.Log.DebugContext(ctx, "decision not kept", "err", err)
		return
	}
	r.cfg.Count(Kept)
}

// name is an HMAC of the id, so that nobody who has only a reference finds its record in a dump (D23).
func (r *Recorder) name(ctx context.Context, id string) (string, error) {
	return r.cfg.Names.Of(ctx, "decision", canonical(id))
}

// ErrUnknown says that nothing is remembered of a request.
var ErrUnknown = errors.New("nothing is remembered of this request")

// Find returns what is remembered of a request, or ErrUnknown. The id is one as people type it: in capitals or not, with
// hyphens and blanks.
func (r *Recorder) Find(ctx context.Context, id string) (Record, error) {
	name, err := r.name(ctx, id)
	if err != nil {
		return Record{}, err
	}
	rec, err := r.records.Get(ctx, name)
	switch {
	case errors.Is(err, store.ErrNotFound), errors.Is(err, store.ErrCorrupt):
		return Record{}, ErrUnknown
	case err != nil:
		return Record{}, fmt.Errorf("read why the request was refused: %w", err)
	}
	return rec, nil
}
