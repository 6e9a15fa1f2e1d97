package main

import (
	"bufio"
	"bytes"
	"errors"
	"io"
	"net"
	"net/http"
	"sync"
	"testing"
	"time"
)

// tcpBalancer is a plain TCP balancer: each connection goes to the next backend whose /readyz says 200, and stays there. It
// looks every second, as a kubelet may, and knows nothing of HTTP, so that it sends nothing a second time.
type tcpBalancer struct {
	t testing.TB

	mu    sync.Mutex
	all   []*served
	ready []string
	next  int
	open  sync.WaitGroup
}

// balance sends what comes to the listener on to backends until the test ends.
func balance(t testing.TB, listener net.Listener, backends ...*served) *tcpBalancer {
	b := &tcpBalancer{t: t, all: backends}
	b.look()
	over := make(chan struct{})
	b.open.Go(func() { b.watch(over) })
	b.open.Go(func() {
		for {
			client, err := listener.Accept()
			if err != nil {
				return
			}
			b.open.Go(func() { b.pass(client) })
		}
	})
	t.Cleanup(func() {
		close(over)
		_ = listener.Close()
		b.open.Wait()
	})
	return b
}

// add has the balancer look at one more backend, remove at one less.
func (b *tcpBalancer) add(p *served) {
	b.mu.Lock()
	b.all = append(b.all, p)
	b.mu.Unlock()
}

func (b *tcpBalancer) remove(p *served) {
	b.mu.Lock()
	defer b.mu.Unlock()
	for i, other := range b.all {
		if other == p {
			b.all = append(b.all[:i:i], b.all[i+1:]...)
			return
		}
	}
}

// sendsTo says whether new connections may go to a backend.
func (b *tcpBalancer) sendsTo(p *served) bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	for _, address := range b.ready {
		if address == p.public {
			return true
		}
	}
	return false
}

func (b *tcpBalancer) watch(over <-chan struct{}) {
	ticker := time.NewTicker(time.Second)
	defer ticker.Stop()
	for {
		select {
		case <-over:
			return
		case <-ticker.C:
			b.look()
		}
	}
}

func (b *tcpBalancer) look() {
	b.mu.Lock()
	all := append([]*served(nil), b.all...)
	b.mu.Unlock()
	var ready []string
	for _, p := range all {
		if code, _ := p.readyz(); code == http.StatusOK {
			ready = append(ready, p.public)
		}
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	b.ready = ready
}

func (b *tcpBalancer) pick() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	if len(b.ready) == 0 {
		return ""
	}
	b.next++
	return b.ready[b.next%len(b.ready)]
}

// pass copies both ways, and lets each side end its half.
func (b *tcpBalancer) pass(client net.Conn) {
	defer client.Close()
	backend, err := net.DialTimeout("tcp", b.pick(), 2*time.Second)
	if err != nil {
		b.t.Errorf("the balancer sent a connection to a replica that does not take it: %v", err)
		return
	}
	defer backend.Close()
	var both sync.WaitGroup
	both.Go(func() { half(backend, client) })
	half(client, backend)
	both.Wait()
}

func half(to, from net.Conn) {
	_, _ = io.Copy(to, from) // whoever ends it says so to the other side, below
	if ending, ok := to.(interface{ CloseWrite() error }); ok {
		_ = ending.CloseWrite()
		return
	}
	_ = to.Close()
}

// once is a client that keeps its connections as browsers do, and unlike net/http's sends nothing a second time: what is
// lost shows.
type once struct {
	dial func(network, address string) (net.Conn, error)

	mu    sync.Mutex
	conns map[string]*keptConn
}

type keptConn struct {
	net.Conn
	read *bufio.Reader
}

// RoundTrip implements http.RoundTripper. The answer has been read when it returns.
func (o *once) RoundTrip(r *http.Request) (*http.Response, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	c, err := o.conn(r.URL.Host)
	if err != nil {
		return nil, err
	}
	response, err := c.exchange(r)
	if err != nil || response.Close {
		delete(o.conns, r.URL.Host)
		_ = c.Close()
	}
	return response, err
}

// conn is the connection that was kept, unless the other side has ended it meanwhile.
func (o *once) conn(host string) (*keptConn, error) {
	if c, ok := o.conns[host]; ok {
		if c.alive() {
			return c, nil
		}
		_ = c.Close()
	}
	conn, err := o.dial("tcp", host)
	if err != nil {
		return nil, err
	}
	c := &keptConn{Conn: conn, read: bufio.NewReader(conn)}
	o.conns[host] = c
	return c, nil
}

func (c *keptConn) alive() bool {
	if err := c.SetReadDeadline(time.Now().Add(time.Millisecond)); err != nil {
		return false
	}
	_, err := c.read.Peek(1)
	timeout := net.Error(nil)
	return errors.As(err, &timeout) && timeout.Timeout()
}

func (c *keptConn) exchange(r *http.Request) (*http.Response, error) {
	if err := c.SetDeadline(time.Now().Add(20 * time.Second)); err != nil {
		return nil, err
	}
	if err := r.Write(c); err != nil {
		return nil, err
	}
	response, err := http.ReadResponse(c.read, r)
	if err != nil {
		return nil, err
	}
	defer response.Body.Close()
	body, err := io.ReadAll(response.Body)
	response.Body = io.NopCloser(bytes.NewReader(body))
	return response, err
}

func (o *once) close() {
	o.mu.Lock()
	defer o.mu.Unlock()
	for _, c := range o.conns {
		_ = c.Close()
	}
}
