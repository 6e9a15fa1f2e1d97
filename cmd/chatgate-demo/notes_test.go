package main

import (
	"context"
	"crypto/rand"
	"encoding/base64"
	"encoding/json"
	"net/http"
	"net/url"
	"path/filepath"
	"strings"
	"testing"

	"github.com/alicebob/miniredis/v2"

	"chatgate/charts/charttest"
	"chatgate/cmd/internal/app"
	"chatgate/gateway/chat/rocketchat/rocketchattest"
	"chatgate/gateway/chat/talk/talktest"
	"chatgate/oidc/oidctest"
)

// What stands in the default scenario of the chart, and what is there before chatgate is: a workspace, comments and a
// newspaper that shows them.
const (
	chatAddress     = "https://chat.example.org"
	commentsAddress = "https://comments.example.org"
	newsOrigin      = "https://www.example.org"
)

// defaultChart is what `helm install` prints and creates with the default scenario's values.
func defaultChart(t *testing.T, set ...string) charttest.Installed {
	t.Helper()
	chart := charttest.Open(t, filepath.Join("..", "..", "charts", "chatgate"))
	args := []string{"--values", chart.Values("default")}
	for _, value := range set {
		args = append(args, "--set", value)
	}
	return chart.Install(t, args...)
}

// newcomer is a person who has installed the chart and has its notes, and nothing else to go by.
type newcomer struct {
	*visitor
	notes   notes
	secrets map[string]string // files below /run/secrets/chatgate, as the person has made them up or got them
}

// TestANewcomerGetsInWithTheNotesAlone: the chart's default scenario, its notes followed to the letter at a provider, a
// Rocket.Chat and a Coral, and the configuration it mounts served by the gateway's own code behind a proxy that ends TLS.
// Addresses are as in the values; only Redis has one on this machine (H23).
func TestANewcomerGetsInWithTheNotesAlone(t *testing.T) {
	p := newInstallation(t)
	p.signsIn(t)
	p.isInRocketChat(t)
	p.isAtTheComments(t)
	p.signsInAtCoral(t)
	t.Run("signs out, and comes home", p.signsOut)
	t.Run("is signed out by the provider's call", p.isSignedOutByCall)
	t.Run("is signed out by the provider's frame", p.isSignedOutByFrame)
}

func newInstallation(t *testing.T) *newcomer {
	t.Helper()
	redis := miniredis.RunT(t)
	p := &newcomer{secrets: map[string]string{
		"sealing":                 base64.StdEncoding.EncodeToString([]byte(rand.Text() + rand.Text())),
		"redis-password":          rand.Text(),
		"oidc-client":             rand.Text(),
		"rocketchat-create-token": rand.Text(),
		"coral-client":            rand.Text() + rand.Text(),
	}}
	for name, secret := range p.secrets {
		watched.secrets.add(name, secret)
	}
	redis.RequireAuth(p.secrets["redis-password"])
	w := &world{RocketChat: rocketchattest.New(rocketchattest.Config{
		URL: chatAddress, CreateTokenSecret: p.secrets["rocketchat-create-token"],
	})}
	var account string
	account, p.secrets["rocketchat-token"] = w.RocketChat.ServiceAccount()
	installed := defaultChart(t, "config.redis.standalone.address="+redis.Addr(), "config.chats.rocketchat.api.userID="+account,
		"config.listen.drain=0s") // nobody is to be drained, and the test has not to wait for it

	var err error
	if p.notes, err = readNotes(installed.Notes); err != nil {
		t.Fatalf("%v:\n%s", err, installed.Notes)
	}
	network := newOutside(t, p.notes.gateway, p.notes.provider.address, chatAddress, commentsAddress)
	w.transport = network.Transport
	p.visitor = w.visitor(t)
	p.entersEverything(t, network)
	p.serves(t, network, installed.Objects)
	return p
}

// entersEverything does what the notes say at each product.
func (p *newcomer) entersEverything(t *testing.T, network *outside) {
	t.Helper()
	n, w := p.notes, p.w
	w.Provider = oidctest.New(oidctest.Config{Issuer: n.provider.address, Users: demoPeople, Clients: []oidctest.Client{{
		ID: n.provider.entries["Client ID"], Secret: p.secrets["oidc-client"],
		RedirectURIs:           []string{n.provider.entries["Redirect URI"]},
		PostLogoutRedirectURIs: []string{n.provider.entries["Post-logout redirect URI"]},
	}}})
	for id, value := range n.rocketChat.entries {
		w.RocketChat.SetSetting(id, asSetting(value))
	}
	var err error
	w.Coral, err = talktest.NewCoral(talktest.CoralConfig{URL: commentsAddress, AllowedOrigins: []string{newsOrigin}, Transport: network.Transport})
	if err != nil {
		t.Fatal(err)
	}
	if want := "the value of chats.talk.client.secret"; n.coral.entries["Client secret"] != want {
		t.Errorf("the notes call Coral's client secret %q, want %q", n.coral.entries["Client secret"], want)
	}
	err = w.Coral.Set(map[string]any{"integrations": map[string]any{"oidc": map[string]any{
		"enabled": asSetting(n.coral.entries["Enabled"]), "allowRegistration": asSetting(n.coral.entries["Allow registration"]),
		"name":     "chatgate", // the notes leave what the button says to the person
		"clientID": n.coral.entries["Client ID"], "clientSecret": p.secrets["coral-client"],
		"issuer": n.coral.entries["Issuer"], "jwksURI": n.coral.entries["JWKS URI"],
		"authorizationURL": n.coral.entries["Authorization URL"], "tokenURL": n.coral.entries["Token URL"],
	}}})
	if err != nil {
		t.Fatal(err)
	}
	network.serve(t, n.provider.address, w.Provider)
	network.serve(t, n.rocketChat.address, w.RocketChat)
	network.serve(t, n.coral.address, w.Coral)
}

// asSetting is what a person does to a switch.
func asSetting(value string) any {
	switch value {
	case "true", "on":
		return true
	default:
		return value
	}
}

// serves starts the gateway on what the chart mounts, behind a proxy at its public address.
func (p *newcomer) serves(t *testing.T, network *outside, objects []charttest.Object) {
	t.Helper()
	path := charttest.Mount(t, objects, func(path string) string {
		secret, ok := p.secrets[filepath.Base(path)]
		if !ok {
			t.Fatalf("the configuration names %s, of which nobody was told", path)
		}
		return secret
	})
	loaded, err := app.Load(path, app.Chats(), nil)
	if err != nil {
		t.Fatal(err)
	}
	gateway, err := app.Open(loaded.Config, app.Lends{Log: watched.log(nil), Transport: network.Transport})
	if err != nil {
		t.Fatal(err)
	}
	public, admin := listenLocal(t), listenLocal(t)
	ctx, stop := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- gateway.Serve(ctx, public, admin) }()
	t.Cleanup(func() {
		stop()
		if err := <-ended; err != nil {
			t.Errorf("the gateway ended with %v", err)
		}
	})
	network.serve(t, p.notes.gateway, forward(t, "http://"+public.Addr().String()))
	machine := &http.Client{}
	eventually(t, "the gateway is ready", func() bool {
		response, err := machine.Get("http://" + admin.Addr().String() + "/readyz")
		if err != nil {
			return false
		}
		defer response.Body.Close()
		var body struct{ Status string }
		return json.NewDecoder(response.Body).Decode(&body) == nil && body.Status == "ready"
	})
}

// signsIn opens what the notes say, and ends on a page with their name.
func (p *newcomer) signsIn(t *testing.T) {
	t.Helper()
	begun := p.send(http.MethodGet, p.notes.login, "")
	if begun.status != http.StatusSeeOther {
		t.Fatalf("GET %s = %d: %s", p.notes.login, begun.status, begun.body)
	}
	end, page := p.open(p.callback(begun.header.Get("Location"), "ada"))
	if !strings.HasPrefix(end, p.notes.gateway+"/") || !strings.Contains(page.body, "Ada Lovelace") {
		t.Fatalf("the sign-in ends at %s, %d, without the person's name:\n%s", end, page.status, page.body)
	}
}

// loginToken asks as Rocket.Chat's client does, which knows what was entered there and nothing else.
func (p *newcomer) loginToken(t *testing.T) answer {
	t.Helper()
	var settings struct {
		Iframe struct {
			Enabled                bool
			URL, APIURL, APIMethod string
		}
	}
	a := p.send(http.MethodGet, p.notes.rocketChat.address+"/web/settings.json", "")
	if err := json.Unmarshal([]byte(a.body), &settings); err != nil || !settings.Iframe.Enabled {
		t.Fatalf("Rocket.Chat's client is told %s, %v", a.body, err)
	}
	frame := p.send(http.MethodGet, settings.Iframe.URL, "", "Sec-Fetch-Site", "cross-site", "Sec-Fetch-Dest", "iframe")
	if policy := frame.header.Get("Content-Security-Policy"); frame.status != http.StatusOK || !strings.Contains(policy, p.notes.rocketChat.address) {
		t.Errorf("the frame = %d with the policy %q, want one that lets %s show it", frame.status, policy, p.notes.rocketChat.address)
	}
	return p.send(settings.Iframe.APIMethod, settings.Iframe.APIURL, "", "Origin", p.notes.rocketChat.address)
}

func (p *newcomer) isInRocketChat(t *testing.T) {
	t.Helper()
	a := p.loginToken(t)
	token, _ := a.json(t)["loginToken"].(string)
	resume, err := json.Marshal(map[string]string{"resume": token})
	if err != nil {
		t.Fatal(err)
	}
	in := p.send(http.MethodPost, p.notes.rocketChat.address+"/api/v1/login", string(resume), "Content-Type", "application/json")
	if in.status != http.StatusOK || !strings.Contains(in.body, `"username":"ada"`) {
		t.Errorf("Rocket.Chat answers %d %s to the token of %d %s, want ada to be in", in.status, in.body, a.status, a.body)
	}
}

// commentToken asks as the newspaper's page does.
func (p *newcomer) commentToken() answer {
	return p.send(http.MethodGet, p.notes.gateway+"/talk/token", "", "Origin", newsOrigin)
}

func (p *newcomer) isAtTheComments(t *testing.T) {
	t.Helper()
	if script := p.send(http.MethodGet, p.notes.script, "", "Origin", newsOrigin); script.status != http.StatusOK {
		t.Errorf("the script at %s = %d", p.notes.script, script.status)
	}
	token, _ := p.commentToken().json(t)["token"].(string)
	if viewer, err := p.w.Coral.Verify(t.Context(), token); err != nil || viewer.Username != "ada" {
		t.Errorf("Coral takes the token for %+v, %v, want ada", viewer.User, err)
	}
}

// signsInAtCoral presses the button of Coral's own administration, which goes where its settings say.
func (p *newcomer) signsInAtCoral(t *testing.T) {
	t.Helper()
	end, _ := p.open(p.notes.coral.address + "/api/auth/oidc?redirectTo=/")
	page, token, found := strings.Cut(end, "#accessToken=")
	if !found || page != p.notes.coral.address+"/" {
		t.Fatalf("Coral's own login ends at %s, want its page with a token", end)
	}
	if viewer, err := p.w.Coral.Verify(t.Context(), token); err != nil || viewer.Username != "ada" {
		t.Errorf("Coral knows %+v, %v, want ada", viewer.User, err)
	}
}

func (p *newcomer) isOut(t *testing.T) {
	t.Helper()
	if chat, comments := p.loginToken(t), p.commentToken(); chat.status != http.StatusUnauthorized || comments.status != http.StatusUnauthorized {
		t.Errorf("tokens after the sign-out = %d and %d, want 401 for both", chat.status, comments.status)
	}
}

func (p *newcomer) signsOut(t *testing.T) {
	token, _ := p.loginToken(t).json(t)["loginToken"].(string)
	gone := p.send(http.MethodPost, p.notes.gateway+"/logout", "", "Origin", p.notes.gateway)
	if end, page := p.open(goesOn(t, gone)); !strings.HasPrefix(end, p.notes.gateway+"/") || page.status != http.StatusOK {
		t.Errorf("the sign-out ends at %s, %d, want home", end, page.status)
	}
	p.isOut(t)
	eventually(t, "Rocket.Chat forgot the login token", func() bool { return !p.w.RocketChat.Alive(token) })
}

func (p *newcomer) isSignedOutByCall(t *testing.T) {
	p.signsIn(t)
	claims := p.w.Provider.LogoutClaims(p.notes.provider.entries["Client ID"], demoPeople[0].Subject, "")
	token, err := p.w.Provider.Sign("logout+jwt", claims)
	if err != nil {
		t.Fatal(err)
	}
	call := p.form(p.notes.provider.entries["Back-channel logout URI"], url.Values{"logout_token": {token}})
	if call.status != http.StatusOK {
		t.Errorf("the provider's call = %d %s", call.status, call.body)
	}
	p.isOut(t)
}

func (p *newcomer) isSignedOutByFrame(t *testing.T) {
	issued := noteTokens(p.w)
	p.signsIn(t)
	var claims idTokenClaims
	readClaims(t, issued.get("id_token"), &claims)
	query := url.Values{"iss": {p.notes.provider.address}, "sid": {claims.SID}}
	frame := p.send(http.MethodGet, p.notes.provider.entries["Front-channel logout URI"]+"?"+query.Encode(), "",
		"Sec-Fetch-Site", "cross-site", "Sec-Fetch-Dest", "iframe")
	if frame.status != http.StatusOK {
		t.Errorf("the provider's frame = %d %s", frame.status, frame.body)
	}
	p.isOut(t)
}
