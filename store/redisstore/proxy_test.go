package redisstore_test

import (
	"bufio"
	"bytes"
	"context"
	"fmt"
	"io"
	"net"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
)

// proxy stands between a store and its Redis, sees each command, and may spoil what comes back.
type proxy struct {
	addr string

	mu       sync.Mutex
	commands []string
	spoil    func(command string) fate
	conns    map[net.Conn]bool
}

// fate is what happens to the reply to a command.
type fate struct {
	lost bool            // the connection breaks once Redis has answered
	held <-chan struct{} // the reply waits for this to close
}

func newProxy(t *testing.T, redis string) *proxy {
	t.Helper()
	listener, err := new(net.ListenConfig).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	p := &proxy{addr: listener.Addr().String(), spoil: func(string) fate { return fate{} }, conns: map[net.Conn]bool{}}
	var running sync.WaitGroup
	running.Go(func() {
		for {
			client, err := listener.Accept()
			if err != nil {
				return
			}
			running.Go(func() { p.serve(t.Context(), client, redis) })
		}
	})
	t.Cleanup(func() {
		_ = listener.Close()
		p.breakAll()
		running.Wait()
	})
	return p
}

// spoiling sets what happens to replies from now on.
func (p *proxy) spoiling(spoil func(command string) fate) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.spoil = spoil
}

// seen returns the commands since the last call, without those that only open a connection.
func (p *proxy) seen() []string {
	p.mu.Lock()
	defer p.mu.Unlock()
	seen := p.commands
	p.commands = nil
	return seen
}

func (p *proxy) breakAll() {
	p.mu.Lock()
	defer p.mu.Unlock()
	for conn := range p.conns {
		_ = conn.Close()
	}
}

func (p *proxy) keep(conns ...net.Conn) (forget func()) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, conn := range conns {
		p.conns[conn] = true
	}
	return func() {
		p.mu.Lock()
		defer p.mu.Unlock()
		for _, conn := range conns {
			_ = conn.Close()
			delete(p.conns, conn)
		}
	}
}

func (p *proxy) serve(ctx context.Context, client net.Conn, redis string) {
	server, err := new(net.Dialer).DialContext(ctx, "tcp", redis)
	if err != nil {
		_ = client.Close()
		return
	}
	defer p.keep(client, server)()
	var next atomic.Pointer[fate]
	var replying sync.WaitGroup
	replying.Go(func() {
		defer func() { _ = client.Close() }()
		reply(client, server, &next)
	})
	defer replying.Wait()
	defer func() { _ = server.Close() }()

	requests := bufio.NewReader(client)
	for {
		raw, command, err := readCommand(requests)
		if err != nil {
			return
		}
		f := p.decide(command)
		next.Store(&f)
		if _, err := server.Write(raw); err != nil {
			return
		}
	}
}

func (p *proxy) decide(command string) fate {
	p.mu.Lock()
	defer p.mu.Unlock()
	if command == "hello" || command == "client" {
		return fate{}
	}
	p.commands = append(p.commands, command)
	return p.spoil(command)
}

// reply passes replies on, each as the fate of its command says. Clients here never send a second command before they
// have the reply to the first.
func reply(client io.Writer, server io.Reader, next *atomic.Pointer[fate]) {
	buf := make([]byte, 64<<10)
	for {
		n, err := server.Read(buf)
		if err != nil {
			return
		}
		f := next.Load()
		if f.lost {
			return
		}
		if f.held != nil {
			<-f.held
		}
		if _, err := client.Write(buf[:n]); err != nil {
			return
		}
	}
}

// readCommand reads one RESP array of bulk strings and returns its bytes and its first word.
func readCommand(r *bufio.Reader) (raw []byte, command string, err error) {
	var all bytes.Buffer
	var words, length int
	if err := readCount(r, &all, "*%d\r\n", &words); err != nil {
		return nil, "", err
	}
	for i := range words {
		if err := readCount(r, &all, "$%d\r\n", &length); err != nil {
			return nil, "", err
		}
		word := make([]byte, length+2)
		if _, err := io.ReadFull(r, word); err != nil {
			return nil, "", err
		}
		all.Write(word)
		if i == 0 {
			command = strings.ToLower(string(word[:length]))
		}
	}
	return all.Bytes(), command, nil
}

func readCount(r *bufio.Reader, all *bytes.Buffer, format string, n *int) error {
	line, err := r.ReadString('\n')
	if err != nil {
		return err
	}
	all.WriteString(line)
	_, err = fmt.Sscanf(line, format, n)
	return err
}
