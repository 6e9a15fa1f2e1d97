//go:build image

package main

import (
	"bufio"
	"encoding/json"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"chatgate/oidc/oidctest"
	"chatgate/store/storetest/redistest"
)

// These tests meet the images that .ci/image has built, as containers. It says how one is run.
const (
	containerRunner = "CHATGATE_CONTAINER"
	gatewayImage    = "CHATGATE_IMAGE"
	demoImage       = "CHATGATE_DEMO_IMAGE"
)

// others are users that a cluster may run a container as; none has an account anywhere (H29).
var others = []string{"65532:65532", "1000680000:0", "12345:54321"}

// container is a command that runs an image. Options come first, each as --name=value.
func container(t *testing.T, image string, options []string, args ...string) *exec.Cmd {
	t.Helper()
	runner, name := os.Getenv(containerRunner), os.Getenv(image)
	if runner == "" || name == "" {
		t.Fatalf("%s and %s are not set: run .ci/image", containerRunner, image)
	}
	cmd := exec.CommandContext(t.Context(), runner, append(append(options, name), args...)...)
	cmd.Cancel = func() error { return cmd.Process.Signal(syscall.SIGTERM) }
	return cmd
}

func TestImageTellsItsVersionToAnyUser(t *testing.T) { // H29
	for _, user := range others {
		out, err := container(t, gatewayImage, []string{"--network=none", "--user=" + user}, "version", "--json").CombinedOutput()
		var build struct{ Version, Commit, Date string }
		if err != nil || json.Unmarshal(out, &build) != nil {
			t.Errorf("version as %s = %v\n%s", user, err, out)
		}
		for _, told := range []string{build.Version, build.Commit, build.Date} {
			if told == "" || told == "unknown" || told == "development" {
				t.Errorf("version as %s = %s, want what it was built from", user, out)
			}
		}
	}
}

func TestImageChecksAConfigurationWithoutANetwork(t *testing.T) { // H29
	w, err := openWorld(worldConfig{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = w.close() })
	good, bad := lend(t, w.config), lend(t, w.config+"\nlissten: {}\n")
	for _, user := range others {
		options := []string{"--network=none", "--user=" + user}
		out, err := container(t, gatewayImage, append(options, volume(good)), "config", "check", "--config", mounted).CombinedOutput()
		if err != nil || !strings.Contains(string(out), mounted+": ok") {
			t.Errorf("config check as %s = %v\n%s", user, err, out)
		}
		out, err = container(t, gatewayImage, append(options, volume(bad)), "config", "check", "--config", mounted).CombinedOutput()
		if err == nil || !strings.Contains(string(out), "lissten") {
			t.Errorf("config check of a wrong file as %s = %v\n%s", user, err, out)
		}
	}
}

// TestImageOpensBothChats: the gateway runs in the container; its provider, its chats and a real Redis run outside.
func TestImageOpensBothChats(t *testing.T) { // H28, H29
	w, err := openWorld(worldConfig{Redis: redistest.Start(t).Addr})
	if err != nil {
		t.Fatal(err)
	}
	listen := "listen: {drain: 0s, public: \"" + w.handOver("sso") + "\", admin: \"" + w.handOver("admin") + "\"}"
	config := strings.Replace(w.config, "listen: {drain: 0s}", listen, 1)
	w.serveTheRest(t)
	for _, user := range others[:2] {
		t.Run("as "+user, func(t *testing.T) {
			gateway := container(t, gatewayImage, []string{"--network=host", "--user=" + user, volume(lend(t, config))}, "serve", "--config", mounted)
			gateway.Stderr = watched
			if err := gateway.Start(); err != nil {
				t.Fatal(err)
			}
			v := w.visitor(t)
			eventually(t, "the gateway is ready", func() bool {
				got, err := v.exchange(http.MethodGet, w.Addresses().Admin+"/readyz", "", nil)
				return err == nil && got.status == http.StatusOK && got.json(t)["status"] == "ready"
			})
			signInAndOut(t, v, w.Addresses(), w.Provider)
			ended(t, gateway)
		})
	}
}

// TestImageOfTheDemo: what somebody without Go gets.
func TestImageOfTheDemo(t *testing.T) { // H28
	demo := container(t, demoImage, []string{"--network=host"}, "-json", "-port", "0", "-listen", "127.0.0.1")
	demo.Stderr = os.Stderr
	out, err := demo.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := demo.Start(); err != nil {
		t.Fatal(err)
	}
	line, err := bufio.NewReader(out).ReadBytes('\n')
	var a addresses
	if err != nil || json.Unmarshal(line, &a) != nil {
		t.Fatalf("the demo says %q, %v; want its addresses", line, err)
	}
	v := (&world{transport: layout{}.transport()}).visitor(t)
	signInAndOut(t, v, a, oidctest.New(oidctest.Config{Issuer: a.Provider}))
	ended(t, demo)
}

// signInAndOut is what the images are for: one sign-in, a login token that Rocket.Chat takes, a token for the comments, and
// an end to all of it.
func signInAndOut(t *testing.T, v *visitor, a addresses, provider *oidctest.Provider) {
	t.Helper()
	begun := v.send(http.MethodGet, a.Gateway+"/login?chat=rocketchat&path=/home", "")
	callback, err := provider.SignIn(v.client, begun.header.Get("Location"), a.Users[0].Username, a.Users[0].Password)
	if err != nil {
		t.Fatal(err)
	}
	if end, _ := v.open(callback.String()); end != a.RocketChat+"/home" {
		t.Errorf("sign-in ends at %s, want the chat", end)
	}
	token := func() answer {
		return v.send(http.MethodPost, a.Gateway+"/rocketchat/token", "", "Origin", a.RocketChat)
	}
	chat := token()
	if chat.status != http.StatusOK {
		t.Fatalf("Rocket.Chat's token = %d %s", chat.status, chat.body)
	}
	login, id := chat.json(t)["loginToken"].(string), chat.json(t)["userId"].(string)
	me := func() answer {
		return v.send(http.MethodGet, a.RocketChat+"/api/v1/me", "", "X-Auth-Token", login, "X-User-Id", id)
	}
	if got := me(); got.status != http.StatusOK || got.json(t)["username"] != a.Users[0].Username {
		t.Errorf("Rocket.Chat takes the login token for %d %s, want %s", got.status, got.body, a.Users[0].Username)
	}
	if got := v.send(http.MethodGet, a.Gateway+"/talk/token", "", "Origin", a.Talk); got.status != http.StatusOK || got.json(t)["token"] == "" {
		t.Errorf("the comments' token = %d %s", got.status, got.body)
	}
	v.send(http.MethodPost, a.Gateway+"/logout", "", "Origin", a.Gateway)
	if got := token(); got.status != http.StatusUnauthorized {
		t.Errorf("the token after sign-out = %d %s, want 401", got.status, got.body)
	}
	eventually(t, "Rocket.Chat forgot the login token", func() bool { return me().status == http.StatusUnauthorized })
}

// mounted is where the chart has the configuration too.
const mounted = "/etc/chatgate/chatgate.yaml"

func volume(file string) string { return "--volume=" + file + ":" + mounted + ":ro" }

// lend writes a configuration that every user of the test's machine can read; it is of use for nothing but this test.
func lend(t *testing.T, config string) string {
	t.Helper()
	file := filepath.Join(t.TempDir(), "chatgate.yaml")
	if err := os.WriteFile(file, []byte(config), 0o644); err != nil {
		t.Fatal(err)
	}
	return file
}

// handOver frees a role's address for somebody else and says which it is.
func (w *world) handOver(role string) string {
	listener := w.hosts[role].listener
	_ = listener.Close()
	return listener.Addr().String()
}

// serveTheRest serves everybody but the gateway until the test ends.
func (w *world) serveTheRest(t *testing.T) {
	t.Cleanup(func() { _ = w.close() })
	for role, h := range w.hosts {
		if role != "sso" && role != "admin" {
			go func() { _ = serve(t.Context(), h) }()
		}
	}
}

// ended asks a container to end, and wants it to end well.
func ended(t *testing.T, cmd *exec.Cmd) {
	t.Helper()
	if err := cmd.Process.Signal(syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	if err := cmd.Wait(); err != nil {
		t.Errorf("the container ended with %v", err)
	}
}
