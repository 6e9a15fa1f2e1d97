package app_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"chatgate/cmd/internal/app"
)

// audited is the working configuration, kept in memory, with an output for audit lines.
func audited(output string) string {
	return strings.Replace(serving("pprof: false"), "redis:\n", "log: {level: error}\naudit: {output: '"+output+"'}\nredis:\n", 1)
}

// begun is a gateway with this configuration, and what it writes.
type begun struct {
	*app.App
	log, stdout journal
}

func begin(t *testing.T, source string) *begun {
	t.Helper()
	loaded, err := parse(t, source)
	if err != nil {
		t.Fatal(err)
	}
	b := &begun{}
	if b.App, err = app.Open(loaded.Config, app.Lends{Log: b.log.logger(), Transport: nowhere{}, Stdout: &b.stdout}); err != nil {
		t.Fatal(err)
	}
	return b
}

// serveOnce serves, does what is to be done meanwhile, and ends.
func (b *begun) serveOnce(t *testing.T, meanwhile func()) error {
	t.Helper()
	ctx, stop := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() { ended <- b.Serve(ctx, loopback(t), loopback(t)) }()
	meanwhile()
	stop()
	return <-ended
}

// soon waits for what another goroutine does.
func soon(t *testing.T, what string, done func() bool) {
	t.Helper()
	for deadline := time.Now().Add(20 * time.Second); !done(); time.Sleep(5 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("%s: not within 20 seconds", what)
		}
	}
}

// acts are those of audit lines, which must be nothing else.
func acts(t *testing.T, text string) (found []string) {
	t.Helper()
	for line := range strings.Lines(text) {
		var said struct {
			Time  string `json:"time"`
			Audit bool   `json:"audit"`
			Act   string `json:"act"`
		}
		if err := json.Unmarshal([]byte(line), &said); err != nil || !said.Audit || said.Time == "" {
			t.Errorf("%q is no audit line: %v", line, err)
		}
		found = append(found, said.Act)
	}
	return found
}

func TestAuditLinesHaveAnOutputOfTheirOwn(t *testing.T) { // S142
	path := filepath.Join(t.TempDir(), "audit.jsonl")
	for _, tc := range []struct {
		name, output string
		read         func(b *begun) string
	}{
		{"standard output", "stdout", func(b *begun) string { return b.stdout.String() }},
		{"a file", path, func(*begun) string {
			text, err := os.ReadFile(path)
			if err != nil {
				t.Fatal(err)
			}
			return string(text)
		}},
	} {
		t.Run(tc.name, func(t *testing.T) {
			b := begin(t, audited(tc.output))
			if err := b.serveOnce(t, func() {}); err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff([]string{"started", "stopped"}, acts(t, tc.read(b))); diff != "" {
				t.Errorf("acts (-want +got):\n%s", diff)
			}
			if strings.Contains(b.log.String(), `"audit":true`) || tc.output != "stdout" && b.stdout.String() != "" {
				t.Errorf("the log says\n%s\nand standard output\n%s", &b.log, &b.stdout)
			}
		})
	}
}

func TestAuditLinesAreInTheLogUnlessConfigured(t *testing.T) { // S142
	b := begin(t, serving("pprof: false"))
	if err := b.serveOnce(t, func() {}); err != nil {
		t.Fatal(err)
	}
	if log := b.log.String(); strings.Count(log, `"audit":true`) != 2 || b.stdout.String() != "" {
		t.Errorf("the log says\n%s\nand standard output\n%s", log, &b.stdout)
	}
}

func TestTheAuditFileIsOpenedAnew(t *testing.T) {
	path := filepath.Join(t.TempDir(), "audit.jsonl")
	b := begin(t, audited(path))
	err := b.serveOnce(t, func() {
		soon(t, "the gateway has started", func() bool {
			text, _ := os.ReadFile(path)
			return bytes.Contains(text, []byte("started"))
		})
		if err := os.Rename(path, path+".1"); err != nil {
			t.Error(err)
		}
		if err := b.ReopenAudit(); err != nil {
			t.Error(err)
		}
	})
	if err != nil {
		t.Fatal(err)
	}
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]string{"stopped"}, acts(t, string(text))); diff != "" {
		t.Errorf("the new file's acts (-want +got):\n%s", diff)
	}
}

func TestAGatewayThatCannotWriteItsAuditFileDoesNotStart(t *testing.T) {
	b := begin(t, audited(filepath.Join(t.TempDir(), "missing", "audit.jsonl")))
	err := b.serveOnce(t, func() {})
	if !errors.Is(err, fs.ErrNotExist) || !strings.HasPrefix(err.Error(), "audit.output: ") {
		t.Errorf("Serve() = %v, want it to name audit.output and the missing folder", err)
	}
}

func TestAWrongAuditOutputIsRefused(t *testing.T) {
	for _, output := range []string{"stderr", "audit.jsonl", "./audit.jsonl", "/", "/var/log/", "/var/../audit.jsonl"} {
		if _, err := parse(t, audited(output)); err == nil || !strings.Contains(err.Error(), "audit.output: must be log, stdout or the absolute path") {
			t.Errorf("audit.output: %s = %v, want a refusal", output, err)
		}
	}
}

// TestACommandsAuditLinesAreSeen: who runs a command sees what it did, and the file has it, too; standard output is for results.
func TestACommandsAuditLinesAreSeen(t *testing.T) { // S142
	path := filepath.Join(t.TempDir(), "audit.jsonl")
	for output, filed := range map[string]int{"log": 0, "stdout": 0, path: 1} {
		if filed > 0 { // by the gateway
			if err := os.WriteFile(path, nil, 0o600); err != nil {
				t.Fatal(err)
			}
		}
		loaded, err := parse(t, audited(output))
		if err != nil {
			t.Fatal(err)
		}
		var log, stdout journal
		tools, err := app.OpenTools(loaded.Config, app.Lends{Log: slog.New(slog.NewJSONHandler(&log, nil)), Stdout: &stdout})
		if err != nil {
			t.Fatal(err)
		}
		ended, err := tools.Sessions().End(t.Context(), app.Which{All: true})
		if err != nil || ended != 0 {
			t.Fatalf("End() = %d, %v", ended, err)
		}
		if err := tools.Close(); err != nil {
			t.Error(err)
		}
		text, err := os.ReadFile(path)
		if filed == 0 && !errors.Is(err, fs.ErrNotExist) {
			t.Errorf("%s: the file was made", output)
		}
		if got := len(acts(t, string(text))); got != filed || strings.Count(log.String(), "session revoked") != 1 || stdout.String() != "" {
			t.Errorf("%s: %d lines in the file, want %d; the log says\n%s\nand standard output\n%s", output, got, filed, &log, &stdout)
		}
		_ = os.Remove(path)
	}
}
