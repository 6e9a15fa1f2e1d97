package gateway_test

import (
	"net/http"
	"sync"
	"testing"
	"time"
)

// TestARollingRestartLosesNoRequest: a balancer sends to the replicas whose /readyz says ready and looks every few
// milliseconds. One replica after the other is stopped and replaced while it is under load, and every request that was
// sent has its answer (S145).
func TestARollingRestartLosesNoRequest(t *testing.T) {
	const drain = 800 * time.Millisecond
	b := &balancer{replicas: []*served{serve(t, options{drain: drain}), serve(t, options{drain: drain})}}
	b.look()
	over := make(chan struct{})
	var load sync.WaitGroup
	for range 4 {
		load.Go(func() { b.ask(t, over) })
	}
	load.Go(func() { b.watch(over) })
	for i := range b.replicas {
		leaving := b.replicas[i]
		leaving.stop()
		if err := <-leaving.ended; err != nil {
			t.Errorf("replica %d ended with %v", i, err)
		}
		b.replace(i, serve(t, options{drain: drain}))
	}
	close(over)
	load.Wait()
	if b.answered == 0 {
		t.Error("nothing was asked meanwhile")
	}
	t.Logf("%d requests were answered", b.answered)
}

// balancer is what stands in front of replicas.
type balancer struct {
	mu       sync.Mutex
	replicas []*served
	ready    []string // addresses
	answered int
}

func (b *balancer) replace(i int, s *served) {
	b.mu.Lock()
	b.replicas[i] = s
	b.mu.Unlock()
	b.look()
}

// look keeps those that say ready.
func (b *balancer) look() {
	b.mu.Lock()
	replicas := append([]*served(nil), b.replicas...)
	b.mu.Unlock()
	var ready []string
	for _, s := range replicas {
		if code, _ := s.status(); code == http.StatusOK {
			ready = append(ready, s.public)
		}
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	b.ready = ready
}

func (b *balancer) watch(over <-chan struct{}) {
	ticker := time.NewTicker(20 * time.Millisecond)
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

// ask sends one request after another to whoever is ready.
func (b *balancer) ask(t *testing.T, over <-chan struct{}) {
	client := &http.Client{Timeout: 10 * time.Second, Transport: &http.Transport{DisableKeepAlives: true}}
	for n := 0; ; n++ {
		select {
		case <-over:
			return
		default:
		}
		b.mu.Lock()
		ready := b.ready
		b.mu.Unlock()
		if len(ready) == 0 {
			t.Error("no replica was ready")
			return
		}
		response, err := client.Get("http://" + ready[n%len(ready)] + "/session")
		if err != nil {
			t.Errorf("a request was lost: %v", err)
			return
		}
		_ = response.Body.Close()
		if response.StatusCode != http.StatusUnauthorized {
			t.Errorf("/session = %d, want 401", response.StatusCode)
		}
		b.mu.Lock()
		b.answered++
		b.mu.Unlock()
	}
}
