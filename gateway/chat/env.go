package chat

import (
	"errors"
	"log/slog"
	"net/http"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"chatgate/gateway/audit"
	"chatgate/gateway/handoff"
	"chatgate/gateway/keyring"
	"chatgate/gateway/limit"
	"chatgate/gateway/outbox"
	"chatgate/gateway/problem"
	"chatgate/gateway/session"
	"chatgate/gateway/web"
	"chatgate/store"
)

// Env is what the gateway lends a connector.
type Env struct {
	// Name is the chat's name: its route prefix, its place in the store, its label in logs and metrics.
	Name string
	// Title is what people call the chat.
	Title string
	// BaseURL is the gateway's public origin, without a final slash.
	BaseURL string
	// Development allows http and self-made names on loopback.
	Development bool
	// Store holds the chat's records; use places under Name.
	Store *store.Store
	// Names derives store keys and public user ids from identities.
	Names *store.Names
	// Heartbeat says whether a record under a sealing key that this replica does not hold is another's to open (D23).
	Heartbeat *store.Heartbeat
	// Sessions finds the signed-in browser.
	Sessions *session.Manager
	// HandOffs bring sign-ins from other windows to this chat's frame.
	HandOffs *handoff.Manager
	// Keys are this chat's own signing keys.
	Keys *keyring.Set
	// Outbox carries what must reach the chat later; Ledger knows every login token that was given out.
	Outbox *outbox.Outbox
	Ledger *outbox.Ledger
	// Limits counts across replicas by the Rules.
	Limits *limit.Limiter
	Rules  limit.Rules
	// Audit takes one line for every act that matters.
	Audit *audit.Log
	// Pages and Problems render what people and scripts see.
	Pages    *web.Pages
	Problems *problem.Renderer
	// Transport carries calls to the chat.
	Transport http.RoundTripper
	// Metrics takes the connector's own metrics, labelled with the chat's name.
	Metrics *Metrics
	Log     *slog.Logger
	// Now is the clock.
	Now func() time.Time
}

// Metrics are what every connector counts alike. Label values come from closed sets.
type Metrics struct {
	tokens *prometheus.CounterVec
	calls  *prometheus.HistogramVec
}

// NewMetrics registers the metrics of all chats.
func NewMetrics(r prometheus.Registerer) (*Metrics, error) {
	m := &Metrics{
		tokens: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "chatgate_chat_tokens_total",
			Help: "Tokens asked for, by chat and by how it went.",
		}, []string{"chat", "result"}),
		calls: prometheus.NewHistogramVec(prometheus.HistogramOpts{
			Name:    "chatgate_chat_call_duration_seconds",
			Help:    "Calls to a chat's own API, by call and by how it went.",
			Buckets: prometheus.ExponentialBuckets(0.005, 2, 11),
		}, []string{"chat", "call", "result"}),
	}
	for _, c := range []prometheus.Collector{m.tokens, m.calls} {
		if err := r.Register(c); err != nil {
			return nil, err
		}
	}
	return m, nil
}

// Expect has what an alert watches there from the start: the first time of something without a series is no increase.
func (m *Metrics) Expect(chat string) {
	for _, code := range []string{"session_required", "access_denied", "chat_unavailable", "store_unavailable", "internal"} {
		m.tokens.WithLabelValues(chat, code)
	}
}

// Token counts one request for a token that was answered with one. Result is one of a connector's few constants.
func (m *Metrics) Token(chat, result string) { m.tokens.WithLabelValues(chat, result).Inc() }

// Refused counts one that was answered with a problem, by its code.
func (m *Metrics) Refused(chat string, told error) {
	known, ok := errors.AsType[*problem.Error](told)
	if !ok {
		known = problem.Internal(told)
	}
	m.tokens.WithLabelValues(chat, known.Code).Inc()
}

// Call measures one call to the chat. Call and result are constants of the connector, never an address that was
// asked for or a message.
func (m *Metrics) Call(chat, call, result string, took time.Duration) {
	m.calls.WithLabelValues(chat, call, result).Observe(took.Seconds())
}
