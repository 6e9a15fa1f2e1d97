package app_test

import (
	"testing"

	"github.com/prometheus/client_golang/prometheus"

	"chatgate/cmd/internal/app"
)

// counted is a registry in which one thing was counted so often.
func counted(t *testing.T, times float64) *prometheus.Registry {
	t.Helper()
	counter := prometheus.NewCounter(prometheus.CounterOpts{Name: "things_total", Help: "Things."})
	counter.Add(times)
	registry := prometheus.NewRegistry()
	if err := registry.Register(counter); err != nil {
		t.Fatal(err)
	}
	return registry
}

func TestNothingIsCountedTwiceWhileOneAppTakesOverFromAnother(t *testing.T) { // S141
	var f app.Former
	before, after := counted(t, 3), counted(t, 2)
	f.Join(before)
	for _, tc := range []struct {
		name string
		of   *prometheus.Registry
		want float64
	}{
		{"asked of the one that leaves", before, 3},
		{"asked of the one that serves", after, 5},
	} {
		t.Run(tc.name, func(t *testing.T) {
			families, err := f.With(tc.of).Gather()
			if err != nil || len(families) != 1 {
				t.Fatalf("Gather() = %v, %v; want one metric", families, err)
			}
			if got := families[0].GetMetric()[0].GetCounter().GetValue(); got != tc.want {
				t.Errorf("things_total = %v, want %v", got, tc.want)
			}
		})
	}
}
