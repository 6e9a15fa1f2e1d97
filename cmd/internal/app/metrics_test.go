package app_test

import (
	"context"
	"errors"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"chatgate/cmd/internal/app"
	"chatgate/oidc/oidctest"
	"chatgate/store"
	"chatgate/store/memstore"
	"chatgate/store/storetest/redistest"
)

// scraped is what /metrics shows of a gateway that has not run.
func scraped(t *testing.T, a *app.App) string {
	t.Helper()
	recorder := httptest.NewRecorder()
	a.Server().Admin().ServeHTTP(recorder, httptest.NewRequest(http.MethodGet, "/metrics", nil))
	if recorder.Code != http.StatusOK {
		t.Fatalf("/metrics = %d %s", recorder.Code, recorder.Body)
	}
	return recorder.Body.String()
}

// A series that appears with its first event has no increase: what an alert watches is there before anything has happened.
func TestWhatAnAlertWatchesIsThereFromTheStart(t *testing.T) { // H33, S136
	loaded, err := parse(t, working)
	if err != nil {
		t.Fatal(err)
	}
	a, err := app.Open(loaded.Config, app.Lends{Log: slog.New(slog.DiscardHandler)})
	if err != nil {
		t.Fatal(err)
	}
	shown := scraped(t, a)
	for _, series := range []string{
		`chatgate_build_info{commit="`,
		`chatgate_state{state="starting"} 1`,
		`chatgate_panics_total 0`,
		`chatgate_problems_total{code="store_unavailable"} 0`,
		`chatgate_limits_exceeded_total{limit="mint_session"} 0`,
		`chatgate_logins_total{provider="corp",result="internal"} 0`,
		`chatgate_rechecks_total{provider="corp",result="failed"} 0`,
		`chatgate_outbox_jobs{lane="revocations"} 0`,
		`chatgate_outbox_oldest_job_age_seconds{lane="grants"} 0`,
		`chatgate_outbox_attempts_total{chat="rocketchat",kind="revoke",result="refused"} 0`,
		`chatgate_outbox_attempts_total{chat="",kind="grant",result="too_old"} 0`,
		`chatgate_chat_tokens_total{chat="rocketchat",result="chat_unavailable"} 0`,
		`chatgate_audit_events_total{act="signed_in"} 0`,
		`chatgate_keyring_reads_total{result="clocks"} 0`,
	} {
		if !strings.Contains(shown, "\n"+series) {
			t.Errorf("/metrics lacks %s before anything has happened", series)
		}
	}
}

// A scrape that waited for Redis would tell nothing just when somebody looks.
func TestAScrapeWaitsForNobody(t *testing.T) { // H33
	loaded, err := parse(t, strings.Replace(working, "cache:6379", "192.0.2.1:6379", 1)) // where nobody answers
	if err != nil {
		t.Fatal(err)
	}
	calls := &refusingEngine{Engine: memstore.New(memstore.Config{})}
	a, err := app.Open(loaded.Config, app.Lends{Log: slog.New(slog.DiscardHandler), Engine: calls})
	if err != nil {
		t.Fatal(err)
	}
	scraped(t, a)
	if n := calls.pings.Load(); n != 0 {
		t.Errorf("a scrape asked the store %d times, want never", n)
	}
}

// refusingEngine fails everything that a scrape might ask, and counts it.
type refusingEngine struct {
	store.Engine
	pings atomic.Int64
}

func (e *refusingEngine) Ping(context.Context) error {
	e.pings.Add(1)
	return store.ErrUnavailable
}

func (e *refusingEngine) CountIndex(context.Context, string, time.Time, time.Time) (int, error) {
	e.pings.Add(1)
	return 0, store.ErrUnavailable
}

// What the store holds, and the room that its server has, are counted in the background.
func TestLevelsAreCountedInTheBackground(t *testing.T) { // H33
	a, stop := onRedis(t, redistest.Start(t, "--maxmemory", "64mb"))
	defer stop()
	redistest.Eventually(t, func() error {
		shown := scraped(t, a)
		for _, series := range []string{
			`chatgate_sessions 0`, `chatgate_login_tokens 0`,
			`chatgate_store_memory_limit_bytes{server=""} 6.7108864e+07`, `chatgate_store_evicted_keys_total{server=""} 0`,
		} {
			if !strings.Contains(shown, "\n"+series) {
				return errors.New("/metrics lacks " + series)
			}
		}
		return nil
	})
}

// onRedis runs the working configuration on a Redis.
func onRedis(t *testing.T, redis *redistest.Server) (a *app.App, stop func()) {
	t.Helper()
	source := strings.Replace(working, "cache:6379", redis.Addr, 1) + "listen: {drain: 0s}\n"
	loaded, err := parse(t, source)
	if err != nil {
		t.Fatal(err)
	}
	a, err = app.Open(loaded.Config, app.Lends{Log: slog.New(slog.DiscardHandler), Transport: oidctest.Network(t, nil)})
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	public, admin := loopback(t), loopback(t)
	go func() { ended <- a.Serve(ctx, public, admin) }()
	return a, func() {
		cancel()
		if err := <-ended; err != nil {
			t.Errorf("Serve() = %v", err)
		}
	}
}
