package main

import (
	"bytes"
	"context"
	"encoding/json"
	"log/slog"
	"maps"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"

	"github.com/alicebob/miniredis/v2"

	"chatgate/cmd/internal/app"
	"chatgate/cmd/internal/cli"
	"chatgate/gateway/chat/rocketchat/rocketchattest"
	"chatgate/gateway/chat/talk/talktest"
	"chatgate/oidc/oidctest"
)

// mostTyped is how many values somebody types, in all places together, from nothing to signed in.
const mostTyped = 12

// typist is somebody who installs a gateway, and every value that they typed.
type typist struct{ typed []string }

// types is a value that is typed. Pressing Enter alone types none.
func (p *typist) types(what, value string) string {
	p.typed = append(p.typed, what)
	return value
}

const enter = ""

func (p *typist) judge(t *testing.T) {
	t.Helper()
	if len(p.typed) > mostTyped {
		t.Errorf("%d values were typed, at most %d are allowed: %s", len(p.typed), mostTyped, strings.Join(p.typed, ", "))
	}
	t.Logf("typed %d values: %s", len(p.typed), strings.Join(p.typed, ", "))
}

// settler is somebody at a place where a provider and the chats run and there is no gateway yet. One listener answers for every name,
// as an Ingress does.
type settler struct {
	*world
	typist
	t        *testing.T
	port     string
	folder   string
	redis    *miniredis.Miniredis
	mu       sync.Mutex
	handlers map[string]http.Handler
}

func newSettler(t *testing.T) *settler {
	t.Helper()
	front := listenLocal(t)
	n := &settler{
		t: t, port: strconv.Itoa(front.Addr().(*net.TCPAddr).Port), folder: filepath.Join(t.TempDir(), "chatgate"),
		redis: miniredis.RunT(t), handlers: map[string]http.Handler{},
		world: &world{hosts: map[string]*host{}, transport: layout{}.transport()},
	}
	for _, role := range []string{"sso", "provider", "chat", "news", "comments"} {
		n.hosts[role] = &host{role: role, scheme: "http", name: role + ".corp.localhost", listener: front}
	}
	server := &http.Server{Handler: n}
	go func() { _ = server.Serve(front) }()
	t.Cleanup(func() { _ = server.Close() })
	return n
}

// ServeHTTP leads each name to whoever answers for it.
func (n *settler) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	role, _, _ := strings.Cut(r.Host, ".")
	n.mu.Lock()
	handler := n.handlers[role]
	n.mu.Unlock()
	if handler == nil {
		handler = http.NotFoundHandler()
	}
	handler.ServeHTTP(w, r)
}

func (n *settler) answer(role string, handler http.Handler) {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.handlers[role] = handler
}

func (n *settler) must(err error) {
	n.t.Helper()
	if err != nil {
		n.t.Fatal(err)
	}
}

// run is a command line in the folder of the installation, and what was typed into it.
func (n *settler) run(input string, args ...string) (said string, code int) {
	n.t.Helper()
	var out bytes.Buffer
	code = cli.Run(n.t.Context(), args, cli.Streams{Out: &out, Err: &out, In: strings.NewReader(input)})
	return out.String(), code
}

func (n *settler) succeeds(input string, args ...string) string {
	n.t.Helper()
	said, code := n.run(input, args...)
	if code != 0 {
		n.t.Fatalf("chatgate %s exits with %d:\n%s", strings.Join(args, " "), code, said)
	}
	return said
}

func (n *settler) file(name ...string) string {
	return filepath.Join(append([]string{n.folder}, name...)...)
}

func (n *settler) read(name ...string) string {
	n.t.Helper()
	text, err := os.ReadFile(n.file(name...))
	n.must(err)
	return string(text)
}

// put is a value that is typed into a secret's file, as NEXT-STEPS.md says.
func (n *settler) put(name, value string) {
	n.t.Helper()
	command := `(umask 077 && read -rs value && printf %s "$value" > secrets/` + name + `)`
	if !strings.Contains(n.read("NEXT-STEPS.md"), command) {
		n.t.Errorf("NEXT-STEPS.md does not say how %s gets into its file", name)
	}
	n.must(os.WriteFile(n.file("secrets", name), []byte(n.types(name, value)), 0o600))
}

const realm = "/realms/corp"

// keycloak opens a provider whose addresses are Keycloak's, with these clients.
func (n *settler) keycloak(clients ...oidctest.Client) {
	issuer := n.hosts["provider"].url() + realm
	n.Provider = oidctest.New(oidctest.Config{Issuer: issuer, Clients: clients, Users: demoPeople})
	const authorize = realm + "/protocol/openid-connect/auth"
	n.Provider.Set(func(f *oidctest.Faults) {
		f.Discovery = func(document map[string]any) {
			document["authorization_endpoint"] = n.hosts["provider"].url() + authorize
		}
	})
	provider := n.Provider
	n.answer("provider", http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == authorize {
			r.URL.Path = realm + oidctest.PathAuthorize
		}
		provider.ServeHTTP(w, r)
	}))
}

// importClient does at the provider what Keycloak makes of keycloak-client.json. Nothing is typed.
func (n *settler) importClient() {
	n.t.Helper()
	var client struct {
		ClientID     string   `json:"clientId"`
		Secret       string   `json:"secret"`
		RedirectURIs []string `json:"redirectUris"`
		Attributes   map[string]string
	}
	n.must(json.Unmarshal([]byte(n.read("keycloak-client.json")), &client))
	n.keycloak(oidctest.Client{
		ID: client.ClientID, Secret: client.Secret, RedirectURIs: client.RedirectURIs,
		PostLogoutRedirectURIs: strings.Split(client.Attributes["post.logout.redirect.uris"], "##"),
	})
	n.must(os.Remove(n.file("keycloak-client.json")))
}

// rocketChat starts Rocket.Chat with the environment in a file; without one it has none of the gateway's variables.
func (n *settler) rocketChat(version, environment string) {
	name, value, _ := strings.Cut(strings.TrimSuffix(environment, "\n"), "=")
	cfg := rocketchattest.Config{URL: n.hosts["chat"].url(), Version: version}
	switch name {
	case "CREATE_TOKENS_FOR_USERS":
		cfg.CreateTokenEnv = value == "true"
	case "CREATE_TOKENS_FOR_USERS_SECRET":
		cfg.CreateTokenSecret = value
	}
	n.RocketChat = rocketchattest.New(cfg)
	n.answer("chat", n.RocketChat)
}

// serve starts the gateway from the file that init wrote, until the test ends.
func (n *settler) serve() {
	n.t.Helper()
	loaded, err := app.Load(n.file("chatgate.yaml"), app.Chats(), nil)
	n.must(err)
	n.App, err = app.Open(loaded.Config, app.Lends{Log: slog.New(slog.DiscardHandler)})
	n.must(err)
	public, admin := listenLocal(n.t), listenLocal(n.t)
	n.hosts["admin"] = &host{role: "admin", listener: admin}
	n.answer("sso", forward(n.t, "http://"+public.Addr().String()))
	ctx, stop := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- n.App.Serve(ctx, public, admin) }()
	n.t.Cleanup(func() {
		stop()
		if err := <-ended; err != nil {
			n.t.Errorf("the gateway ended with %v", err)
		}
	})
	machine := n.visitor(n.t)
	eventually(n.t, "the gateway answers", func() bool {
		a, err := machine.exchange(http.MethodGet, n.Addresses().Gateway+"/.well-known/jwks.json", "", nil)
		return err == nil && a.status == http.StatusOK
	})
}

// failing are the checks that doctor calls a failure.
func (n *settler) failing() []string {
	n.t.Helper()
	said, _ := n.run("", "doctor", "--json", "--config", n.file("chatgate.yaml"))
	var report struct{ Findings []app.Finding }
	if err := json.NewDecoder(strings.NewReader(said)).Decode(&report); err != nil {
		n.t.Fatalf("doctor: %v\n%s", err, said)
	}
	names := map[string]bool{}
	for _, f := range report.Findings {
		if f.Level == app.Failure {
			names[f.Name] = true
		}
	}
	return slices.Sorted(maps.Keys(names))
}

// TestFromNothingToSignedInWithTwelveTypedValues walks through init and NEXT-STEPS.md as somebody does who has a Keycloak and
// a Rocket.Chat. Each value counts that is typed into a prompt, a form or a file: init's answers, what makes the service
// account and its token, its two secrets, and the first person's own sign-in. What does not count: pressing Enter, ticking,
// choosing a file, command lines that are copied as they stand in NEXT-STEPS.md, and the administrators' own sign-ins at
// Keycloak and in Rocket.Chat, which they have open for other reasons.
func TestFromNothingToSignedInWithTwelveTypedValues(t *testing.T) {
	for _, version := range []string{"7.13.0", "8.8.1"} {
		t.Run("Rocket.Chat "+version, func(t *testing.T) {
			n := newSettler(t)
			n.keycloak()
			n.rocketChat(version, "")

			said := n.succeeds(strings.Join([]string{
				n.types("Rocket.Chat's address", n.hosts["chat"].url()),
				enter, // no Coral
				enter, // the gateway beside it
				n.types("the provider's issuer", n.hosts["provider"].url()+realm),
				enter, // the client's id
				enter, // the service account's user id: later
				n.types("Redis", n.redis.Addr()),
				enter, // the service account's token: later
				enter, // no password of Redis
			}, "\n")+"\n", "init", "--interactive", "--development", "--out", n.folder)
			for _, words := range []string{"found    Keycloak at", "found    Rocket.Chat " + version[:strings.LastIndex(version, ".")]} {
				if !strings.Contains(said, words) {
					t.Errorf("init does not say %q:\n%s", words, said)
				}
			}

			n.importClient()
			n.rocketChat(version, n.read("rocketchat.env")) // restarted, before there is anything to lose
			robot := n.RocketChat.AddUser(rocketchattest.User{
				Name: n.types("the service account's name", "Gateway"), Username: n.types("its username", "chatgate"),
				Email: n.types("its address", "chatgate@example.org"), Verified: true, Password: n.types("its password", "a long one of its own"),
				Roles: []string{"admin"},
			})
			n.types("the token's name", "chatgate")
			n.put("rocketchat-user-id", robot)
			n.put("rocketchat-token", n.RocketChat.AddPAT(robot, true))

			n.succeeds("", "config", "check", "--config", n.file("chatgate.yaml"))
			n.serve()
			if got := n.failing(); !slices.Equal(got, []string{"iframe settings"}) {
				t.Errorf("before the last step doctor calls %q failures, want the iframe settings alone", got)
			}
			n.succeeds("", "setup", "rocketchat", "--config", n.file("chatgate.yaml"), "--apply", "--yes")
			if got := n.failing(); len(got) > 0 {
				t.Errorf("after it doctor calls %q failures", got)
			}

			v := n.visitor(t)
			n.types("the person's username", "ada")
			n.types("their password", "ada")
			v.signIn("/login?chat=rocketchat", "ada")
			token, _ := v.rocketChatToken().json(t)["loginToken"].(string)
			if !n.RocketChat.Alive(token) {
				t.Errorf("Rocket.Chat does not take the login token %q", token)
			}
			n.judge(t)
		})
	}
}

// TestFromNothingToAComment is the same for Coral, whose administrator sets it up.
func TestFromNothingToAComment(t *testing.T) {
	n := newSettler(t)
	n.keycloak()
	coral, err := talktest.NewCoral(talktest.CoralConfig{
		URL: n.hosts["comments"].url(), AllowedOrigins: []string{n.hosts["news"].url()}, Transport: n.transport,
	})
	n.must(err)
	n.answer("comments", coral)
	admin, err := coral.AddUser(talktest.User{Username: "boss", Email: "boss@example.org", Role: talktest.RoleAdmin})
	n.must(err)
	adminToken, err := coral.OwnToken(admin.ID)
	n.must(err)

	n.succeeds(strings.Join([]string{
		enter, // no Rocket.Chat
		n.types("Coral's address", n.hosts["comments"].url()),
		enter, // the gateway beside it
		n.types("the provider's issuer", n.hosts["provider"].url()+realm),
		enter, // the profile
		n.types("the newspaper's address", n.hosts["news"].url()),
		enter, // the client's id
		n.types("Redis", n.redis.Addr()),
		enter, // no password of Redis
	}, "\n")+"\n", "init", "--interactive", "--development", "--out", n.folder)

	n.importClient()
	n.succeeds("", "config", "check", "--config", n.file("chatgate.yaml"))
	n.serve()
	n.types("the administrator's address", admin.Email) // a login by password gives the token
	n.types("their password", "of the administrator")
	t.Setenv(app.AdminTokenVariable, n.types("the administrator's token", adminToken))
	n.succeeds("", "setup", "talk", "--config", n.file("chatgate.yaml"), "--apply", "--yes")
	if got := n.failing(); len(got) > 0 {
		t.Errorf("doctor calls %q failures", got)
	}

	v := n.visitor(t)
	n.types("the person's username", "ada")
	n.types("that person's password", "ada")
	v.signIn("/login?chat=talk", "ada")
	token, _ := v.talkToken().json(t)["token"].(string)
	if viewer, err := coral.Verify(t.Context(), token); err != nil || viewer.Username != "ada" {
		t.Errorf("Coral takes the reader for %+v, %v; want ada", viewer, err)
	}
	n.judge(t)
}
