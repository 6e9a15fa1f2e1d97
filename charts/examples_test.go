package charts_test

import (
	"encoding/json"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"chatgate/charts/charttest"
)

// What the README gives to Argo CD and Flux names this chart at this version, and Argo CD's values render (H12).
func TestGitOpsExamplesRender(t *testing.T) {
	chart := open(t)
	version := charttest.Parse(t, string(read(t, "Chart.yaml")))[0].Text("version")
	examples := map[string]charttest.Object{}
	for _, object := range charttest.Parse(t, strings.Join(examplesOf(t, "GitOps"), "---\n")) {
		examples[object.Kind()] = object
	}

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

// What the README says of HTTPS up to the pod renders with the certificate where the configuration looks for it (H19).
func TestPodTLSExampleRenders(t *testing.T) {
	chart := open(t)
	const certificate = "/run/tls/tls.crt"
	for _, values := range examplesOf(t, "Expose it") {
		if !strings.Contains(values, certificate) {
			continue
		}
		file := filepath.Join(t.TempDir(), "values.yaml")
		if err := os.WriteFile(file, []byte(values), 0o600); err != nil {
			t.Fatal(err)
		}
		objects := chart.Scenario(t, "default", "--values", file)
		mounts := charttest.Of(objects, "Deployment")[0].Containers()[0].List("volumeMounts")
		if !slices.ContainsFunc(mounts, func(o charttest.Object) bool { return o.Text("mountPath") == filepath.Dir(certificate) }) {
			t.Errorf("nothing is mounted at %s: %v", filepath.Dir(certificate), mounts)
		}
		return
	}
	t.Fatalf("the README has no example with %s", certificate)
}

// examplesOf are the YAML blocks in a section of the README.
func examplesOf(t *testing.T, heading string) (texts []string) {
	t.Helper()
	_, section, _ := strings.Cut(string(read(t, "README.md")), "\n## "+heading+"\n")
	section, _, _ = strings.Cut(section, "\n## ")
	for i, part := range strings.Split(section, "```") {
		if text, isYAML := strings.CutPrefix(part, "yaml\n"); isYAML && i%2 == 1 {
			texts = append(texts, text)
		}
	}
	return texts
}
