package tracing

import (
	"encoding/binary"
	"fmt"
	"math"
	"strconv"
	"strings"
)

// Sampler decides which traces are exported. The zero value exports none.
type Sampler struct {
	// Ratio of the traces that begin here, from 0 to 1.
	Ratio float64
	// Parents are followed where they have decided.
	Parents bool
}

// samples decides for a span. Spans of one trace within this process agree, whatever the sampler.
func (s Sampler) samples(parent *Span, id traceID) bool {
	if parent != nil && (s.Parents || parent.tracer != nil) {
		return parent.sampled
	}
	if s.Ratio >= 1 {
		return true
	}
	return binary.BigEndian.Uint64(id[8:])>>1 < uint64(s.Ratio*math.MaxInt64) // the same traces in every service
}

// parseSampler reads OTEL_TRACES_SAMPLER and its argument.
func parseSampler(name, argument string) (Sampler, error) {
	base, parents := strings.CutPrefix(name, "parentbased_")
	s := Sampler{Parents: parents}
	switch base {
	case "":
		return Sampler{Ratio: 1, Parents: true}, nil
	case "always_on":
		s.Ratio = 1
	case "always_off":
	case "traceidratio":
		return s.withRatio(argument)
	default:
		return s, fmt.Errorf("OTEL_TRACES_SAMPLER: must be always_on, always_off or traceidratio, or one of them after parentbased_, got %q", name)
	}
	return s, nil
}

func (s Sampler) withRatio(argument string) (Sampler, error) {
	if argument == "" {
		s.Ratio = 1
		return s, nil
	}
	ratio, err := strconv.ParseFloat(argument, 64)
	if err != nil || !(ratio >= 0 && ratio <= 1) {
		return s, fmt.Errorf("OTEL_TRACES_SAMPLER_ARG: must be a number from 0 to 1, got %q", argument)
	}
	s.Ratio = ratio
	return s, nil
}
