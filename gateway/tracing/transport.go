package tracing

import (
	"context"
	"errors"
	"net"
	"net/http"
	"slices"
	"strconv"
)

// Transport has each call of base recorded as a span, until the head of its answer is there. The name and the attributes say
// who is called; name is asked for each call, and its answers come from a closed set. Nothing is added to the request: trace ids
// are not for others. Without a Tracer it is base itself.
func (t *Tracer) Transport(base http.RoundTripper, name func(*http.Request) string, attrs ...Attr) http.RoundTripper {
	if t == nil {
		return base
	}
	return &transport{tracer: t, base: base, name: name, attrs: slices.Clip(attrs)}
}

type transport struct {
	tracer *Tracer
	base   http.RoundTripper
	name   func(*http.Request) string
	attrs  []Attr
}

func (t *transport) RoundTrip(r *http.Request) (*http.Response, error) {
	_, span := t.tracer.Start(r.Context(), Called, t.name(r), t.attrs...)
	defer span.End()
	span.Set(String("http.request.method", r.Method))
	w, err := t.base.RoundTrip(r)
	if err != nil {
		span.Fail(fault(err))
		return nil, err
	}
	span.Set(Int("http.response.status_code", w.StatusCode))
	if w.StatusCode >= http.StatusBadRequest {
		span.Fail(strconv.Itoa(w.StatusCode))
	}
	return w, nil
}

// fault is what kept a call from being answered.
func fault(err error) string {
	if timeout := (net.Error)(nil); errors.Is(err, context.DeadlineExceeded) || errors.As(err, &timeout) && timeout.Timeout() {
		return "timeout"
	}
	if errors.Is(err, context.Canceled) {
		return "cancelled"
	}
	return "unreachable"
}
