package gateway

import (
	"strings"

	"github.com/prometheus/client_golang/prometheus"
)

// The states of a replica, as /readyz calls them.
const (
	stateStarting        = "starting"
	stateReady           = "ready"
	stateDegraded        = "degraded" // it serves, and something that it needs is broken
	stateDraining        = "draining"
	stateSealingMismatch = "sealing_mismatch"
	stateNamesMismatch   = "names_mismatch"
)

func states() []string {
	return []string{stateStarting, stateReady, stateDegraded, stateDraining, stateSealingMismatch, stateNamesMismatch}
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
			gauge(dependencyUp, told == "ok", kindChat, strings.TrimPrefix(check, "chat "))
		}
	}
	gauge(jwksReady, m.server.cfg.Keys.Ready() == nil)
}

// state is what /readyz would call this replica, by what was found last and without asking anybody.
func (s *Server) state() string {
	switch {
	case s.draining.Load():
		return stateDraining
	case !s.started.Load():
		return stateStarting
	case s.cfg.Heartbeat.Mismatch() != nil:
		return stateSealingMismatch
	case s.cfg.Names.Mismatch() != nil:
		return stateNamesMismatch
	case s.degraded():
		return stateDegraded
	}
	return stateReady
}

func (s *Server) degraded() bool {
	for _, err := range s.dependencies.all() {
		if err != nil {
			return true
		}
	}
	if found := s.chats.Load(); found != nil {
		for _, told := range *found {
			if told != "ok" {
				return true
			}
		}
	}
	return s.cfg.Keys.Ready() != nil
}
