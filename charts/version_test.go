package charts_test

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"chatgate/charts/charttest"
)

// Whoever upgrades tells two charts apart by their versions (H3).
func TestAChangedChartHasANewVersion(t *testing.T) {
	if problem := notBumped(t, "."); problem != "" {
		t.Error(problem)
	}
}

// notBumped compares the chart in a folder with the one in the last tag, and is empty where there is no tag to compare with.
func notBumped(t *testing.T, dir string) (problem string) {
	t.Helper()
	tag, err := git(dir, "describe", "--tags", "--abbrev=0")
	if err != nil {
		return ""
	}
	if _, err := git(dir, "diff", "--quiet", tag, "--", "chatgate"); err == nil {
		return ""
	}
	former, err := git(dir, "show", tag+":./chatgate/Chart.yaml")
	if err != nil {
		return "" // there was no chart yet
	}
	text, err := os.ReadFile(filepath.Join(dir, "chatgate", "Chart.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	before, now := chartVersion(t, former), chartVersion(t, string(text))
	if compareVersions(t, now, before) <= 0 {
		return fmt.Sprintf("the chart differs from the one in %s, whose version was %s: Chart.yaml needs a higher one than %s", tag, before, now)
	}
	return ""
}

func git(dir string, args ...string) (string, error) {
	out, err := exec.Command("git", append([]string{"-C", dir}, args...)...).Output()
	return strings.TrimSpace(string(out)), err
}

func chartVersion(t *testing.T, chart string) string {
	t.Helper()
	return charttest.Parse(t, chart)[0].Text("version")
}

// compareVersions compares what a release has: three numbers.
func compareVersions(t *testing.T, a, b string) int {
	t.Helper()
	for i, former := range numbers(t, b) {
		if d := numbers(t, a)[i] - former; d != 0 {
			return d
		}
	}
	return 0
}

func numbers(t *testing.T, version string) (n [3]int) {
	t.Helper()
	if _, err := fmt.Sscanf(version, "%d.%d.%d", &n[0], &n[1], &n[2]); err != nil {
		t.Fatalf("%q is no version: %v", version, err)
	}
	return n
}

func TestNotBumped(t *testing.T) {
	tests := []struct {
		name, tagged, now, version string
		want                       string
	}{
		{"nothing changed", "a", "a", "1.9.0", ""},
		{"a change with a new version", "a", "b", "1.10.0", ""},
		{"a change without one", "a", "b", "1.9.0", "needs a higher one than 1.9.0"},
		{"a change with an older one", "a", "b", "1.8.7", "needs a higher one than 1.8.7"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			dir := t.TempDir()
			commit(t, dir, "1.9.0", test.tagged)
			must(t, dir, "tag", "-m", "a release", "v1.0.0")
			commit(t, dir, test.version, test.now)
			if got := notBumped(t, dir); !strings.Contains(got, test.want) || (test.want == "") != (got == "") {
				t.Errorf("notBumped = %q, want %q", got, test.want)
			}
		})
	}
	t.Run("nothing was released yet", func(t *testing.T) {
		dir := t.TempDir()
		commit(t, dir, "0.1.0", "a")
		if got := notBumped(t, dir); got != "" {
			t.Errorf("notBumped = %q, want nothing", got)
		}
	})
}

// commit writes a chart of one template and commits it, to a repository that it makes when there is none.
func commit(t *testing.T, dir, version, template string) {
	t.Helper()
	must(t, dir, "init", "--quiet")
	for name, text := range map[string]string{"Chart.yaml": "name: chatgate\nversion: " + version + "\n", "templates/a.yaml": template + "\n"} {
		file := filepath.Join(dir, "chatgate", name)
		if err := os.MkdirAll(filepath.Dir(file), 0o750); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	must(t, dir, "add", ".")
	must(t, dir, "commit", "--quiet", "--allow-empty", "--message", "chart: change it")
}

func must(t *testing.T, dir string, args ...string) {
	t.Helper()
	who := []string{"-c", "user.name=tests", "-c", "user.email=tests@example.org", "-c", "commit.gpgSign=false", "-c", "tag.gpgSign=false"}
	if out, err := git(dir, append(who, args...)...); err != nil {
		t.Fatalf("git %s: %v\n%s", strings.Join(args, " "), err, out)
	}
}
