package main

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"net"
	"net/http"
	"net/netip"
	"strconv"
	"strings"
	"time"
)

// layout says where browsers find the hosts of a world. The zero value is http below localhost, where each host is a
// site of its own and the gateway has to run in development mode.
type layout struct {
	// Names are the hosts' public names by role, as in "chat": "chat.corp.test". A role without one stays below localhost.
	Names map[string]string
	// Certificate makes the layout one of https: it holds for all Names, and Roots have its authority.
	Certificate *tls.Certificate
	Roots       *x509.CertPool
	// Address is where all but the admin listener listen; the zero value means loopback. In a container of its own that is
	// where nobody else gets to, published ports included.
	Address netip.Addr
}

func (l layout) secure() bool { return l.Certificate != nil }

// name is where browsers find a role.
func (l layout) name(role string) string {
	if name, ok := l.Names[role]; ok {
		return name
	}
	return role + ".localhost"
}

// host is one listener and who answers on it.
type host struct {
	role     string
	scheme   string
	name     string
	listener net.Listener
	handler  http.Handler
}

// address is where a role listens. The admin listener is this machine's alone.
func (l layout) address(role string, port int) string {
	if !l.Address.IsValid() || role == "admin" {
		return net.JoinHostPort("127.0.0.1", strconv.Itoa(port))
	}
	return net.JoinHostPort(l.Address.String(), strconv.Itoa(port))
}

// served says who can get here.
func (l layout) served() string {
	if !l.Address.IsValid() || l.Address.IsLoopback() {
		return "loopback only"
	}
	return l.Address.String() + ": whoever reaches that can sign in as ada"
}

// listen opens a role's listener. The admin listener is for machines, and never has a certificate.
func (l layout) listen(role string, port int) (*host, error) {
	listener, err := net.Listen("tcp", l.address(role, port))
	if err != nil {
		return nil, fmt.Errorf("listen for %s: %w (another port: --port N)", role, err)
	}
	h := &host{role: role, scheme: "http", name: l.name(role), listener: listener}
	if l.secure() && role != "admin" {
		h.scheme = "https"
		h.listener = tls.NewListener(listener, &tls.Config{Certificates: []tls.Certificate{*l.Certificate}, MinVersion: tls.VersionTLS12})
	}
	return h, nil
}

func (h *host) url() string {
	return fmt.Sprintf("%s://%s:%d", h.scheme, h.name, h.listener.Addr().(*net.TCPAddr).Port)
}

// transport finds the layout's names, and every name below localhost, on this machine, whatever its resolver thinks of
// them (RFC 6761, Section 6.3).
func (l layout) transport() *http.Transport {
	dialer := &net.Dialer{Timeout: 2 * time.Second}
	t := &http.Transport{
		DialContext: func(ctx context.Context, network, address string) (net.Conn, error) {
			name, port, err := net.SplitHostPort(address)
			if err == nil && l.isHere(name) {
				address = net.JoinHostPort("127.0.0.1", port)
			}
			return dialer.DialContext(ctx, network, address)
		},
		MaxIdleConnsPerHost: 64,
	}
	if l.secure() {
		t.TLSClientConfig = &tls.Config{RootCAs: l.Roots, MinVersion: tls.VersionTLS12}
	}
	return t
}

func (l layout) isHere(name string) bool {
	for _, known := range l.Names {
		if name == known {
			return true
		}
	}
	return strings.HasSuffix(name, ".localhost")
}
