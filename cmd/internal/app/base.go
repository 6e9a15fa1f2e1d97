package app

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"os"
	"sync"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"

	"chatgate/gateway/tracing"
	"chatgate/store"
	"chatgate/store/memstore"
	"chatgate/store/redisstore"
)

// base is what an App hands on to the one that takes over from it: what a reload must neither interrupt nor count anew.
type base struct {
	lend      Lends
	log       *slog.Logger
	level     *slog.LevelVar // of that log; nobody listens to it where the log is lent
	transport http.RoundTripper
	now       func() time.Time
	ownKey    []byte // seals what is kept in memory where no key is configured

	registry   *prometheus.Registry // what is measured of the process, whatever App serves
	operations *prometheus.HistogramVec
	reloads    *reloads
	former     former

	audit  *auditOutput
	keeper *keeper         // of the certificate; nil without listen.tls
	tracer *tracing.Tracer // nil unless the environment asks for traces
}

// newBase opens what the first App starts on, with its engine: another App may have another one.
func newBase(cfg *Config, lend Lends) (*base, store.Engine, error) {
	b := &base{
		lend: lend, log: lend.Log, level: new(slog.LevelVar), transport: lend.Transport, now: lend.Now,
		ownKey:   []byte(rand.Text() + rand.Text()),
		registry: prometheus.NewRegistry(),
		operations: prometheus.NewHistogramVec(prometheus.HistogramOpts{
			Name: "chatgate_store_operation_duration_seconds", Help: "Operations of the store, by how they went.",
			Buckets: prometheus.ExponentialBuckets(0.0001, 2.5, 10),
		}, []string{"op", "result"}),
	}
	if b.log == nil {
		b.log = slog.New(slog.NewJSONHandler(os.Stderr, &slog.HandlerOptions{Level: b.level}))
	}
	b.level.Set(cfg.Log.level())
	if b.transport == nil {
		b.transport = newTransport()
	}
	if b.now == nil {
		b.now = time.Now
	}
	for _, c := range []prometheus.Collector{
		collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}), b.operations,
	} {
		if err := b.registry.Register(c); err != nil {
			return nil, nil, err
		}
	}
	if err := errors.Join(b.openTLS(cfg), b.openAudit(cfg.Audit), b.openTracer()); err != nil {
		return nil, nil, err
	}
	var err error
	if b.reloads, err = newReloads(b.registry, b.now()); err != nil {
		return nil, nil, err
	}
	if lend.Engine != nil {
		return b, lend.Engine, nil
	}
	engine, err := b.openEngine(cfg)
	return b, engine, err
}

// lastWork is how long the end waits for what goes on until then: the last audit lines and traces have five seconds each.
const lastWork = 10 * time.Second

// begin does what goes on for as long as the process serves, whatever App does: it outlives their work, which has things to
// tell until its end. The files are opened first: a gateway that cannot write its audit lines, or has no certificate, does
// not start.
func (b *base) begin(ctx context.Context) (end func(), err error) {
	if err := errors.Join(b.readFiles(), b.audit.open()); err != nil {
		return nil, err
	}
	working, stop := context.WithCancel(context.WithoutCancel(ctx))
	var background sync.WaitGroup
	for _, run := range []func(context.Context) error{b.keeper.run, b.audit.run, b.tracer.Run} {
		background.Go(func() { _ = run(working) }) // they end without an error
	}
	return func() {
		stop()
		if !within(lastWork, &background) {
			b.log.Warn("the gateway ends while a file is being read or written: it is on something that does not answer")
		}
	}, nil
}

// hangup looks at once at what is not read again with the configuration.
func (b *base) hangup() {
	if b.keeper != nil {
		b.keeper.look()
	}
	if err := b.audit.open(); err != nil {
		b.log.Error("audit file not opened anew: the old one is written", "err", err)
	}
}

// level is the least important level that is written.
func (l Log) level() (level slog.Level) {
	if err := level.UnmarshalText([]byte(l.Level)); err != nil {
		return slog.LevelInfo // the binder lets only the four names pass
	}
	return level
}

// openEngine is the store's engine by a configuration, measured.
func (b *base) openEngine(cfg *Config) (store.Engine, error) {
	if cfg.Redis.Memory {
		return memstore.New(memstore.Config{Now: b.now}), nil
	}
	redis := cfg.Redis.Config
	redis.Observe = func(ctx context.Context, op string, took time.Duration, err error) {
		b.operations.WithLabelValues(op, outcome(err)).Observe(took.Seconds())
		b.traceStore(ctx, op, took, err)
	}
	engine, err := redisstore.Open(redis)
	if err != nil {
		return nil, fmt.Errorf("redis: %w", err)
	}
	return engine, nil
}

func outcome(err error) string {
	if errors.Is(err, store.ErrUnavailable) {
		return "unavailable"
	}
	return "ok"
}
