package tracing_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"chatgate/gateway/tracing"
	"chatgate/gateway/tracing/tracingtest"
)

// traced is a tracer with its collector.
type traced struct {
	*tracing.Tracer
	collector *tracingtest.Collector
	log       *bytes.Buffer
	mu        sync.Mutex
	counted   map[string]int
	changed   chan struct{} // something was counted
	paused    atomic.Int64
}

func open(t *testing.T, cfg tracing.Config, answer func() int) *traced {
	t.Helper()
	w := &traced{collector: &tracingtest.Collector{Answer: answer}, log: &bytes.Buffer{}, counted: map[string]int{}, changed: make(chan struct{}, 1)}
	server := httptest.NewServer(w.collector)
	t.Cleanup(server.Close)
	if cfg.Endpoint == "" {
		cfg.Endpoint = server.URL + "/v1/traces"
	}
	if cfg.Delay == 0 {
		cfg.Delay = time.Hour // spans leave when a batch is together, or at the end
	}
	cfg.Log = slog.New(slog.NewJSONHandler(w.log, nil))
	cfg.Count = func(result string, spans int) {
		w.mu.Lock()
		defer w.mu.Unlock()
		w.counted[result] += spans
		select {
		case w.changed <- struct{}{}:
		default:
		}
	}
	cfg.Pause = func(context.Context, time.Duration) { w.paused.Add(1) }
	var err error
	if w.Tracer, err = tracing.New(cfg); err != nil {
		t.Fatal(err)
	}
	return w
}

// finish exports what there is: Run with a context that has ended.
func (w *traced) finish(t *testing.T) []tracingtest.Span {
	t.Helper()
	ctx, stop := context.WithCancel(context.Background())
	stop()
	if err := w.Run(ctx); err != nil {
		t.Errorf("Run() = %v", err)
	}
	return w.collector.Spans()
}

var always = tracing.Sampler{Ratio: 1, Parents: true}

func TestSpansOfARequestBelongTogether(t *testing.T) {
	w := open(t, tracing.Config{Sampler: always, Version: "1.2.3", Headers: tracing.Headers{"X-Key": "k"}}, nil)
	ctx, request := w.Start(t.Context(), tracing.Served, "GET /talk/token")
	id := tracing.ID(ctx)
	inner, call := w.Start(ctx, tracing.Called, "provider", tracing.String("provider", "corp"))
	w.Record(inner, tracing.Called, "redis get", 3*time.Millisecond, "", tracing.Int("n", 1))
	w.Record(t.Context(), tracing.Called, "redis get", time.Millisecond, "") // nobody's
	call.Fail("timeout")
	call.End()
	request.Name("GET /talk/user")
	request.End()
	var got []tracingtest.Span
	for _, s := range w.finish(t) {
		if s.Trace != id || s.ID == "" {
			t.Errorf("%s has trace %q and id %q, want trace %q", s.Name, s.Trace, s.ID, id)
		}
		got = append(got, s)
	}
	if len(got) != 3 {
		t.Fatalf("%d spans arrived, want 3", len(got))
	}
	if got[0].Parent != got[1].ID || got[1].Parent != got[2].ID || got[2].Parent != "" || got[0].Took < 3*time.Millisecond {
		t.Errorf("the spans do not stand within each other: %+v", got)
	}
	for i := range got {
		got[i].Trace, got[i].ID, got[i].Parent, got[i].Took = "", "", "", 0
	}
	want := []tracingtest.Span{
		{Name: "redis get", Kind: "CLIENT", Attrs: map[string]string{"n": "1"}},
		{Name: "provider", Kind: "CLIENT", Failed: true, Attrs: map[string]string{"provider": "corp", "error.type": "timeout"}},
		{Name: "GET /talk/user", Kind: "SERVER", Attrs: map[string]string{}},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("spans (-want +got):\n%s", diff)
	}
	resource := w.collector.Resource()
	if resource["service.name"] != "chatgate" || resource["service.version"] != "1.2.3" || resource["service.instance.id"] == "" {
		t.Errorf("resource = %v", resource)
	}
	if sent := w.collector.Exports()[0]; sent.Get("X-Key") != "k" {
		t.Errorf("headers = %v, want the configured one among them", sent)
	}
}

func TestNothingIsDoneWithoutATracer(t *testing.T) {
	var none *tracing.Tracer
	ctx, span := none.Start(t.Context(), tracing.Served, "GET /")
	none.Record(ctx, tracing.Called, "redis get", 0, "")
	span.Name("x")
	span.Set(tracing.Int("n", 1))
	span.Fail("x")
	span.End()
	if ctx != t.Context() || tracing.ID(ctx) != "" {
		t.Error("a tracer that is not there changes the context")
	}
	base := http.DefaultTransport
	if none.Transport(base, nil) != base {
		t.Error("a tracer that is not there stands between a caller and its transport")
	}
	if cost := testing.AllocsPerRun(100, func() {
		_, s := none.Start(ctx, tracing.Served, "GET /")
		none.Record(ctx, tracing.Called, "redis get", 0, "")
		s.End()
	}); cost != 0 {
		t.Errorf("a tracer that is not there costs %.0f allocations", cost)
	}
}

func TestAParentIsContinuedOnlyIfItIsOne(t *testing.T) {
	const good = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"
	for _, tc := range []struct {
		name, header string
		want         string // the trace that is continued
	}{
		{"a header", good, "0af7651916cd43dd8448eb211c80319c"},
		{"one of a later version", "01" + good[2:] + "-more", "0af7651916cd43dd8448eb211c80319c"},
		{"none", "", ""},
		{"another version than there can be", "ff" + good[2:], ""},
		{"more than there may be", good + "-more", ""},
		{"capitals", strings.ToUpper(good), ""},
		{"no trace", "00-00000000000000000000000000000000-b7ad6b7169203331-01", ""},
		{"no span", "00-0af7651916cd43dd8448eb211c80319c-0000000000000000-01", ""},
		{"a short trace", "00-0af7651916cd43dd8448eb211c8031-b7ad6b7169203331-01", ""},
		{"no number", "00-0af7651916cd43dd8448eb211c80319x-b7ad6b7169203331-01", ""},
		{"long flags", "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-0101", ""},
		{"a line", strings.Repeat("-", 10000), ""},
	} {
		t.Run(tc.name, func(t *testing.T) {
			if got := tracing.ID(tracing.Continue(t.Context(), tc.header)); got != tc.want {
				t.Errorf("Continue(%q) is within %q, want %q", tc.header, got, tc.want)
			}
		})
	}
}

func TestSamplersDecide(t *testing.T) {
	const on, off = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01", "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-00"
	const few = "00-0af7651916cd43dd0000eb211c80319c-b7ad6b7169203331-00" // among the first in every ratio
	for _, tc := range []struct {
		name    string
		sampler tracing.Sampler
		parent  string
		want    bool
	}{
		{"always, at the beginning", tracing.Sampler{Ratio: 1}, "", true},
		{"never, at the beginning", tracing.Sampler{}, "", false},
		{"always, whatever the parent says", tracing.Sampler{Ratio: 1}, off, true},
		{"never, whatever the parent says", tracing.Sampler{}, on, false},
		{"as the parent, which does", tracing.Sampler{Parents: true}, on, true},
		{"as the parent, which does not", tracing.Sampler{Ratio: 1, Parents: true}, off, false},
		{"a half, of which this is none", tracing.Sampler{Ratio: 0.5}, on, false},
		{"a thousandth, of which this is one", tracing.Sampler{Ratio: 0.001}, few, true},
	} {
		t.Run(tc.name, func(t *testing.T) {
			w := open(t, tracing.Config{Sampler: tc.sampler}, nil)
			ctx, span := w.Start(tracing.Continue(t.Context(), tc.parent), tracing.Served, "outer")
			_, inner := w.Start(ctx, tracing.Internal, "inner")
			w.Record(ctx, tracing.Called, "redis get", 0, "")
			inner.End()
			span.End()
			want := 0
			if tc.want {
				want = 3
			}
			if got := w.finish(t); len(got) != want || (tracing.ID(ctx) != "") != tc.want {
				t.Errorf("%d spans arrived, want %d; the id is %q", len(got), want, tracing.ID(ctx))
			}
		})
	}
}

func TestARatioIsKept(t *testing.T) {
	const few = "00-0af7651916cd43dd0000eb211c80319c-b7ad6b7169203331-01" // among the first in every ratio, and exported
	for _, tc := range []struct {
		name    string
		sampler tracing.Sampler
		parent  string
	}{
		{"at the beginning", tracing.Sampler{Ratio: 0.25}, ""},
		{"of what a stranger asks for", tracing.Sampler{Ratio: 0.25, Parents: true}, few},
	} {
		t.Run(tc.name, func(t *testing.T) {
			w := open(t, tracing.Config{Sampler: tc.sampler}, nil)
			sampled := 0
			for range 4000 {
				ctx, _ := w.Start(tracing.Continue(t.Context(), tc.parent), tracing.Served, "x")
				if tracing.ID(ctx) != "" {
					sampled++
				}
			}
			if sampled < 800 || sampled > 1200 {
				t.Errorf("%d of 4000 traces are sampled, want about 1000", sampled)
			}
		})
	}
}

func TestWhatCannotBeEncodedIsNotTriedAgain(t *testing.T) {
	w := open(t, tracing.Config{Sampler: always, Batch: 2, Resource: map[string]string{"a": "\xff"}}, nil)
	ctx, stop := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() { ended <- w.Run(ctx) }()
	w.spans(t, 2)
	<-w.changed
	stop()
	if err := <-ended; err != nil || w.counted[tracing.Dropped] != 2 || w.paused.Load() != 0 {
		t.Errorf("Run() = %v; counted %v after %d pauses, want two dropped after none", err, w.counted, w.paused.Load())
	}
}

// spans makes so many.
func (w *traced) spans(t *testing.T, n int) {
	t.Helper()
	for range n {
		_, s := w.Start(t.Context(), tracing.Internal, "x")
		s.End()
	}
}

func TestACollectorThatIsAwayFillsNothingAndIsToldOnce(t *testing.T) {
	w := open(t, tracing.Config{Sampler: always, Endpoint: "http://127.0.0.1:1/v1/traces", Queue: 100, Batch: 10}, nil)
	w.spans(t, 1000)
	w.finish(t)
	if diff := cmp.Diff(map[string]int{tracing.Dropped: 1000}, w.counted); diff != "" {
		t.Errorf("counted (-want +got):\n%s", diff)
	}
	if told := strings.Count(w.log.String(), "traces not exported"); told != 1 {
		t.Errorf("the log tells %d times, want once:\n%s", told, w.log)
	}
}

func TestRunInsistsWhereThatMayHelp(t *testing.T) {
	for _, tc := range []struct {
		name     string
		answers  []int
		exported bool
		pauses   int64
		told     int
	}{
		{"all is well", []int{200}, true, 0, 0},
		{"the collector is busy", []int{503, 429, 200}, true, 2, 1},
		{"the collector stays busy", []int{502, 502, 504, 503, 503}, false, 4, 1},
		{"the collector refuses", []int{400}, false, 0, 1},
		{"the collector redirects", []int{307}, false, 0, 1},
		{"the collector does not know us", []int{401}, false, 0, 1},
	} {
		t.Run(tc.name, func(t *testing.T) {
			var asked atomic.Int64
			w := open(t, tracing.Config{Sampler: always, Batch: 2}, func() int {
				return tc.answers[min(int(asked.Add(1)), len(tc.answers))-1]
			})
			ctx, stop := context.WithCancel(context.Background())
			ended := make(chan error, 1)
			go func() { ended <- w.Run(ctx) }()
			w.spans(t, 2)
			<-w.changed
			stop()
			if err := <-ended; err != nil {
				t.Errorf("Run() = %v", err)
			}
			if got := w.counted[tracing.Exported] == 2; got != tc.exported || w.paused.Load() != tc.pauses {
				t.Errorf("counted %v after %d pauses, want exported %t after %d", w.counted, w.paused.Load(), tc.exported, tc.pauses)
			}
			if told := strings.Count(w.log.String(), "traces not exported"); told != tc.told {
				t.Errorf("the log tells %d times, want %d:\n%s", told, tc.told, w.log)
			}
			if tc.exported && tc.told > 0 && !strings.Contains(w.log.String(), "traces exported again") {
				t.Errorf("the log does not say that all is well again:\n%s", w.log)
			}
		})
	}
}

func TestWhatIsPackedIsUnpacked(t *testing.T) {
	w := open(t, tracing.Config{Sampler: always, Gzip: true}, nil)
	w.spans(t, 3)
	if got := w.finish(t); len(got) != 3 || w.collector.Exports()[0].Get("Content-Encoding") != "gzip" {
		t.Errorf("%d spans arrived with %v, want 3 in gzip", len(got), w.collector.Exports()[0])
	}
}

func TestNoHeaderIsShown(t *testing.T) {
	cfg := tracing.Config{Headers: tracing.Headers{"Authorization": "s3cret"}}
	var log bytes.Buffer
	slog.New(slog.NewJSONHandler(&log, nil)).Info("x", "headers", cfg.Headers)
	for _, text := range []string{fmt.Sprint(cfg), fmt.Sprintf("%+v", cfg), fmt.Sprintf("%#v", cfg), log.String()} {
		if strings.Contains(text, "s3cret") {
			t.Errorf("a header is shown in %s", text)
		}
	}
}

// answers is a network that answers with a status, or not at all.
type answers struct {
	status int
	err    error
	asked  *http.Request
}

func (a *answers) RoundTrip(r *http.Request) (*http.Response, error) {
	a.asked = r
	if a.err != nil {
		return nil, a.err
	}
	return &http.Response{StatusCode: a.status, Body: http.NoBody}, nil
}

type timeout struct{ error }

func (timeout) Timeout() bool   { return true }
func (timeout) Temporary() bool { return true }

func TestCallsAreRecordedAndTellNobody(t *testing.T) {
	for _, tc := range []struct {
		name    string
		answers *answers
		want    map[string]string
		failed  bool
	}{
		{"an answer", &answers{status: 200}, map[string]string{"http.response.status_code": "200"}, false},
		{"a refusal", &answers{status: 401}, map[string]string{"http.response.status_code": "401", "error.type": "401"}, true},
		{"nobody there", &answers{err: errors.New("dial secret.example.org: refused")}, map[string]string{"error.type": "unreachable"}, true},
		{"nobody in time", &answers{err: timeout{errors.New("x")}}, map[string]string{"error.type": "timeout"}, true},
		{"nobody in our time", &answers{err: context.DeadlineExceeded}, map[string]string{"error.type": "timeout"}, true},
		{"a caller that left", &answers{err: context.Canceled}, map[string]string{"error.type": "cancelled"}, true},
	} {
		t.Run(tc.name, func(t *testing.T) {
			w := open(t, tracing.Config{Sampler: always}, nil)
			calls := w.Transport(tc.answers, func(*http.Request) string { return "chat rocketchat" }, tracing.String("chat", "rocketchat"))
			r := httptest.NewRequestWithContext(t.Context(), http.MethodPost, "https://secret.example.org/api?token=x", http.NoBody)
			response, err := calls.RoundTrip(r)
			if !errors.Is(err, tc.answers.err) {
				t.Errorf("RoundTrip() = %v, want %v", err, tc.answers.err)
			}
			if err == nil {
				_ = response.Body.Close()
			}
			if len(tc.answers.asked.Header) != 0 {
				t.Errorf("the call carries %v, want nothing of ours", tc.answers.asked.Header)
			}
			tc.want["chat"], tc.want["http.request.method"] = "rocketchat", http.MethodPost
			got := w.finish(t)
			if len(got) != 1 || got[0].Failed != tc.failed || got[0].Name != "chat rocketchat" || got[0].Kind != "CLIENT" {
				t.Fatalf("spans = %+v", got)
			}
			if diff := cmp.Diff(tc.want, got[0].Attrs); diff != "" {
				t.Errorf("attributes (-want +got):\n%s", diff)
			}
		})
	}
}

func TestAnEndpointIsNeeded(t *testing.T) {
	if _, err := tracing.New(tracing.Config{}); err == nil {
		t.Error("New() has no objection")
	}
}
