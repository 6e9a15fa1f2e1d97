package app

import (
	"errors"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"chatgate/gateway/keyring"
)

// keyReadings count how often the signing keys were read, so that an operator hears of a gateway that goes on with old
// ones.
type keyReadings struct {
	rounds *prometheus.CounterVec
	last   prometheus.Gauge
	now    func() time.Time
}

func newKeyReadings(r prometheus.Registerer, now func() time.Time) (*keyReadings, error) {
	k := &keyReadings{
		rounds: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "chatgate_keyring_reads_total", Help: "Rounds of reading all signing keys from the store, by how they went.",
		}, []string{"result"}),
		last: prometheus.NewGauge(prometheus.GaugeOpts{
			Name: "chatgate_keyring_last_read_timestamp_seconds", Help: "When all signing keys were last read, in Unix seconds; 0 before.",
		}),
		now: now,
	}
	for _, result := range []string{"ok", "clocks", "failed"} {
		k.rounds.WithLabelValues(result) // there from the start, so that the first failure is an increase
	}
	for _, c := range []prometheus.Collector{k.rounds, k.last} {
		if err := r.Register(c); err != nil {
			return nil, err
		}
	}
	return k, nil
}

func (k *keyReadings) count(err error) {
	result := "ok"
	switch {
	case errors.Is(err, keyring.ErrClocks):
		result = "clocks" // they were read, and are left as they are
	case err != nil:
		k.rounds.WithLabelValues("failed").Inc()
		return
	}
	k.rounds.WithLabelValues(result).Inc()
	k.last.Set(float64(k.now().Unix()))
}

// keyMetrics tell about the keys that this replica works with, when they are asked for: a key's age is no event. A set
// that was not read yet has no values.
type keyMetrics struct {
	keys *keyring.Keyring
	now  func() time.Time
}

var (
	keysByState = prometheus.NewDesc("chatgate_signing_keys",
		"Signing keys of a chat, by what they do.", []string{"chat", "state"}, nil)
	keyAge = prometheus.NewDesc("chatgate_signing_key_age_seconds",
		"How long ago the key that signs was made. Absent for keys from files.", []string{"chat"}, nil)
	keyRotation = prometheus.NewDesc("chatgate_signing_key_next_rotation_timestamp_seconds",
		"When another key takes over, in Unix seconds; in the past when that is overdue. Absent when nothing is planned.",
		[]string{"chat"}, nil)
)

// Describe names the metrics.
func (m keyMetrics) Describe(descs chan<- *prometheus.Desc) {
	for _, d := range []*prometheus.Desc{keysByState, keyAge, keyRotation} {
		descs <- d
	}
}

// Collect reads the values of this moment.
func (m keyMetrics) Collect(metrics chan<- prometheus.Metric) {
	for _, chat := range m.keys.Names() {
		o, err := m.keys.Set(chat).Overview()
		if err != nil {
			continue
		}
		gauge := func(d *prometheus.Desc, value float64, labels ...string) {
			metrics <- prometheus.MustNewConstMetric(d, prometheus.GaugeValue, value, labels...)
		}
		count := map[keyring.State]int{}
		for _, key := range o.Keys {
			count[key.State()]++
		}
		for _, state := range keyring.States() {
			gauge(keysByState, float64(count[state]), chat, string(state))
		}
		if made := o.Signer().Created; !made.IsZero() {
			gauge(keyAge, m.now().Sub(made).Seconds(), chat)
		}
		if !o.Next.IsZero() {
			gauge(keyRotation, float64(o.Next.Unix()), chat)
		}
	}
}
