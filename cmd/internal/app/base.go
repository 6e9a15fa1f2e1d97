package app

import (
	"crypto/rand"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"os"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"

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
	engine    store.Engine
	ownKey    []byte // seals what is kept in memory where no key is configured

	registry   *prometheus.Registry // what is measured of the process, whatever App serves
	operations *prometheus.HistogramVec
	former     former
}

// newBase opens what the first App starts on.
func newBase(cfg *Config, lend Lends) (*base, error) {
	b := &base{
		lend: lend, log: lend.Log, level: new(slog.LevelVar), transport: lend.Transport, now: lend.Now,
		engine: lend.Engine, ownKey: []byte(rand.Text() + rand.Text()),
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
			return nil, err
		}
	}
	if lend.Engine != nil {
		return b, nil
	}
	var err error
	b.engine, err = b.openEngine(cfg)
	return b, err
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
	redis.Observe = func(op string, took time.Duration, err error) {
		b.operations.WithLabelValues(op, outcome(err)).Observe(took.Seconds())
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
