package charts_test

import (
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"testing"

	"github.com/google/go-cmp/cmp"

	"chatgate/charts/charttest"
)

func open(t testing.TB) *charttest.Chart { return charttest.Open(t, "chatgate") }

// each runs a test on every scenario as helm renders it.
func each(t *testing.T, test func(t *testing.T, objects []charttest.Object)) {
	t.Helper()
	chart := open(t)
	for _, scenario := range chart.Scenarios(t) {
		t.Run(scenario, func(t *testing.T) {
			t.Parallel()
			test(t, chart.Scenario(t, scenario))
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
