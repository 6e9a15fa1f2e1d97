package session_test

import (
	"net/http/httptest"
	"sync"
	"testing"
	"time"
)

// TestASecondReplicaWaitsForTheProvidersAnswer: while the provider has one replica's refresh token, a caller comes to the
// other. It asks nobody, since a refresh token is good once, and is told what the first one learns (S70).
func TestASecondReplicaWaitsForTheProvidersAnswer(t *testing.T) {
	one, p := living(t)
	two := one.reopen(t, map[string][]byte{"one": key(1)}, "one", livingWith(p))
	b := browser{}
	one.signInToStay(t, p, b, ada)
	one.clock.advance(2 * every)
	p.groups = []string{"staff"}
	var second sync.WaitGroup
	var first sync.Once
	p.during = func() {
		first.Do(func() {
			second.Go(func() {
				s, err := two.Read(t.Context(), httptest.NewRecorder(), b.request(), "")
				if err != nil || len(s.Identity.Groups) != 1 {
					t.Errorf("Read() on the second replica = %+v, %v, want what the first one learnt", s.Identity, err)
				}
			})
			for end := time.Now().Add(300 * time.Millisecond); time.Now().Before(end) && p.count() == 1; {
				time.Sleep(time.Millisecond) // who asks anyway does so by now
			}
		})
	}
	if _, err := one.Read(t.Context(), httptest.NewRecorder(), b.request(), ""); err != nil {
		t.Errorf("Read() on the first replica = %v", err)
	}
	second.Wait()
	if p.count() != 1 {
		t.Errorf("the provider was asked %d times, want once", p.count())
	}
}
