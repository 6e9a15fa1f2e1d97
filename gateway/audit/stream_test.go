package audit_test

import (
	"bytes"
	"context"
	"errors"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"

	"chatgate/gateway/audit"
)

// output is where a test has a stream write.
type output struct {
	mu    sync.Mutex
	text  bytes.Buffer
	fault error         // of every write
	least int           // bytes that are taken all the same
	gate  chan struct{} // each write waits for it, where there is one
}

func (o *output) Write(p []byte) (int, error) {
	if o.gate != nil {
		<-o.gate
	}
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.fault != nil {
		n, _ := o.text.Write(p[:min(o.least, len(p))])
		return n, o.fault
	}
	return o.text.Write(p)
}

func (o *output) fail(err error, least int) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.fault, o.least = err, least
}

func (o *output) String() string {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.text.String()
}

// streamed is a stream, what the log says besides, and how often it failed.
type streamed struct {
	*audit.Stream
	audit  *audit.Log
	log    *output
	failed atomic.Int64
}

func stream(t *testing.T, cfg audit.StreamConfig) *streamed {
	t.Helper()
	s := &streamed{log: &output{}}
	cfg.Log = slog.New(slog.NewJSONHandler(s.log, nil))
	cfg.Failed = func() { s.failed.Add(1) }
	var err error
	if s.Stream, err = audit.NewStream(cfg); err != nil {
		t.Fatal(err)
	}
	s.audit = audit.New(slog.New(slog.NewJSONHandler(s.Stream, nil)))
	t.Cleanup(func() { _ = s.Close() })
	return s
}

// record records a sign-in of somebody, by whom the line is found again.
func (s *streamed) record(t *testing.T, subject string) {
	t.Helper()
	s.audit.Record(t.Context(), audit.Event{Act: audit.SignedIn, Provider: "corp", Subject: subject})
}

// run runs the stream until end is called, which waits for it.
func (s *streamed) run(t *testing.T) (end func()) {
	t.Helper()
	ctx, stop := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- s.Run(ctx) }()
	return func() {
		stop()
		if err := <-ended; err != nil {
			t.Errorf("Run() = %v", err)
		}
	}
}

func read(t *testing.T, path string) string {
	t.Helper()
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

func TestAStreamNeedsOneOutput(t *testing.T) {
	for _, cfg := range []audit.StreamConfig{{}, {Path: "/x", Output: &output{}}} {
		if _, err := audit.NewStream(cfg); err == nil {
			t.Errorf("NewStream(%+v) has no objection", cfg)
		}
	}
}

func TestAFileIsAppendedToAndPrivate(t *testing.T) { // S142
	path := filepath.Join(t.TempDir(), "audit.jsonl")
	if err := os.WriteFile(path, []byte("an older line\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	s := stream(t, audit.StreamConfig{Path: path})
	s.record(t, "ada-1")
	if text := read(t, path); !strings.HasPrefix(text, "an older line\n{") || strings.Count(text, "\n") != 2 || !strings.Contains(text, "ada-1") {
		t.Errorf("the file holds:\n%s", text)
	}
	fresh := filepath.Join(t.TempDir(), "audit.jsonl")
	stream(t, audit.StreamConfig{Path: fresh}).record(t, "ada-1")
	if info, err := os.Stat(fresh); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("the new file has mode %v, %v; want 0600", info, err)
	}
}

// TestACommandMakesNoFile: it would be of whoever runs the command, and closed to the gateway.
func TestACommandMakesNoFile(t *testing.T) { // S142
	path := filepath.Join(t.TempDir(), "audit.jsonl")
	s := stream(t, audit.StreamConfig{Path: path, Existing: true})
	s.record(t, "ada-1")
	if _, err := os.Stat(path); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("the file was made: %v", err)
	}
	if log := s.log.String(); s.failed.Load() != 1 || !strings.Contains(log, "ada-1") || !strings.Contains(log, "the gateway makes it, and nobody else") {
		t.Errorf("%d failures, and the log says:\n%s", s.failed.Load(), log)
	}
	if err := os.WriteFile(path, nil, 0o600); err != nil { // the gateway has opened it anew
		t.Fatal(err)
	}
	s.record(t, "bob-2")
	if text := read(t, path); strings.Count(text, "\n") != 1 || !strings.Contains(text, "bob-2") {
		t.Errorf("the file holds:\n%s", text)
	}
}

func TestReopenFollowsLogrotate(t *testing.T) {
	path := filepath.Join(t.TempDir(), "audit.jsonl")
	s := stream(t, audit.StreamConfig{Path: path})
	s.record(t, "before")
	if err := os.Rename(path, path+".1"); err != nil {
		t.Fatal(err)
	}
	s.record(t, "between")
	if err := s.Reopen(); err != nil {
		t.Fatal(err)
	}
	s.record(t, "after")
	if old := read(t, path+".1"); !strings.Contains(old, "before") || !strings.Contains(old, "between") || strings.Contains(old, "after") {
		t.Errorf("the old file holds:\n%s", old)
	}
	if text := read(t, path); strings.Count(text, "\n") != 1 || !strings.Contains(text, "after") {
		t.Errorf("the new file holds:\n%s", text)
	}
}

func TestAFileThatCannotBeOpenedAnewGoesOnBeingWritten(t *testing.T) {
	folder := filepath.Join(t.TempDir(), "folder")
	if err := os.Mkdir(folder, 0o700); err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(folder, "audit.jsonl")
	s := stream(t, audit.StreamConfig{Path: path})
	s.record(t, "before")
	moved := folder + "-moved"
	if err := os.Rename(folder, moved); err != nil {
		t.Fatal(err)
	}
	if err := s.Reopen(); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("Reopen() = %v, want that there is no such folder", err)
	}
	s.record(t, "after")
	if text := read(t, filepath.Join(moved, "audit.jsonl")); !strings.Contains(text, "after") || s.failed.Load() != 0 {
		t.Errorf("the file holds, after %d failures:\n%s", s.failed.Load(), text)
	}
}

func TestAnOutputIsNotReopened(t *testing.T) {
	out := &output{}
	s := stream(t, audit.StreamConfig{Output: out})
	if err := s.Reopen(); err != nil {
		t.Errorf("Reopen() = %v", err)
	}
	s.record(t, "ada-1")
	if !strings.Contains(out.String(), "ada-1") {
		t.Errorf("the output holds:\n%s", out)
	}
}

func TestALineThatCannotBeWrittenIsInTheLogAndCounted(t *testing.T) { // S142
	out := &output{}
	s := stream(t, audit.StreamConfig{Output: out})
	out.fail(errors.New("disk full"), 10)
	s.record(t, "ada-1")
	s.record(t, "bob-2")
	out.fail(nil, 0)
	s.record(t, "cyd-3")
	log := s.log.String()
	if s.failed.Load() != 2 || strings.Count(log, "disk full") != 1 || !strings.Contains(log, "ada-1") || !strings.Contains(log, "bob-2") || strings.Contains(log, "cyd-3") {
		t.Errorf("%d failures, and the log says:\n%s", s.failed.Load(), log)
	}
	if !strings.Contains(log, "audit lines written again") {
		t.Errorf("the log does not say that all is well again:\n%s", log)
	}
	lines := strings.Split(strings.TrimSpace(out.String()), "\n")
	if last := lines[len(lines)-1]; !strings.HasPrefix(last, "{") || !strings.Contains(last, "cyd-3") {
		t.Errorf("the line after two that were cut off is %q, want one of its own", last)
	}
}

func TestAFileThatCannotBeOpenedLosesNothing(t *testing.T) {
	s := stream(t, audit.StreamConfig{Path: filepath.Join(t.TempDir(), "missing", "audit.jsonl")})
	if err := s.Reopen(); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("Reopen() = %v, want that there is no such folder", err)
	}
	s.record(t, "ada-1")
	if log := s.log.String(); s.failed.Load() != 1 || !strings.Contains(log, "ada-1") {
		t.Errorf("%d failures, and the log says:\n%s", s.failed.Load(), log)
	}
}

func TestAnOutputThatTakesNothingHoldsUpNobody(t *testing.T) {
	out := &output{gate: make(chan struct{})}
	s := stream(t, audit.StreamConfig{Output: out, Queued: true})
	end := s.run(t)
	const recorded = 6000 // more than may wait
	for s.failed.Load() == 0 {
		s.record(t, "somebody") // comes back at once, or this never ends
	}
	lost := s.failed.Load()
	for range recorded {
		s.record(t, "somebody")
	}
	if got := s.failed.Load() - lost; got < recorded-1 {
		t.Errorf("%d of %d lines were counted as not written", got, recorded)
	}
	close(out.gate)
	end()
	if in := strings.Count(out.String(), "\n") + int(s.failed.Load()); strings.Count(s.log.String(), `"audit line not written"`) != int(s.failed.Load()) || in < recorded {
		t.Errorf("%d lines are in the output or counted, and the log does not hold each that is not in the output", in)
	}
}

func TestWhatWaitsIsWrittenBeforeTheEnd(t *testing.T) {
	out := &output{}
	s := stream(t, audit.StreamConfig{Output: out, Queued: true})
	end := s.run(t)
	for range 100 {
		s.record(t, "ada-1")
	}
	end()
	s.record(t, "after the end")
	if got := strings.Count(out.String(), "\n"); got != 101 || s.failed.Load() != 0 {
		t.Errorf("%d lines were written and %d failed, want 101 and none:\n%s", got, s.failed.Load(), s.log)
	}
}

func TestWhatWasQueuedIsWrittenWithoutARun(t *testing.T) {
	out := &output{}
	s := stream(t, audit.StreamConfig{Output: out, Queued: true})
	s.record(t, "ada-1")
	if out.String() != "" {
		t.Error("a queued line was written at once")
	}
	if err := s.Close(); err != nil || !strings.Contains(out.String(), "ada-1") {
		t.Errorf("Close() = %v, and the output holds %q", err, out)
	}
}

func TestAPipeIsNoAuditFile(t *testing.T) { // S142
	path := filepath.Join(t.TempDir(), "audit")
	if err := syscall.Mkfifo(path, 0o600); err != nil {
		t.Fatal(err)
	}
	s := stream(t, audit.StreamConfig{Path: path})
	if err := s.Reopen(); err == nil {
		t.Error("Reopen() of a pipe that nobody reads = nil")
	}
	reader, err := os.OpenFile(path, os.O_RDWR, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer reader.Close()
	if err := s.Reopen(); err == nil || !strings.Contains(err.Error(), "it is a pipe") {
		t.Errorf("Reopen() of a pipe = %v", err)
	}
}
