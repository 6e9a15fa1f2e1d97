package main

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"

	"chatgate/gateway/chat/rocketchat/rocketchattest"
	"chatgate/oidc/oidctest"
	"chatgate/store/storetest/redistest"
)

// drawing says for how long people come and go before the dashboard is looked at, and in which folder what Prometheus then
// answers is left for .ci/dashboard to draw; in none without CHATGATE_DASHBOARD.
func drawing() (drawFor time.Duration, drawTo string) {
	if drawTo = os.Getenv("CHATGATE_DASHBOARD"); drawTo == "" {
		return 4 * time.Second, ""
	}
	minutes, err := strconv.Atoi(cmp.Or(os.Getenv("CHATGATE_DASHBOARD_MINUTES"), "5"))
	if err != nil {
		minutes = 5
	}
	return time.Duration(minutes) * time.Minute, drawTo
}

// A real Prometheus scrapes a world in which people come and go, and answers everything that the dashboard asks.
func TestPrometheusAnswersTheDashboard(t *testing.T) { // H33
	w := start(t, worldConfig{Redis: redistest.Start(t).Addr, Extra: "limits: {loginStartsPerAddress: 0, callbacksPerAddress: 0}\n"})
	watching := startPrometheus(t, w.Addresses().Admin)
	began := time.Now()
	length, folder := drawing()
	comeAndGo(t, w, length)
	for _, q := range readDashboard(t) {
		if q.legend == "" && strings.HasPrefix(q.panel, "variable ") {
			continue
		}
		if _, err := watching.ask("query", url.Values{"query": {q.expr}}); err != nil {
			t.Errorf("panel %s: %v", q.panel, err)
		}
	}
	for _, series := range []string{"chatgate_logins_total", "chatgate_chat_tokens_total", "chatgate_store_operation_duration_seconds_count"} {
		answer, err := watching.ask("query", url.Values{"query": {"sum(rate(" + series + "[10s])) > 0"}})
		if err != nil || len(answer.Result) == 0 {
			t.Errorf("%s does not grow while people come and go: %v", series, err)
		}
	}
	if folder != "" {
		watching.leave(t, folder, began)
	}
}

// panelColours are what a panel gives its series: the colour of all of them, and those of the ones whose names match.
type panelColours struct {
	Title       string `json:"title"`
	FieldConfig struct {
		Defaults struct {
			Color panelColour `json:"color"`
		} `json:"defaults"`
		Overrides []struct {
			Matcher struct {
				ID      string `json:"id"`
				Options string `json:"options"`
			} `json:"matcher"`
			Properties []struct {
				ID    string      `json:"id"`
				Value panelColour `json:"value"`
			} `json:"properties"`
		} `json:"overrides"`
	} `json:"fieldConfig"`
	Targets []struct {
		LegendFormat string `json:"legendFormat"`
	} `json:"targets"`
}

type panelColour struct {
	FixedColor string `json:"fixedColor"`
}

// of is the colour of one series: the last override that matches it wins, as in Grafana.
func (p panelColours) of(series string) string {
	colour := p.FieldConfig.Defaults.Color.FixedColor
	for _, o := range p.FieldConfig.Overrides {
		if o.Matcher.ID == "byRegexp" && regexp.MustCompile(strings.Trim(o.Matcher.Options, "/")).MatchString(series) {
			colour = o.Properties[0].Value.FixedColor
		}
	}
	return colour
}

// Whoever is woken sees from the colour what is wrong: it goes by what a series means, not by its place in a list.
func TestTheDashboardColoursByMeaning(t *testing.T) { // H33
	var dashboard struct {
		Panels []panelColours `json:"panels"`
	}
	if err := json.Unmarshal([]byte(readFile(t, dashboardFile)), &dashboard); err != nil {
		t.Fatal(err)
	}
	byMeaning := map[string]map[string]string{
		"{{status}}": {"200": "green", "303": "blue", "404": "orange", "429": "orange", "503": "red"},
		"{{state}}":  {"ready": "green", "degraded": "orange", "draining": "orange", "sealing_mismatch": "red", "names_mismatch": "red"},
		"{{code}}":   {"session_required": "blue", "access_denied": "orange", "chat_unavailable": "red", "internal": "red"},
		"{{result}}": {
			"ok": "green", "signed_in": "green", "confirmed": "green", "done": "green", "cached": "green", "minted": "green",
			"signed": "green", "issued": "green", "handed_off": "green", "resumed": "green", "admin": "green",
			"ended": "blue", "session_required": "blue", "access_denied": "orange", "refused": "orange", "retried": "orange",
			"failed": "red", "too_old": "red", "unavailable": "red", "store_unavailable": "red", "provider_answer_refused": "red",
		},
	}
	met := 0
	for _, p := range dashboard.Panels {
		for _, target := range p.Targets {
			for _, what := range []string{"{{status}}", "{{state}}", "{{code}}", "{{result}}"} {
				first, ok := strings.CutSuffix(target.LegendFormat, what)
				if !ok || p.Title == "Signing keys" { // whose states are none good or bad
					continue
				}
				met++
				for word, want := range byMeaning[what] {
					if got := p.of(first + word); got != want {
						t.Errorf("%s: %q is %q, want %s", p.Title, first+word, got, want)
					}
				}
			}
		}
	}
	if met == 0 {
		t.Error("no panel tells how things end")
	}
}

// comeAndGo has a person a time sign in, use both chats and leave. When there is time for it, something goes wrong twice.
func comeAndGo(t *testing.T, w *world, length time.Duration) {
	t.Helper()
	began := time.Now()
	within := func(from, to float64) bool {
		part := float64(time.Since(began)) / float64(length)
		return from <= part && part < to
	}
	for i := 0; time.Since(began) < length; i++ {
		v := w.visitor(t)
		v.rocketChatToken()
		w.RocketChat.SetFaults(rocketchattest.Faults{Down: within(0.4, 0.5)})
		w.Provider.Set(func(f *oidctest.Faults) {
			f.Answers = nil
			if within(0.7, 0.78) {
				f.Answers = map[string]http.HandlerFunc{oidctest.PathToken: oidctest.Status(http.StatusBadGateway)}
			}
		})
		if err := v.tryToSignIn(w, []string{"ada", "bob"}[i%2]); err != nil {
			continue
		}
		for range 4 {
			v.rocketChatToken()
			v.talkToken()
		}
		if i%3 == 0 {
			gateway := w.Addresses().Gateway
			v.send(http.MethodPost, gateway+"/logout", "", "Origin", gateway)
		}
	}
}

// tryToSignIn is signIn where the provider may be in trouble.
func (v *visitor) tryToSignIn(w *world, name string) error {
	begun := v.send(http.MethodGet, w.Addresses().Gateway+"/login", "")
	back, err := w.Provider.SignIn(v.client, begun.header.Get("Location"), name, name)
	if err != nil {
		return err
	}
	if _, page := v.open(back.String()); page.status >= http.StatusBadRequest {
		return fmt.Errorf("the callback answered %d", page.status)
	}
	return nil
}

// prometheus is one of the test's own.
type prometheus struct{ base string }

// startPrometheus scrapes one target every second until the test ends. Where the program is missing the test is skipped, save
// on CI.
func startPrometheus(t *testing.T, target string) prometheus {
	t.Helper()
	program, err := exec.LookPath("prometheus")
	if err != nil {
		if os.Getenv("CI") == "true" {
			t.Fatal("CI without prometheus: ", err)
		}
		t.Skip("no prometheus on this machine: ", err)
	}
	folder, address := t.TempDir(), freeAddress(t)
	config := filepath.Join(folder, "prometheus.yaml")
	text := fmt.Sprintf(`global: {scrape_interval: 1s}
scrape_configs: [{job_name: chatgate, static_configs: [{targets: [%q], labels: {namespace: chat, instance: chatgate-0}}]}]
`, strings.TrimPrefix(target, "http://"))
	if err := os.WriteFile(config, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithCancel(context.Background())
	running := exec.CommandContext(ctx, program, "--config.file="+config, "--storage.tsdb.path="+filepath.Join(folder, "data"),
		"--web.listen-address="+address, "--log.level=error")
	running.Cancel = func() error { return running.Process.Signal(os.Interrupt) }
	if err := running.Start(); err != nil {
		stop()
		t.Fatal(err)
	}
	t.Cleanup(func() { stop(); _ = running.Wait() }) // it ends by our signal
	s := prometheus{"http://" + address}
	redistest.Eventually(t, func() error {
		answer, err := s.ask("query", url.Values{"query": {"chatgate_build_info"}})
		if err == nil && len(answer.Result) == 0 {
			err = errors.New("nothing scraped yet")
		}
		return err
	})
	return s
}

func freeAddress(t *testing.T) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = l.Close() }()
	return l.Addr().String()
}

// vector is what Prometheus finds: a series each, with its labels and its values as pairs of time and text.
type vector struct {
	ResultType string            `json:"resultType"`
	Result     []json.RawMessage `json:"result"`
}

func (s prometheus) ask(what string, query url.Values) (vector, error) {
	response, err := http.Get(s.base + "/api/v1/" + what + "?" + query.Encode())
	if err != nil {
		return vector{}, err
	}
	defer func() { _ = response.Body.Close() }()
	var body struct {
		Error string `json:"error"`
		Data  vector `json:"data"`
	}
	if err := json.NewDecoder(response.Body).Decode(&body); err != nil {
		return vector{}, err
	}
	if response.StatusCode != http.StatusOK {
		return vector{}, fmt.Errorf("%d %s", response.StatusCode, body.Error)
	}
	return body.Data, nil
}

// leave writes down what each query of the dashboard gives over the time since the world began, in the order of the queries.
func (s prometheus) leave(t *testing.T, folder string, began time.Time) {
	t.Helper()
	end := time.Now()
	type asked struct {
		Panel  string            `json:"panel"`
		Legend string            `json:"legend"`
		Result []json.RawMessage `json:"result"`
	}
	var all []asked
	for _, q := range readDashboard(t) {
		expr := strings.ReplaceAll(q.expr, "[5m]", "[15s]")
		series, err := s.ask("query_range", url.Values{
			"query": {expr}, "step": {"2"},
			"start": {strconv.FormatInt(began.Unix(), 10)}, "end": {strconv.FormatInt(end.Unix(), 10)},
		})
		if err != nil {
			t.Errorf("panel %s: %v", q.panel, err)
		}
		all = append(all, asked{q.panel, q.legend, series.Result})
	}
	text, err := json.Marshal(map[string]any{"from": began.Unix(), "to": end.Unix(), "answers": all})
	if err == nil {
		err = os.WriteFile(filepath.Join(folder, "answers.json"), text, 0o600)
	}
	if err != nil {
		t.Fatal(err)
	}
}
