package app

import (
	"context"
	"net"
	"net/netip"
	"strings"
	"time"
)

// dialTime bounds one attempt to connect.
const dialTime = 2 * time.Second

// dial connects as every outgoing call does. Names below localhost are this machine, whatever the resolver makes of them,
// and never asked of a name server (RFC 6761, Section 6.3): browsers hold it so, and trials live on such names.
func dial(ctx context.Context, network, address string) (net.Conn, error) {
	dialer := net.Dialer{Timeout: dialTime, KeepAlive: 30 * time.Second}
	if host, port, err := net.SplitHostPort(address); err == nil && isLocalhost(host) {
		address = net.JoinHostPort("localhost", port)
	}
	return dialer.DialContext(ctx, network, address)
}

// resolve finds the addresses of a host name, those below localhost as dial does.
func resolve(ctx context.Context, host string) ([]netip.Addr, error) {
	if isLocalhost(host) {
		host = "localhost"
	}
	return net.DefaultResolver.LookupNetIP(ctx, "ip", host)
}

func isLocalhost(host string) bool {
	host = strings.ToLower(strings.TrimSuffix(host, "."))
	return host == "localhost" || strings.HasSuffix(host, ".localhost")
}
