package main

import (
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httputil"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"chatgate/cmd/internal/app"
)

// A replica may be a process of its own: this very program, which finds its configuration and how far its clock is ahead in
// the environment, and its two listeners open already.
const (
	replicaFile  = "CHATGATE_REPLICA"
	replicaAhead = "CHATGATE_REPLICA_AHEAD"
)

func isReplica() bool { return os.Getenv(replicaFile) != "" }

// serveReplica is the gateway of production, but for the names below localhost, which it finds here. It ends with its input.
func serveReplica() int {
	if err := runAsReplica(); err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	return 0
}

func runAsReplica() error {
	loaded, err := app.Load(os.Getenv(replicaFile), app.Chats(), nil)
	if err != nil {
		return err
	}
	ahead, err := time.ParseDuration(os.Getenv(replicaAhead))
	if err != nil {
		return err
	}
	opened, err := app.Open(loaded.Config, app.Lends{
		Transport: layout{}.transport(), Now: func() time.Time { return time.Now().Add(ahead) },
	})
	if err != nil {
		return err
	}
	public, err := net.FileListener(os.NewFile(3, "public"))
	if err != nil {
		return err
	}
	admin, err := net.FileListener(os.NewFile(4, "admin"))
	if err != nil {
		return err
	}
	ctx, stop := context.WithCancel(context.Background())
	go func() {
		_, _ = io.Copy(io.Discard, os.Stdin)
		stop()
	}()
	return opened.Serve(ctx, public, admin)
}

// process is a replica in a process of its own. As a handler it passes every request on to it.
type process struct {
	http.Handler
	public, admin string
	cmd           *exec.Cmd
	ended         chan error
}

// process starts another replica of this world, whose clock is so far ahead, and returns once all is well with it.
func (w *world) process(t testing.TB, ahead time.Duration) *process {
	t.Helper()
	p := w.startProcess(t, ahead)
	machine := w.visitor(t)
	eventually(t, "the replica is ready", func() bool { // one from another day finds the store's clock wrong
		body := machine.send(http.MethodGet, p.admin+"/readyz", "").body
		return strings.Contains(body, `"status":"ready"`) || ahead > 0 && strings.Contains(body, `"checks"`) && !strings.Contains(body, `"starting"`)
	})
	return p
}

func (w *world) startProcess(t testing.TB, ahead time.Duration) *process {
	t.Helper()
	file := filepath.Join(t.TempDir(), "chatgate.yaml")
	if err := os.WriteFile(file, []byte(w.config), 0o600); err != nil {
		t.Fatal(err)
	}
	program, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	public, admin := listenLocal(t), listenLocal(t)
	p := &process{
		public: "http://" + public.Addr().String(), admin: "http://" + admin.Addr().String(),
		cmd: exec.Command(program), ended: make(chan error, 1),
	}
	p.Handler = forward(t, p.public)
	p.cmd.Env = append(os.Environ(), replicaFile+"="+file, replicaAhead+"="+ahead.String())
	p.cmd.Stderr = watched
	p.cmd.ExtraFiles = []*os.File{fileOf(t, public), fileOf(t, admin)}
	input, err := p.cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := p.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	_, _ = public.Close(), admin.Close() // the process has its own
	go func() { p.ended <- p.cmd.Wait() }()
	t.Cleanup(func() {
		watched.metrics(&http.Client{Timeout: time.Second}, p.admin)
		_ = input.Close()
		if err := <-p.ended; err != nil {
			t.Errorf("the replica's process ended with %v", err)
		}
	})
	return p
}

func fileOf(t testing.TB, l net.Listener) *os.File {
	t.Helper()
	file, err := l.(*net.TCPListener).File()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = file.Close() })
	return file
}

// forward passes requests on as a load balancer does that leaves the host's name alone.
func forward(t testing.TB, to string) http.Handler {
	t.Helper()
	target, err := url.Parse(to)
	if err != nil {
		t.Fatal(err)
	}
	return &httputil.ReverseProxy{Rewrite: func(r *httputil.ProxyRequest) {
		r.SetURL(target)
		r.Out.Host = r.In.Host
	}}
}
