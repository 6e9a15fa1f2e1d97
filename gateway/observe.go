package gateway

import (
	"log/slog"
	"net/http"
	"net/netip"
	"slices"
	"strconv"
	"time"

	"github.com/gin-gonic/gin"
)

// observe gives the request its id, and when it is answered one access line and one measurement. The route is the
// pattern and the method one of the known ones, so that no caller can make a label (S136).
func (s *Server) observe(c *gin.Context) {
	begin := time.Now()
	trace := identify(c)
	s.warnOfForwarding(c)
	span := s.span(c)
	s.metrics.inFlight.Inc()
	c.Next()
	s.metrics.inFlight.Dec()

	took, status := time.Since(begin), c.Writer.Status()
	route, method := c.FullPath(), knownMethod(c.Request.Method)
	if route == "" {
		route = "unmatched"
	}
	s.remember(c, trace, begin)
	endSpan(span, route, method, status)
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
