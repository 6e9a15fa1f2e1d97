package tracing

import (
	"encoding/binary"
	"fmt"
	"math"
	"math/rand/v2"
	"strconv"
	"strings"
)

// Sampler decides which traces are exported. The zero value exports none.
type Sampler struct {
	// Ratio of the traces that begin here, from 0 to 1.
	Ratio float64
	// Parents are followed where they have decided. With a Ratio between 0 and 1, one elsewhere that is exported is followed
	// in that share alone: what a proxy passes on may be a stranger's word.
	Parents bool
}

// samples decides for a span. Spans of one trace within this process agree, whatever the sampler.
func (s Sampler) samples(parent *Span, id traceID) bool {
	if parent == nil || parent.tracer == nil && !s.Parents {
		return s.within(binary.BigEndian.Uint64(id[8:])) // the same traces in every service
	}
	if parent.tracer != nil || !parent.sampled || s.Ratio == 0 { // 0: the parent alone decides, which an operator has asked for
		return parent.sampled
	}
	return s.within(rand.Uint64()) // and not by the id, which whoever chose the flag chose, too
}

// within says whether a number from all that there are is in the ratio.
func (s Sampler) within(n uint64) bool {
	return s.Ratio >= 1 || n>>1 < uint64(s.Ratio*math.MaxInt64)
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
