package rocketchattest_test

import (
	"encoding/json"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
)

// nodeParts are what a test with puppeteer needs beside Go.
type nodeParts struct{ chromium, modules string }

// findNode skips the test where Node, Chromium or puppeteer is missing, save on CI, where they must be.
func findNode(t *testing.T) nodeParts {
	t.Helper()
	_, noNode := exec.LookPath("node")
	chromium, noChromium := exec.LookPath("chromium")
	modules, err := filepath.Abs(filepath.Join("..", "..", "..", "..", ".ci", "node_modules"))
	if err == nil {
		_, err = os.Stat(filepath.Join(modules, "puppeteer-core"))
	}
	missing := errors.Join(noNode, noChromium, err)
	if missing != nil && os.Getenv("CI") == "true" {
		t.Fatal("CI without a browser and its driver: ", missing)
	}
	if missing != nil {
		t.Skip("no browser and driver on this machine: ", missing)
	}
	return nodeParts{chromium, modules}
}

// command runs Node, with the addresses of the scenes by name.
func (p nodeParts) command(t *testing.T, addresses map[string]string, args ...string) *exec.Cmd {
	t.Helper()
	scenes, err := json.Marshal(addresses)
	if err != nil {
		t.Fatal(err)
	}
	node := exec.CommandContext(t.Context(), "node", args...)
	node.Env = append(os.Environ(), "CHATGATE_SCENES="+string(scenes), "CHATGATE_CHROMIUM="+p.chromium, "CHATGATE_NODE_MODULES="+p.modules)
	return node
}

// visited is a page of the stand-in once it has become quiet.
type visited struct {
	State      string `json:"state"`
	User       string `json:"user"`
	APICalls   int    `json:"apiCalls"`
	FrameLoads int    `json:"frameLoads"`
}

// visitAll looks at many pages with one browser.
func (p nodeParts) visitAll(t *testing.T, addresses map[string]string) map[string]visited {
	t.Helper()
	node := p.command(t, addresses, "clients/visit.mjs")
	node.Stderr = os.Stderr
	output, err := node.Output()
	if err != nil {
		t.Fatalf("node: %v", err)
	}
	var seen map[string]visited
	if err := json.Unmarshal(output, &seen); err != nil {
		t.Fatalf("node said %q: %v", output, err)
	}
	return seen
}
