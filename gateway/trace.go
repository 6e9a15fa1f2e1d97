package gateway

import (
	"net/http"
	"strconv"

	"github.com/gin-gonic/gin"

	"chatgate/gateway/decision"
	"chatgate/gateway/tracing"
)

// span begins the request's span, where requests are traced. A traceparent is believed from trusted proxies alone: package
// tracing says why.
func (s *Server) span(c *gin.Context) *tracing.Span {
	if s.cfg.Tracer == nil {
		return nil
	}
	ctx := c.Request.Context()
	if parent := c.Request.Header.Get("Traceparent"); parent != "" && s.trusts(c.RemoteIP()) {
		ctx = tracing.Continue(ctx, parent)
	}
	ctx, span := s.cfg.Tracer.Start(ctx, tracing.Served, "request", tracing.String("chatgate.request_id", decision.RequestID(ctx)))
	c.Request = c.Request.WithContext(ctx)
	return span
}

// endSpan says what became of the request, in the words of its metric.
func endSpan(span *tracing.Span, route, method string, status int) {
	if span == nil {
		return
	}
	span.Name(method + " " + route)
	span.Set(tracing.String("http.request.method", method), tracing.String("http.route", route), tracing.Int("http.response.status_code", status))
	if status >= http.StatusInternalServerError {
		span.Fail(strconv.Itoa(status))
	}
	span.End()
}
