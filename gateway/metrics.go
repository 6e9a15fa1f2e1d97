package gateway

import "github.com/prometheus/client_golang/prometheus"

// metrics are the gateway's own; label values come from closed sets (S136).
type metrics struct {
	requests *prometheus.HistogramVec
	logins   *prometheus.CounterVec
	panics   prometheus.Counter
}

func newMetrics(r prometheus.Registerer) (*metrics, error) {
	m := &metrics{
		requests: prometheus.NewHistogramVec(prometheus.HistogramOpts{
			Name: "chatgate_http_request_duration_seconds", Help: "Requests by route pattern, method and status.",
			Buckets: []float64{0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10},
		}, []string{"route", "method", "status"}),
		logins: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "chatgate_logins_total", Help: "Finished logins, by how they ended.",
		}, []string{"result"}),
		panics: prometheus.NewCounter(prometheus.CounterOpts{
			Name: "chatgate_panics_total", Help: "Requests that ended in a recovered panic.",
		}),
	}
	for _, c := range []prometheus.Collector{m.requests, m.logins, m.panics} {
		if err := r.Register(c); err != nil {
			return nil, err
		}
	}
	return m, nil
}
