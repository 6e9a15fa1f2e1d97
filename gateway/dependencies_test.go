package gateway_test

import (
	"context"
	"errors"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/prometheus/client_golang/prometheus/testutil"

	"chatgate/gateway"
	"chatgate/oidc/oidctest"
)

// watched is a world whose server looks at what it needs, in a bubble with a clock of its own.
func watched(t *testing.T, o options, test func(w *world)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		w := open(t, o)
		ctx, stop := context.WithCancel(t.Context())
		done := make(chan error, 1)
		go func() { done <- w.WatchDependencies(ctx) }()
		synctest.Wait()
		test(w)
		stop()
		if err := <-done; err != nil {
			t.Errorf("WatchDependencies() = %v", err)
		}
	})
}

func (w *world) wantMetric(when, name, want string) {
	w.t.Helper()
	if err := testutil.GatherAndCompare(w.registry, strings.NewReader(want), name); err != nil {
		w.t.Errorf("%s: %v", when, err)
	}
}

func up(store, provider string) string {
	return `
# HELP chatgate_dependency_up 1 where this replica reached a dependency when it last looked, else 0: the store every 10 seconds, providers and chats every minute.
# TYPE chatgate_dependency_up gauge
chatgate_dependency_up{kind="provider",name="corp"} ` + provider + `
chatgate_dependency_up{kind="store",name="store"} ` + store + "\n"
}

func TestAProviderThatGoesDownIsNoticedBeforeAnybodySignsIn(t *testing.T) { // H33, D26
	watched(t, options{}, func(w *world) {
		const name = "chatgate_dependency_up"
		w.wantMetric("at the start", name, up("1", "1"))
		answer := func(h http.HandlerFunc) {
			w.provider.Set(func(f *oidctest.Faults) { f.Answers = map[string]http.HandlerFunc{oidctest.PathDiscovery: h} })
		}
		answer(oidctest.Status(http.StatusBadGateway))
		time.Sleep(time.Minute) // of the bubble's clock
		synctest.Wait()
		w.wantMetric("after a minute without the provider", name, up("1", "0"))
		recorder := httptest.NewRecorder()
		w.Admin().ServeHTTP(recorder, httptest.NewRequest(http.MethodGet, "/readyz", nil))
		if !strings.Contains(recorder.Body.String(), `"provider corp":"fetch discovery document`) {
			t.Errorf("/readyz = %s, want what is wrong with the provider", recorder.Body)
		}
		w.provider.Set(func(f *oidctest.Faults) { f.Answers = nil })
		time.Sleep(15 * time.Second)
		synctest.Wait()
		w.wantMetric("after the outage", name, up("1", "1"))
		if told := strings.Count(w.log.String(), "provider changed for better or worse"); told != 2 {
			t.Errorf("the log tells %d times of the provider, want once for each change", told)
		}
	})
}

func TestAProviderThatNobodyHasMetIsDown(t *testing.T) { // H33
	watched(t, options{undiscovered: true}, func(w *world) {
		w.wantMetric("before discovery", "chatgate_dependency_up", up("1", "0"))
	})
}

func TestAStoreThatGoesDownIsToldWithoutAskingIt(t *testing.T) { // H33, S67
	watched(t, options{}, func(w *world) {
		w.engine.setDown(true)
		time.Sleep(10 * time.Second)
		synctest.Wait()
		w.wantMetric("without the store", "chatgate_dependency_up", up("0", "1"))
		w.engine.setDown(false)
		time.Sleep(10 * time.Second)
		synctest.Wait()
		w.wantMetric("with the store again", "chatgate_dependency_up", up("1", "1"))
	})
}

func TestAReplicaTellsWhichStateItIsIn(t *testing.T) { // H33
	w := open(t, options{})
	w.wantMetric("before it serves", "chatgate_state", `
# HELP chatgate_state 1 for the state that this replica is in, as /readyz tells it, 0 for the others.
# TYPE chatgate_state gauge
chatgate_state{state="degraded"} 0
chatgate_state{state="draining"} 0
chatgate_state{state="names_mismatch"} 0
chatgate_state{state="ready"} 0
chatgate_state{state="sealing_mismatch"} 0
chatgate_state{state="starting"} 1
`)
	w.wantMetric("with its keys", "chatgate_jwks_ready", `
# HELP chatgate_jwks_ready 1 where this replica has its signing keys and publishes them, 0 where it answers 503 for its JWKS.
# TYPE chatgate_jwks_ready gauge
chatgate_jwks_ready 1
`)
}

func TestTheMetricsNameTheStateThatReadyzDoes(t *testing.T) { // H33, D26
	refused := map[string]func() error{"configuration": func() error { return errors.New("refused") }}
	for _, tc := range []struct {
		name    string
		options options
		want    string
	}{
		{"all is well", options{}, gateway.StateReady},
		{"a provider that nobody has met", options{undiscovered: true}, gateway.StateDegraded},
		{"a changed configuration that is refused", options{checks: refused}, gateway.StateDegraded},
	} {
		t.Run(tc.name, func(t *testing.T) {
			s := serve(t, tc.options)
			if code, status := s.status(); code != http.StatusOK || status != tc.want {
				t.Errorf("/readyz = %d %s, want 200 %s", code, status, tc.want)
			}
			recorder := httptest.NewRecorder()
			s.Admin().ServeHTTP(recorder, httptest.NewRequest(http.MethodGet, "/metrics", nil))
			if series := `chatgate_state{state="` + tc.want + `"} 1`; !strings.Contains(recorder.Body.String(), series) {
				t.Errorf("/metrics does not have %s", series)
			}
		})
	}
}

func TestLoginsAreCountedByHowTheyEnd(t *testing.T) { // H33, S136
	w := open(t, options{})
	value := func(series string) string {
		recorder := httptest.NewRecorder()
		w.Admin().ServeHTTP(recorder, httptest.NewRequest(http.MethodGet, "/metrics", nil))
		_, found, ok := strings.Cut(recorder.Body.String(), "\n"+series+" ")
		if !ok {
			return "absent"
		}
		number, _, _ := strings.Cut(found, "\n")
		return number
	}
	logins := func(provider, result string) string {
		return value(`chatgate_logins_total{provider="` + provider + `",result="` + result + `"}`)
	}
	for _, result := range []string{"signed_in", "provider_denied", "provider_unavailable", "store_unavailable", "internal"} {
		if got := logins("corp", result); got != "0" {
			t.Errorf("logins that ended with %s before the first = %s, want 0", result, got)
		}
	}
	w.browser().signIn("/login", "ada")
	if got := logins("corp", "signed_in"); got != "1" {
		t.Errorf("logins after a sign-in = %s, want 1", got)
	}
	w.browser().do(http.MethodGet, "/login/callback?state=made-up&code=x")
	if got := logins("", "login_expired"); got != "1" {
		t.Errorf("logins after a callback of nobody's = %s, want 1", got)
	}
	w.provider.Set(func(f *oidctest.Faults) {
		f.Answers = map[string]http.HandlerFunc{oidctest.PathToken: oidctest.Status(http.StatusBadGateway)}
	})
	b := w.browser()
	b.do(http.MethodGet, b.callback("/login", "ada"))
	if got := logins("corp", "provider_unavailable"); got != "1" {
		t.Errorf("logins while the provider is down = %s, want 1", got)
	}
	if got := value(`chatgate_logins_started_total{provider="corp"}`); got != "2" {
		t.Errorf("logins that were begun = %s, want 2", got)
	}
}
