package charts_test

import (
	"bufio"
	"context"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"chatgate/charts/charttest"
)

// The trial Valkey's own start script, run with a real server in the image's place: the password of the Secret lets in,
// whatever characters it has, and nothing else does (H20).
func TestValkeyTakesThePasswordOfItsSecret(t *testing.T) {
	const password = `pa ss"w'ord #$(id) \n`
	address := startValkey(t, valkeyScript(t), password)

	for _, attempt := range []struct{ name, password, want string }{
		{"no password", "", "-NOAUTH"},
		{"a wrong password", "password", "-WRONGPASS"},
		{"the password", password, "+PONG"},
	} {
		if got := ping(t, address, attempt.password); !strings.HasPrefix(got, attempt.want) {
			t.Errorf("%s: the server answers %q, want %s", attempt.name, got, attempt.want)
		}
	}
}

// A changed template replaces the pod, and without a volume of its own everything that the trial has kept. So nothing that an
// upgrade of the gateway changes is in it (H20).
func TestAnUpgradeOfTheGatewayLeavesValkeyAlone(t *testing.T) {
	chart := open(t)
	next := *chart
	next.Dir = filepath.Join(t.TempDir(), "chatgate")
	if err := os.CopyFS(next.Dir, os.DirFS(chart.Dir)); err != nil {
		t.Fatal(err)
	}
	metadata := filepath.Join(next.Dir, "Chart.yaml")
	text, err := os.ReadFile(metadata)
	if err != nil {
		t.Fatal(err)
	}
	text = regexp.MustCompile(`(?m)^(version|appVersion):.*`).ReplaceAll(text, []byte("$1: 9.8.7"))
	if err := os.WriteFile(metadata, text, 0o600); err != nil {
		t.Fatal(err)
	}

	before := charttest.Of(chart.Scenario(t, "valkey"), "StatefulSet")[0]
	after := charttest.Of(next.Scenario(t, "valkey", "--set", "image.tag=1.2.3,commonLabels.team=chat,commonAnnotations.note=x,"+
		"podLabels.pool=a,podAnnotations.note=y,resources.limits.memory=1Gi,config.log.level=debug"), "StatefulSet")[0]
	if before.Text("metadata", "labels", "helm.sh/chart") == after.Text("metadata", "labels", "helm.sh/chart") {
		t.Fatal("both are of one version of the chart")
	}
	if diff := cmp.Diff(before.Fields("spec"), after.Fields("spec")); diff != "" {
		t.Errorf("an upgrade of the gateway replaces Valkey's pod:\n%s", diff)
	}
}

// valkeyScript is what the container of the rendered StatefulSet runs.
func valkeyScript(t *testing.T) string {
	t.Helper()
	container := charttest.Of(open(t).Scenario(t, "valkey"), "StatefulSet")[0].Containers()[0]
	if command := fmt.Sprint(container.At("command")); command != "[sh -euc]" {
		t.Fatalf("the container runs %s, want a shell", command)
	}
	return container.At("args").([]any)[0].(string)
}

// startValkey runs the script where nothing but its paths, its port and the server's program is another, and waits until
// somebody answers.
func startValkey(t *testing.T, script, password string) (address string) {
	t.Helper()
	server := charttest.Program(t, "redis-server")
	dir := t.TempDir()
	secret := filepath.Join(dir, "password")
	if err := os.WriteFile(secret, []byte(password+"\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	address = freeAddress(t)
	_, port, _ := strings.Cut(address, ":")
	script = strings.NewReplacer("/run/secrets/valkey/password", secret, "dir /data", "dir "+dir, "port 6379", "port "+port,
		"bind * -::*", "bind 127.0.0.1", "valkey-server", server).Replace(script)

	ctx, cancel := context.WithCancel(t.Context())
	cmd := exec.CommandContext(ctx, "sh", "-euc", script)
	cmd.Cancel = func() error { return cmd.Process.Signal(syscall.SIGTERM) } // exec: the shell has become the server
	var said strings.Builder
	cmd.Stdout, cmd.Stderr = &said, &said
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	ended := make(chan error, 1)
	go func() { ended <- cmd.Wait() }()
	t.Cleanup(func() {
		cancel()
		<-ended
		if t.Failed() {
			t.Log(said.String())
		}
	})
	awaitListener(t, address, ended)
	return address
}

// freeAddress is one on loopback that nobody listens at.
func freeAddress(t *testing.T) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	return l.Addr().String()
}

func awaitListener(t *testing.T, address string, ended chan error) {
	t.Helper()
	deadline := time.NewTimer(20 * time.Second)
	defer deadline.Stop()
	look := time.NewTicker(20 * time.Millisecond)
	defer look.Stop()
	for {
		if conn, err := net.Dial("tcp", address); err == nil {
			conn.Close()
			return
		}
		select {
		case err := <-ended:
			ended <- err
			t.Fatalf("the server ended: %v", err)
		case <-deadline.C:
			t.Fatalf("nobody listens at %s", address)
		case <-look.C:
		}
	}
}

// ping signs in, if there is a password, and returns the first answer that is not OK.
func ping(t *testing.T, address, password string) string {
	t.Helper()
	conn, err := net.Dial("tcp", address)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	if password != "" {
		fmt.Fprintf(conn, "*3\r\n$4\r\nAUTH\r\n$7\r\ndefault\r\n$%d\r\n%s\r\n", len(password), password)
	}
	fmt.Fprint(conn, "PING\r\n")
	answers := bufio.NewScanner(conn)
	for answers.Scan() {
		if text := answers.Text(); text != "+OK" {
			return text
		}
	}
	t.Fatalf("no answer: %v", answers.Err())
	return ""
}
