package charts_test

import (
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"

	"chatgate/charts/charttest"
)

func open(t testing.TB) *charttest.Chart { return charttest.Open(t, "chatgate") }

// rendered holds what a scenario renders to, by its name: many tests look at the same objects, and none changes them.
var rendered sync.Map

// each runs a test on every scenario as helm renders it, but for the objects that are the operator's own.
func each(t *testing.T, test func(t *testing.T, objects []charttest.Object)) {
	t.Helper()
	chart := open(t)
	for _, scenario := range chart.Scenarios(t) {
		t.Run(scenario, func(t *testing.T) {
			t.Parallel()
			objects, known := rendered.Load(scenario)
			if !known {
				objects = chart.Scenario(t, scenario, "--set-json", "extraObjects=[]")
				rendered.Store(scenario, objects)
			}
			test(t, objects.([]charttest.Object))
		})
	}
}

// Argo CD and Flux render without a cluster at every sync: what differed would roll every pod (H12).
func TestAScenarioRendersTheSameTwice(t *testing.T) {
	chart := open(t)
	for _, scenario := range chart.Scenarios(t) {
		t.Run(scenario, func(t *testing.T) {
			t.Parallel()
			if diff := cmp.Diff(chart.Text(t, scenario), chart.Text(t, scenario)); diff != "" {
				t.Errorf("two renders differ:\n%s", diff)
			}
		})
	}
}

// In an action, what a template function is called with follows it.
var (
	action   = regexp.MustCompile(`(?s)\{\{-?.*?\}\}`)
	comment  = regexp.MustCompile(`^\{\{-?\s*/\*`)
	changing = regexp.MustCompile(`\b(rand[A-Z]\w*|gen[A-Z]\w*|uuidv4|lookup|now|ago|htpasswd|bcrypt|encryptAES|getHostByName)\b`)
)

func TestTemplatesAskForNothingThatChanges(t *testing.T) { // H12
	err := filepath.WalkDir(filepath.Join("chatgate", "templates"), func(path string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return err
		}
		text, err := os.ReadFile(path)
		for _, found := range action.FindAll(text, -1) {
			if name := changing.Find(found); name != nil && !comment.Match(found) {
				t.Errorf("%s calls %s: its render would differ from one time to the next\n%s", path, name, found)
			}
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
}

// The scenarios that the chart promises to keep working (H26).
func TestEveryPromisedScenarioIsThere(t *testing.T) {
	there := map[string]bool{}
	for _, scenario := range open(t).Scenarios(t) {
		there[scenario] = true
	}
	for _, want := range []string{
		"default", "full", "ha", "gateway-api", "external-secrets", "valkey", "rocketchat-only", "coral-only",
	} {
		if !there[want] {
			t.Errorf("there is no %s-values.yaml", want)
		}
	}
}

// Pods roll when what they read at start has changed, and only then (H13).
func TestPodsRollWithTheirConfiguration(t *testing.T) {
	chart := open(t)
	before := podAnnotations(t, chart, "coral-only")
	for _, changed := range []struct {
		name, set string
		rolls     bool
	}{
		{"a setting of the gateway", "config.log.level=debug", true},
		{"a secret of the chart's own", "secrets.oidc-client=another", true},
		{"an annotation of the Service", "service.annotations.note=another", false},
		{"a scrape interval", "metrics.serviceMonitor.enabled=true", false},
	} {
		t.Run(changed.name, func(t *testing.T) {
			after := podAnnotations(t, chart, "coral-only", "--set", changed.set)
			if differs := !cmp.Equal(before, after); differs != changed.rolls {
				t.Errorf("with %s the pods roll: %v, want %v", changed.set, differs, changed.rolls)
			}
		})
	}
}

// podAnnotations are those that the chart computes.
func podAnnotations(t *testing.T, chart *charttest.Chart, scenario string, args ...string) map[string]string {
	t.Helper()
	sums := map[string]string{}
	for _, deployment := range charttest.Of(chart.Scenario(t, scenario, args...), "Deployment") {
		for _, name := range []string{"checksum/config", "checksum/secret"} {
			sums[name] = deployment.Text("spec", "template", "metadata", "annotations", name)
			if sums[name] == "" {
				t.Errorf("%s: the pods have no annotation %s", deployment, name)
			}
		}
	}
	return sums
}
