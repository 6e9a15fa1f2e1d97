// Package tracingtest is a stand-in for a collector of OpenTelemetry traces.
package tracingtest

import (
	"compress/gzip"
	"encoding/hex"
	"io"
	"net/http"
	"slices"
	"strconv"
	"sync"
	"time"

	commonv1 "go.opentelemetry.io/proto/otlp/common/v1"
	tracev1 "go.opentelemetry.io/proto/otlp/trace/v1"
	"google.golang.org/protobuf/encoding/prototext"
	"google.golang.org/protobuf/proto"
)

// Collector takes OTLP over HTTP at /v1/traces and keeps every span. It is safe for concurrent use.
type Collector struct {
	// Answer is the status of every answer; 0 means 200. What is refused is not kept.
	Answer func() int
	// Told, when set, gets everything that arrives, as text.
	Told io.Writer

	mu       sync.Mutex
	spans    []Span
	resource map[string]string
	headers  []http.Header
}

// Span is one that arrived.
type Span struct {
	Trace, ID, Parent string
	Name              string
	Kind              string // INTERNAL, SERVER or CLIENT
	Failed            bool
	Took              time.Duration
	Attrs             map[string]string
}

// ServeHTTP takes one export.
func (c *Collector) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	message, err := read(r)
	if err != nil || r.URL.Path != "/v1/traces" || r.Method != http.MethodPost || r.Header.Get("Content-Type") != "application/x-protobuf" {
		w.WriteHeader(http.StatusBadRequest)
		return
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.headers = append(c.headers, r.Header.Clone())
	if c.Answer != nil {
		if status := c.Answer(); status != http.StatusOK {
			w.WriteHeader(status)
			return
		}
	}
	c.keep(message)
}

func read(r *http.Request) (*tracev1.TracesData, error) {
	body := io.Reader(r.Body)
	if r.Header.Get("Content-Encoding") == "gzip" {
		unpacked, err := gzip.NewReader(r.Body)
		if err != nil {
			return nil, err
		}
		body = unpacked
	}
	text, err := io.ReadAll(body)
	if err != nil {
		return nil, err
	}
	message := &tracev1.TracesData{}
	return message, proto.Unmarshal(text, message)
}

func (c *Collector) keep(message *tracev1.TracesData) {
	if c.Told != nil {
		_, _ = io.WriteString(c.Told, prototext.MarshalOptions{Multiline: true}.Format(message))
	}
	for _, r := range message.GetResourceSpans() {
		c.resource = attributes(r.GetResource().GetAttributes())
		for _, scope := range r.GetScopeSpans() {
			for _, s := range scope.GetSpans() {
				c.spans = append(c.spans, span(s))
			}
		}
	}
}

func span(s *tracev1.Span) Span {
	return Span{
		Trace: hex.EncodeToString(s.GetTraceId()), ID: hex.EncodeToString(s.GetSpanId()), Parent: hex.EncodeToString(s.GetParentSpanId()),
		Name: s.GetName(), Kind: s.GetKind().String()[len("SPAN_KIND_"):], Failed: s.GetStatus().GetCode() == tracev1.Status_STATUS_CODE_ERROR,
		Took: time.Duration(s.GetEndTimeUnixNano() - s.GetStartTimeUnixNano()), Attrs: attributes(s.GetAttributes()),
	}
}

func attributes(all []*commonv1.KeyValue) map[string]string {
	found := map[string]string{}
	for _, a := range all {
		switch v := a.GetValue().GetValue().(type) {
		case *commonv1.AnyValue_StringValue:
			found[a.GetKey()] = v.StringValue
		case *commonv1.AnyValue_IntValue:
			found[a.GetKey()] = strconv.FormatInt(v.IntValue, 10)
		}
	}
	return found
}

// Spans are all that arrived so far.
func (c *Collector) Spans() []Span {
	c.mu.Lock()
	defer c.mu.Unlock()
	return slices.Clone(c.spans)
}

// Resource is that of the last export.
func (c *Collector) Resource() map[string]string {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.resource
}

// Exports are the headers of every request, refused ones included.
func (c *Collector) Exports() []http.Header {
	c.mu.Lock()
	defer c.mu.Unlock()
	return slices.Clone(c.headers)
}
