package gateway

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"net/netip"
	"sync/atomic"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"chatgate/gateway/account"
	"chatgate/gateway/audit"
	"chatgate/gateway/chat"
	"chatgate/gateway/decision"
	"chatgate/gateway/handoff"
	"chatgate/gateway/keyring"
	"chatgate/gateway/limit"
	"chatgate/gateway/outbox"
	"chatgate/gateway/problem"
	"chatgate/gateway/session"
	"chatgate/gateway/tracing"
	"chatgate/gateway/web"
	"chatgate/oidc"
	"chatgate/store"
)

// Timeouts and sizes of the public listener (S122). An answer waits at most for one provider or chat call of a few
// seconds, so 30 seconds are generous.
const (
	readHeaderTimeout = 5 * time.Second
	readTimeout       = 15 * time.Second
	writeTimeout      = 30 * time.Second
	idleTimeout       = 2 * time.Minute
	maxHeaderBytes    = 32 << 10
	maxBodyBytes      = 64 << 10
	shutdownTimeout   = 25 * time.Second
)

// Config says what a Server is made of.
type Config struct {
	// BaseURL is the public origin, without a final slash.
	BaseURL string
	// Providers are the relying parties by their permanent keys.
	Providers map[string]*oidc.RelyingParty
	// Chats are the connectors by name, with what the gateway itself has to know of each.
	Chats map[string]Chat
	// TrustedProxies are the peers whose X-Forwarded-For is believed; nobody's by default (S115).
	TrustedProxies []netip.Prefix
	// Rules say how often is too often (D31).
	Rules limit.Rules
	// AccountChoice has the first sign-in after a sign-out ask the provider to let the person choose an account.
	AccountChoice bool
	// Place is what the account page calls an address; nil, or an empty answer, shows the address itself.
	Place func(address string) string
	// AccessLog writes one line for each request.
	AccessLog bool
	// Pprof serves Go's profiles on the admin listener.
	Pprof bool
	// DrainDelay is how long /readyz says "draining" before the listener closes, so that balancers look away (S145).
	DrainDelay time.Duration

	Store     *store.Store
	Names     *store.Names
	Heartbeat *store.Heartbeat
	Sessions  *session.Manager
	Ledger    *outbox.Ledger
	HandOffs  *handoff.Manager
	Keys      *keyring.Keyring
	Limits    *limit.Limiter
	Audit     *audit.Log
	Pages     *web.Pages
	Problems  *problem.Renderer
	// Decisions remember why requests were refused; nil remembers nothing.
	Decisions *decision.Recorder
	// Metrics takes the metrics of this Server and of all that was made for it. Gatherer is what /metrics tells; nil tells
	// these alone.
	Metrics  *prometheus.Registry
	Gatherer prometheus.Gatherer
	// Checks are looked at by /readyz beside the gateway's own, by name. Each tells what is wrong, or nil.
	Checks map[string]func() error
	Log    *slog.Logger
	// Now is the clock; nil means time.Now.
	Now func() time.Time
	// Tracer records what requests wait for; nil records nothing.
	Tracer *tracing.Tracer
}

// Chat is a connector as the gateway knows it.
type Chat struct {
	chat.Connector
	// Title is what people call it.
	Title string
	// Rules say who may enter; nil lets everybody in, which only tests want.
	Rules *chat.AccessRules
}

// Server answers on both listeners. It is safe for concurrent use.
type Server struct {
	cfg       Config
	attempts  store.Bucket[attempt]
	finished  store.Bucket[finished]
	logouts   store.Bucket[bool]
	failures  store.Bucket[failed]
	pages     pages
	account   *account.Desk
	metrics   *metrics
	origins   origins
	directory directory
	caution   http.Header
	public    http.Handler
	admin     http.Handler
	started   atomic.Bool
	draining  atomic.Bool
	warned    atomic.Bool
	chats     atomic.Pointer[map[string]string] // what WatchChats found last

	dependencies dependencies // what WatchDependencies found last
}

// New checks the configuration and lays the routes. It listens to nothing.
func New(cfg Config) (*Server, error) {
	if len(cfg.Providers) == 0 {
		return nil, errors.New("gateway: at least one provider is needed")
	}
	if cfg.Now == nil {
		cfg.Now = time.Now
	}
	if cfg.Gatherer == nil {
		cfg.Gatherer = cfg.Metrics
	}
	s := &Server{
		cfg:      cfg,
		attempts: store.NewBucket[attempt](cfg.Store.Passing("attempt")),
		logouts:  store.NewBucket[bool](cfg.Store.Passing("logout")),
		finished: store.NewBucket[finished](cfg.Store.Passing("finished")),
		failures: store.NewBucket[failed](cfg.Store.Passing("failed")),
		origins:  newOrigins(cfg.BaseURL, cfg.Chats),
		caution:  caution(cfg.BaseURL),
	}
	var err error
	if s.metrics, err = newMetrics(cfg.Metrics); err != nil {
		return nil, fmt.Errorf("gateway: register metrics: %w", err)
	}
	if s.pages, err = parsePages(cfg.Pages); err != nil {
		return nil, fmt.Errorf("gateway: %w", err)
	}
	cfg.Sessions.Follow(follower{chats: cfg.Chats, sessions: cfg.Sessions, audit: cfg.Audit, log: cfg.Log})
	if s.directory, err = newDirectory(cfg.Providers); err != nil {
		return nil, fmt.Errorf("gateway: %w", err)
	}
	if s.account, err = s.openDesk(); err != nil {
		return nil, fmt.Errorf("gateway: %w", err)
	}
	if s.public, err = s.routes(); err != nil {
		return nil, fmt.Errorf("gateway: %w", err)
	}
	s.admin = s.adminRoutes()
	if cfg.Pprof {
		s.admin = profiled(s.admin)
	}
	s.metrics.expect(cfg.Providers)
	if err := cfg.Metrics.Register(stateMetrics{s}); err != nil {
		return nil, fmt.Errorf("gateway: register metrics: %w", err)
	}
	return s, nil
}

// Handler is the public listener's.
func (s *Server) Handler() http.Handler { return s.public }

// Admin is the admin listener's.
func (s *Server) Admin() http.Handler { return s.admin }

// Run serves both listeners until ctx ends, and then drains, as a Host does.
func (s *Server) Run(ctx context.Context, public, admin net.Listener) error {
	return NewHost(s).Run(ctx, public, admin)
}
