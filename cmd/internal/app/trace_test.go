package app_test

import (
	"net/http/httptest"
	"slices"
	"strings"
	"testing"

	"chatgate/gateway/tracing/tracingtest"
)

const endpointVariable = "OTEL_EXPORTER_OTLP_ENDPOINT"

// collected is what a collector gets while a gateway serves that nobody answers.
func collected(t *testing.T, variables map[string]string) (*begun, *tracingtest.Collector) {
	t.Helper()
	collector := &tracingtest.Collector{}
	server := httptest.NewServer(collector)
	t.Cleanup(server.Close)
	t.Setenv(endpointVariable, server.URL)
	for name, value := range variables {
		t.Setenv(name, value)
	}
	b := begin(t, serving("pprof: false"))
	err := b.serveOnce(t, func() {
		soon(t, "the provider and the chat have been called", func() bool {
			return strings.Contains(b.log.String(), "provider discovery failed") && strings.Contains(b.log.String(), "chat changed for better or worse")
		})
	})
	if err != nil {
		t.Fatal(err)
	}
	return b, collector
}

func TestCallsOfProviderAndChatAreTraced(t *testing.T) {
	b, collector := collected(t, nil)
	found := map[string]tracingtest.Span{}
	for _, s := range collector.Spans() {
		found[s.Name] = s
	}
	for name, key := range map[string]string{"provider corp discovery": "chatgate.provider", "chat rocketchat info": "chatgate.chat"} {
		s, ok := found[name]
		if !ok || s.Kind != "CLIENT" || !s.Failed || s.Attrs["error.type"] != "unreachable" || s.Attrs["http.request.method"] != "GET" || s.Attrs[key] == "" || len(s.Attrs) != 3 {
			t.Errorf("%s = %+v, want it failed as unreachable; there are %v", name, s, found)
		}
	}
	if resource := collector.Resource(); resource["service.name"] != "chatgate" {
		t.Errorf("resource = %v", resource)
	}
	if log := b.log.String(); strings.Contains(log, "traces") {
		t.Errorf("the log speaks of traces though all is well:\n%s", log)
	}
}

func TestTracesAreOffUnlessTheEnvironmentAsks(t *testing.T) {
	for _, tc := range []struct {
		name      string
		variables map[string]string
		told      string
	}{
		{"no endpoint", map[string]string{endpointVariable: ""}, ""},
		{"all switched off", map[string]string{"OTEL_SDK_DISABLED": "true"}, ""},
		{"no exporter", map[string]string{"OTEL_TRACES_EXPORTER": "none"}, ""},
		{"a protocol that is not spoken", map[string]string{"OTEL_EXPORTER_OTLP_PROTOCOL": "grpc"}, "OTEL_EXPORTER_OTLP_PROTOCOL"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			b, collector := collected(t, tc.variables)
			if n := len(collector.Exports()); n != 0 {
				t.Errorf("%d exports were made", n)
			}
			log := b.log.String()
			if told := strings.Contains(log, "traces are off"); told != (tc.told != "") || !strings.Contains(log, tc.told) {
				t.Errorf("the log tells %t, want %q:\n%s", told, tc.told, log)
			}
		})
	}
}

func TestTheMetricsTellWhatBecameOfSpans(t *testing.T) {
	for _, on := range []bool{true, false} {
		if t.Setenv(endpointVariable, ""); on {
			t.Setenv(endpointVariable, "http://127.0.0.1:1")
		}
		s := serve(t, t.TempDir(), serving("pprof: false"))
		told := []string{s.metric(t, `chatgate_trace_spans_total{result="dropped"}`), s.metric(t, `chatgate_trace_spans_total{result="exported"}`)}
		if present := !slices.Contains(told, ""); present != on {
			t.Errorf("with traces %t the metric says %q", on, told)
		}
		if failures := s.metric(t, "chatgate_audit_failures_total"); failures != "0" {
			t.Errorf("the metric says that %q audit lines were not written", failures)
		}
	}
}
