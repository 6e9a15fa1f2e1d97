package main

import (
	"encoding/json"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/VictoriaMetrics/metricsql"
	"github.com/goccy/go-yaml"
)

const (
	alertsFile    = "../../charts/chatgate/files/alerts.yaml"
	dashboardFile = "../../charts/chatgate/files/dashboard.json"
)

// alert is a rule as Prometheus reads it.
type alert struct {
	Alert       string            `yaml:"alert"`
	Expr        string            `yaml:"expr"`
	For         string            `yaml:"for"`
	Labels      map[string]string `yaml:"labels"`
	Annotations map[string]string `yaml:"annotations"`
}

func readAlerts(t *testing.T) []alert {
	t.Helper()
	var file struct {
		Groups []struct {
			Name  string  `yaml:"name"`
			Rules []alert `yaml:"rules"`
		} `yaml:"groups"`
	}
	if err := yaml.UnmarshalWithOptions([]byte(readFile(t, alertsFile)), &file, yaml.Strict()); err != nil {
		t.Fatal(err)
	}
	var all []alert
	for _, g := range file.Groups {
		all = append(all, g.Rules...)
	}
	if len(all) == 0 {
		t.Fatalf("%s has no alert", alertsFile)
	}
	return all
}

// query is what one line of a panel asks.
type query struct{ panel, expr, legend string }

func readDashboard(t *testing.T) []query {
	t.Helper()
	var file struct {
		Panels []struct {
			Title   string `json:"title"`
			Type    string `json:"type"`
			Targets []struct {
				Expr         string `json:"expr"`
				LegendFormat string `json:"legendFormat"`
			} `json:"targets"`
		} `json:"panels"`
		Templating struct {
			List []struct {
				Name       string `json:"name"`
				Type       string `json:"type"`
				Definition string `json:"definition"`
			} `json:"list"`
		} `json:"templating"`
	}
	if err := json.Unmarshal([]byte(readFile(t, dashboardFile)), &file); err != nil {
		t.Fatal(err)
	}
	var all []query
	for _, p := range file.Panels {
		if p.Type != "row" && len(p.Targets) == 0 {
			t.Errorf("panel %q asks nothing", p.Title)
		}
		for _, q := range p.Targets {
			all = append(all, query{p.Title, filled(q.Expr), q.LegendFormat})
		}
	}
	for _, v := range file.Templating.List {
		if v.Type == "query" {
			asked := regexp.MustCompile(`^label_values\((.+), (\w+)\)$`).FindStringSubmatch(v.Definition)
			if asked == nil {
				t.Errorf("variable %s is no list of a label's values: %s", v.Name, v.Definition)
				continue
			}
			all = append(all, query{"variable " + v.Name, filled(asked[1]), "{{" + asked[2] + "}}"})
		}
	}
	return all
}

// filled has values in the place of Grafana's variables.
func filled(expr string) string {
	return strings.NewReplacer("$__rate_interval", "5m", "$namespace", ".*", "$job", ".*", "$instance", ".*").Replace(expr)
}

// targetLabels are those that Prometheus adds to what it scrapes.
var targetLabels = []string{"namespace", "job", "instance"}

// check parses a query, and looks whether everything is exported that it names: the metrics, the labels and the values that
// it picks or leaves out. The words beside it may use labels of the result.
func (e exported) check(t *testing.T, where, expr, words string) {
	t.Helper()
	parsed, err := metricsql.Parse(expr)
	if err != nil {
		t.Errorf("%s: %v", where, err)
		return
	}
	known := map[string]bool{}
	metricsql.VisitAll(parsed, func(part metricsql.Expr) {
		switch part := part.(type) {
		case *metricsql.MetricExpr:
			maps.Copy(known, e.checkSelector(t, where, part))
		case *metricsql.AggrFuncExpr:
			e.checkGrouping(t, where, part)
		}
	})
	for _, m := range regexp.MustCompile(`\$labels\.(\w+)|\{\{(\w+)\}\}`).FindAllStringSubmatch(words, -1) {
		if label := m[1] + m[2]; !known[label] && !slices.Contains(targetLabels, label) {
			t.Errorf("%s: its words use the label %s, which none of its metrics has", where, label)
		}
	}
}

// checkSelector returns the labels of the metric.
func (e exported) checkSelector(t *testing.T, where string, s *metricsql.MetricExpr) map[string]bool {
	t.Helper()
	labels := map[string]bool{}
	for _, filters := range s.LabelFilterss {
		if len(filters) == 0 || filters[0].Label != "__name__" || filters[0].IsRegexp || filters[0].IsNegative {
			t.Errorf("%s: %s does not begin with the name of a metric", where, s.AppendString(nil))
			continue
		}
		name := filters[0].Value
		m, ok := e[name]
		if !ok || m.kind == "histogram" && !regexp.MustCompile(`_(bucket|count|sum)$`).MatchString(name) {
			t.Errorf("%s: %s is not exported", where, name)
			continue
		}
		for label := range m.labels {
			labels[label] = true
		}
		for _, f := range filters[1:] {
			m.checkFilter(t, where+": "+name, f)
		}
	}
	return labels
}

func (m *exportedMetric) checkFilter(t *testing.T, where string, f metricsql.LabelFilter) {
	t.Helper()
	if slices.Contains(targetLabels, f.Label) {
		return
	}
	values, ok := m.labels[f.Label]
	if !ok {
		t.Errorf("%s has no label %s", where, f.Label)
		return
	}
	wanted := []string{regexp.QuoteMeta(f.Value)}
	if f.IsRegexp {
		wanted = strings.Split(f.Value, "|")
	}
	for _, value := range wanted {
		exact, err := regexp.Compile("^(?:" + value + ")$")
		if err != nil {
			t.Errorf("%s: %s: %v", where, f.Label, err)
			continue
		}
		if !slices.ContainsFunc(slices.Collect(maps.Keys(values)), exact.MatchString) {
			t.Errorf("%s: no series has %s=%q; there are %q", where, f.Label, value, slices.Sorted(maps.Keys(values)))
		}
	}
}

// checkGrouping looks whether every metric below has each label that is grouped by.
func (e exported) checkGrouping(t *testing.T, where string, a *metricsql.AggrFuncExpr) {
	t.Helper()
	metricsql.VisitAll(a, func(part metricsql.Expr) {
		s, ok := part.(*metricsql.MetricExpr)
		if !ok || len(s.LabelFilterss) == 0 || e[s.LabelFilterss[0][0].Value] == nil {
			return
		}
		name := s.LabelFilterss[0][0].Value
		for _, label := range a.Modifier.Args {
			if !slices.Contains(targetLabels, label) && e[name].labels[label] == nil {
				t.Errorf("%s: groups %s by %s, a label that it does not have", where, name, label)
			}
		}
	})
}

// checkWords finds names of metrics in prose.
func (e exported) checkWords(t *testing.T, text string) {
	t.Helper()
	for _, name := range regexp.MustCompile(`chatgate_[a-z_]+`).FindAllString(text, -1) {
		if e[name] == nil {
			t.Errorf("%s is named and not exported", name)
		}
	}
}

// Every alert leads to a section of the guide of its name, and every such section is an alert's.
func TestEveryAlertSaysWhatToDo(t *testing.T) { // H33
	guide := readFile(t, operatorGuide)
	_, alerts, ok := strings.Cut(guide, "\n## Alerts\n")
	if !ok {
		t.Fatalf("%s has no section Alerts", operatorGuide)
	}
	alerts, _, _ = strings.Cut(alerts, "\n## ")
	var told []string
	for _, m := range regexp.MustCompile(`(?m)^### (\w+)$`).FindAllStringSubmatch(alerts, -1) {
		told = append(told, m[1])
	}
	for _, a := range readAlerts(t) {
		where := slices.Index(told, a.Alert)
		if where < 0 {
			t.Errorf("%s has no section in %s", a.Alert, operatorGuide)
			continue
		}
		told = slices.Delete(told, where, where+1)
		if want := "https://github.com/chatgate/chatgate/blob/main/gateway/README.md#" + strings.ToLower(a.Alert); a.Annotations["runbook_url"] != want {
			t.Errorf("%s: runbook_url = %q, want %q", a.Alert, a.Annotations["runbook_url"], want)
		}
		if a.Annotations["summary"] == "" || a.Annotations["description"] == "" || !slices.Contains([]string{"critical", "warning"}, a.Labels["severity"]) {
			t.Errorf("%s: %v, severity %q; want a summary, a description and critical or warning", a.Alert, a.Annotations, a.Labels["severity"])
		}
	}
	if len(told) > 0 {
		t.Errorf("sections of alerts that there are not: %q", told)
	}
}

// promtool runs Prometheus' own tool. Where it is missing the test is skipped, save on CI.
func promtool(t *testing.T, args ...string) string {
	t.Helper()
	program, err := exec.LookPath("promtool")
	if err != nil {
		if os.Getenv("CI") == "true" {
			t.Fatal("CI without promtool: ", err)
		}
		t.Skip("no promtool on this machine: ", err)
	}
	output, err := exec.CommandContext(t.Context(), program, args...).CombinedOutput()
	if err != nil {
		t.Errorf("promtool %s: %v\n%s", strings.Join(args, " "), err, output)
	}
	return string(output)
}

// Prometheus itself reads the rules and, as rules, what the dashboard asks: our own parser knows more than it does.
func TestPrometheusReadsAlertsAndDashboard(t *testing.T) { // H33
	promtool(t, "check", "rules", alertsFile)
	type rule struct {
		Record string `yaml:"record"`
		Expr   string `yaml:"expr"`
	}
	type group struct {
		Name  string `yaml:"name"`
		Rules []rule `yaml:"rules"`
	}
	asked := group{Name: "dashboard"}
	for _, q := range readDashboard(t) {
		asked.Rules = append(asked.Rules, rule{Record: "asked", Expr: q.expr})
	}
	text, err := yaml.Marshal(map[string]any{"groups": []group{asked}})
	if err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(t.TempDir(), "dashboard.yaml")
	if err := os.WriteFile(file, text, 0o600); err != nil {
		t.Fatal(err)
	}
	promtool(t, "check", "rules", "--lint=none", file)
}

// Each alert has a case in which it fires and one in which it does not.
func TestAlertsFireWhenTheyShould(t *testing.T) { // H33
	const cases = "../../charts/chatgate/files/alerts_test.yaml"
	promtool(t, "test", "rules", cases)
	text := readFile(t, cases)
	for _, a := range readAlerts(t) {
		// Whole cases: an alert that is asked about fires with its labels, or not with an empty list.
		fires := regexp.MustCompile(`alertname: ` + a.Alert + `\n\s+exp_alerts:\n`).MatchString(text)
		silent := regexp.MustCompile(`alertname: ` + a.Alert + `\n\s+exp_alerts: \[\]`).MatchString(text)
		if !fires || !silent {
			t.Errorf("%s: a case in which it fires: %v, one in which it does not: %v", a.Alert, fires, silent)
		}
	}
}
