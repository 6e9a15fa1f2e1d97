package tracing

import (
	"crypto/rand"
	"maps"
	"slices"

	commonv1 "go.opentelemetry.io/proto/otlp/common/v1"
	resourcev1 "go.opentelemetry.io/proto/otlp/resource/v1"
	tracev1 "go.opentelemetry.io/proto/otlp/trace/v1"
)

// scope is who made the spans.
const scope = "chatgate"

// describe fills in what a resource should have.
func describe(given map[string]string, version string) map[string]string {
	all := map[string]string{
		"service.name": "chatgate", "service.version": version, "service.instance.id": rand.Text(),
		"telemetry.sdk.name": scope, "telemetry.sdk.language": "go", "telemetry.sdk.version": version,
	}
	maps.Copy(all, given)
	return all
}

// encode makes the one message of an export. A collector reads ExportTraceServiceRequest, which differs from TracesData in
// nothing but its name, and comes with gRPC.
func encode(batch []*Span, resource map[string]string, version string) *tracev1.TracesData {
	spans := make([]*tracev1.Span, len(batch))
	for i, s := range batch {
		spans[i] = s.encode()
	}
	described := &resourcev1.Resource{}
	for _, key := range slices.Sorted(maps.Keys(resource)) {
		described.Attributes = append(described.Attributes, encodeAttr(String(key, resource[key])))
	}
	return &tracev1.TracesData{ResourceSpans: []*tracev1.ResourceSpans{{
		Resource: described,
		ScopeSpans: []*tracev1.ScopeSpans{{
			Scope: &commonv1.InstrumentationScope{Name: scope, Version: version}, Spans: spans,
		}},
	}}}
}

func (s *Span) encode() *tracev1.Span {
	encoded := &tracev1.Span{
		TraceId: s.trace[:], SpanId: s.id[:], Name: s.name, Kind: tracev1.Span_SpanKind(s.kind), Flags: 1, // sampled
		StartTimeUnixNano: uint64(s.began.UnixNano()), EndTimeUnixNano: uint64(s.ended.UnixNano()), Status: &tracev1.Status{},
	}
	if s.parent != (spanID{}) {
		encoded.ParentSpanId = s.parent[:]
	}
	for _, a := range s.attrs {
		encoded.Attributes = append(encoded.Attributes, encodeAttr(a))
	}
	if s.failure != "" {
		encoded.Attributes = append(encoded.Attributes, encodeAttr(String("error.type", s.failure)))
		encoded.Status.Code = tracev1.Status_STATUS_CODE_ERROR
	}
	return encoded
}

func encodeAttr(a Attr) *commonv1.KeyValue { return &commonv1.KeyValue{Key: a.key, Value: a.value} }
