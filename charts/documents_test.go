package charts_test

import (
	"bytes"
	"os/exec"
	"testing"

	"github.com/google/go-cmp/cmp"

	"chatgate/charts/charttest"
)

// The table of values is made from the comments in values.yaml, and every value has one (H8, E-7).
func TestTheREADMEIsFresh(t *testing.T) {
	committed := read(t, "README.md")
	// By default helm-docs puts up with some values that have no comment.
	cmd := exec.Command(charttest.Program(t, "helm-docs"), "--chart-search-root", "chatgate", "--dry-run", "--log-level", "warning",
		"--documentation-strict-mode", "--documentation-strict-ignore-absent-regex", "^$")
	var said bytes.Buffer
	cmd.Stderr = &said
	made, err := cmd.Output()
	if err != nil || said.Len() > 0 {
		t.Fatalf("helm-docs: %v\n%s", err, said.String())
	}
	if diff := cmp.Diff(string(bytes.TrimSpace(made)), string(bytes.TrimSpace(committed))); diff != "" {
		t.Errorf("README.md is stale: run `helm-docs -c charts` (-made +committed):\n%s", diff)
	}
}
