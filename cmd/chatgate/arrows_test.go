package main

import (
	"encoding/json"
	"errors"
	"io"
	"os/exec"
	"slices"
	"strings"
	"testing"
)

// arrows say which of our own packages each package may import; the map of the house in package gateway explains them.
// A name ending in /... stands for everything below it.
var arrows = map[string][]string{
	"cmd/chatgate":            {"cmd/internal/cli"},
	"cmd/chatgate-demo":       {"..."},
	"cmd/internal/cli":        {"cmd/internal/app", "cmd/internal/blueprint"},
	"cmd/internal/blueprint":  {"cmd/internal/app"},
	"cmd/internal/app":        {"gateway", "gateway/...", "oidc", "store", "store/..."},
	"gateway":                 {"gateway/account", "gateway/chat", "gateway/handoff", "gateway/session", "gateway/keyring", "gateway/outbox", "gateway/limit", "gateway/audit", "gateway/decision", "gateway/problem", "gateway/sdk", "gateway/tracing", "gateway/web", "oidc", "store"},
	"gateway/account":         {"gateway/session", "gateway/limit", "gateway/audit", "gateway/problem", "gateway/web", "oidc"},
	"gateway/chat":            {"gateway/handoff", "gateway/session", "gateway/keyring", "gateway/outbox", "gateway/limit", "gateway/audit", "gateway/decision", "gateway/problem", "gateway/web", "oidc", "store"},
	"gateway/chat/rocketchat": {"gateway/chat", "gateway/handoff", "gateway/session", "gateway/keyring", "gateway/outbox", "gateway/limit", "gateway/audit", "gateway/decision", "gateway/problem", "gateway/web", "oidc", "store"},
	"gateway/chat/talk":       {"gateway/chat", "gateway/handoff", "gateway/issuer", "gateway/session", "gateway/keyring", "gateway/outbox", "gateway/limit", "gateway/audit", "gateway/decision", "gateway/problem", "gateway/web", "oidc", "store"},
	"gateway/handoff":         {"gateway/decision", "gateway/problem", "gateway/web", "store"},
	"gateway/issuer":          {"gateway/session", "gateway/keyring", "gateway/limit", "gateway/audit", "gateway/decision", "gateway/problem", "gateway/web", "store"},
	"gateway/sdk":             {},
	"gateway/session":         {"gateway/decision", "gateway/problem", "oidc", "store"},
	"gateway/keyring":         {"store"},
	"gateway/outbox":          {"store"},
	"gateway/limit":           {"store"},
	"gateway/audit":           {},
	"gateway/tracing":         {},
	"gateway/problem":         {"gateway/decision", "gateway/web"},
	"gateway/decision":        {"gateway/audit", "gateway/limit", "store"},
	"gateway/web":             {},
	"oidc":                    {},
	"store":                   {},
	"store/memstore":          {"store"},
	"store/redisstore":        {"store"},
	"charts":                  {},
}

// doors say by which of our packages each outside library comes in, so that replacing one stays a local matter.
var doors = map[string][]string{
	"github.com/gin-gonic/gin":        {"gateway", "gateway/...", "cmd/internal/app"},
	"github.com/coreos/go-oidc":       {"oidc"},
	"golang.org/x/oauth2":             {"oidc"},
	"github.com/redis/go-redis":       {"store/redisstore"},
	"github.com/golang-jwt/jwt":       {"gateway/keyring"},
	"github.com/go-jose/go-jose":      {"oidc", "gateway/keyring"},
	"github.com/goccy/go-yaml":        {"cmd/internal/app"},
	"github.com/spf13/cobra":          {"cmd/internal/cli"},
	"golang.org/x/term":               {"cmd/internal/cli"},
	"github.com/alicebob/miniredis":   {"cmd/chatgate-demo"},
	"go.opentelemetry.io/proto":       {"gateway/tracing"},
	"google.golang.org/protobuf":      {"gateway/tracing"},
	"github.com/prometheus":           {"gateway", "gateway/chat", "cmd/internal/app"},
	"github.com/google/go-cmp":        {},
	"go.uber.org/goleak":              {},
	"github.com/rogpeppe/go-internal": {},
}

// listed is what `go list` says of a package; Imports are those of the code that is built into a program.
type listed struct {
	ImportPath string
	Imports    []string
}

func packages(t *testing.T) []listed {
	t.Helper()
	out, err := exec.Command("go", "list", "-json=ImportPath,Imports", "chatgate/...").Output()
	if err != nil {
		t.Fatalf("go list: %v", err)
	}
	var all []listed
	for decoder := json.NewDecoder(strings.NewReader(string(out))); ; {
		var p listed
		switch err := decoder.Decode(&p); {
		case errors.Is(err, io.EOF):
			return all
		case err != nil:
			t.Fatalf("go list: %v", err)
		}
		p.ImportPath = strings.TrimPrefix(p.ImportPath, "chatgate/")
		all = append(all, p)
	}
}

// standIn says whether a package exists for tests and the demo only.
func standIn(path string) bool { return strings.HasSuffix(path, "test") }

func TestEveryArrowPointsTheRightWay(t *testing.T) {
	for _, p := range packages(t) {
		if standIn(p.ImportPath) {
			continue
		}
		allowed, known := arrows[p.ImportPath]
		if !known {
			t.Errorf("%s is a new room: say in arrows what it may import", p.ImportPath)
		}
		for _, imported := range p.Imports {
			room, ours := strings.CutPrefix(imported, "chatgate/")
			if ours && !matches(room, allowed) {
				t.Errorf("%s imports %s: that arrow points the wrong way", p.ImportPath, room)
			}
		}
	}
}

func TestEachLibraryComesInByOneDoor(t *testing.T) {
	for _, p := range packages(t) {
		if standIn(p.ImportPath) {
			continue
		}
		for _, imported := range p.Imports {
			for library, rooms := range doors {
				if within(imported, library) && !matches(p.ImportPath, rooms) {
					t.Errorf("%s imports %s: its door is %v", p.ImportPath, imported, rooms)
				}
			}
		}
	}
}

func TestProductionNeverImportsAStandIn(t *testing.T) { // D4
	for _, p := range packages(t) {
		if standIn(p.ImportPath) || p.ImportPath == "cmd/chatgate-demo" {
			continue
		}
		for _, imported := range p.Imports {
			if strings.HasPrefix(imported, "chatgate/") && standIn(imported) {
				t.Errorf("%s imports the stand-in %s", p.ImportPath, imported)
			}
		}
	}
}

func matches(path string, patterns []string) bool {
	return slices.ContainsFunc(patterns, func(pattern string) bool {
		below, everything := strings.CutSuffix(pattern, "...")
		if everything {
			return strings.HasPrefix(path, below)
		}
		return path == pattern
	})
}

func within(imported, library string) bool {
	return imported == library || strings.HasPrefix(imported, library+"/")
}
