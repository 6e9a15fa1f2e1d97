package main

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// root is the repository's, from here.
const root = "../../.."

func read(t *testing.T, path string) string {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(root, path))
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// TestBothDockerfilesEndAlike: what CI builds without a base image is what a release is (H28).
func TestBothDockerfilesEndAlike(t *testing.T) {
	stages := func(path string) string {
		_, end, found := strings.Cut(read(t, path), "\nFROM ${BASE} AS common\n")
		if !found {
			t.Fatalf("%s has no stage common", path)
		}
		return end
	}
	if release, prebuilt := stages("Dockerfile"), stages(".ci/Dockerfile.prebuilt"); release != prebuilt {
		t.Errorf("the last stages of Dockerfile:\n%s\nare not those of .ci/Dockerfile.prebuilt:\n%s", release, prebuilt)
	}
}

// TestTheArchivesAreCompiledAsTheImageIs: the flags are in .ci/release.sh, and goreleaser cannot read them there (H31).
func TestTheArchivesAreCompiledAsTheImageIs(t *testing.T) {
	list := exec.Command("bash", "-c", `source .ci/release.sh && printf '%s\n' "${RELEASE_FLAGS[@]}"`)
	list.Dir = root
	list.Env = append(os.Environ(), "VERSION={{ .Version }}", "REVISION={{ .FullCommit }}", "CREATED={{ .CommitDate }}")
	flags, err := list.Output()
	if err != nil {
		t.Fatal(err)
	}
	config := strings.Join(strings.Fields(read(t, ".goreleaser.yaml")), " ")
	for flag := range strings.Lines(string(flags)) {
		flag = strings.TrimPrefix(strings.TrimSpace(flag), "-ldflags=")
		if !strings.Contains(config, flag) {
			t.Errorf(".goreleaser.yaml does not have %s", flag)
		}
	}
	if !strings.Contains(config, "CGO_ENABLED=0") {
		t.Error(".goreleaser.yaml does not have CGO_ENABLED=0")
	}
}
