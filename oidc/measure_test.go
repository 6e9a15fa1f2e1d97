package oidc_test

import (
	"errors"
	"log/slog"
	"net/http"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"chatgate/oidc"
	"chatgate/oidc/oidctest"
)

// tally counts the calls of each kind by their outcome.
type tally struct {
	mu   sync.Mutex
	seen map[string]int
}

func (c *tally) observe(call oidc.Call, o oidc.Outcome, took time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if took < 0 {
		call += " in negative time"
	}
	c.seen[string(call)+" "+string(o)]++
}

func (c *tally) take() map[string]int {
	c.mu.Lock()
	defer c.mu.Unlock()
	seen := c.seen
	c.seen = map[string]int{}
	return seen
}

func TestEveryCallIsMeasuredByItsName(t *testing.T) {
	provider := newProvider()
	synctest.Test(t, func(t *testing.T) {
		calls := &tally{seen: map[string]int{}}
		w := newWorld(t, provider, config())
		cfg := config()
		cfg.Scopes = []string{"openid", "profile", "email", "offline_access"}
		var err error
		w.rp, err = oidc.New(cfg, oidc.Env{
			Provider: "corp", Transport: w.network, Log: slog.New(slog.DiscardHandler), Observe: calls.observe,
		})
		if err != nil {
			t.Fatal(err)
		}
		want := func(step string, want map[string]int) {
			t.Helper()
			if diff := cmp.Diff(want, calls.take()); diff != "" {
				t.Errorf("%s: calls (-want +got):\n%s", step, diff)
			}
		}
		w.start()
		want("discovery", map[string]int{"discovery ok": 1, "keys ok": 1})

		identity, tokens, err := w.signIn("ada")
		if err != nil {
			t.Fatal(err)
		}
		want("a sign-in", map[string]int{"token ok": 1})

		attempt, callback := w.begin("ada")
		callback.Set("code", "made-up")
		if _, _, err := w.rp.Finish(t.Context(), attempt, callback); !errors.Is(err, oidc.ErrRefused) {
			t.Fatalf("Finish() = %v, want ErrRefused", err)
		}
		want("a code that buys nothing", map[string]int{"token refused": 1})

		if _, tokens, err = w.rp.Refresh(t.Context(), identity, tokens); err != nil {
			t.Fatal(err)
		}
		want("a refresh", map[string]int{"refresh ok": 1})
		if err := w.rp.Revoke(t.Context(), tokens); err != nil {
			t.Fatal(err)
		}
		want("a revocation", map[string]int{"revoke ok": 1})

		provider.Set(func(f *oidctest.Faults) {
			f.Answers = map[string]http.HandlerFunc{oidctest.PathDiscovery: oidctest.Status(http.StatusBadGateway)}
		})
		if err := w.rp.Reach(t.Context()); !errors.Is(err, oidc.ErrProvider) {
			t.Errorf("Reach() = %v while the provider is down, want ErrProvider", err)
		}
		want("an outage", map[string]int{"discovery failed": 1})
		if w.rp.Ready() != nil {
			t.Error("Reach() took away what was known of the provider")
		}
		provider.Set(func(f *oidctest.Faults) { f.Answers = nil })
		if err := w.rp.Reach(t.Context()); err != nil {
			t.Errorf("Reach() = %v after the outage", err)
		}
	})
}
