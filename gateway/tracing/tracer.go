package tracing

import (
	"cmp"
	"context"
	"crypto/tls"
	"errors"
	"log/slog"
	"net/http"
	"time"
)

// Config says what is exported, and where to.
type Config struct {
	// Endpoint is the address that takes OTLP over HTTP, with its path.
	Endpoint string
	// Headers go with every export.
	Headers Headers
	// Timeout is for one export; 0 means ten seconds.
	Timeout time.Duration
	// Gzip packs what is exported.
	Gzip bool
	// TLS is for an https endpoint; nil trusts the machine's authorities.
	TLS *tls.Config
	// Sampler decides which traces are exported.
	Sampler Sampler
	// Queue is how many spans wait at most, Batch how many of them leave together, and Delay how long a span waits at most
	// before it leaves; 0 means 2048, 512 and five seconds.
	Queue, Batch int
	Delay        time.Duration
	// Resource describes this process. It gets service.name and more where it lacks them.
	Resource map[string]string
	// Version is that of the program.
	Version string
	// Log hears of a collector that does not take spans, once, and once of one that does again; nil discards that.
	Log *slog.Logger
	// Count is told what became of spans: Exported or Dropped; nil is fine.
	Count func(result string, spans int)
	// Pause waits between two attempts; nil means to sleep until ctx ends.
	Pause func(ctx context.Context, d time.Duration)
}

// What becomes of a span.
const (
	Exported = "exported"
	Dropped  = "dropped"
)

// Headers often hold a credential.
type Headers map[string]string

// String shows none of them.
func (Headers) String() string { return "[redacted]" }

// GoString shows none of them, either.
func (h Headers) GoString() string { return h.String() }

// LogValue keeps them out of the log.
func (h Headers) LogValue() slog.Value { return slog.StringValue(h.String()) }

// Tracer makes spans and exports them. All that it does is nothing for a nil one. It is safe for concurrent use.
type Tracer struct {
	cfg    Config
	queue  *queue
	client *http.Client
	told   bool // the log knows that the collector takes nothing
}

// New checks the configuration. It dials nothing: Run exports.
func New(cfg Config) (*Tracer, error) {
	if cfg.Endpoint == "" {
		return nil, errors.New("tracing: an endpoint is needed")
	}
	cfg.Timeout = cmp.Or(cfg.Timeout, 10*time.Second)
	cfg.Queue, cfg.Batch, cfg.Delay = cmp.Or(cfg.Queue, 2048), cmp.Or(cfg.Batch, 512), cmp.Or(cfg.Delay, 5*time.Second)
	if cfg.Log == nil {
		cfg.Log = slog.New(slog.DiscardHandler)
	}
	if cfg.Count == nil {
		cfg.Count = func(string, int) {}
	}
	if cfg.Pause == nil {
		cfg.Pause = pause
	}
	cfg.Resource = describe(cfg.Resource, cfg.Version)
	transport := http.DefaultTransport.(*http.Transport).Clone()
	transport.TLSClientConfig = cfg.TLS
	return &Tracer{cfg: cfg, queue: newQueue(cfg.Queue, cfg.Batch, cfg.Count), client: &http.Client{
		Transport: transport, Timeout: cfg.Timeout,
		// Followed, a redirect could carry the headers to another host.
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}}, nil
}

func pause(ctx context.Context, d time.Duration) {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-ctx.Done():
	case <-timer.C:
	}
}
