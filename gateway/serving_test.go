package gateway_test

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"
)

// served is a gateway on real listeners.
type served struct {
	*world
	public, admin string
	stop          context.CancelFunc
	ended         chan error
}

func serve(t *testing.T, o options) *served {
	t.Helper()
	s := &served{world: open(t, o), ended: make(chan error, 1)}
	var listeners []net.Listener
	for range 2 {
		listener, err := net.Listen("tcp", "127.0.0.1:0")
		s.must(err)
		listeners = append(listeners, listener)
	}
	s.public, s.admin = listeners[0].Addr().String(), listeners[1].Addr().String()
	ctx, stop := context.WithCancel(t.Context())
	s.stop = stop
	go func() { s.ended <- s.Run(ctx, listeners[0], listeners[1]) }()
	t.Cleanup(stop)
	return s
}

// status is what /readyz says, 0 when nobody listens any more.
func (s *served) status() (int, string) {
	response, err := (&http.Client{Transport: &http.Transport{DisableKeepAlives: true}}).Get("http://" + s.admin + "/readyz")
	if err != nil {
		return 0, ""
	}
	defer func() { _ = response.Body.Close() }()
	var body struct {
		Status string `json:"status"`
	}
	_ = json.NewDecoder(response.Body).Decode(&body)
	return response.StatusCode, body.Status
}

func TestDrainingTellsFirstAndFinishesWhatWasBegun(t *testing.T) { // S145
	s := serve(t, options{drain: 300 * time.Millisecond})
	if code, status := s.status(); code != http.StatusOK || status != "ready" {
		t.Fatalf("/readyz = %d %s, want 200 ready", code, status)
	}
	slow := make(chan string, 1)
	go func() {
		response, err := http.Get("http://" + s.public + "/board/slow")
		if err != nil {
			slow <- err.Error()
			return
		}
		slow <- text(response)
	}()
	<-s.board.entered
	s.stop()
	draining := false
	for !draining {
		code, status := s.status()
		if code == 0 {
			t.Fatal("the listener closed before /readyz said draining")
		}
		draining = code == http.StatusServiceUnavailable && status == "draining"
	}
	if response, err := http.Get("http://" + s.public + "/nowhere"); err != nil {
		t.Errorf("a request while draining: %v", err)
	} else {
		_ = response.Body.Close()
	}
	close(s.board.leave)
	if got := <-slow; got != "done" {
		t.Errorf("the request in flight ended with %q", got)
	}
	if err := <-s.ended; err != nil {
		t.Errorf("Run() = %v", err)
	}
}

// exchange sends bytes as they are and returns the status line.
func (s *served) exchange(raw string) string {
	s.t.Helper()
	connection, err := net.Dial("tcp", s.public)
	s.must(err)
	defer func() { _ = connection.Close() }()
	s.must(connection.SetDeadline(time.Now().Add(20 * time.Second)))
	if _, err := io.WriteString(connection, raw); err != nil {
		return "closed"
	}
	line, err := bufio.NewReader(connection).ReadString('\n')
	if err != nil {
		return "closed"
	}
	return strings.TrimSpace(line)
}

func TestRequestsThatTwoServersCouldReadDifferentlyAreRefused(t *testing.T) { // S121
	s := serve(t, options{})
	for name, raw := range map[string]string{
		"two lengths":               "POST /board/echo HTTP/1.1\r\nHost: sso.example.org\r\nContent-Length: 3\r\nContent-Length: 5\r\n\r\nabcde",
		"a length with a sign":      "POST /board/echo HTTP/1.1\r\nHost: sso.example.org\r\nContent-Length: +3\r\n\r\nabc",
		"an unknown encoding":       "POST /board/echo HTTP/1.1\r\nHost: sso.example.org\r\nTransfer-Encoding: xchunked\r\n\r\n0\r\n\r\n",
		"two encodings":             "POST /board/echo HTTP/1.1\r\nHost: sso.example.org\r\nTransfer-Encoding: chunked\r\nTransfer-Encoding: identity\r\n\r\n0\r\n\r\n",
		"a space before the colon":  "POST /board/echo HTTP/1.1\r\nHost: sso.example.org\r\nTransfer-Encoding : chunked\r\n\r\n0\r\n\r\n",
		"a folded header":           "GET / HTTP/1.1\r\nHost: sso.example.org\r\n X: y\r\n\r\n",
		"a NUL in a header":         "GET / HTTP/1.1\r\nHost: sso.example.org\r\nX: a\x00b\r\n\r\n",
		"two hosts":                 "GET / HTTP/1.1\r\nHost: sso.example.org\r\nHost: evil.example\r\n\r\n",
		"no host":                   "GET / HTTP/1.1\r\n\r\n",
		"a chunk with a bare LF":    "POST /board/echo HTTP/1.1\r\nHost: sso.example.org\r\nTransfer-Encoding: chunked\r\n\r\n3\nabc\r\n0\r\n\r\n",
		"a chunk size with a space": "POST /board/echo HTTP/1.1\r\nHost: sso.example.org\r\nTransfer-Encoding: chunked\r\n\r\n3 x\r\nabc\r\n0\r\n\r\n",
	} {
		if got := s.exchange(raw); !strings.HasPrefix(got, "HTTP/1.1 4") && !strings.HasPrefix(got, "HTTP/1.1 5") && got != "closed" {
			t.Errorf("%s is answered with %q", name, got)
		}
	}
	both := "POST /board/echo HTTP/1.1\r\nHost: sso.example.org\r\nContent-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nabcde\r\n0\r\n\r\nGET /smuggled HTTP/1.1\r\nHost: sso.example.org\r\n\r\n"
	if got := s.exchangeAll(both); !strings.HasPrefix(got, "HTTP/1.1 400") || strings.Count(got, "HTTP/1.1 ") != 1 {
		t.Errorf("with both lengths the answers are\n%s", got)
	}
}

// exchangeAll sends bytes as they are and returns everything until the server closes the connection.
func (s *served) exchangeAll(raw string) string {
	s.t.Helper()
	connection, err := net.Dial("tcp", s.public)
	s.must(err)
	defer func() { _ = connection.Close() }()
	s.must(connection.SetDeadline(time.Now().Add(20 * time.Second)))
	_, err = io.WriteString(connection, raw)
	s.must(err)
	all, err := io.ReadAll(connection)
	s.must(err)
	return string(all)
}

func TestWhatIsSentIsBounded(t *testing.T) { // S122
	s := serve(t, options{})
	for name, tc := range map[string]struct{ raw, want string }{
		"headers of 64 KiB": {"GET / HTTP/1.1\r\nHost: sso.example.org\r\nX: " + strings.Repeat("x", 64<<10) + "\r\n\r\n", "HTTP/1.1 431"},
		"a path of 64 KiB":  {"GET /" + strings.Repeat("x", 64<<10) + " HTTP/1.1\r\nHost: sso.example.org\r\n\r\n", "HTTP/1.1 431"},
		"many headers":      {"GET / HTTP/1.1\r\nHost: sso.example.org\r\n" + strings.Repeat("X: y\r\n", 10_000) + "\r\n", "HTTP/1.1 431"},
		"a body of 65 KiB":  {fmt.Sprintf("POST /board/echo HTTP/1.1\r\nHost: sso.example.org\r\nContent-Length: %d\r\n\r\n%s", 65<<10, strings.Repeat("x", 65<<10)), "HTTP/1.1 413"},
		"a body of 64 KiB":  {fmt.Sprintf("POST /board/echo HTTP/1.1\r\nHost: sso.example.org\r\nContent-Length: %d\r\n\r\n%s", 64<<10, strings.Repeat("x", 64<<10)), "HTTP/1.1 200"},
	} {
		if got := s.exchange(tc.raw); !strings.HasPrefix(got, tc.want) {
			t.Errorf("%s = %q, want %s", name, got, tc.want)
		}
	}
	t.Run("a caller that never finishes its headers", func(t *testing.T) {
		t.Parallel()
		began := time.Now()
		s := serve(t, options{})
		if got := s.exchange("GET / HTTP/1.1\r\nHost: sso"); got != "closed" && !strings.HasPrefix(got, "HTTP/1.1 408") {
			t.Errorf("answered with %q", got)
		}
		if waited := time.Since(began); waited > 15*time.Second {
			t.Errorf("the connection was held for %s", waited)
		}
	})
}
