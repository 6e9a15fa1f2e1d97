package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"chatgate/gateway/chat/rocketchat/rocketchattest"
)

func TestBrowserSignsIn(t *testing.T)       { browse(t, "signin.test.mjs", worldConfig{}) }
func TestBrowserSignsOut(t *testing.T)      { browse(t, "signout.test.mjs", worldConfig{}) }
func TestBrowserIsRefused(t *testing.T)     { browse(t, "refusals.test.mjs", worldConfig{}) }
func TestBrowserShowsOurPages(t *testing.T) { browse(t, "pages.test.mjs", worldConfig{}) }

func TestBrowserChoosesAProvider(t *testing.T) {
	browse(t, "chooser.test.mjs", worldConfig{Providers: `
  partners:
    issuer: {provider}
    client: {id: chatgate, secret: "{client}"}
`})
}

// browse opens a world and walks through it with Chromium, as a file of Node tests says; each is a subtest here. With
// CHATGATE_SCREENSHOTS=DIR it leaves a picture of every page there.
func browse(t *testing.T, file string, cfg worldConfig, env ...string) {
	t.Helper()
	needParts(t, "chromium").browse(t, file, cfg, env...)
}

func (p parts) browse(t *testing.T, file string, cfg worldConfig, env ...string) {
	t.Helper()
	p.walk(t, file, start(t, cfg), env...)
}

// walk is browse through a world that is open.
func (p parts) walk(t *testing.T, file string, w *world, env ...string) {
	t.Helper()
	output, err := p.run(t, file, append(env, "CHATGATE_WORLD="+describe(t, w))...)
	results := readTAP(output)
	for _, r := range results {
		t.Run(r.name, func(t *testing.T) {
			if !r.ok {
				t.Error(r.diagnosis)
			}
		})
	}
	if err != nil && !t.Failed() || len(results) == 0 {
		t.Errorf("node: %v\n%s", err, output)
	}
}

// parts are what a browser test needs beside Go, in the words of the environment that its Node process gets.
type parts struct {
	node        string
	environment []string
}

// needParts finds Node, its modules and the programs of the browsers, "chromium" and "firefox-esr". It skips the test
// where one is missing, save on CI, where none may be.
func needParts(t *testing.T, browsers ...string) parts {
	t.Helper()
	parts, err := findParts(browsers)
	if err != nil && os.Getenv("CI") == "true" {
		t.Fatal("CI without a browser: ", err)
	}
	if err != nil {
		t.Skip("no browser on this machine: ", err)
	}
	return parts
}

func findParts(browsers []string) (p parts, err error) {
	var missing []error
	find := func(program string) string {
		path, err := exec.LookPath(program)
		missing = append(missing, err)
		return path
	}
	p.node = find("node")
	for _, program := range browsers {
		kind, _, _ := strings.Cut(program, "-")
		p.environment = append(p.environment, "CHATGATE_"+strings.ToUpper(kind)+"="+find(program))
	}
	modules, err := filepath.Abs(filepath.Join("..", "..", ".ci", "node_modules"))
	if err == nil {
		_, err = os.Stat(filepath.Join(modules, "puppeteer-core"))
	}
	p.environment = append(p.environment, "CHATGATE_NODE_MODULES="+modules)
	return p, errors.Join(append(missing, err)...)
}

// run starts one file of Node tests and returns what it wrote.
func (p parts) run(t *testing.T, file string, env ...string) (string, error) {
	t.Helper()
	node := exec.CommandContext(t.Context(), p.node, "--test", "--test-reporter=tap", filepath.Join("browser", file))
	node.Env = slices.Concat(os.Environ(), p.environment, env)
	output, err := node.CombinedOutput()
	return string(output), err
}

// describe is the world in the words of browser/world.mjs.
func describe(t *testing.T, w *world) string {
	t.Helper()
	text, err := json.Marshal(struct {
		addresses
		Portal  string `json:"portal"`
		Coral   string `json:"coral"`
		Control string `json:"control"`
	}{w.Addresses(), w.hosts["portal"].url(), w.coral(), control(t, w)})
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// adaSubject is what the world's provider calls ada.
const adaSubject = "5f1c2a"

// control lets the Node tests do to the world what no browser can.
func control(t *testing.T, w *world) string {
	t.Helper()
	acts := map[string]func(){
		"rocketchat-fails": func() {
			w.RocketChat.SetFaults(rocketchattest.Faults{Status: map[string]int{"*": http.StatusServiceUnavailable}})
		},
		"rocketchat-recovers": func() { w.RocketChat.SetFaults(rocketchattest.Faults{}) },
		"deactivate-bob":      func() { deactivate(w, "bob") },
		"provider-ends-ada":   func() { w.visitor(t).hearFromProvider(w.Provider.LogoutClaims("chatgate", adaSubject, "")) },
	}
	mux := http.NewServeMux()
	for name, act := range acts {
		mux.HandleFunc("POST /"+name, func(http.ResponseWriter, *http.Request) { act() })
	}
	mux.HandleFunc("GET /tokens-made", func(rw http.ResponseWriter, _ *http.Request) {
		fmt.Fprint(rw, w.RocketChat.Count("users.createToken"))
	})
	mux.HandleFunc("GET /logins/{username}", func(rw http.ResponseWriter, r *http.Request) {
		fmt.Fprint(rw, logins(w, r.PathValue("username")))
	})
	server := httptest.NewServer(mux)
	t.Cleanup(server.Close)
	return server.URL
}

func deactivate(w *world, username string) {
	for _, user := range w.RocketChat.Users() {
		if user.Username == username {
			w.RocketChat.Deactivate(user.ID)
		}
	}
}

// tapResult is a top-level test in the Test Anything Protocol, with the YAML that follows a failure.
type tapResult struct {
	name, diagnosis string
	ok              bool
}

var tapLine = regexp.MustCompile(`^(not )?ok \d+ - (.*)$`)

func readTAP(output string) []tapResult {
	var results []tapResult
	for line := range strings.Lines(output) {
		if found := tapLine.FindStringSubmatch(strings.TrimRight(line, "\r\n")); found != nil {
			results = append(results, tapResult{name: found[2], ok: found[1] == ""})
		} else if len(results) > 0 {
			last := &results[len(results)-1]
			last.diagnosis += line
		}
	}
	return results
}

func TestReadTAP(t *testing.T) {
	const output = "TAP version 13\n# Subtest: a\nok 1 - a\n  ---\n  duration_ms: 1\n  ...\nnot ok 2 - b\n  error: 'no'\n1..2\n"
	want := []tapResult{
		{name: "a", ok: true, diagnosis: "  ---\n  duration_ms: 1\n  ...\n"},
		{name: "b", diagnosis: "  error: 'no'\n1..2\n"},
	}
	if diff := cmp.Diff(want, readTAP(output), cmp.AllowUnexported(tapResult{})); diff != "" {
		t.Errorf("readTAP (-want +got):\n%s", diff)
	}
}
