package main

import (
	"crypto/rand"
	"encoding/base64"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"chatgate/store/storetest/redistest"
)

// reloads is how often a process says that it took up a configuration.
func (p *served) reloads() int {
	return strings.Count(p.said.String(), `"msg":"configuration reloaded"`)
}

// metric is the sum of all series of a metric, by what their names and labels begin with.
func (p *served) metric(t testing.TB, begins string) (sum float64) {
	t.Helper()
	for line := range strings.Lines(fetch(t, "http://"+p.admin+"/metrics")) {
		if !strings.HasPrefix(line, begins) {
			continue
		}
		value, err := strconv.ParseFloat(strings.TrimSpace(line[strings.LastIndex(line, " "):]), 64)
		if err != nil {
			t.Fatal(err)
		}
		sum += value
	}
	return sum
}

func fetch(t testing.TB, address string) string {
	t.Helper()
	response, err := http.Get(address)
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	text, err := io.ReadAll(response.Body)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// working is how many goroutines do background work. It is for a process that serves its profiles.
func (p *served) working(t testing.TB) int {
	t.Helper()
	n := strings.Count(fetch(t, "http://"+p.admin+"/debug/pprof/goroutine?debug=2"), "chatgate/cmd/internal/app.(*serving).begin.func1(")
	if n == 0 {
		t.Fatal("no background work is found in the profile")
	}
	return n
}

// TestReloadsLoseNothing: the program reads its configuration again twenty times, at a SIGHUP each time, while people sign
// in, sign out and call for tokens.
func TestReloadsLoseNothing(t *testing.T) { // S141
	const times = 20
	w := behind(t, worldConfig{Redis: redistest.Start(t).Addr, Extra: unlimited})
	w.RocketChat.SetSetting("API_Enable_Rate_Limiter", false) // it counts by address, and everybody here has the same
	config := strings.Replace(w.listening(0), "listen: {", "listen: {pprof: true, ", 1)
	p := w.serve(t, binary(t), config)
	p.awaitReady(t)
	working := p.working(t)
	balance(t, w.hosts["sso"].listener, p)
	l := w.load(t)
	l.begin("reloads")
	for i := range times {
		name := fmt.Sprintf("Organisation %d", i)
		p.write(t, strings.Replace(config, "Example Organisation", name, 1))
		served := p.metric(t, "chatgate_http_request_duration_seconds_count")
		if err := p.cmd.Process.Signal(syscall.SIGHUP); err != nil {
			t.Fatal(err)
		}
		eventually(t, "the configuration is taken up", func() bool { return p.reloads() == i+1 })
		if now := p.metric(t, "chatgate_http_request_duration_seconds_count"); now < served {
			t.Errorf("reload %d set the count of requests back from %.0f to %.0f", i, served, now)
		}
		if page := l.patient().send(http.MethodGet, w.Addresses().Gateway+"/", ""); !strings.Contains(page.body, name) {
			t.Errorf("after reload %d the page is %d %.200s, want %s on it", i, page.status, page.body, name)
		}
	}
	l.report("reloads")
	l.end()
	eventually(t, "no work of a former configuration goes on", func() bool { return p.working(t) == working })
}

// mount is a folder as a kubelet mounts a ConfigMap or Secret: the files are links into a folder of their version, and a link
// in between is replaced in one step.
type mount struct {
	dir     string
	version int
}

// swap replaces all files at once.
func (m *mount) swap(t testing.TB, files map[string]string) {
	t.Helper()
	m.version++
	version := fmt.Sprintf("..version-%d", m.version)
	must := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	must(os.Mkdir(filepath.Join(m.dir, version), 0o700))
	for name, content := range files {
		must(os.WriteFile(filepath.Join(m.dir, version, name), []byte(content), 0o600))
		if m.version == 1 {
			must(os.Symlink(filepath.Join("..data", name), filepath.Join(m.dir, name)))
		}
	}
	next := filepath.Join(m.dir, "..next")
	must(os.Symlink(version, next))
	must(os.Rename(next, filepath.Join(m.dir, "..data")))
}

// mountable is this world's configuration with its secrets in files beside it: a client secret that is not the provider's any
// more, and a sealing key for later. It returns the client secret that is.
func (w *world) mountable(t testing.TB) (files map[string]string, secret string) {
	t.Helper()
	config := w.listening(0)
	_, after, found := strings.Cut(config, `client: {id: chatgate, secret: "`)
	if secret, _, _ = strings.Cut(after, `"`); !found || secret == "" {
		t.Fatalf("there is no client secret in\n%s", config)
	}
	return map[string]string{
		"chatgate.yaml": strings.Replace(config, secret, "${file:client}", 1),
		"client":        rand.Text() + "\n",
		"next":          base64.StdEncoding.EncodeToString([]byte(rand.Text()+rand.Text())) + "\n",
	}, secret
}

// TestMountedSecretsRotateWithoutARestart: two replicas find their configuration and secrets in a mounted folder. The
// sealing key is rotated by three changes, the provider's client secret by one, and a bad change in between does nothing.
// Whoever has a session keeps it, and every call for a token has its answer.
func TestMountedSecretsRotateWithoutARestart(t *testing.T) { // S141, D23, S146
	t.Parallel() // it waits, mostly
	w := behind(t, worldConfig{Redis: redistest.Start(t).Addr, Extra: unlimited + "reload: {every: 1s}\n"})
	w.RocketChat.SetSetting("API_Enable_Rate_Limiter", false) // it counts by address, and everybody here has the same
	files, secret := w.mountable(t)
	m := &mount{dir: t.TempDir()}
	m.swap(t, files)
	program := binary(t)
	replicas := []*served{w.serveFile(t, program, filepath.Join(m.dir, "chatgate.yaml")), w.serveFile(t, program, filepath.Join(m.dir, "chatgate.yaml"))}
	for _, p := range replicas {
		p.awaitReady(t)
	}
	balance(t, w.hosts["sso"].listener, replicas...)
	l := &load{t: t, w: w, over: make(chan struct{})}
	l.phase.Store(new(string))
	change := func(phase string, edit func()) {
		t.Helper()
		l.phase.Store(&phase)
		before := replicas[0].reloads()
		edit()
		m.swap(t, files)
		// Until the heartbeats of the former configuration are forgotten, a sealing key that they name is not given up.
		for deadline := time.Now().Add(time.Minute); replicas[0].reloads() == before || replicas[1].reloads() == before; {
			if time.Now().After(deadline) {
				t.Fatalf("within a minute %s was not taken up:\n%s", phase, replicas[0].said)
			}
			time.Sleep(20 * time.Millisecond)
		}
	}

	first := l.patient()
	begun := first.send(http.MethodGet, w.Addresses().Gateway+"/login", "")
	callback, err := w.Provider.SignIn(first.client, begun.header.Get("Location"), "ada", "ada")
	if err != nil {
		t.Fatal(err)
	}
	if _, page := first.open(callback.String()); page.status == http.StatusOK {
		t.Fatal("somebody signs in with a client secret that the provider does not know")
	}
	change("the client secret", func() { files["client"] = secret })
	if !l.signIn(first) {
		t.Fatal("nobody can sign in with the new client secret")
	}
	leave := l.callAllTheWhile(first)
	change("a sealing key that is added", func() {
		files["chatgate.yaml"] = strings.Replace(files["chatgate.yaml"], "keys: {demo:", `keys: {next: "${file:next}", demo:`, 1)
	})
	change("the other sealing key", func() {
		files["chatgate.yaml"] = strings.Replace(files["chatgate.yaml"], "sealing: {current: demo,", "sealing: {current: next,", 1)
	})
	second := l.patient()
	if !l.signIn(second) {
		t.Fatal("nobody can sign in under the other sealing key")
	}
	stay := l.callAllTheWhile(second)

	good := files["chatgate.yaml"]
	files["chatgate.yaml"] = strings.Replace(good, "baseURL:", "baseUrl:", 1)
	m.swap(t, files)
	for _, p := range replicas {
		eventually(t, "the bad configuration is refused", func() bool {
			_, body := p.readyz()
			return strings.Contains(body, "config_invalid") && strings.Contains(p.said.String(), "chatgate.yaml:2:1: baseUrl: is not a setting")
		})
	}
	files["chatgate.yaml"] = good

	leave() // a day later: nothing is sealed under the first key any more that anybody needs
	if out := first.send(http.MethodPost, w.Addresses().Gateway+"/logout", "", "Origin", w.Addresses().Gateway); out.status != http.StatusOK {
		l.wrong("a sign-out", out)
	}
	change("the first sealing key that is removed", func() {
		from := strings.Index(files["chatgate.yaml"], `, demo: "`)
		to := strings.Index(files["chatgate.yaml"][from:], "}}")
		files["chatgate.yaml"] = files["chatgate.yaml"][:from] + files["chatgate.yaml"][from+to:]
	})
	l.pause(2 * time.Second) // for the calls of whoever stays
	stay()
	if third := l.patient(); !l.signIn(third) {
		t.Error("nobody can sign in under the other sealing key alone")
	}
}

// callAllTheWhile asks for tokens until it is told to end.
func (l *load) callAllTheWhile(v *visitor) (end func()) {
	over := make(chan struct{})
	var calling sync.WaitGroup
	calling.Go(func() {
		first := l.holds(v)
		for {
			select {
			case <-over:
				return
			case <-time.After(50 * time.Millisecond):
			}
			if token := l.holds(v); token != first && token != "" {
				l.t.Errorf("%s: there is another login token: the session was lost", *l.phase.Load())
			}
		}
	})
	return func() {
		close(over)
		calling.Wait()
	}
}
