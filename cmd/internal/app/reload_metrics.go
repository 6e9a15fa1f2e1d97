package app

import (
	"fmt"
	"sync/atomic"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"chatgate/gateway/audit"
)

// reloads tell how it went when the configuration was read again: in metrics, and in /readyz while it is refused.
type reloads struct {
	total   *prometheus.CounterVec
	success prometheus.Gauge
	last    prometheus.Gauge
	refused atomic.Pointer[refusedError] // the last one; nil when it was taken up
}

// reloadOK is the result of a reload that was taken up. The others are the reasons of audit.ConfigRefused.
const reloadOK = "ok"

func newReloads(r prometheus.Registerer, now time.Time) (*reloads, error) {
	m := &reloads{
		total: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "chatgate_config_reloads_total",
			Help: "How often the configuration was read again: ok; config_invalid; needs_restart; or not_ready, which is tried again.",
		}, []string{"result"}),
		success: prometheus.NewGauge(prometheus.GaugeOpts{
			Name: "chatgate_config_last_reload_success", Help: "1 where the configuration that was read last is served, 0 while it is refused.",
		}),
		last: prometheus.NewGauge(prometheus.GaugeOpts{
			Name: "chatgate_config_last_reload_timestamp_seconds",
			Help: "Since when the present configuration is served, in Unix seconds.",
		}),
	}
	for _, result := range []string{reloadOK, string(audit.ConfigInvalid), string(audit.NeedsRestart), string(audit.NotReady)} {
		m.total.WithLabelValues(result) // there from the start, so that the first refusal is an increase
	}
	m.success.Set(1)
	m.last.Set(float64(now.Unix()))
	for _, c := range []prometheus.Collector{m.total, m.success, m.last} {
		if err := r.Register(c); err != nil {
			return nil, err
		}
	}
	return m, nil
}

// tell keeps how a reload went; nil is one that was taken up.
func (m *reloads) tell(refused *refusedError, now time.Time) {
	m.refused.Store(refused)
	if refused != nil {
		m.total.WithLabelValues(string(refused.reason)).Inc()
		m.success.Set(0)
		return
	}
	m.total.WithLabelValues(reloadOK).Inc()
	m.success.Set(1)
	m.last.Set(float64(now.Unix()))
}

// retries says that what was refused last may be taken up another time without being changed.
func (m *reloads) retries() bool {
	refused := m.refused.Load()
	return refused != nil && refused.reason == audit.NotReady
}

// check is what /readyz says of the configuration.
func (m *reloads) check() error {
	refused := m.refused.Load()
	if refused == nil {
		return nil
	}
	problems := refused.problems()
	if more := len(problems) - 1; more > 0 {
		return fmt.Errorf("the changed one is refused (%s) and the former one goes on: %s; and %d more", refused.reason, problems[0], more)
	}
	return fmt.Errorf("the changed one is refused (%s) and the former one goes on: %s", refused.reason, problems[0])
}
