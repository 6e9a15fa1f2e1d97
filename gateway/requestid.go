package gateway

import (
	"context"
	"crypto/rand"
	"log/slog"

	"github.com/gin-gonic/gin"

	"chatgate/gateway/decision"
	"chatgate/gateway/tracing"
)

const requestIDHeader = "X-Request-Id"

// LogHandler adds the id of the request in the context to every line, so that an operator finds all lines of one
// request by the reference that its person was shown, and the id of its trace while that is exported.
type LogHandler struct{ slog.Handler }

// Handle adds the ids and passes the line on.
func (h LogHandler) Handle(ctx context.Context, r slog.Record) error {
	if id := decision.RequestID(ctx); id != "" {
		r = r.Clone()
		r.AddAttrs(slog.String("request_id", id))
	}
	if id := tracing.ID(ctx); id != "" {
		r = r.Clone()
		r.AddAttrs(slog.String("trace_id", id))
	}
	return h.Handler.Handle(ctx, r)
}

// WithAttrs keeps the wrapping.
func (h LogHandler) WithAttrs(attrs []slog.Attr) slog.Handler {
	return LogHandler{h.Handler.WithAttrs(attrs)}
}

// WithGroup keeps the wrapping.
func (h LogHandler) WithGroup(name string) slog.Handler { return LogHandler{h.Handler.WithGroup(name)} }

// identify gives the request its id, which the answer and every line of the log carry, and with it a trace of how it is
// decided.
func identify(c *gin.Context) *decision.Trace {
	id := rand.Text()[:12]
	c.Header(requestIDHeader, id)
	ctx, trace := decision.With(c.Request.Context(), id)
	c.Request = c.Request.WithContext(ctx)
	return trace
}
