package oidctest

import (
	"context"
	"net"
	"net/http"
	"sync"
)

// Cleaner is the part of testing.TB that Network needs.
type Cleaner interface {
	Cleanup(func())
}

// Network is an internet of its own: real HTTP over pipes, without ports, certificates or name servers, so that
// https addresses work and a testing/synctest bubble can move the clock. Hosts are names without port; others
// cannot be reached. It ends with the test.
func Network(t Cleaner, hosts map[string]http.Handler) *http.Transport {
	pipes := &pipeListener{conns: make(chan net.Conn), closed: make(chan struct{})}
	server := &http.Server{Handler: byHost(hosts)}
	var serving sync.WaitGroup
	serving.Go(func() { _ = server.Serve(pipes) })
	dial := func(ctx context.Context, _, address string) (net.Conn, error) {
		host, _, err := net.SplitHostPort(address)
		if err == nil && hosts[host] == nil {
			err = &net.DNSError{Err: "no such host", Name: host, IsNotFound: true}
		}
		if err != nil {
			return nil, err
		}
		return pipes.dial(ctx)
	}
	transport := &http.Transport{DialContext: dial, DialTLSContext: dial}
	t.Cleanup(func() {
		transport.CloseIdleConnections()
		_ = server.Close()
		serving.Wait()
	})
	return transport
}

func byHost(hosts map[string]http.Handler) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		host, _, err := net.SplitHostPort(r.Host)
		if err != nil {
			host = r.Host
		}
		hosts[host].ServeHTTP(w, r)
	}
}

// pipeListener accepts what dial offers.
type pipeListener struct {
	conns  chan net.Conn
	closed chan struct{}
	once   sync.Once
}

func (l *pipeListener) dial(ctx context.Context) (net.Conn, error) {
	ours, theirs := net.Pipe()
	select {
	case l.conns <- theirs:
		return ours, nil
	case <-l.closed:
		return nil, net.ErrClosed
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

func (l *pipeListener) Accept() (net.Conn, error) {
	select {
	case conn := <-l.conns:
		return conn, nil
	case <-l.closed:
		return nil, net.ErrClosed
	}
}

func (l *pipeListener) Close() error {
	l.once.Do(func() { close(l.closed) })
	return nil
}

func (l *pipeListener) Addr() net.Addr { return &net.UnixAddr{Name: "pipe", Net: "pipe"} }
