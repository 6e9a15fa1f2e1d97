package main

import (
	"bufio"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"chatgate/store/storetest/redistest"
)

// certified is npm's oidc-provider in a process of its own.
type certified struct {
	Issuer string `json:"issuer"`
	Client struct {
		ID     string `json:"id"`
		Secret string `json:"secret"`
	} `json:"client"`
}

// startCertified starts one that tells the gateway of sign-outs.
func startCertified(t *testing.T, w *world) certified {
	t.Helper()
	script, err := filepath.Abs("../../.ci/providers/oidc-provider/main.mjs")
	if err != nil {
		t.Fatal(err)
	}
	node, err := exec.LookPath("node")
	if err != nil {
		needed(t, "node is not in the PATH")
	}
	if _, err := os.Stat("../../.ci/node_modules/oidc-provider"); err != nil {
		needed(t, "the Node packages of .ci are not installed: npm ci --prefix .ci")
	}
	gateway := w.hosts["sso"].url()
	inside := "http://" + w.hosts["sso"].listener.Addr().String() // Node's resolver may not know names below localhost
	cmd := exec.Command(node, script, "--redirect-uri", gateway+"/login/callback",
		"--post-logout-redirect-uri", gateway+"/logout/complete", "--backchannel-logout-uri", inside+"/logout/backchannel")
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
	var p certified
	lines := bufio.NewScanner(output)
	if !lines.Scan() || json.Unmarshal(lines.Bytes(), &p) != nil {
		t.Fatalf("the provider says %q, %v", lines.Text(), lines.Err())
	}
	watched.secrets.add("client secret", p.Client.Secret)
	return p
}

// certifiedWorld is a world in which that one takes the place of ours.
func certifiedWorld(t *testing.T) (*world, certified) {
	t.Helper()
	var provider certified
	w, ready := startBroken(t, worldConfig{Redis: redistest.Start(t).Addr}, func(w *world) {
		provider = startCertified(t, w)
		section := fmt.Sprintf("issuer: %s\n    client: {id: %s, secret: %q}\n    scopes: [openid, profile, email, offline_access]",
			provider.Issuer, provider.Client.ID, provider.Client.Secret)
		w.config = configuredProvider.ReplaceAllLiteralString(w.config, section)
		var err error
		if w.App, err = w.openGateway(watched.log(nil)); err != nil {
			t.Fatal(err)
		}
	})
	<-ready
	return w, provider
}

var (
	configuredProvider = regexp.MustCompile(`(?s)issuer: \S+\n    client: \{[^}]*\}`)
	hidden             = regexp.MustCompile(`<input type="hidden" name="([^"]+)" value="([^"]*)"`)
	action             = regexp.MustCompile(`<form [^>]*action="([^"]+)"`)
)

// TestTheIndependentProvidersSignOutReachesEveryReplica: a certified provider really sends its logout token, and when it has
// had its answer the first request on any of three replicas, two of which are processes of their own, is refused (S108).
func TestTheIndependentProvidersSignOutReachesEveryReplica(t *testing.T) {
	w, provider := certifiedWorld(t)
	here, there := w.process(t, 0), w.process(t, 0)
	v := w.visitor(t)
	f := v.frame()
	f.offer()
	v.open(v.signInAtForm(f.begin(inNewWindow), "ada"))
	token := f.redeemed()
	for who, browser := range map[string]*visitor{"window": v.at(here), "frame": f.at(there).visitor} {
		if got := browser.rocketChatToken(); got.status != http.StatusOK {
			t.Fatalf("signed in, the %s's cookie brings %d %s", who, got.status, got.body)
		}
	}

	v.signOutAtForm(provider.Issuer + "/session/end")
	for name, replica := range map[string]http.Handler{"one process": here, "the other process": there, "a third replica": w.App.Server().Handler()} {
		for who, browser := range map[string]*visitor{"window": v.at(replica), "frame": f.at(replica).visitor} {
			if got := browser.rocketChatToken(); got.status != http.StatusUnauthorized {
				t.Errorf("signed out at the provider, the %s's cookie brings %d at %s, want 401", who, got.status, name)
			}
		}
	}
	eventually(t, "Rocket.Chat forgot the login", func() bool { return !w.RocketChat.Alive(token) })
}

// TestTheIndependentProviderSendsPeopleHome: signed out here, a person is signed out there, and home again (S106, S107).
func TestTheIndependentProviderSendsPeopleHome(t *testing.T) {
	w, _ := certifiedWorld(t)
	v := w.visitor(t)
	gateway := w.Addresses().Gateway
	v.open(v.signInAtForm(gateway+"/login", "ada"))
	out := v.signOut()
	if got := v.rocketChatToken(); got.status != http.StatusUnauthorized {
		t.Errorf("before the provider is asked the token call = %d, want 401", got.status)
	}
	end := v.signOutAtForm(goesOn(t, out))
	if !strings.HasPrefix(end, gateway+"/logout/complete?state=") {
		t.Errorf("the provider sends the browser to %s, want home with a state", end)
	}
	if end, page := v.open(end); !strings.HasPrefix(end, gateway+"/") || page.status != http.StatusOK {
		t.Errorf("home is %s, %d", end, page.status)
	}
	if begun := v.send(http.MethodGet, gateway+"/login", ""); begun.status == http.StatusSeeOther && !asksForPassword(v, begun.header.Get("Location")) {
		t.Error("the provider knows the person still")
	}
}

// signInAtForm fills in the form to which an address leads, and returns the callback, unopened.
func (v *visitor) signInAtForm(target, username string) (callback string) {
	v.t.Helper()
	page, _ := v.open(target)
	posted := v.form(page, url.Values{"username": {username}, "password": {username}})
	return v.until(v.resolve(page, posted.header.Get("Location")), v.w.Addresses().Gateway)
}

// signOutAtForm confirms the provider's question, and returns where that leads.
func (v *visitor) signOutAtForm(target string) (end string) {
	v.t.Helper()
	page, asked := v.open(target)
	fields := url.Values{"logout": {"yes"}}
	for _, field := range hidden.FindAllStringSubmatch(asked.body, -1) {
		fields.Set(field[1], field[2])
	}
	found := action.FindStringSubmatch(asked.body)
	if found == nil {
		v.t.Fatalf("the provider asks nothing at %s: %d %s", page, asked.status, asked.body)
	}
	posted := v.form(v.resolve(page, found[1]), fields)
	if posted.status >= http.StatusBadRequest {
		v.t.Fatalf("the provider's sign-out = %d %s", posted.status, posted.body)
	}
	return v.resolve(page, posted.header.Get("Location"))
}

func (v *visitor) resolve(from, reference string) string {
	v.t.Helper()
	base, err := url.Parse(from)
	if err != nil {
		v.t.Fatal(err)
	}
	to, err := base.Parse(reference)
	if err != nil {
		v.t.Fatal(err)
	}
	return to.String()
}
