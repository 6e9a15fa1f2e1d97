package app

import (
	"cmp"
	"context"
	"errors"
	"net/http"
	"os"
	"regexp"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"chatgate/gateway/outbox"
	"chatgate/gateway/tracing"
	"chatgate/oidc"
)

// openTracer has traces exported where OpenTelemetry's environment variables ask for it. Those that cannot be used are told
// and leave traces off: clusters set such variables for everybody, and nobody signs in by them.
func (b *base) openTracer() error {
	if b.lend.command {
		return nil
	}
	cfg, on, err := tracing.FromEnvironment(os.Getenv)
	if err != nil {
		b.log.Warn("traces are off", "err", err)
	}
	if !on {
		return nil
	}
	spans := prometheus.NewCounterVec(prometheus.CounterOpts{
		Name: "chatgate_trace_spans_total", Help: "Spans of traces, by what became of them; absent where traces are off.",
	}, []string{"result"})
	if err := b.registry.Register(spans); err != nil {
		return err
	}
	cfg.Count = func(result string, n int) { spans.WithLabelValues(result).Add(float64(n)) }
	for _, result := range []string{tracing.Exported, tracing.Dropped} {
		cfg.Count(result, 0)
	}
	cfg.Log, cfg.Version = b.log, Version().Version
	b.tracer, err = tracing.New(cfg)
	return err
}

// traceStore tells of an operation of the store: its name alone, never a key or a value.
func (b *base) traceStore(ctx context.Context, op string, took time.Duration, err error) {
	if b.tracer == nil {
		return
	}
	failure := ""
	if outcome(err) != "ok" {
		failure = outcome(err)
	}
	b.tracer.Record(ctx, tracing.Called, "redis "+op, took, failure, tracing.String("db.system.name", "redis"), tracing.String("db.operation.name", op))
}

// toProvider carries calls to a provider, traced by the name of the call.
func (a *App) toProvider(key string) http.RoundTripper {
	return a.base.tracer.Transport(a.parts.transport, func(r *http.Request) string {
		return "provider " + key + " " + cmp.Or(string(oidc.CallOf(r.Context())), "call")
	}, tracing.String("chatgate.provider", key))
}

// apiCall finds the name of a chat's API method at the end of a path: one word, perhaps with dots, so that nothing that
// belongs to a person passes, such as an id in a path.
var apiCall = regexp.MustCompile(`/api/(?:v1/)?([a-z]+(?:\.[a-zA-Z]+)*)$`)

// toChat carries calls to a chat, traced by the name of the API's method.
func (a *App) toChat(name string) http.RoundTripper {
	return a.base.tracer.Transport(a.parts.transport, func(r *http.Request) string {
		if found := apiCall.FindStringSubmatch(r.URL.Path); found != nil {
			return "chat " + name + " " + found[1]
		}
		return "chat " + name + " call"
	}, tracing.String("chatgate.chat", name))
}

// traceJob has an attempt at a job be a trace of its own: the request that caused it is long over.
func (a *App) traceJob(ctx context.Context, job outbox.Job, do func(context.Context) error) error {
	ctx, span := a.base.tracer.Start(ctx, tracing.Internal, "job "+job.Kind,
		tracing.String("chatgate.job", job.Kind), tracing.String("chatgate.chat", job.Chat), tracing.Int("chatgate.attempt", job.Attempts+1))
	defer span.End()
	err := do(ctx)
	switch {
	case errors.Is(err, context.DeadlineExceeded):
		span.Fail("timeout")
	case err != nil:
		span.Fail("failed")
	}
	return err
}
