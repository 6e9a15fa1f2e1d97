package main

import (
	"flag"
	"fmt"
	"maps"
	"net/http"
	"net/http/httptest"
	"os"
	"slices"
	"strings"
	"testing"

	dto "github.com/prometheus/client_model/go"
	"github.com/prometheus/common/expfmt"
	"github.com/prometheus/common/model"

	"chatgate/cmd/internal/app"
	"chatgate/gateway/chat/rocketchat/rocketchattest"
	"chatgate/oidc/oidctest"
	"chatgate/store/storetest/redistest"
)

var update = flag.Bool("update", false, "write what is generated from the live /metrics into the documents")

// exported is what gateways export: metrics by name, each with its type, its help and the values of its labels.
type exported map[string]*exportedMetric

type exportedMetric struct {
	kind, help string
	labels     map[string]map[string]bool
}

// everyMetric is what is exported by a gateway that has lived: people came in and were refused, the provider, the chat and
// the store were away, and the configuration switches on what has metrics of its own.
func everyMetric(t *testing.T) exported {
	t.Helper()
	redis := redistest.Start(t)
	w := start(t, worldConfig{Redis: redis.Addr, Providers: withRefreshTokens})
	found := exported{}
	live(t, w)
	eventually(t, "the store, the provider and the chat were looked at", func() bool {
		found.read(t, w.visitor(t).send(http.MethodGet, w.Addresses().Admin+"/metrics", "").body)
		return len(found["chatgate_dependency_up"].labels["kind"]) == 3 && found["chatgate_store_memory_bytes"] != nil
	})
	redis.Stop()
	w.visitor(t).send(http.MethodGet, w.Addresses().Gateway+"/login", "")
	found.read(t, w.visitor(t).send(http.MethodGet, w.Addresses().Admin+"/metrics", "").body)
	redis.Restart(t)
	found.read(t, withEverySwitch(t, w))
	return found
}

// live has happen what metrics count.
func live(t *testing.T, w *world) {
	t.Helper()
	v := w.visitor(t)
	v.rocketChatToken()
	v.signIn("/login", "ada")
	for range 2 {
		if got := v.rocketChatToken(); got.status != http.StatusOK {
			t.Fatalf("Rocket.Chat's token = %d %s", got.status, got.body)
		}
		v.talkToken()
	}
	w.RocketChat.SetFaults(rocketchattest.Faults{Down: true})
	bob := w.visitor(t)
	bob.signIn("/login", "bob")
	if got := bob.rocketChatToken(); got.status != http.StatusServiceUnavailable {
		t.Fatalf("with Rocket.Chat down the token call = %d", got.status)
	}
	w.RocketChat.SetFaults(rocketchattest.Faults{})
	w.Provider.Set(func(f *oidctest.Faults) {
		f.Answers = map[string]http.HandlerFunc{oidctest.PathToken: oidctest.Status(http.StatusBadGateway)}
	})
	begun := bob.send(http.MethodGet, w.Addresses().Gateway+"/login?prompt=login", "")
	if back, err := w.Provider.SignIn(bob.client, begun.header.Get("Location"), "bob", "bob"); err == nil {
		bob.open(back.String())
	}
	w.Provider.Set(func(f *oidctest.Faults) { f.Answers = nil })
	gateway := w.Addresses().Gateway
	v.send(http.MethodPost, gateway+"/logout", "", "Origin", gateway)
}

// withEverySwitch is what a gateway exports besides that serves HTTPS itself and has its traces collected.
func withEverySwitch(t *testing.T, w *world) string {
	t.Helper()
	t.Setenv("OTEL_EXPORTER_OTLP_ENDPOINT", "http://127.0.0.1:9") // a gateway that is opened alone sends nothing
	config := strings.Replace(w.config, "listen: {drain: 0s}", "listen: {tls: {certificate: tls.crt, key: tls.key}}", 1)
	loaded, err := app.Parse("demo.yaml", []byte(config), app.Chats(), nil)
	if err != nil {
		t.Fatal(err)
	}
	a, err := app.Open(loaded.Config, app.Lends{Log: forgetfulLog(), Transport: w.transport})
	if err != nil {
		t.Fatal(err)
	}
	recorder := httptest.NewRecorder()
	a.Server().Admin().ServeHTTP(recorder, httptest.NewRequest(http.MethodGet, "/metrics", nil))
	return recorder.Body.String()
}

// read takes the text of a /metrics. A histogram is the three series that queries name, a metric without any series nothing.
func (e exported) read(t *testing.T, text string) {
	t.Helper()
	parser := expfmt.NewTextParser(model.UTF8Validation)
	families, err := parser.TextToMetricFamilies(strings.NewReader(text))
	if err != nil {
		t.Fatal(err)
	}
	for name, family := range families {
		names := []string{name}
		if family.GetType() == dto.MetricType_HISTOGRAM {
			names = []string{name, name + "_bucket", name + "_count", name + "_sum"}
		}
		for _, name := range names {
			if e[name] == nil {
				e[name] = &exportedMetric{kind: strings.ToLower(family.GetType().String()), help: family.GetHelp(), labels: map[string]map[string]bool{}}
			}
			for _, m := range family.GetMetric() {
				for _, l := range m.GetLabel() {
					e[name].add(l.GetName(), l.GetValue())
				}
			}
			if strings.HasSuffix(name, "_bucket") {
				e[name].add("le", "")
			}
		}
	}
}

func (m *exportedMetric) add(label, value string) {
	if m.labels[label] == nil {
		m.labels[label] = map[string]bool{}
	}
	m.labels[label][value] = true
}

// ours are the names of the metrics that are chatgate's own, without the series of histograms.
func (e exported) ours() []string {
	return slices.DeleteFunc(slices.Sorted(maps.Keys(e)), func(name string) bool {
		return !strings.HasPrefix(name, "chatgate_") || e[name].kind == "histogram" && !strings.HasSuffix(name, "_seconds")
	})
}

const operatorGuide = "../../gateway/README.md"

// table is the list of metrics in the operator's guide.
func (e exported) table() string {
	var out strings.Builder
	out.WriteString("| metric | type | labels | tells |\n|---|---|---|---|\n")
	for _, name := range e.ours() {
		m := e[name]
		labels := "`" + strings.Join(slices.Sorted(maps.Keys(m.labels)), "` `") + "`"
		if len(m.labels) == 0 {
			labels = ""
		}
		fmt.Fprintf(&out, "| `%s` | %s | %s | %s |\n", name, m.kind, labels, m.help)
	}
	return out.String()
}

// region is the part of a document between two marks, which stay.
func region(t *testing.T, document, begin, end string) (before, inside, after string) {
	t.Helper()
	before, rest, ok := strings.Cut(document, begin+"\n")
	inside, after, closed := strings.Cut(rest, end)
	if !ok || !closed {
		t.Fatalf("%s has no part between %s and %s", operatorGuide, begin, end)
	}
	return before + begin + "\n", inside, end + after
}

// The word: a metric or alert that names something the binary does not export fails.
func TestWhatIsWatchedIsExported(t *testing.T) { // H33
	found := everyMetric(t)
	t.Run("the table of metrics is that of the live ones", func(t *testing.T) { found.checkTable(t) })
	t.Run("alerts name what is exported", func(t *testing.T) {
		for _, a := range readAlerts(t) {
			found.check(t, "alert "+a.Alert, a.Expr, a.Annotations["description"])
		}
	})
	t.Run("the dashboard names what is exported", func(t *testing.T) {
		for _, q := range readDashboard(t) {
			found.check(t, "panel "+q.panel, q.expr, q.legend)
		}
	})
	t.Run("the guide names what is exported", func(t *testing.T) { found.checkWords(t, readFile(t, operatorGuide)) })
}

func (e exported) checkTable(t *testing.T) {
	t.Helper()
	document := readFile(t, operatorGuide)
	before, inside, after := region(t, document, "<!-- metrics: written by go test ./cmd/chatgate-demo -run TestWhatIsWatchedIsExported -update -->", "<!-- end of metrics -->")
	want := "\n" + e.table() + "\n"
	if *update {
		if err := os.WriteFile(operatorGuide, []byte(before+want+after), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	if inside != want {
		t.Errorf("the table in %s is not of the metrics that are exported: go test ./cmd/chatgate-demo -run %s -update\n%s",
			operatorGuide, "TestWhatIsWatchedIsExported", e.table())
	}
}

func readFile(t *testing.T, path string) string {
	t.Helper()
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}
