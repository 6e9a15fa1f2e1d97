package gateway

import (
	"maps"
	"slices"

	"github.com/prometheus/client_golang/prometheus"

	"chatgate/oidc"
)

// metrics are the gateway's own; label values come from closed sets (S136).
type metrics struct {
	requests *prometheus.HistogramVec
	inFlight prometheus.Gauge
	starts   *prometheus.CounterVec
	logins   *prometheus.CounterVec
	panics   prometheus.Counter
}

// resultSignedIn is how a login ends that succeeds; the others end with the code of a problem.
const resultSignedIn = "signed_in"

// loginResults are how a login may end.
func loginResults() []string {
	return []string{
		resultSignedIn, "provider_denied", "provider_answer_refused", "provider_unavailable",
		"login_mismatch", "login_expired", "store_unavailable", "internal",
	}
}

func newMetrics(r prometheus.Registerer) (*metrics, error) {
	m := &metrics{
		requests: prometheus.NewHistogramVec(prometheus.HistogramOpts{
			Name: "chatgate_http_request_duration_seconds", Help: "Requests by route pattern, method and status.",
			Buckets: []float64{0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10},
		}, []string{"route", "method", "status"}),
		inFlight: prometheus.NewGauge(prometheus.GaugeOpts{
			Name: "chatgate_http_requests_in_flight", Help: "Requests that are being answered now.",
		}),
		starts: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "chatgate_logins_started_total", Help: "Browsers that were sent to a provider. Those who never come back end in no result.",
		}, []string{"provider"}),
		logins: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "chatgate_logins_total",
			Help: "Finished logins, by how they ended: signed_in, or the code of the problem. Without a provider where it is not known which.",
		}, []string{"provider", "result"}),
		panics: prometheus.NewCounter(prometheus.CounterOpts{
			Name: "chatgate_panics_total", Help: "Requests that ended in a recovered panic.",
		}),
	}
	for _, c := range []prometheus.Collector{m.requests, m.inFlight, m.starts, m.logins, m.panics} {
		if err := r.Register(c); err != nil {
			return nil, err
		}
	}
	return m, nil
}

// expect has what may happen with each provider there from the start, so that the first time is an increase.
func (m *metrics) expect(providers map[string]*oidc.RelyingParty) {
	for provider := range maps.Keys(providers) {
		m.starts.WithLabelValues(provider)
		for result := range slices.Values(loginResults()) {
			m.logins.WithLabelValues(provider, result)
		}
	}
}
