package main

import (
	"bufio"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// pluginPage is the origin of a page with the comments of that Talk.
const pluginPage = "https://news.example.org"

// pluginTalk is a process of Node that runs the plugin for Talk 4 as Talk does.
type pluginTalk struct {
	t      *testing.T
	origin string
	input  io.Writer
	output *bufio.Scanner
}

// startPluginTalk starts one that has an address already, and waits to be told of a gateway.
func startPluginTalk(t *testing.T) *pluginTalk {
	t.Helper()
	script, err := filepath.Abs("../../gateway/chat/talk/plugintest/serve.mjs")
	if err != nil {
		t.Fatal(err)
	}
	node, err := exec.LookPath("node")
	if err != nil {
		needed(t, "node is not in the PATH")
	}
	if _, err := os.Stat("../../.ci/node_modules/jsonwebtoken-8"); err != nil {
		needed(t, "the Node packages of .ci are not installed: npm ci --prefix .ci")
	}
	cmd := exec.Command(node, script)
	cmd.Stderr = t.Output()
	input, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	output, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = input.Close()
		_ = cmd.Wait()
	})
	p := &pluginTalk{t: t, input: input, output: bufio.NewScanner(output)}
	p.origin = p.line()
	return p
}

func (p *pluginTalk) line() string {
	p.t.Helper()
	if !p.output.Scan() {
		p.t.Fatalf("the plugin's Talk ended: %v", p.output.Err())
	}
	return p.output.Text()
}

// section is the gateway's for this Talk. It goes on where the configuration of a world ends, among the chats.
func (p *pluginTalk) section() string {
	return fmt.Sprintf(`
  plugin:
    kind: talk
    profile: talk4
    access: {providers: [corp], anyone: true}
    url: %s
    embedOrigins: {"%s": {token: true}}
    client: {id: talk-window, secret: "a secret of the sign-in window, long enough"}
`, p.origin, pluginPage)
}

// install gives the plugin its settings. The names below localhost are this machine's, whatever its resolver thinks of
// them, so the process is told addresses.
func (p *pluginTalk) install(w *world) {
	p.t.Helper()
	inside := "http://" + w.hosts["sso"].listener.Addr().String() + "/plugin"
	err := json.NewEncoder(p.input).Encode(map[string]string{
		"TALK_CHATGATE_ISSUER":        w.Addresses().Gateway + "/plugin",
		"TALK_CHATGATE_AUDIENCE":      "talk",
		"TALK_CHATGATE_JWKS_URL":      inside + "/jwks.json",
		"TALK_CHATGATE_CLIENT_ID":     "talk-window",
		"TALK_CHATGATE_CLIENT_SECRET": "a secret of the sign-in window, long enough",
		"TALK_CHATGATE_TOKEN_URL":     inside + "/oauth/token",
		"TALK_CHATGATE_ALLOW_HTTP":    "TRUE",
	})
	if err != nil || p.line() != "started" {
		p.t.Fatalf("the plugin does not start: %v", err)
	}
}

// viewer asks Talk who the bearer of a token is.
func (p *pluginTalk) viewer(v *visitor, token string) answer {
	p.t.Helper()
	return v.send(http.MethodGet, p.origin+"/api/v1/auth", "", "Authorization", "Bearer "+token)
}

// tokenOf asks for a token of one site as a page of its own origin does.
func (v *visitor) tokenOf(site, origin string) string {
	v.t.Helper()
	a := v.send(http.MethodGet, v.w.Addresses().Gateway+"/"+site+"/token", "", "Origin", origin)
	token, _ := a.json(v.t)["token"].(string)
	if token == "" {
		v.t.Fatalf("the token call of %s = %d: %s", site, a.status, a.body)
	}
	return token
}

// pluginWorld is a world with one more site, whose Talk has the plugin.
func pluginWorld(t *testing.T) (*pluginTalk, *world) {
	t.Helper()
	p := startPluginTalk(t)
	w := start(t, worldConfig{Extra: p.section()})
	p.install(w)
	return p, w
}

func TestThePluginTakesTheGatewaysTokens(t *testing.T) { // P2, P3, G5, G11
	p, w := pluginWorld(t)
	v := w.visitor(t)
	v.signIn("/login", "ada")
	token := v.tokenOf("plugin", pluginPage)
	a := p.viewer(v, token)
	if a.status != http.StatusOK || a.json(t)["username"] != "ada" {
		t.Fatalf("Talk says %d %s of the gateway's token, want ada", a.status, a.body)
	}
	if again := p.viewer(v, token); again.body != a.body {
		t.Errorf("the second time Talk says %s, want %s", again.body, a.body)
	}
	if profiles := a.json(t)["profiles"]; !slices.Equal(profiles.([]any), []any{"chatgate", "local"}) {
		t.Errorf("ada's profiles are %v, want the gateway's and her address", profiles)
	}
	if other := p.viewer(v, v.talkToken().json(t)["token"].(string)); other.status != http.StatusNoContent {
		t.Errorf("Talk says %d of another site's token, want 204 for a stranger", other.status)
	}
	if forged := p.viewer(v, token[:len(token)-4]+"AAAA"); forged.status != http.StatusNoContent {
		t.Errorf("Talk says %d of a forged token, want 204 for a stranger", forged.status)
	}
}

func TestASignOutReachesATalkWithThePlugin(t *testing.T) { // D20, G31
	p, w := pluginWorld(t)
	v := w.visitor(t)
	v.signIn("/login", "ada")
	token := v.tokenOf("plugin", pluginPage)
	if a := p.viewer(v, token); a.status != http.StatusOK {
		t.Fatalf("signed in, Talk says %d %s", a.status, a.body)
	}
	if a := v.signOut(); a.status >= http.StatusBadRequest {
		t.Fatalf("sign-out = %d: %s", a.status, a.body)
	}
	eventually(t, "Talk refuses the token", func() bool { return p.viewer(v, token).status == http.StatusUnauthorized })
}

func TestThePluginsWindowSignsInAtTheGateway(t *testing.T) { // P5, G23
	p, w := pluginWorld(t)
	v := w.visitor(t)
	asked := v.send(http.MethodGet, p.origin+"/api/v1/auth/chatgate", "").header.Get("Location")
	if !strings.HasPrefix(asked, w.Addresses().Gateway+"/plugin/oauth/authorize?") {
		t.Fatalf("the button leads to %s, want the gateway", asked)
	}
	atProvider, _ := v.open(asked)
	callback, err := w.Provider.SignIn(v.client, atProvider, "ada", "ada")
	if err != nil {
		t.Fatal(err)
	}
	end := v.until(callback.String(), p.origin)
	a := v.send(http.MethodGet, end, "")
	if a.status != http.StatusOK || a.json(t)["username"] != "ada" {
		t.Fatalf("the window ends with %d %s, want ada", a.status, a.body)
	}
	if pushed := p.viewer(v, v.tokenOf("plugin", pluginPage)); pushed.body != a.body {
		t.Errorf("the page's token is %s, want the window's user %s", pushed.body, a.body)
	}
	if replayed := v.send(http.MethodGet, end, ""); replayed.status != http.StatusBadRequest {
		t.Errorf("the callback a second time = %d %s, want 400", replayed.status, replayed.body)
	}
}
