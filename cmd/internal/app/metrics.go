package app

import (
	"maps"
	"slices"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"chatgate/gateway/audit"
	"chatgate/gateway/outbox"
	"chatgate/gateway/problem"
	"chatgate/gateway/session"
	"chatgate/oidc"
)

// meters count what happens in rooms that know nothing of metrics. Their label values come from closed sets (S136), and what
// an alert watches is there from the start: the first time of something that has no series yet is no increase.
type meters struct {
	problems *prometheus.CounterVec
	limits   *prometheus.CounterVec
	jobs     *prometheus.CounterVec
	rechecks *prometheus.CounterVec
	calls    *prometheus.HistogramVec
	acts     *prometheus.CounterVec
	info     *prometheus.GaugeVec

	providers []string
	kinds     map[string][]string // of jobs, each with its chats; set before the first job is done
}

func newMeters(r prometheus.Registerer, cfg *Config) (*meters, error) {
	counter := func(name, help string, labels ...string) *prometheus.CounterVec {
		return prometheus.NewCounterVec(prometheus.CounterOpts{Name: name, Help: help}, labels)
	}
	m := &meters{
		problems: counter("chatgate_problems_total", "Requests that were answered with a problem, by its code.", "code"),
		limits: counter("chatgate_limits_exceeded_total",
			"Calls refused by a limit that counts across replicas, by the limit's name.", "limit"),
		jobs: counter("chatgate_outbox_attempts_total",
			"Attempts at jobs of the outbox, by kind and chat: done; retried; refused for good; or too_old and given up.",
			"kind", "chat", "result"),
		rechecks: counter("chatgate_rechecks_total",
			"Sessions that the provider was asked about, by its answer: confirmed, ended, or failed when there was none in time.",
			"provider", "result"),
		acts: counter("chatgate_audit_events_total", "Acts that were written down for the audit, by act.", "act"),
		calls: prometheus.NewHistogramVec(prometheus.HistogramOpts{
			Name:    "chatgate_provider_call_duration_seconds",
			Help:    "Calls to a provider's own endpoints, by call and by how it went: ok, refused or failed.",
			Buckets: prometheus.ExponentialBuckets(0.005, 2, 12),
		}, []string{"provider", "call", "result"}),
		info: prometheus.NewGaugeVec(prometheus.GaugeOpts{
			Name: "chatgate_build_info", Help: "1, with what this program was built from.",
		}, []string{"version", "commit", "go"}),
		providers: slices.Sorted(maps.Keys(cfg.Providers)),
	}
	for _, c := range []prometheus.Collector{m.problems, m.limits, m.jobs, m.rechecks, m.acts, m.calls, m.info} {
		if err := r.Register(c); err != nil {
			return nil, err
		}
	}
	m.expect(cfg.Limits.Rules().Names())
	return m, nil
}

func (m *meters) expect(limits []string) {
	build := Version()
	m.info.WithLabelValues(build.Version, build.Commit, build.Go).Set(1)
	for _, code := range problem.Codes() {
		m.problems.WithLabelValues(code)
	}
	for _, name := range limits {
		m.limits.WithLabelValues(name)
	}
	for _, act := range audit.Acts() {
		m.acts.WithLabelValues(string(act))
	}
	for _, provider := range m.providers {
		for _, outcome := range session.Outcomes() {
			m.rechecks.WithLabelValues(provider, string(outcome))
		}
	}
}

// expectJobs is called once every handler is in.
func (m *meters) expectJobs(kinds map[string][]string) {
	m.kinds = kinds
	for kind, chats := range kinds {
		for _, chat := range chats {
			for _, result := range outbox.Results() {
				m.jobs.WithLabelValues(kind, chat, string(result))
			}
		}
	}
}

// otherLabel stands for what is not of this configuration: a job of a chat or of a version that is gone.
const otherLabel = "other"

func (m *meters) job(job outbox.Job, result outbox.Result) {
	kind, chat := job.Kind, job.Chat
	if !slices.Contains(m.kinds[kind], chat) {
		kind, chat = otherLabel, otherLabel
	}
	m.jobs.WithLabelValues(kind, chat, string(result)).Inc()
}

func (m *meters) act(a audit.Act) { m.acts.WithLabelValues(string(a)).Inc() }

func (m *meters) problem(code string) { m.problems.WithLabelValues(code).Inc() }

func (m *meters) limit(rule string) { m.limits.WithLabelValues(rule).Inc() }

func (m *meters) recheck(provider string, outcome session.Outcome) {
	if !slices.Contains(m.providers, provider) {
		provider = otherLabel
	}
	m.rechecks.WithLabelValues(provider, string(outcome)).Inc()
}

// call returns what measures the calls to one provider.
func (m *meters) call(provider string) func(oidc.Call, oidc.Outcome, time.Duration) {
	return func(c oidc.Call, o oidc.Outcome, took time.Duration) {
		m.calls.WithLabelValues(provider, string(c), string(o)).Observe(took.Seconds())
	}
}
