// Package redistest runs the machine's redis-server for tests: alone, watched by a Sentinel, or as a Cluster.
//
// Servers listen on free loopback ports, keep nothing on disk and end with their test. Where there is no redis-server
// the test is skipped; with CI=true, which promises one, it fails.
package redistest

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"
)

// Server is a running redis-server.
type Server struct {
	// Addr is host:port, or unix:/path.
	Addr string
	// Password is what the default user needs; empty for none.
	Password string

	binary string
	args   []string
	cmd    *exec.Cmd
	exited chan struct{}
	output bytes.Buffer // complete once exited is closed
}

const startTime = 20 * time.Second

// Start runs a server without TLS or password, with more redis-server arguments when given.
func Start(t testing.TB, args ...string) *Server {
	t.Helper()
	return listen(t, func(port string) []string { return settings(t, args, "--port", port) })
}

// StartSocket runs a server that listens on a Unix socket only.
func StartSocket(t testing.TB, args ...string) *Server {
	t.Helper()
	s := &Server{binary: Binary(t)}
	path := filepath.Join(dir(t), "redis.sock")
	s.Addr = "unix:" + path
	s.args = settings(t, args, "--port", "0", "--unixsocket", path, "--unixsocketperm", "700")
	if err := s.run(t); err != nil {
		t.Fatal(err)
	}
	return s
}

// StartTLS runs a server that speaks only TLS and asks clients for a certificate of the same authority.
func StartTLS(t testing.TB, files Files, args ...string) *Server {
	t.Helper()
	return listen(t, func(port string) []string {
		return settings(t, args, "--port", "0", "--tls-port", port,
			"--tls-ca-cert-file", files.CA, "--tls-cert-file", files.Cert, "--tls-key-file", files.Key)
	})
}

// settings are the arguments of a server that stays on this machine and keeps nothing; the caller's come last and win.
func settings(t testing.TB, callers []string, ours ...string) []string {
	t.Helper()
	all := []string{"--bind", "127.0.0.1", "--save", "", "--appendonly", "no", "--dir", dir(t)}
	return append(append(all, ours...), callers...)
}

// listen runs a server on a free port. Another process may take the port first, so it tries a few.
func listen(t testing.TB, args func(port string) []string) *Server {
	t.Helper()
	s := &Server{binary: Binary(t)}
	var err error
	for range 5 {
		port := freePort(t)
		s.Addr, s.args = net.JoinHostPort("127.0.0.1", port), args(port)
		if err = s.run(t); err == nil {
			return s
		}
	}
	t.Fatal(err)
	return nil
}

// Binary returns the path of redis-server.
func Binary(t testing.TB) string {
	t.Helper()
	path, err := exec.LookPath("redis-server")
	switch {
	case err == nil:
	case os.Getenv("CI") == "true":
		t.Fatal("redis-server is not installed")
	default:
		t.Skip("redis-server is not installed")
	}
	return path
}

// Stop ends the server at once, as a crash would. It is no error to stop it twice.
func (s *Server) Stop() {
	_ = s.cmd.Process.Kill()
	<-s.exited
}

// Restart starts a stopped server again, empty, at the same address.
func (s *Server) Restart(t testing.TB) {
	t.Helper()
	if err := s.run(t); err != nil {
		t.Fatal(err)
	}
}

// Client returns a client of the default user, for tests that look at a server without TLS from outside.
func (s *Server) Client(t testing.TB) *redis.Client {
	t.Helper()
	client := redis.NewClient(&redis.Options{Addr: strings.TrimPrefix(s.Addr, "unix:"), Password: s.Password, Protocol: 2})
	t.Cleanup(func() { _ = client.Close() })
	return client
}

// Do sends a command as Client's and returns the reply as text.
func (s *Server) Do(t testing.TB, words ...any) string {
	t.Helper()
	reply, err := s.Client(t).Do(context.Background(), words...).Result()
	if err != nil {
		t.Fatalf("%v: %v", words, err)
	}
	return fmt.Sprint(reply)
}

// run starts the process and waits until it listens.
func (s *Server) run(t testing.TB) error {
	s.output.Reset()
	s.cmd = exec.Command(s.binary, s.args...) //nolint:gosec,noctx // tests say what to run, and Stop ends it
	s.exited = make(chan struct{})
	s.cmd.Stdout, s.cmd.Stderr = &s.output, &s.output
	if err := s.cmd.Start(); err != nil {
		return err
	}
	go func(cmd *exec.Cmd, exited chan struct{}) {
		_ = cmd.Wait()
		close(exited)
	}(s.cmd, s.exited)
	t.Cleanup(s.Stop)
	return s.awaitListening(t.Context())
}

func (s *Server) awaitListening(ctx context.Context) error {
	network, addr := "tcp", s.Addr
	if path, ok := strings.CutPrefix(addr, "unix:"); ok {
		network, addr = "unix", path
	}
	ctx, cancel := context.WithTimeout(ctx, startTime)
	defer cancel()
	for {
		if conn, err := new(net.Dialer).DialContext(ctx, network, addr); err == nil {
			return conn.Close()
		}
		select {
		case <-s.exited:
			return fmt.Errorf("redis-server ended: %s", s.output.String())
		case <-ctx.Done():
			return errors.New("redis-server does not listen")
		case <-time.After(5 * time.Millisecond):
		}
	}
}

// Eventually waits until a server of this package has come to what do expects of it.
func Eventually(t testing.TB, do func() error) {
	t.Helper()
	deadline := time.After(startTime)
	for {
		err := do()
		if err == nil {
			return
		}
		select {
		case <-deadline:
			t.Fatal(err)
		case <-time.After(20 * time.Millisecond):
		}
	}
}

func freePort(t testing.TB) string {
	t.Helper()
	listener, err := new(net.ListenConfig).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = listener.Close() }()
	_, port, _ := net.SplitHostPort(listener.Addr().String())
	return port
}

// dir is a folder with a short path, as sockets need.
func dir(t testing.TB) string {
	t.Helper()
	path, err := os.MkdirTemp("", "redis")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.RemoveAll(path) })
	return path
}
