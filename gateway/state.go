package gateway

import (
	"strings"

	"github.com/prometheus/client_golang/prometheus"
)

// The states of a replica, as /readyz and the metrics call them.
const (
	StateStarting        = "starting"
	StateReady           = "ready"
	StateDegraded        = "degraded" // it serves, and something that it needs is broken
	StateDraining        = "draining"
	StateSealingMismatch = "sealing_mismatch"
	StateNamesMismatch   = "names_mismatch"
)

func states() []string {
	return []string{StateStarting, StateReady, StateDegraded, StateDraining, StateSealingMismatch, StateNamesMismatch}
}

// judge says which state a replica is in of which these parts are well ("ok") or not. Those of degraded and ready serve.
func (s *Server) judge(checks map[string]string) (state string, serves bool) {
	switch {
	case s.draining.Load():
		return StateDraining, false
	case !s.started.Load():
		return StateStarting, false
	case checks[checkSealing] != well:
		return StateSealingMismatch, false
	case checks[checkNames] != well:
		return StateNamesMismatch, false
	}
	for _, found := range checks {
		if found != well {
			return StateDegraded, true
		}
	}
	return StateReady, true
}

var (
	stateDesc = prometheus.NewDesc("chatgate_state",
		"1 for the state that this replica is in, as /readyz tells it, 0 for the others.", []string{"state"}, nil)
	dependencyUp = prometheus.NewDesc("chatgate_dependency_up",
		"1 where this replica reached a dependency when it last looked, else 0: the store every 10 seconds, providers and chats every minute.",
		[]string{"kind", "name"}, nil)
	jwksReady = prometheus.NewDesc("chatgate_jwks_ready",
		"1 where this replica has its signing keys and publishes them, 0 where it answers 503 for its JWKS.", nil, nil)
)

// stateMetrics tell how a server is, from what it has found already: a scrape waits for nobody.
type stateMetrics struct{ server *Server }

// Describe names the metrics.
func (m stateMetrics) Describe(descs chan<- *prometheus.Desc) {
	for _, d := range []*prometheus.Desc{stateDesc, dependencyUp, jwksReady} {
		descs <- d
	}
}

// Collect reads the values of this moment.
func (m stateMetrics) Collect(metrics chan<- prometheus.Metric) {
	gauge := func(d *prometheus.Desc, yes bool, labels ...string) {
		value := 0.0
		if yes {
			value = 1
		}
		metrics <- prometheus.MustNewConstMetric(d, prometheus.GaugeValue, value, labels...)
	}
	now := m.server.state()
	for _, state := range states() {
		gauge(stateDesc, state == now, state)
	}
	for of, err := range m.server.dependencies.all() {
		gauge(dependencyUp, err == nil, of.kind, of.name)
	}
	if found := m.server.chats.Load(); found != nil {
		for check, told := range *found {
			gauge(dependencyUp, told == well, kindChat, strings.TrimPrefix(check, "chat "))
		}
	}
	gauge(jwksReady, m.server.cfg.Keys.Ready() == nil)
}

// state is what /readyz would call this replica, by what was found last and without asking anybody.
func (s *Server) state() string {
	state, _ := s.judge(s.checks(s.dependencies.of(dependency{kindStore, kindStore})))
	return state
}
