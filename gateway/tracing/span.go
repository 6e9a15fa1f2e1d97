package tracing

import (
	"context"
	"encoding/binary"
	"encoding/hex"
	"math/rand/v2"
	"strings"
	"time"

	commonv1 "go.opentelemetry.io/proto/otlp/common/v1"
)

// Kind is whether a span serves, calls, or works for itself. The numbers are OTLP's.
type Kind int32

// The kinds.
const (
	Internal Kind = 1
	Served   Kind = 2
	Called   Kind = 3
)

// Attr is a fact of a span. Its key is one of OpenTelemetry's semantic conventions, or begins with chatgate.
type Attr struct {
	key   string
	value *commonv1.AnyValue
}

// String is a fact that is text.
func String(key, text string) Attr {
	return Attr{key, &commonv1.AnyValue{Value: &commonv1.AnyValue_StringValue{StringValue: text}}}
}

// Int is a fact that is a number.
func Int(key string, n int) Attr {
	return Attr{key, &commonv1.AnyValue{Value: &commonv1.AnyValue_IntValue{IntValue: int64(n)}}}
}

type (
	traceID [16]byte
	spanID  [8]byte
)

// Span is something that takes time. All that it does is nothing for a nil one, as for a Tracer that is nil. It belongs to
// the goroutine that began it.
type Span struct {
	tracer  *Tracer // nil for a parent elsewhere
	trace   traceID
	id      spanID
	parent  spanID
	sampled bool

	name         string
	kind         Kind
	began, ended time.Time
	attrs        []Attr
	failure      string
}

type spanKey struct{}

// from is the span that ctx belongs to, or nil.
func from(ctx context.Context) *Span {
	s, _ := ctx.Value(spanKey{}).(*Span)
	return s
}

// ID is the id of the trace that ctx belongs to, in hexadecimal, as it stands in lines of the log; empty where nothing of it
// is exported.
func ID(ctx context.Context) string {
	s := from(ctx)
	if s == nil || !s.sampled {
		return ""
	}
	return hex.EncodeToString(s.trace[:])
}

// Continue has spans of ctx belong to the trace that a traceparent header names (W3C Trace Context, Section 3.2). A header that
// is none changes nothing. The caller has made sure that whoever sent it may be believed.
func Continue(ctx context.Context, traceparent string) context.Context {
	fields := strings.Split(traceparent, "-")
	if len(fields) < 4 || len(fields[0]) != 2 || fields[0] == "ff" || fields[0] == "00" && len(fields) != 4 || len(fields[3]) != 2 {
		return ctx
	}
	parent := &Span{}
	var version, flags [1]byte
	for i, into := range [][]byte{version[:], parent.trace[:], parent.id[:], flags[:]} {
		if len(fields[i]) != 2*len(into) || strings.ToLower(fields[i]) != fields[i] {
			return ctx
		}
		if _, err := hex.Decode(into, []byte(fields[i])); err != nil {
			return ctx
		}
	}
	if parent.trace == (traceID{}) || parent.id == (spanID{}) {
		return ctx
	}
	parent.sampled = flags[0]&1 == 1
	return context.WithValue(ctx, spanKey{}, parent)
}

// Start begins a span within the one that ctx belongs to, or a trace of its own. What ctx is given to belongs to the span.
func (t *Tracer) Start(ctx context.Context, kind Kind, name string, attrs ...Attr) (context.Context, *Span) {
	if t == nil {
		return ctx, nil
	}
	s := t.begin(from(ctx), kind, name, time.Now(), attrs)
	return context.WithValue(ctx, spanKey{}, s), s
}

func (t *Tracer) begin(parent *Span, kind Kind, name string, began time.Time, attrs []Attr) *Span {
	s := &Span{tracer: t, kind: kind, name: name, began: began, attrs: attrs}
	binary.NativeEndian.PutUint64(s.id[:], 1+rand.Uint64N(1<<64-1)) // not 0, which is no id
	if parent != nil {
		s.trace, s.parent = parent.trace, parent.id
	} else {
		binary.NativeEndian.PutUint64(s.trace[:8], rand.Uint64())
		binary.NativeEndian.PutUint64(s.trace[8:], 1+rand.Uint64N(1<<64-1))
	}
	s.sampled = t.cfg.Sampler.samples(parent, s.trace)
	return s
}

// Record tells of something that has happened already, within the span that ctx belongs to. Where there is none it is
// nobody's, as is what background work does all day long, and is left out. The failure is empty where all went well.
func (t *Tracer) Record(ctx context.Context, kind Kind, name string, took time.Duration, failure string, attrs ...Attr) {
	if t == nil {
		return
	}
	parent := from(ctx)
	if parent == nil || !parent.sampled {
		return
	}
	s := t.begin(parent, kind, name, time.Now().Add(-took), attrs)
	s.Fail(failure)
	s.End()
}

// Name names the span anew, once more is known.
func (s *Span) Name(name string) {
	if s != nil {
		s.name = name
	}
}

// Set adds attributes.
func (s *Span) Set(attrs ...Attr) {
	if s != nil {
		s.attrs = append(s.attrs, attrs...)
	}
}

// Fail says that the span went wrong, and how, in a word of a closed set. An empty word says nothing.
func (s *Span) Fail(how string) {
	if s != nil {
		s.failure = how
	}
}

// End hands the span over for export, if its trace is sampled.
func (s *Span) End() {
	if s == nil || !s.sampled {
		return
	}
	s.ended = time.Now()
	s.tracer.queue.add(s)
}
