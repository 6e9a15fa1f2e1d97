package gateway_test

import (
	"context"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"

	"chatgate/gateway"
)

// hosted is a Host that serves until its test ends.
type hosted struct {
	*gateway.Host
	t             testing.TB
	public, admin string
	stop          context.CancelFunc
}

func host(t *testing.T, first *gateway.Server) *hosted {
	t.Helper()
	var listeners []net.Listener
	for range 2 {
		l, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			t.Fatal(err)
		}
		listeners = append(listeners, l)
	}
	ctx, stop := context.WithCancel(t.Context())
	h := &hosted{
		Host: gateway.NewHost(first), t: t, stop: stop,
		public: "http://" + listeners[0].Addr().String(), admin: "http://" + listeners[1].Addr().String(),
	}
	ended := make(chan error, 1)
	go func() { ended <- h.Run(ctx, listeners[0], listeners[1]) }()
	t.Cleanup(func() {
		stop()
		if err := <-ended; err != nil {
			t.Errorf("Run() = %v", err)
		}
	})
	return h
}

// get asks over a connection that is kept.
func (h *hosted) get(address string) (*http.Response, string) {
	h.t.Helper()
	response, err := http.Get(address)
	if err != nil {
		h.t.Fatal(err)
	}
	defer response.Body.Close()
	body, err := io.ReadAll(response.Body)
	if err != nil {
		h.t.Fatal(err)
	}
	return response, string(body)
}

func TestOneServerTakesOverFromAnother(t *testing.T) { // S141
	former, next := open(t, options{}), open(t, options{})
	h := host(t, former.Server)
	h.get(h.public + "/session")
	slow := make(chan string, 1)
	go func() {
		_, body := h.get(h.public + "/board/slow")
		slow <- body
	}()
	<-former.board.entered

	idle := h.Replace(next.Server)
	if h.Current() != next.Server {
		t.Error("Current() is not the one that took over")
	}
	if _, body := h.get(h.admin + "/readyz"); !strings.Contains(body, `"status":"degraded"`) && !strings.Contains(body, `"status":"ready"`) {
		t.Errorf("after it took over /readyz says %s, want that it has started", body)
	}
	before := strings.Count(former.log.String(), "request served")
	h.get(h.public + "/session")
	if got := strings.Count(former.log.String(), "request served"); got != before || !strings.Contains(next.log.String(), "request served") {
		t.Error("a request went to the former server")
	}
	select {
	case <-idle:
		t.Error("the former server is told to be idle while it answers")
	default:
	}
	close(former.board.leave)
	if got := <-slow; got != "done" {
		t.Errorf("the request in flight ended with %q", got)
	}
	select {
	case <-idle:
	case <-time.After(10 * time.Second):
		t.Error("the former server has answered its last request and is not told to be idle")
	}
}

// A connection that is kept would be closed at the end, perhaps under a request that is on its way.
func TestWhoeverAsksWhileDrainingComesBackOnAnotherConnection(t *testing.T) { // S145, H16
	first := open(t, options{drain: time.Second})
	h := host(t, first.Server)
	if response, _ := h.get(h.public + "/session"); response.Close {
		t.Error("a connection is closed although nothing drains")
	}
	h.stop()
	for deadline := time.Now().Add(5 * time.Second); ; {
		if response, body := h.get(h.admin + "/readyz"); strings.Contains(body, "draining") {
			if !response.Close {
				t.Error("a probe's connection is kept while draining")
			}
			break
		}
		if time.Now().After(deadline) {
			t.Fatal("/readyz does not say draining")
		}
	}
	if response, _ := h.get(h.public + "/session"); !response.Close {
		t.Error("a connection is kept while draining")
	}
	h.Replace(open(t, options{drain: time.Second}).Server)
	if response, _ := h.get(h.public + "/session"); !response.Close {
		t.Error("a connection is kept while another server drains")
	}
}
