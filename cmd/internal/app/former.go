package app

import (
	"cmp"
	"maps"
	"slices"
	"strings"
	"sync"

	"github.com/prometheus/client_golang/prometheus"
	dto "github.com/prometheus/client_model/go"
)

// former is what those have counted that served before: a counter that fell back to 0 with every reload would hide what
// happened since the last scrape. Each App counts in a registry of its own, and what is told is the sum. Gauges are told of
// the one that serves alone. The zero value has counted nothing. It is safe for concurrent use.
type former struct {
	mu      sync.Mutex
	leaving []*prometheus.Registry // some of their requests are still being answered
	counted map[string]*dto.MetricFamily
}

// join adds the registry of an App that was replaced.
func (f *former) join(r *prometheus.Registry) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.leaving = append(f.leaving, r)
}

// settle keeps the figures of an App that counts nothing any more, and lets the App itself go.
func (f *former) settle(r *prometheus.Registry) {
	f.mu.Lock()
	defer f.mu.Unlock()
	families, _ := r.Gather() // what one collector cannot tell does not take the others' figures away
	f.counted = sum(f.counted, families)
	f.leaving = slices.DeleteFunc(f.leaving, func(other *prometheus.Registry) bool { return other == r })
}

// with gathers what a registry tells, what all have counted included. It may be one that leaves: whoever asks was sent to its
// App just before that was replaced.
func (f *former) with(current *prometheus.Registry) prometheus.Gatherer {
	return prometheus.GathererFunc(func() ([]*dto.MetricFamily, error) {
		f.mu.Lock()
		defer f.mu.Unlock()
		families, err := current.Gather()
		told := f.counted
		for _, r := range f.leaving {
			if r == current {
				continue
			}
			more, _ := r.Gather()
			told = sum(told, more)
		}
		told = sum(told, families)
		for _, family := range families {
			if !counts(family.GetType()) {
				told[family.GetName()] = family
			}
		}
		return slices.SortedFunc(maps.Values(told), func(a, b *dto.MetricFamily) int {
			return cmp.Compare(a.GetName(), b.GetName())
		}), err
	})
}

// counts says whether a kind of metric only ever grows.
func counts(kind dto.MetricType) bool {
	return kind == dto.MetricType_COUNTER || kind == dto.MetricType_HISTOGRAM
}

// sum adds counters and histograms to those that are told already, and changes neither.
func sum(told map[string]*dto.MetricFamily, more []*dto.MetricFamily) map[string]*dto.MetricFamily {
	out := maps.Clone(told)
	if out == nil {
		out = map[string]*dto.MetricFamily{}
	}
	for _, family := range more {
		if !counts(family.GetType()) {
			continue
		}
		name := family.GetName()
		if before, known := out[name]; known {
			family = addFamily(before, family)
		}
		out[name] = family
	}
	return out
}

// addFamily is two families of one name in one, each series once, in the order of its labels.
func addFamily(a, b *dto.MetricFamily) *dto.MetricFamily {
	series := map[string]*dto.Metric{}
	for _, m := range a.GetMetric() {
		series[labels(m)] = m
	}
	for _, m := range b.GetMetric() {
		if before, known := series[labels(m)]; known {
			m = addMetric(before, m)
		}
		series[labels(m)] = m
	}
	out := &dto.MetricFamily{Name: b.Name, Help: b.Help, Type: b.Type, Unit: b.Unit}
	for _, key := range slices.Sorted(maps.Keys(series)) {
		out.Metric = append(out.Metric, series[key])
	}
	return out
}

// labels is the key of a series: a gatherer gives them in order.
func labels(m *dto.Metric) string {
	var key strings.Builder
	for _, l := range m.GetLabel() {
		key.WriteString(l.GetName() + "\x00" + l.GetValue() + "\x00")
	}
	return key.String()
}

func addMetric(a, b *dto.Metric) *dto.Metric {
	out := &dto.Metric{Label: b.Label}
	if b.Counter != nil {
		out.Counter = &dto.Counter{Value: new(a.GetCounter().GetValue() + b.GetCounter().GetValue())}
	}
	if b.Histogram != nil {
		out.Histogram = addHistogram(a.GetHistogram(), b.GetHistogram())
	}
	return out
}

// addHistogram adds bucket by bucket: those of one metric have the same bounds, since one program made them.
func addHistogram(a, b *dto.Histogram) *dto.Histogram {
	out := &dto.Histogram{
		SampleCount: new(a.GetSampleCount() + b.GetSampleCount()),
		SampleSum:   new(a.GetSampleSum() + b.GetSampleSum()),
	}
	for i, bucket := range b.GetBucket() {
		count := bucket.GetCumulativeCount()
		if i < len(a.GetBucket()) {
			count += a.GetBucket()[i].GetCumulativeCount()
		}
		out.Bucket = append(out.Bucket, &dto.Bucket{UpperBound: bucket.UpperBound, CumulativeCount: new(count)})
	}
	return out
}
