package main

import (
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"

	"chatgate/gateway/tracing/tracingtest"
)

// traceAttributes are all that a span may tell besides its name. What stands in them is of closed sets, or random.
var traceAttributes = []string{
	"chatgate.attempt", "chatgate.chat", "chatgate.job", "chatgate.provider", "chatgate.request_id", "db.operation.name", "db.system.name",
	"error.type", "http.request.method", "http.response.status_code", "http.route",
}

// TestTracesGoThroughTheHouseAndTellNoSecret: every span of a day's journeys reaches a collector, hears with the log whether a
// secret is in it (TestMain), and names nobody (S134).
func TestTracesGoThroughTheHouseAndTellNoSecret(t *testing.T) {
	var told strings.Builder
	collector := &tracingtest.Collector{Told: io.MultiWriter(watched, &told)}
	server := httptest.NewServer(collector)
	t.Cleanup(server.Close)
	t.Setenv("OTEL_EXPORTER_OTLP_ENDPOINT", server.URL)
	t.Setenv("OTEL_BSP_SCHEDULE_DELAY", "20")

	w := start(t, worldConfig{})
	f := w.visitor(t).frame()
	f.offer()
	f.window.open(f.window.callback(f.begin(inNewWindow), "ada"))
	f.redeemed()
	v := w.visitor(t)
	v.signIn("/login", "bob")
	if got := v.rocketChatToken(); got.status != http.StatusOK {
		t.Fatalf("token = %d %s", got.status, got.body)
	}
	v.talkToken()
	end, _ := v.open(v.askCoral())
	v.coralToken(end)
	v.send(http.MethodGet, w.Addresses().Gateway+"/nowhere/ada@example.org?code=ada", "", "Traceparent", "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01")
	v.signOut()

	arrived := func(name string) bool {
		return slices.ContainsFunc(collector.Spans(), func(s tracingtest.Span) bool { return s.Name == name })
	}
	for _, name := range []string{
		"GET /login", "GET /login/callback", "POST /rocketchat/handoff/redeem", "GET /talk/oauth/authorize", "GET unmatched", "POST /logout",
		"provider corp discovery", "provider corp token", "chat rocketchat users.createToken", "chat rocketchat logout", "job revoke", "redis get_hash",
	} {
		eventually(t, "a span "+name+" arrives", func() bool { return arrived(name) })
	}
	checkSpans(t, collector.Spans())
	for _, person := range []string{"ada@", "bob@", "Lovelace", "0af7651916cd43dd8448eb211c80319c"} {
		if strings.Contains(told.String(), person) {
			t.Errorf("traces name %q", person)
		}
	}
}

// checkSpans looks at how spans stand within each other, and at what they tell.
func checkSpans(t *testing.T, spans []tracingtest.Span) {
	t.Helper()
	served := map[string]bool{}
	for _, s := range spans {
		if s.Kind == "SERVER" {
			served[s.Trace] = true
		}
	}
	within := 0
	for _, s := range spans {
		if strings.HasPrefix(s.Name, "redis ") && s.Parent == "" {
			t.Errorf("%s belongs to nothing", s.Name)
		}
		if s.Kind == "CLIENT" && served[s.Trace] {
			within++
		}
		for key := range s.Attrs {
			if !slices.Contains(traceAttributes, key) {
				t.Errorf("%s tells %s, which nobody has thought about", s.Name, key)
			}
		}
	}
	if within == 0 {
		t.Error("no call belongs to a request")
	}
}
