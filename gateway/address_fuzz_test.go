package gateway

import (
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"strings"
	"testing"

	"github.com/gin-gonic/gin"
	"github.com/prometheus/client_golang/prometheus"

	"chatgate/gateway/limit"
)

// FuzzClientAddress: a peer that is not trusted is itself, whatever it says. Behind a trusted one the client is an
// address that the header names and that only trusted ones stand to the right of, or else the peer; and either has one
// key for limits (S115, S117, S124).
func FuzzClientAddress(f *testing.F) {
	for _, seed := range []struct{ peer, first, second string }{
		{"192.0.2.1:4711", "203.0.113.5", ""}, {"10.0.0.1:1", "203.0.113.5", ""}, {"10.0.0.1:1", "1.1.1.1, 203.0.113.5, 10.0.0.9", ""},
		{"10.0.0.1:1", "203.0.113.5", "10.0.0.2"}, {"10.0.0.1:1", "not an address", ""}, {"10.0.0.1:1", "203.0.113.5:8080", "[2001:db8::1]"},
		{"[fe80::1%eth0]:1", "2001:db8::1", ""}, {"@", "203.0.113.5", ""}, {"10.0.0.1:1", "fe80::1%eth0", ""}, {"10.0.0.1:1", ",,,", ","},
		{"10.0.0.1:1", "::ffff:203.0.113.5", ""}, {"[::ffff:10.0.0.1]:1", "203.0.113.5", ""}, {"10.0.0.1:1", "10.0.0.3, 10.0.0.2", ""}, {"10.0.0.1:!", "203.0.113.5", ""},
	} {
		f.Add(seed.peer, seed.first, seed.second)
	}
	proxies := netip.MustParsePrefix("10.0.0.0/8")
	engine, client := addressEcho(f, proxies)
	f.Fuzz(func(t *testing.T, peer, first, second string) {
		r := httptest.NewRequest(http.MethodGet, "/address", nil)
		r.RemoteAddr = peer
		for _, line := range []string{first, second} {
			if line != "" {
				r.Header.Add("X-Forwarded-For", line)
			}
		}
		r.Header.Set("X-Real-Ip", "198.51.100.66")
		r.Header.Set("Forwarded", "for=198.51.100.66")
		engine.ServeHTTP(httptest.NewRecorder(), r)
		if *client == "198.51.100.66" {
			t.Errorf("peer %q: a header that nobody asked for is believed", peer)
		}
		if self := itself(peer); *client != self && !named(*client, self, []string{first, second}, proxies) {
			t.Errorf("peer %q, X-Forwarded-For %q and %q: client is %q", peer, first, second, *client)
		}
		if key := limit.AddressText(*client); key == "" || len(key) > len("2001:db8:1111:2222::/64")+22 {
			t.Errorf("the key of %q is %q", *client, key)
		}
	})
}

// addressEcho answers nothing and leaves the client's address as the gateway sees it.
func addressEcho(f *testing.F, proxies netip.Prefix) (*gin.Engine, *string) {
	f.Helper()
	metrics, err := newMetrics(prometheus.NewRegistry())
	if err != nil {
		f.Fatal(err)
	}
	s := &Server{cfg: Config{Log: slog.New(slog.DiscardHandler), TrustedProxies: []netip.Prefix{proxies}}, metrics: metrics}
	engine, err := s.engine()
	if err != nil {
		f.Fatal(err)
	}
	client := new(string)
	engine.GET("/address", func(c *gin.Context) { *client = c.ClientIP() })
	return engine, client
}

// itself is the address of a peer, empty for one that has none: a Unix socket, and a neighbour on the same link, whose
// address counts with its zone alone.
func itself(peer string) string {
	host, _, err := net.SplitHostPort(strings.TrimSpace(peer))
	if err != nil {
		return ""
	}
	address, err := netip.ParseAddr(host)
	if err != nil || address.Zone() != "" {
		return ""
	}
	return address.Unmap().String()
}

// named says whether a trusted peer's lines name the client, with trusted proxies alone to the right of it.
func named(client, peer string, lines []string, proxies netip.Prefix) bool {
	if address, err := netip.ParseAddr(peer); err != nil || !proxies.Contains(address) {
		return false
	}
	entries := strings.Split(strings.Join(lines, ","), ",")
	for i := len(entries) - 1; i >= 0; i-- {
		entry := strings.TrimSpace(entries[i])
		if entry == client {
			return true
		}
		address, err := netip.ParseAddr(entry)
		if entry != "" && (err != nil || !proxies.Contains(address.Unmap())) {
			return false
		}
	}
	return false
}
