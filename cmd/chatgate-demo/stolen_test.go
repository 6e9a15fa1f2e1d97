package main

import (
	"crypto/rand"
	"encoding/base64"
	"maps"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"testing"

	"chatgate/cmd/internal/app"
	"chatgate/gateway/chat/rocketchat/rocketchattest"
	"chatgate/oidc/oidctest"
	"chatgate/store/storetest/redistest"
)

// TestACopyOfRedisOpensNothing: of a Redis with everything in it that the gateway keeps, somebody has a copy, and with it
// every key, field and value (S59, D23). The sealing key is not there, so nothing is to be had from it: not by what stands
// in it, not by what that decodes to and not by hashes of it.
func TestACopyOfRedisOpensNothing(t *testing.T) {
	original := redistest.Start(t, "--rdbcompression", "no")
	w, _ := everyChat(t, worldConfig{Redis: original.Addr, Providers: withRefreshTokens, Extra: noLimits})
	held := fillWithSecrets(t, w)
	file := snapshot(t, original)
	w.RocketChat.SetFaults(rocketchattest.Faults{})

	t.Run("no secret stands in it in any spelling", func(t *testing.T) {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		scan := watched.secrets.scanner()
		for _, l := range scan.scan(text) {
			t.Errorf("the copy holds a %s", l.kind)
		}
		for name, secret := range held {
			if watched.secrets.all()[secret] == "" {
				t.Errorf("%s was not looked for", name)
			}
			if len(scan.scan(append(text[:len(text):len(text)], secret...))) == 0 {
				t.Errorf("%s would not be found", name)
			}
		}
	})

	stolen := loadSnapshot(t, file)
	found := readEverything(t, stolen.Client(t))
	t.Logf("%d texts and %d pieces of bytes to try", len(found.texts), len(found.raw))
	t.Run("everything there is to steal is in it", func(t *testing.T) {
		rooms := memoryByRoom(t, stolen.Addr)
		for _, room := range []string{
			"d:keyring", "d:ledger", "d:link", "d:names", "d:outbox", "t:access", "t:attempt", "t:child", "t:code",
			"t:handoff", "t:provider", "t:session", "t:sid", "t:subject", "t:talk",
		} {
			if rooms[room] == 0 {
				t.Errorf("nothing of %s is in the copy", room)
			}
		}
	})
	t.Run("nothing in it is a key", found.areNoKeys)
	t.Run("at the gateway it was taken from", func(t *testing.T) {
		opensNothing(t, thief{w: w, gateway: w.idleReplica(t, app.Lends{})}, found.texts)
	})
	t.Run("at a gateway of the thief's own", func(t *testing.T) {
		own := w.elsewhere(t, stolen.Addr, anotherSealingKey)
		opensNothing(t, thief{w: w, gateway: own}, found.texts)
		if got := (thief{w: w, gateway: own}).rocketChatToken(held["the session's cookie"]); got.status == http.StatusOK {
			t.Error("without the sealing key even the cookie itself opens a session")
		}
	})
	t.Run("while with the sealing key the copy is complete", func(t *testing.T) {
		whole := thief{w: w, gateway: w.elsewhere(t, stolen.Addr, func(config string) string { return config })}
		if got := whole.rocketChatToken(held["the session's cookie"]); got.status != http.StatusOK {
			t.Errorf("the cookie brings %d %s, want 200", got.status, got.body)
		}
	})
	t.Run("at Rocket.Chat, Coral and the provider", func(t *testing.T) { opensNothingElse(t, w, found.texts) })
	t.Run("where what was stolen would open all of them", func(t *testing.T) {
		everywhere := thief{w: w, gateway: w.idleReplica(t, app.Lends{})}
		for name, opened := range map[string]bool{
			"the session's cookie": everywhere.rocketChatToken(held["the session's cookie"]).status == http.StatusOK,
			"the child's cookie":   everywhere.rocketChatToken(held["the child's cookie"]).status == http.StatusOK,
			"the login token":      w.RocketChat.Alive(held["the login token"]),
			"the Talk 4 token":     everywhere.bearer("/four/user", held["the Talk 4 token"]).status == http.StatusOK,
			"the refresh token":    refreshes(t, w, held["the refresh token"]),
		} {
			if !opened {
				t.Errorf("%s opens nothing, so that it says nothing when copies of it open nothing", name)
			}
		}
	})
}

const (
	// withRefreshTokens goes on where the provider's section ends.
	withRefreshTokens = "    scopes: [openid, profile, email, offline_access]\n"

	// noLimits lets a thief try as often as they like, since a refusal for being too fast says nothing.
	noLimits = `
limits:
  loginStartsPerAddress: 0
  loginStartsOverall: 0
  callbacksPerAddress: 0
  handOffsPerAddress: 0
  redeemsPerAddress: 0
  talkUsersPerAddress: 0
  codesPerAddress: 0
  warmCallsPerSession: 0
  warmCallsPerAddress: 0
`
)

// fillWithSecrets has people do everything that leaves something in Redis, and returns what they hold in their hands.
// Afterwards Rocket.Chat is down.
func fillWithSecrets(t *testing.T, w *world) map[string]string {
	t.Helper()
	held, issued := map[string]string{}, noteTokens(w)
	ada := w.visitor(t)
	f := ada.frame()
	f.signIn(inNewWindow, "ada")
	held["the login token"] = f.redeemed()
	held["the session's cookie"], held["the child's cookie"] = ada.cookie("__Host-chatgate"), f.cookie("__Host-chatgate-rocketchat")
	held["the OpenID Connect token"], _ = ada.talkToken().json(t)["token"].(string)
	held["the SSO token"], held["the Talk 4 token"] = ada.tokenOf("sso", pluginPage), ada.tokenOf("four", pluginPage)
	ada.open(ada.askCoral()) // an access token of Coral's
	unredeemed := ada.send(http.MethodGet, ada.askCoral(), "").header.Get("Location")
	held["Coral's code"] = between(unredeemed, "code=", "&")
	held["the refresh token"], held["the access token"] = issued.get("refresh_token"), issued.get("access_token")

	waiting := w.visitor(t).frame() // a sign-in that is finished, and one that is under way, wait for their frames
	waiting.signIn(inNewWindow, "ada")
	held["a hand-off's secret"] = waiting.Secret
	waiting.tab().offer()
	held["a provider's state"] = between(w.visitor(t).frame().beginLogin(), "state=", "&")

	bob := w.visitor(t) // signs out while Rocket.Chat is away: what must be done there waits in the outbox
	bob.signIn("/login", "bob")
	held["a login token to revoke"], _ = bob.rocketChatToken().json(t)["loginToken"].(string)
	w.RocketChat.SetFaults(rocketchattest.Faults{Down: true})
	bob.signOut()
	return held
}

// tokenNotes are the provider's last answer with tokens.
type tokenNotes struct {
	mu   sync.Mutex
	last map[string]any
}

// noteTokens notes what the provider issues from now on.
func noteTokens(w *world) *tokenNotes {
	notes := &tokenNotes{}
	w.Provider.Set(func(f *oidctest.Faults) {
		f.TokenAnswer = func(answer map[string]any) {
			notes.mu.Lock()
			defer notes.mu.Unlock()
			notes.last = maps.Clone(answer)
		}
	})
	return notes
}

func (n *tokenNotes) get(name string) string {
	n.mu.Lock()
	defer n.mu.Unlock()
	token, _ := n.last[name].(string)
	return token
}

// beginLogin is the provider's address to which a press of the button leads.
func (f *frame) beginLogin() string {
	f.t.Helper()
	f.offer()
	return f.begin(inNewWindow)
}

// cookie is the value of a cookie of the gateway's.
func (v *visitor) cookie(name string) string {
	v.t.Helper()
	request, err := http.NewRequest(http.MethodGet, v.w.Addresses().Gateway, nil)
	if err != nil {
		v.t.Fatal(err)
	}
	for _, c := range v.client.Jar.Cookies(request.URL) {
		if c.Name == name {
			return c.Value
		}
	}
	v.t.Fatalf("there is no cookie %s", name)
	return ""
}

// snapshot has a server write its file, and returns a copy of it.
func snapshot(t *testing.T, server *redistest.Server) (file string) {
	t.Helper()
	server.Do(t, "save")
	dir, err := server.Client(t).ConfigGet(t.Context(), "dir").Result()
	if err != nil {
		t.Fatal(err)
	}
	text, err := os.ReadFile(filepath.Join(dir["dir"], "dump.rdb"))
	if err != nil {
		t.Fatal(err)
	}
	file = filepath.Join(t.TempDir(), "dump.rdb")
	if err := os.WriteFile(file, text, 0o600); err != nil {
		t.Fatal(err)
	}
	return file
}

// loadSnapshot starts another server with it.
func loadSnapshot(t *testing.T, file string) *redistest.Server {
	t.Helper()
	return redistest.Start(t, "--dir", filepath.Dir(file))
}

// elsewhere is a gateway on another Redis, with a configuration that is not quite this world's.
func (w *world) elsewhere(t *testing.T, redis string, change func(config string) string) http.Handler {
	t.Helper()
	other := *w
	other.config = change(regexp.MustCompile(`standalone: \{address: "[^"]+"`).ReplaceAllString(w.config, `standalone: {address: "`+redis+`"`))
	opened := other.another(t, app.Lends{})
	machine, admin := w.visitor(t), runReplica(t, opened)
	eventually(t, "the gateway on the copy has started", func() bool { // without the sealing key it is never ready
		checks, _ := machine.send(http.MethodGet, admin+"/readyz", "").json(t)["checks"].(map[string]any)
		return checks["provider corp"] == "ok"
	})
	return opened.Server().Handler()
}

func anotherSealingKey(config string) string {
	key := base64.StdEncoding.EncodeToString([]byte(rand.Text() + rand.Text()))
	return regexp.MustCompile(`keys: \{demo: "[^"]+"`).ReplaceAllString(config, `keys: {demo: "`+key+`"`)
}

// refreshes spends a refresh token at the provider, as the gateway would.
func refreshes(t *testing.T, w *world, token string) bool {
	t.Helper()
	fields := url.Values{"grant_type": {"refresh_token"}, "refresh_token": {token}}
	request := httptest.NewRequest(http.MethodPost, w.Addresses().Provider+oidctest.PathToken, strings.NewReader(fields.Encode()))
	request.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	request.SetBasicAuth("chatgate", between(w.config, `client: {id: chatgate, secret: "`, `"`))
	recorder := httptest.NewRecorder()
	w.Provider.ServeHTTP(recorder, request)
	return recorder.Code == http.StatusOK
}
