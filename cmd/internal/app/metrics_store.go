package app

import (
	"context"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"chatgate/gateway/outbox"
	"chatgate/store"
)

const (
	// levelsEvery is how often what the store holds is counted, and roomEvery how often its servers are asked for room. A
	// scrape shows what was found last.
	levelsEvery = 30 * time.Second
	roomEvery   = time.Minute
	// levelsTimeout is for one round; a store that is away must not hold up the next.
	levelsTimeout = 10 * time.Second
)

// levels are what the store holds. Every replica counts the same, so that one of them is enough to know.
type levels struct {
	app      *App
	sessions prometheus.Gauge
	tokens   prometheus.Gauge
	jobs     *prometheus.GaugeVec
	oldest   *prometheus.GaugeVec
	memory   *prometheus.GaugeVec
	limit    *prometheus.GaugeVec
	evicted  *prometheus.CounterVec
	before   map[string]int64 // what each server had evicted when it was asked last
}

func newLevels(a *App, r prometheus.Registerer) (*levels, error) {
	gauges := func(name, help, label string) *prometheus.GaugeVec {
		return prometheus.NewGaugeVec(prometheus.GaugeOpts{Name: name, Help: help}, []string{label})
	}
	l := &levels{
		app: a,
		sessions: prometheus.NewGauge(prometheus.GaugeOpts{Name: "chatgate_sessions",
			Help: "Sessions in the store, those that have idled away and not reached their absolute end included."}),
		tokens: prometheus.NewGauge(prometheus.GaugeOpts{Name: "chatgate_login_tokens",
			Help: "Login tokens that are out: given to a browser, neither revoked nor expired."}),
		jobs: gauges("chatgate_outbox_jobs", "Jobs that wait in the outbox, running ones included, by lane.", "lane"),
		oldest: gauges("chatgate_outbox_oldest_job_age_seconds",
			"For how long the oldest job has waited since it was first due; where more than 500 wait, the oldest of those that are next.", "lane"),
		memory: gauges("chatgate_store_memory_bytes", "What the store's records take, by server. Absent where the server does not tell.", "server"),
		limit: gauges("chatgate_store_memory_limit_bytes",
			"What the store's records may take (maxmemory), by server; 0 without a limit. Absent where the server does not tell.", "server"),
		evicted: prometheus.NewCounterVec(prometheus.CounterOpts{Name: "chatgate_store_evicted_keys_total",
			Help: "Records that a server of the store has thrown away for want of room, since this replica began to ask. Absent where it does not tell.",
		}, []string{"server"}),
		before: map[string]int64{},
	}
	for _, c := range []prometheus.Collector{l.sessions, l.tokens, l.jobs, l.oldest, l.memory, l.limit, l.evicted} {
		if err := r.Register(c); err != nil {
			return nil, err
		}
	}
	for _, lane := range outbox.Lanes() {
		l.jobs.WithLabelValues(lane)
		l.oldest.WithLabelValues(lane)
	}
	return l, nil
}

// Run looks now and then until ctx ends. What it cannot find out stays as it was: chatgate_dependency_up tells of a store
// that is away.
func (l *levels) Run(ctx context.Context) error {
	ticker := time.NewTicker(levelsEvery)
	defer ticker.Stop()
	for round := 0; ; round++ {
		l.count(ctx)
		if round%int(roomEvery/levelsEvery) == 0 {
			l.room(ctx)
		}
		select {
		case <-ctx.Done():
			return nil
		case <-ticker.C:
		}
	}
}

func (l *levels) count(ctx context.Context) {
	ctx, cancel := context.WithTimeout(ctx, levelsTimeout)
	defer cancel()
	p := &l.app.parts
	if n, err := p.sessions.Count(ctx); err == nil {
		l.sessions.Set(float64(n))
	}
	if n, err := p.ledger.Count(ctx); err == nil {
		l.tokens.Set(float64(n))
	}
	backlogs, err := p.outbox.Backlogs(ctx)
	if err != nil {
		return
	}
	for _, b := range backlogs {
		l.jobs.WithLabelValues(b.Lane).Set(float64(b.Jobs))
		l.oldest.WithLabelValues(b.Lane).Set(b.Oldest.Seconds())
	}
}

// room asks the servers, where the engine has any.
func (l *levels) room(ctx context.Context) {
	ctx, cancel := context.WithTimeout(ctx, levelsTimeout)
	defer cancel()
	inspector, ok := l.app.engine.(store.Inspector)
	if !ok {
		return
	}
	servers, err := inspector.Inspect(ctx)
	if err != nil {
		return
	}
	l.memory.Reset() // of a Cluster's servers that are gone
	l.limit.Reset()
	for _, server := range servers {
		show(l.memory, server.Name, server.Memory)
		show(l.limit, server.Name, server.MemoryLimit)
		l.countEvicted(server)
	}
}

func show(gauge *prometheus.GaugeVec, server string, told *int64) {
	if told != nil {
		gauge.WithLabelValues(server).Set(float64(*told))
	}
}

// countEvicted adds what has come to a server's own count, which begins anew when the server does.
func (l *levels) countEvicted(server store.Server) {
	if server.Evicted == nil {
		return
	}
	now := *server.Evicted
	before, known := l.before[server.Name]
	l.before[server.Name] = now
	counter := l.evicted.WithLabelValues(server.Name)
	switch {
	case !known:
	case now < before:
		counter.Add(float64(now))
	default:
		counter.Add(float64(now - before))
	}
}
