package main

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"maps"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"slices"
	"sync"
	"testing"

	"chatgate/store/storetest/redistest"
)

// outside is the world around a gateway that was installed in earnest: each host has its own https address, and answers on
// loopback. Nobody else can be reached from here.
type outside struct {
	*http.Transport
	certificate tls.Certificate
	lock        sync.Mutex
	hosts       map[string]string // a host with its port: where it answers; empty until it does
}

func newOutside(t testing.TB, baseURLs ...string) *outside {
	t.Helper()
	o := &outside{hosts: map[string]string{}}
	for _, base := range baseURLs {
		o.hosts[authorityOf(t, base)] = ""
	}
	var names []string
	for host := range maps.Keys(o.hosts) {
		name, _, _ := net.SplitHostPort(host)
		names = append(names, name)
	}
	slices.Sort(names)
	files := redistest.NewFiles(t, names...)
	var err error
	if o.certificate, err = tls.LoadX509KeyPair(files.Cert, files.Key); err != nil {
		t.Fatal(err)
	}
	pem, err := os.ReadFile(files.CA)
	if err != nil {
		t.Fatal(err)
	}
	roots := x509.NewCertPool()
	roots.AppendCertsFromPEM(pem)
	o.Transport = &http.Transport{DialContext: o.dial, TLSClientConfig: &tls.Config{RootCAs: roots, MinVersion: tls.VersionTLS12}}
	t.Cleanup(o.CloseIdleConnections)
	return o
}

// authorityOf is the host and port of an address.
func authorityOf(t testing.TB, address string) string {
	t.Helper()
	u, err := url.Parse(address)
	if err != nil || u.Scheme != "https" || u.Port() != "" {
		t.Fatalf("%q is no https address without a port", address)
	}
	return net.JoinHostPort(u.Hostname(), "443")
}

func (o *outside) dial(ctx context.Context, network, address string) (net.Conn, error) {
	o.lock.Lock()
	here := o.hosts[address]
	o.lock.Unlock()
	if here == "" {
		return nil, fmt.Errorf("there is no host %s", address)
	}
	var dialer net.Dialer
	return dialer.DialContext(ctx, network, here)
}

// serve puts a handler at an address that was announced.
func (o *outside) serve(t testing.TB, base string, handler http.Handler) {
	t.Helper()
	host := authorityOf(t, base)
	o.lock.Lock()
	defer o.lock.Unlock() // the gateway may be looking around already
	if _, announced := o.hosts[host]; !announced {
		t.Fatalf("nobody expects a host %s", host)
	}
	server := httptest.NewUnstartedServer(handler)
	secured := tls.NewListener(server.Listener, &tls.Config{Certificates: []tls.Certificate{o.certificate}, MinVersion: tls.VersionTLS12})
	server.Listener = &overheard{Listener: secured, secrets: watched.secrets}
	server.Start()
	t.Cleanup(server.Close)
	o.hosts[host] = server.Listener.Addr().String()
}
