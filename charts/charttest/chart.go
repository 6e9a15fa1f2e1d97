// Package charttest renders a Helm chart for tests, with the helm program that the machine has:
//
//	chart := charttest.Open(t, "chatgate")
//	for _, object := range chart.Scenario(t, "default") { … }
//
// Scenarios are the values files in the chart's folder ci. No cluster is asked for anything.
package charttest

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/goccy/go-yaml"
)

// Release and Namespace are what every render is installed as.
const (
	Release   = "cg"
	Namespace = "chat"
)

// Chart is a folder with a chart in it.
type Chart struct {
	Dir  string
	helm string
}

// Open skips the test where there is no helm, and fails it in CI.
func Open(t testing.TB, dir string) *Chart {
	t.Helper()
	return &Chart{Dir: dir, helm: Program(t, "helm")}
}

// Program is the path of a program. Where it is not installed the test is skipped, and in CI it fails.
func Program(t testing.TB, name string) string {
	t.Helper()
	path, err := exec.LookPath(name)
	switch {
	case err == nil:
	case os.Getenv("CI") == "true":
		t.Fatalf("%s is not installed: .ci/tools go chart puts it into .tools/bin, which must be in PATH", name)
	default:
		t.Skipf("%s is not installed", name)
	}
	return path
}

// Scenarios are the names of the values files in ci, as in "default" for default-values.yaml.
func (c *Chart) Scenarios(t testing.TB) []string {
	t.Helper()
	files, err := filepath.Glob(c.Values("*"))
	if err != nil || len(files) == 0 {
		t.Fatalf("%s has no scenarios: %v", c.Dir, err)
	}
	names := make([]string, 0, len(files))
	for _, file := range files {
		names = append(names, strings.TrimSuffix(filepath.Base(file), "-values.yaml"))
	}
	return names
}

// Values is the values file of a scenario.
func (c *Chart) Values(scenario string) string {
	return filepath.Join(c.Dir, "ci", scenario+"-values.yaml")
}

// Scenario renders one, with further arguments of helm template.
func (c *Chart) Scenario(t testing.TB, name string, args ...string) []Object {
	t.Helper()
	return Parse(t, c.Text(t, name, args...))
}

// Text is what helm prints for a scenario.
func (c *Chart) Text(t testing.TB, name string, args ...string) string {
	t.Helper()
	out, said, err := c.run("template", append([]string{"--values", c.Values(name)}, args...))
	if err != nil || said != "" {
		t.Fatalf("scenario %s: %v\n%s", name, err, said)
	}
	return out
}

// Refusal is what helm says when it will not render; the test fails when it does.
func (c *Chart) Refusal(t testing.TB, args ...string) string {
	t.Helper()
	out, said, err := c.run("template", args)
	if err == nil {
		t.Fatalf("helm template %s renders, want a refusal:\n%s", strings.Join(args, " "), out)
	}
	return said
}

// Installed is what helm install shows and would create.
type Installed struct {
	Notes   string
	Objects []Object
}

// Install goes through helm install without a cluster, which renders what a person reads too.
func (c *Chart) Install(t testing.TB, args ...string) Installed {
	t.Helper()
	out, said, err := c.run("install", append([]string{"--dry-run=client", "--output=json"}, args...))
	if err != nil || said != "" {
		t.Fatalf("helm install: %v\n%s", err, said)
	}
	var release struct {
		Info     struct{ Notes string }
		Manifest string
	}
	if err := json.Unmarshal([]byte(out), &release); err != nil {
		t.Fatalf("helm install printed no release: %v", err)
	}
	return Installed{Notes: release.Info.Notes, Objects: Parse(t, release.Manifest)}
}

// run keeps the settings and plugins of whoever runs the tests out of it.
func (c *Chart) run(command string, args []string) (stdout, stderr string, err error) {
	home, err := os.MkdirTemp("", "helm")
	if err != nil {
		return "", "", err
	}
	defer os.RemoveAll(home)
	cmd := exec.Command(c.helm, append([]string{command, Release, c.Dir, "--namespace", Namespace}, args...)...)
	cmd.Env = append(os.Environ(), "HELM_CONFIG_HOME="+home, "HELM_CACHE_HOME="+home, "HELM_DATA_HOME="+home, "KUBECONFIG=")
	var out, said bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &said
	err = cmd.Run()
	return out.String(), said.String(), err
}

// Parse reads the documents of a YAML stream.
func Parse(t testing.TB, text string) []Object {
	t.Helper()
	var all []Object
	for decoder := yaml.NewDecoder(strings.NewReader(text)); ; {
		var object Object
		switch err := decoder.Decode(&object); {
		case errors.Is(err, io.EOF):
			return all
		case err != nil:
			t.Fatalf("helm rendered no YAML: %v\n%s", err, text)
		case object != nil:
			all = append(all, object)
		}
	}
}
