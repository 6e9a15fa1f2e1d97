package gateway_test

import (
	"context"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"chatgate/gateway/tracing"
	"chatgate/gateway/tracing/tracingtest"
)

// tracer exports to a collector when the test calls export.
func tracer(t *testing.T, sampler tracing.Sampler) (made *tracing.Tracer, export func() []tracingtest.Span) {
	t.Helper()
	collector := &tracingtest.Collector{}
	server := httptest.NewServer(collector)
	t.Cleanup(server.Close)
	made, err := tracing.New(tracing.Config{Endpoint: server.URL + "/v1/traces", Sampler: sampler})
	if err != nil {
		t.Fatal(err)
	}
	return made, func() []tracingtest.Span {
		ctx, stop := context.WithCancel(context.Background())
		stop()
		if err := made.Run(ctx); err != nil {
			t.Fatal(err)
		}
		return collector.Spans()
	}
}

const theirs = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"

func TestARequestIsASpanByItsRoute(t *testing.T) {
	made, export := tracer(t, tracing.Sampler{Ratio: 1, Parents: true})
	w := open(t, options{tracer: made})
	b := w.browser()
	b.do(http.MethodGet, "/.well-known/jwks.json?secret=x")
	b.do("BREW", "/somewhere/secret")
	b.do(http.MethodGet, "/board/token", "Origin", board, "Cookie", "__Host-chatgate=secret")
	var names []string
	for _, s := range export() {
		names = append(names, s.Name)
		if s.Kind != "SERVER" || s.Parent != "" || len(s.Attrs["chatgate.request_id"]) != 12 || len(s.Attrs) != 4 || s.Failed {
			t.Errorf("span = %+v", s)
		}
		if !strings.Contains(w.log.String(), `"trace_id":"`+s.Trace+`"`) {
			t.Errorf("no line of the log names the trace of %s", s.Name)
		}
		for key, value := range s.Attrs {
			if strings.Contains(value, "secret") {
				t.Errorf("%s of %s is %q", key, s.Name, value)
			}
		}
	}
	want := []string{"GET /.well-known/jwks.json", "OTHER unmatched", "GET /board/token"}
	if diff := cmp.Diff(want, names); diff != "" {
		t.Errorf("spans (-want +got):\n%s", diff)
	}
}

func TestAParentIsBelievedFromATrustedProxyOnly(t *testing.T) {
	for _, tc := range []struct {
		name    string
		trusted []netip.Prefix
		header  string
		want    bool // within the trace of the header
	}{
		{"a stranger", nil, theirs, false},
		{"a proxy that is not this one", []netip.Prefix{netip.MustParsePrefix("10.0.0.0/8")}, theirs, false},
		{"the proxy", []netip.Prefix{netip.MustParsePrefix("192.0.2.0/24")}, theirs, true},
		{"the proxy, with nonsense", []netip.Prefix{netip.MustParsePrefix("192.0.2.0/24")}, "x", false},
	} {
		t.Run(tc.name, func(t *testing.T) {
			made, export := tracer(t, tracing.Sampler{Ratio: 1, Parents: true})
			w := open(t, options{tracer: made, trusted: tc.trusted})
			r := httptest.NewRequest(http.MethodGet, base+"/", nil)
			r.RemoteAddr = "192.0.2.7:1234"
			r.Header.Set("Traceparent", tc.header)
			w.Handler().ServeHTTP(httptest.NewRecorder(), r)
			got := export()
			if len(got) != 1 || (got[0].Trace == "0af7651916cd43dd8448eb211c80319c") != tc.want || (got[0].Parent == "b7ad6b7169203331") != tc.want {
				t.Errorf("spans = %+v, want one within the proxy's trace: %t", got, tc.want)
			}
		})
	}
}

// TestNobodySwitchesTracingOn: where parents decide, a stranger who sends one decides nothing.
func TestNobodySwitchesTracingOn(t *testing.T) {
	made, export := tracer(t, tracing.Sampler{Parents: true})
	w := open(t, options{tracer: made})
	w.browser().do(http.MethodGet, "/", "Traceparent", theirs)
	if got := export(); len(got) > 0 {
		t.Errorf("spans = %+v, want none", got)
	}
	if strings.Contains(w.log.String(), "trace_id") {
		t.Error("a line of the log names a trace that nobody exports")
	}
}

func TestAnErrorOfOursFailsItsSpan(t *testing.T) {
	made, export := tracer(t, tracing.Sampler{Ratio: 1})
	w := open(t, options{tracer: made, undiscovered: true})
	w.browser().do(http.MethodGet, "/login")
	got := export()
	failed := slices.ContainsFunc(got, func(s tracingtest.Span) bool { return s.Failed && s.Attrs["error.type"] == "503" })
	if !failed {
		t.Errorf("spans = %+v, want one that failed with 503", got)
	}
}
