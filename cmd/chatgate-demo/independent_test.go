package main

import (
	"bufio"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"chatgate/store/storetest/redistest"
)

// independent is a provider that others wrote, in a process of its own.
type independent struct {
	Issuer string `json:"issuer"`
	Client struct {
		ID     string `json:"id"`
		Secret string `json:"secret"`
	} `json:"client"`

	in  io.Writer
	out *bufio.Scanner
}

// certified is npm's oidc-provider, which tells the gateway of sign-outs.
func certified(t *testing.T, w *world) *exec.Cmd {
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
	return exec.Command(node, script, "--redirect-uri", gateway+"/login/callback",
		"--post-logout-redirect-uri", gateway+"/logout/complete", "--backchannel-logout-uri", inside+"/logout/backchannel")
}

// zitadel is the example of zitadel's library, which tells nobody of sign-outs.
func zitadel(t *testing.T, w *world) *exec.Cmd {
	t.Helper()
	program, err := filepath.Abs("../../.tools/bin/zitadel-provider")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(program); err != nil {
		needed(t, "zitadel's provider is not built: run .ci/run once")
	}
	gateway := w.hosts["sso"].url()
	return exec.Command(program, "-redirect-uri", gateway+"/login/callback", "-post-logout-redirect-uri", gateway+"/logout/complete")
}

func startIndependent(t *testing.T, cmd *exec.Cmd) *independent {
	t.Helper()
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
	p := &independent{in: input, out: bufio.NewScanner(output)}
	p.hear(t, p)
	watched.secrets.add("client secret", p.Client.Secret)
	return p
}

// hear reads a line of the provider's.
func (p *independent) hear(t *testing.T, into any) {
	t.Helper()
	if !p.out.Scan() || json.Unmarshal(p.out.Bytes(), into) != nil {
		t.Fatalf("the provider says %q, %v", p.out.Text(), p.out.Err())
	}
}

// endedFor are the people whose sessions at zitadel's provider were ended.
func (p *independent) endedFor(t *testing.T) []string {
	t.Helper()
	if _, err := io.WriteString(p.in, "ended\n"); err != nil {
		t.Fatal(err)
	}
	var told struct {
		Ended []string `json:"ended"`
	}
	p.hear(t, &told)
	return told.Ended
}

// independentWorld is a world in which such a provider takes the place of ours.
func independentWorld(t *testing.T, command func(*testing.T, *world) *exec.Cmd) (*world, *independent) {
	t.Helper()
	var provider *independent
	w, ready := startBroken(t, worldConfig{Redis: redistest.Start(t).Addr}, func(w *world) {
		provider = startIndependent(t, command(t, w))
		section := fmt.Sprintf("issuer: %s\n    client: {id: %s, secret: %q}\n    scopes: [openid, profile, email, offline_access]",
			provider.Issuer, provider.Client.ID, provider.Client.Secret)
		w.config = configuredProvider.ReplaceAllLiteralString(w.config, section)
		var err error
		if w.App, err = w.openGateway(watched.log(nil)); err != nil {
			t.Fatal(err)
		}
	})
	ready()
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
	w, provider := independentWorld(t, certified)
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
	w, _ := independentWorld(t, certified)
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

// TestZitadelsProviderSendsPeopleHome does without a question, and to the address that the client has registered (S106, S107).
func TestZitadelsProviderSendsPeopleHome(t *testing.T) {
	w, provider := independentWorld(t, zitadel)
	v := w.visitor(t)
	gateway := w.Addresses().Gateway
	v.open(v.signInAtForm(gateway+"/login", "ada"))
	if got := v.rocketChatToken(); got.status != http.StatusOK {
		t.Fatalf("signed in, the token call = %d %s", got.status, got.body)
	}
	if ended := provider.endedFor(t); len(ended) != 0 {
		t.Fatalf("before the sign-out the provider has ended the sessions of %v", ended)
	}
	out := goesOn(t, v.signOut())
	home := v.until(out, gateway)
	if state := between(out, "state=", "&"); state == "" || home != gateway+"/logout/complete?state="+state {
		t.Errorf("the provider sends the browser to %s, want home with the state %s", home, state)
	}
	if end, page := v.open(home); !strings.HasPrefix(end, gateway+"/") || page.status != http.StatusOK {
		t.Errorf("home is %s, %d", end, page.status)
	}
	if diff := cmp.Diff([]string{"0001-ada"}, provider.endedFor(t)); diff != "" {
		t.Errorf("the people whose sessions the provider has ended (-want +got):\n%s", diff)
	}
	if begun := v.send(http.MethodGet, gateway+"/login", ""); !asksForPassword(v, begun.header.Get("Location")) {
		t.Error("the provider knows the person still")
	}
}

// signInAtForm fills in the form to which an address leads, and returns the callback, unopened.
func (v *visitor) signInAtForm(target, username string) (callback string) {
	v.t.Helper()
	page, asked := v.open(target)
	fields := hiddenFields(asked.body)
	fields.Set("username", username)
	fields.Set("password", username)
	form := page
	if found := action.FindStringSubmatch(asked.body); found != nil {
		form = v.resolve(page, found[1])
	}
	posted := v.form(form, fields)
	return v.until(v.resolve(form, posted.header.Get("Location")), v.w.Addresses().Gateway)
}

func hiddenFields(page string) url.Values {
	fields := url.Values{}
	for _, field := range hidden.FindAllStringSubmatch(page, -1) {
		fields.Set(field[1], field[2])
	}
	return fields
}

// signOutAtForm confirms the provider's question, and returns where that leads.
func (v *visitor) signOutAtForm(target string) (end string) {
	v.t.Helper()
	page, asked := v.open(target)
	fields := hiddenFields(asked.body)
	fields.Set("logout", "yes")
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
