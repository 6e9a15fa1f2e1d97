package main

import (
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"go.yaml.in/yaml/v3"
)

// workflow is the part of a workflow that says what runs.
type workflow struct {
	Defaults struct {
		Run struct{ Shell string }
	}
	Jobs map[string]struct {
		Steps []struct{ Name, Run string }
	}
}

const releaseWorkflow = ".github/workflows/release.yml"

var (
	uses   = regexp.MustCompile(`\buses: *(\S+)(.*)`)
	pinned = regexp.MustCompile(`^[^@ ]+@[0-9a-f]{40} # v\d+\.\d+\.\d+$`)
)

// TestTheReleaseNamesActionsByCommit: whoever moves a tag of somebody's action would otherwise sign in our name (H31).
func TestTheReleaseNamesActionsByCommit(t *testing.T) {
	actions := uses.FindAllStringSubmatch(read(t, releaseWorkflow), -1)
	if len(actions) < 10 {
		t.Fatalf("%s uses %d actions, which cannot be all", releaseWorkflow, len(actions))
	}
	for _, action := range actions {
		if ours := strings.HasPrefix(action[1], "./"); !ours && !pinned.MatchString(action[1]+action[2]) {
			t.Errorf("%s%s is not named by a commit with its version in a comment", action[1], action[2])
		}
	}
}

// TestTheReleaseStopsWithoutADigest: what was not pushed, or nobody can name, is not signed (H31).
func TestTheReleaseStopsWithoutADigest(t *testing.T) {
	const digest = "sha256:0123"
	for _, c := range []struct {
		name, step string
		helm       string // what helm push does
		digest     string // what the build of the image told
		passes     bool
	}{
		{name: "a chart that was pushed", step: "Push the chart", helm: "echo Digest: " + digest, passes: true},
		{name: "a push that fails", step: "Push the chart", helm: "echo Digest: " + digest + "; exit 1"},
		{name: "a push that tells no digest", step: "Push the chart", helm: "echo Pushed"},
		{name: "an image that was built", step: "Sign the image", digest: digest, passes: true},
		{name: "a build that told no digest", step: "Sign the image"},
	} {
		t.Run(c.name, func(t *testing.T) {
			dir := t.TempDir()
			standIn(t, dir, ".tools/bin/helm", `[ "$1" = package ] && mkdir -p dist && exit; `+c.helm)
			standIn(t, dir, "bin/cosign", "echo \"$@\" >signed")
			output := filepath.Join(dir, "output")
			// As GitHub runs a step whose shell is bash.
			cmd := exec.Command("bash", "--noprofile", "--norc", "-eo", "pipefail", "-c", stepOf(t, c.step))
			cmd.Dir = dir
			cmd.Env = []string{
				"PATH=" + filepath.Join(dir, "bin") + ":" + os.Getenv("PATH"),
				"GITHUB_OUTPUT=" + output, "REGISTRY=registry.example.org", "NAME=chatgate", "DIGEST=" + c.digest,
			}
			said, err := cmd.CombinedOutput()
			if passes := err == nil; passes != c.passes {
				t.Fatalf("the step passes: %v, want %v\n%s", passes, c.passes, said)
			}
			told, _ := os.ReadFile(output)
			signed, _ := os.ReadFile(filepath.Join(dir, "signed"))
			if goesOn := strings.Contains(string(told)+string(signed), digest); goesOn != c.passes {
				t.Errorf("the release goes on with %s: %v, want %v", digest, goesOn, c.passes)
			}
		})
	}
}

// stepOf are the commands of a step of the release.
func stepOf(t *testing.T, name string) string {
	t.Helper()
	var release workflow
	if err := yaml.Unmarshal([]byte(read(t, releaseWorkflow)), &release); err != nil {
		t.Fatal(err)
	}
	if release.Defaults.Run.Shell != "bash" {
		t.Errorf("the release runs %q, want bash, which has pipefail by that name", release.Defaults.Run.Shell)
	}
	for _, job := range release.Jobs {
		for _, step := range job.Steps {
			if step.Name == name {
				return step.Run
			}
		}
	}
	t.Fatalf("%s has no step %q", releaseWorkflow, name)
	return ""
}

// standIn writes a script in place of a program.
func standIn(t *testing.T, dir, name, script string) {
	t.Helper()
	path := filepath.Join(dir, name)
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte("#!/bin/sh\n"+script+"\n"), 0o755); err != nil {
		t.Fatal(err)
	}
}
