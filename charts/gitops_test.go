package charts_test

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"chatgate/charts/charttest"
)

// What the README gives to Argo CD and Flux names this chart at this version, and Argo CD's values render (H12).
func TestGitOpsExamplesRender(t *testing.T) {
	chart := open(t)
	version := charttest.Parse(t, string(read(t, "Chart.yaml")))[0].Text("version")
	examples := gitOpsExamples(t)

	source := examples["Application"].Fields("spec", "source")
	if got, want := "oci://"+source.Text("repoURL")+"/"+source.Text("chart"), examples["OCIRepository"].Text("spec", "url"); got != want {
		t.Errorf("Argo CD takes the chart from %s and Flux from %s", got, want)
	}
	for from, got := range map[string]string{
		"Argo CD": source.Text("targetRevision"), "Flux": examples["OCIRepository"].Text("spec", "ref", "tag"),
	} {
		if got != version {
			t.Errorf("%s takes version %s of the chart, want %s", from, got, version)
		}
	}
	if got, want := examples["HelmRelease"].Text("spec", "chartRef", "name"), examples["OCIRepository"].Text("metadata", "name"); got != want {
		t.Errorf("Flux's release takes the chart of %q, want %q", got, want)
	}

	values, err := json.Marshal(source.At("helm", "valuesObject")) // which is YAML too
	if err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(t.TempDir(), "values.yaml")
	if err := os.WriteFile(file, values, 0o600); err != nil {
		t.Fatal(err)
	}
	if deployments := charttest.Of(chart.Install(t, "--values", file).Objects, "Deployment"); len(deployments) != 1 {
		t.Errorf("Argo CD's values render %d Deployments, want 1", len(deployments))
	}
}

// gitOpsExamples are the objects in the README's section GitOps, by kind.
func gitOpsExamples(t *testing.T) map[string]charttest.Object {
	t.Helper()
	_, section, _ := strings.Cut(string(read(t, "README.md")), "\n## GitOps\n")
	section, _, _ = strings.Cut(section, "\n## ")
	found := map[string]charttest.Object{}
	for i, part := range strings.Split(section, "```") {
		if text, isYAML := strings.CutPrefix(part, "yaml\n"); isYAML && i%2 == 1 {
			for _, object := range charttest.Parse(t, text) {
				found[object.Kind()] = object
			}
		}
	}
	return found
}
