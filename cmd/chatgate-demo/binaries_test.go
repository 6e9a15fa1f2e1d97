package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"
)

// binary is the gateway's program, built from the working tree.
func binary(t testing.TB) string {
	t.Helper()
	return build(t, filepath.Join("..", ".."))
}

// build makes the program of the source in a folder.
func build(t testing.TB, source string) string {
	t.Helper()
	program := filepath.Join(t.TempDir(), "chatgate")
	cmd := exec.Command("go", "build", "-o", program, "./cmd/chatgate")
	cmd.Dir = source
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("go build in %s: %v\n%s", source, err, out)
	}
	return program
}

// formerVariable names the program of the release before this one, where somebody has built it already.
const formerVariable = "CHATGATE_FORMER"

// former is the program before the last change of Go code outside tests: version N-1 to this one, which is N (D24).
func former(t testing.TB) string {
	t.Helper()
	if program := os.Getenv(formerVariable); program != "" {
		return program
	}
	changed, err := git("log", "-1", "--format=%H", "--", "*.go", ":(exclude)*_test.go", ":(exclude)cmd/chatgate-demo")
	if err == nil {
		changed, err = git("rev-parse", "--verify", "--end-of-options", changed+"^")
	}
	if err != nil {
		const missing = "there is no history to build the former program from"
		if os.Getenv("CI") == "true" {
			t.Fatalf("%s: %v", missing, err)
		}
		t.Skipf("%s; %s may name one: %v", missing, formerVariable, err)
	}
	source := t.TempDir()
	archive := filepath.Join(t.TempDir(), "former.tar")
	if _, err := git("archive", "--output", archive, changed); err != nil {
		t.Fatal(err)
	}
	if out, err := exec.Command("tar", "--extract", "--file", archive, "--directory", source).CombinedOutput(); err != nil {
		t.Fatalf("tar: %v\n%s", err, out)
	}
	t.Logf("the former program is that of %s", changed)
	return build(t, source)
}

// git runs in the repository's top folder.
func git(args ...string) (string, error) {
	cmd := exec.Command("git", args...)
	cmd.Dir = filepath.Join("..", "..")
	out, err := cmd.Output()
	return strings.TrimSpace(string(out)), err
}

// served is the gateway's program at work in a process of its own.
type served struct {
	public, admin string // host:port
	file          string
	said          *spoken
	cmd           *exec.Cmd
	ended         chan error
}

// spoken keeps what a process writes, and hands on where it serves.
type spoken struct {
	mu    sync.Mutex
	text  bytes.Buffer
	line  []byte
	where chan [2]string
}

func (s *spoken) Write(p []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.text.Write(p)
	s.line = append(s.line, p...)
	for {
		line, rest, found := bytes.Cut(s.line, []byte("\n"))
		if !found {
			break
		}
		var told struct{ Msg, Public, Admin string }
		if json.Unmarshal(line, &told) == nil && told.Msg == "serving" {
			s.where <- [2]string{told.Public, told.Admin}
		}
		s.line = rest
	}
	return watched.Write(p)
}

func (s *spoken) String() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.text.String()
}

// serve runs a program on this world's configuration, which is written to a file.
func (w *world) serve(t testing.TB, program, config string) *served {
	t.Helper()
	file := filepath.Join(t.TempDir(), "chatgate.yaml")
	if err := os.WriteFile(file, []byte(config), 0o600); err != nil {
		t.Fatal(err)
	}
	return w.serveFile(t, program, file)
}

// serveFile is serve for a configuration that is a file already. It returns once the process listens.
func (w *world) serveFile(t testing.TB, program, file string) *served {
	t.Helper()
	p := &served{file: file, said: &spoken{where: make(chan [2]string, 1)}, ended: make(chan error, 1)}
	p.cmd = exec.Command(program, "serve", "--config", p.file)
	p.cmd.Stderr = p.said
	if err := p.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	go func() { p.ended <- p.cmd.Wait() }()
	t.Cleanup(func() {
		_ = p.cmd.Process.Kill() // one that has ended takes no notice
		select {
		case <-p.ended:
		case <-time.After(10 * time.Second):
		}
	})
	select {
	case where := <-p.said.where:
		p.public, p.admin = where[0], where[1]
	case err := <-p.ended:
		p.ended <- err
		t.Fatalf("the gateway ended with %v:\n%s", err, p.said)
	case <-time.After(30 * time.Second):
		t.Fatalf("the gateway does not serve:\n%s", p.said)
	}
	return p
}

// listening is this world's configuration for a process that listens on free ports. That they are two is seen by their texts.
func (w *world) listening(drain time.Duration) string {
	return strings.Replace(w.config, "listen: {drain: 0s}",
		fmt.Sprintf(`listen: {public: "127.0.0.1:0", admin: "127.0.0.1:00", drain: %s}`, drain), 1)
}

func (p *served) write(t testing.TB, config string) {
	t.Helper()
	if err := os.WriteFile(p.file, []byte(config), 0o600); err != nil {
		t.Fatal(err)
	}
}

// readyz is what the process says of itself: the status code, 0 where nobody answers, and the body.
func (p *served) readyz() (int, string) {
	client := &http.Client{Timeout: time.Second, Transport: &http.Transport{DisableKeepAlives: true}}
	response, err := client.Get("http://" + p.admin + "/readyz")
	if err != nil {
		return 0, ""
	}
	defer response.Body.Close()
	var body bytes.Buffer
	_, _ = body.ReadFrom(response.Body)
	return response.StatusCode, body.String()
}

// awaitReady returns once all is well.
func (p *served) awaitReady(t testing.TB) {
	t.Helper()
	eventually(t, "the gateway is ready", func() bool {
		code, body := p.readyz()
		return code == http.StatusOK && strings.Contains(body, `"status":"ready"`)
	})
}

// terminate ends the process as Kubernetes does, and returns when it has ended.
func (p *served) terminate(t testing.TB) {
	t.Helper()
	if err := p.cmd.Process.Signal(syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	select {
	case err := <-p.ended:
		p.ended <- err
		if err != nil {
			t.Errorf("the gateway ended with %v:\n%s", err, p.said)
		}
	case <-time.After(45 * time.Second):
		t.Errorf("the gateway did not end within 45 seconds:\n%s", p.said)
	}
}
