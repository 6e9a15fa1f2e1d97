package gateway_test

import (
	"io"
	"net"
	"net/http"
	"os"
	"sync"
	"testing"
	"time"
)

// TestSlowCallersStopNobodyElse: two hundred callers send their headers a byte at a time and come again whenever they are
// hung up on, for a second, or as long as CHATGATE_SLOWLORIS says. Everybody else is answered meanwhile (S122).
func TestSlowCallersStopNobodyElse(t *testing.T) {
	lasts := time.Second
	if asked := os.Getenv("CHATGATE_SLOWLORIS"); asked != "" {
		var err error
		if lasts, err = time.ParseDuration(asked); err != nil {
			t.Fatal(err)
		}
	}
	s := serve(t, options{})
	over := make(chan struct{})
	var slow sync.WaitGroup
	for range 200 {
		slow.Go(func() { s.dawdle(over) })
	}
	answered, longest := 0, time.Duration(0)
	client := &http.Client{Timeout: 10 * time.Second, Transport: &http.Transport{DisableKeepAlives: true}}
	for end := time.Now().Add(lasts); time.Now().Before(end); {
		began := time.Now()
		response, err := client.Get("http://" + s.public + "/session")
		if err != nil {
			t.Fatalf("after %d answers: %v", answered, err)
		}
		_ = response.Body.Close()
		if response.StatusCode != http.StatusUnauthorized {
			t.Fatalf("/session = %d, want 401", response.StatusCode)
		}
		answered, longest = answered+1, max(longest, time.Since(began))
	}
	close(over)
	slow.Wait()
	t.Logf("%d answers in %s, the slowest in %s", answered, lasts, longest)
	if answered == 0 || longest > 5*time.Second {
		t.Errorf("%d answers, the slowest in %s", answered, longest)
	}
}

// dawdle sends a header a byte at a time, again and again, until it is over.
func (s *served) dawdle(over <-chan struct{}) {
	bytes := time.NewTicker(100 * time.Millisecond)
	defer bytes.Stop()
	for {
		connection, err := net.Dial("tcp", s.public)
		if err != nil {
			return
		}
		_, err = io.WriteString(connection, "GET /session HTTP/1.1\r\nHost: sso.example.org\r\nX-Slow: ")
		for err == nil {
			select {
			case <-over:
				_ = connection.Close()
				return
			case <-bytes.C:
				_, err = io.WriteString(connection, "x")
			}
		}
		_ = connection.Close()
	}
}
