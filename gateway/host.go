package gateway

import (
	"context"
	"errors"
	"log/slog"
	"net"
	"net/http"
	"sync"
	"time"
)

// Host serves one Server after another on the same two listeners: a gateway with another configuration takes over while
// people use the former one, and no connection notices (S141). It is safe for concurrent use.
type Host struct {
	mu      sync.RWMutex
	current *occupant
}

// occupant is a Server that requests are sent to, or were when they came.
type occupant struct {
	*Server
	requests sync.WaitGroup // on both listeners
}

// NewHost prepares a Host whose first Server is given. Run starts it.
func NewHost(first *Server) *Host { return &Host{current: &occupant{Server: first}} }

// Current is the Server that answers.
func (h *Host) Current() *Server {
	h.mu.RLock()
	defer h.mu.RUnlock()
	return h.current.Server
}

// Replace has the next Server answer every request that comes from now on. The channel is closed when the former Server has
// answered its last one. A Server is given once.
func (h *Host) Replace(next *Server) (idle <-chan struct{}) {
	h.mu.Lock()
	former := h.current
	next.started.Store(former.started.Load())
	next.draining.Store(former.draining.Load())
	next.chats.CompareAndSwap(nil, former.chats.Load()) // what was found last stands until WatchChats looks again
	h.current = &occupant{Server: next}
	h.mu.Unlock()

	last := make(chan struct{})
	go func() {
		former.requests.Wait()
		close(last)
	}()
	return last
}

// Run serves both listeners until ctx ends, then drains: /readyz turns to 503, the listeners stay open for DrainDelay,
// and requests in flight are finished (S145).
func (h *Host) Run(ctx context.Context, public, admin net.Listener) error {
	first := h.Current()
	servers := []*http.Server{first.server(h.handler((*Server).Handler)), first.server(h.handler((*Server).Admin))}
	failed := make(chan error, len(servers))
	for i, listener := range []net.Listener{public, admin} {
		go func() { failed <- servers[i].Serve(listener) }()
	}
	first.started.Store(true)
	first.cfg.Log.Info("serving", "base_url", first.cfg.BaseURL, "public", public.Addr().String(), "admin", admin.Addr().String())
	var err error
	select {
	case err = <-failed:
	case <-ctx.Done():
		h.drain()
	}
	return errors.Join(err, shutdown(servers))
}

// handler passes each request to the Server of that moment, on the listener that side stands for.
func (h *Host) handler(side func(*Server) http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		o := h.enter()
		defer o.requests.Done()
		if o.draining.Load() {
			// The caller comes back on another connection, which a balancer takes to another replica. A connection that
			// stayed would be closed under a request that is on its way (RFC 9112, Section 9.6; over HTTP/2 a GOAWAY).
			w.Header().Set("Connection", "close")
		}
		side(o.Server).ServeHTTP(w, r)
	})
}

// enter counts a request in at the current Server. That is done under the lock, so that none is counted in at a Server after
// it was replaced.
func (h *Host) enter() *occupant {
	h.mu.RLock()
	defer h.mu.RUnlock()
	h.current.requests.Add(1)
	return h.current
}

func (h *Host) drain() {
	h.mu.Lock()
	h.current.draining.Store(true)
	s := h.current.Server
	h.mu.Unlock()
	s.cfg.Log.Info("draining", "delay_ms", s.cfg.DrainDelay.Milliseconds())
	time.Sleep(s.cfg.DrainDelay)
}

func shutdown(servers []*http.Server) error {
	ctx, cancel := context.WithTimeout(context.Background(), shutdownTimeout)
	defer cancel()
	var errs []error
	for _, server := range servers {
		errs = append(errs, server.Shutdown(ctx))
	}
	return errors.Join(errs...)
}

func (s *Server) server(h http.Handler) *http.Server {
	return &http.Server{
		Handler:           h,
		ReadHeaderTimeout: readHeaderTimeout,
		ReadTimeout:       readTimeout,
		WriteTimeout:      writeTimeout,
		IdleTimeout:       idleTimeout,
		MaxHeaderBytes:    maxHeaderBytes,
		ErrorLog:          slog.NewLogLogger(s.cfg.Log.Handler(), slog.LevelWarn),
	}
}
