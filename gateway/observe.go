package gateway

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/netip"
	"runtime/debug"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/gin-gonic/gin"
	"github.com/prometheus/client_golang/prometheus"

	"chatgate/gateway/problem"
)

const requestIDHeader = "X-Request-Id"

type requestIDKey struct{}

// LogHandler adds the id of the request in the context to every line, so that an operator finds all lines of one
// request by the reference that its person was shown.
type LogHandler struct{ slog.Handler }

// Handle adds the id and passes the line on.
func (h LogHandler) Handle(ctx context.Context, r slog.Record) error {
	if id, ok := ctx.Value(requestIDKey{}).(string); ok {
		r = r.Clone()
		r.AddAttrs(slog.String("request_id", id))
	}
	return h.Handler.Handle(ctx, r)
}

// WithAttrs keeps the wrapping.
func (h LogHandler) WithAttrs(attrs []slog.Attr) slog.Handler {
	return LogHandler{h.Handler.WithAttrs(attrs)}
}

// WithGroup keeps the wrapping.
func (h LogHandler) WithGroup(name string) slog.Handler { return LogHandler{h.Handler.WithGroup(name)} }

type metrics struct {
	requests *prometheus.HistogramVec
	logins   *prometheus.CounterVec
	panics   prometheus.Counter
}

func newMetrics(r prometheus.Registerer) (*metrics, error) {
	m := &metrics{
		requests: prometheus.NewHistogramVec(prometheus.HistogramOpts{
			Name: "chatgate_http_request_duration_seconds", Help: "Requests by route pattern, method and status.",
			Buckets: []float64{0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10},
		}, []string{"route", "method", "status"}),
		logins: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "chatgate_logins_total", Help: "Finished logins, by how they ended.",
		}, []string{"result"}),
		panics: prometheus.NewCounter(prometheus.CounterOpts{
			Name: "chatgate_panics_total", Help: "Requests that ended in a recovered panic.",
		}),
	}
	for _, c := range []prometheus.Collector{m.requests, m.logins, m.panics} {
		if err := r.Register(c); err != nil {
			return nil, err
		}
	}
	return m, nil
}

// observe gives the request its id, and when it is answered one access line and one measurement. The route is the
// pattern and the method one of the known ones, so that no caller can make a label (S136).
func (s *Server) observe(c *gin.Context) {
	begin := time.Now()
	id := rand.Text()[:12]
	c.Header(requestIDHeader, id)
	c.Request = c.Request.WithContext(context.WithValue(c.Request.Context(), requestIDKey{}, id))
	s.warnOfForwarding(c)
	c.Next()

	took, status := time.Since(begin), c.Writer.Status()
	route, method := c.FullPath(), knownMethod(c.Request.Method)
	if route == "" {
		route = "unmatched"
	}
	s.metrics.requests.WithLabelValues(route, method, strconv.Itoa(status)).Observe(took.Seconds())
	if !s.cfg.AccessLog {
		return
	}
	s.cfg.Log.LogAttrs(c.Request.Context(), slog.LevelInfo, "request served",
		slog.String("route", route), slog.String("method", method), slog.Int("status", status),
		slog.Float64("duration_ms", float64(took.Microseconds())/1000), slog.String("remote_ip", c.ClientIP()))
}

func knownMethod(method string) string {
	switch method {
	case http.MethodGet, http.MethodHead, http.MethodPost, http.MethodPut, http.MethodPatch, http.MethodDelete, http.MethodOptions:
		return method
	}
	return "OTHER"
}

// warnOfForwarding tells once of a proxy in front of us that is not trusted: everybody then seems to come from one
// address (D31).
func (s *Server) warnOfForwarding(c *gin.Context) {
	if c.Request.Header.Get("X-Forwarded-For") == "" || s.warned.Load() || s.trusts(c.RemoteIP()) {
		return
	}
	if s.warned.CompareAndSwap(false, true) {
		s.cfg.Log.Warn("forwarded headers ignored: if this peer is your proxy, add it to trustedProxies", "peer", c.RemoteIP())
	}
}

func (s *Server) trusts(peer string) bool {
	address, err := netip.ParseAddr(peer)
	return err == nil && slices.ContainsFunc(s.cfg.TrustedProxies, func(p netip.Prefix) bool { return p.Contains(address.Unmap()) })
}

// recover turns a panic into a 500 that keeps the headers set so far, the CORS ones above all (R2, S144).
func (s *Server) recover(c *gin.Context) {
	defer func() {
		cause := recover()
		if cause == nil {
			return
		}
		if err, ok := cause.(error); ok && errors.Is(err, http.ErrAbortHandler) {
			panic(cause)
		}
		s.metrics.panics.Inc()
		s.cfg.Log.ErrorContext(c.Request.Context(), "request panicked", "err", fmt.Sprint(cause), "stack", string(debug.Stack()))
		err := problem.Internal(errors.New("panic"))
		if wantsPage(c.Request) {
			s.cfg.Problems.WritePage(c, err)
			return
		}
		s.cfg.Problems.WriteJSON(c, err)
	}()
	c.Next()
}

// wantsPage says whether a person will see the answer.
func wantsPage(r *http.Request) bool {
	if dest := r.Header.Get("Sec-Fetch-Dest"); dest != "" {
		return dest == "document" || dest == "iframe"
	}
	return strings.Contains(r.Header.Get("Accept"), "text/html")
}

// secure sets what every answer carries unless its handler knows better (S80, S149), and bounds the body.
func (s *Server) secure(c *gin.Context) {
	h := c.Writer.Header()
	for name, values := range s.caution {
		h[name] = values
	}
	if len(c.Request.TransferEncoding) > 0 {
		// No caller of ours streams a body. One that comes with a length too is read in two ways by two servers, and
		// net/http tells us of one of them only: it is refused, and what follows on the connection is not read (S121).
		c.Header("Connection", "close")
		s.cfg.Problems.WriteAPI(c, problem.InvalidRequest("A request must say its length.", nil))
		return
	}
	if c.Request.Body != http.NoBody {
		c.Request.Body = http.MaxBytesReader(c.Writer, c.Request.Body, maxBodyBytes)
	}
}

// caution are the headers of secure. The values are shared by all answers: whoever sets one anew replaces it, and
// whoever adds to one gets a copy, since each is as long as its array.
func caution(baseURL string) http.Header {
	h := http.Header{}
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("Referrer-Policy", "strict-origin")
	h.Set("Content-Security-Policy", "default-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'")
	h.Set("Cross-Origin-Resource-Policy", "same-origin")
	h.Set("Cache-Control", "no-store")
	if strings.HasPrefix(baseURL, "https://") {
		h.Set("Strict-Transport-Security", "max-age=31536000")
	}
	return h
}
