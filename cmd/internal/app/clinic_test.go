package app_test

import (
	"context"
	"errors"
	"log/slog"
	"maps"
	"net/http"
	"net/netip"
	"strings"
	"testing"

	"chatgate/cmd/internal/app"
	"chatgate/gateway/chat/rocketchat/rocketchattest"
	"chatgate/oidc/oidctest"
	"chatgate/store"
	"chatgate/store/memstore"
)

// clinic is an installation in perfect health, on an internet of its own. A test breaks one thing in it.
type clinic struct {
	source   string
	engine   *patient
	provider *oidctest.Provider
	chat     *rocketchattest.Server
	// front stands before the gateway, as a reverse proxy does.
	front func(http.Handler) http.Handler
	// more answer by these names too.
	more map[string]http.Handler
	// hosts resolve to these addresses.
	hosts map[string]string
	// silent is a gateway that tells the others nothing of itself.
	silent bool
	// road changes the answers on the way to the doctor, as a network in between does.
	road func(*http.Response)
}

// patient is a store in memory that tells what a Redis tells about itself.
type patient struct {
	*memstore.Store
	told store.Server
	down error
}

func (p *patient) Ping(ctx context.Context) error {
	if p.down != nil {
		return p.down
	}
	return p.Store.Ping(ctx)
}

func (p *patient) Inspect(context.Context) ([]store.Server, error) {
	return []store.Server{p.told}, nil
}

const healthy = `baseURL: https://sso.example.org
trustedProxies: [10.0.0.0/8]
sealing:
  current: "2026-11"
  keys: {"2026-11": "q83vEjRWeJCrze8SNFZ4kA7xT2mC5sYb0pLwUeVd9Go="}
redis:
  standalone: {address: "cache:6379"}
providers:
  corp:
    issuer: https://idp.example.org
    client: {id: chatgate, secret: provider-secret}
chats:
  rocketchat:
    access: {providers: [corp], anyone: true}
    url: https://chat.example.org
    api: {userID: USER, token: TOKEN, createTokenSecret: create-token-secret}
`

// embedded is added for a portal that signs its readers in to the chat.
const embedded = `    embedOrigins: {"https://portal.example.org": {token: true}}
`

// newClinic builds a healthy installation with a Rocket.Chat that may differ.
func newClinic(workspace func(*rocketchattest.Config)) *clinic {
	cfg := rocketchattest.Config{
		URL: "https://chat.example.org", CreateTokenEnv: true, CreateTokenSecret: "create-token-secret",
		Iframe: rocketchattest.Iframe{
			Enabled: true, URL: "https://sso.example.org/rocketchat/frame", APIURL: "https://sso.example.org/rocketchat/token",
		},
	}
	if workspace != nil {
		workspace(&cfg)
	}
	c := &clinic{
		engine: &patient{
			Store: memstore.New(memstore.Config{}),
			told:  store.Server{Product: "redis", Version: "7.2.4", Eviction: "noeviction", Persistence: store.AppendOnly},
		},
		provider: oidctest.New(oidctest.Config{Issuer: "https://idp.example.org", Clients: []oidctest.Client{{
			ID: "chatgate", Secret: "provider-secret", RedirectURIs: []string{"https://sso.example.org/login/callback"},
		}}}),
		chat:  rocketchattest.New(cfg),
		front: func(gateway http.Handler) http.Handler { return gateway },
		hosts: map[string]string{
			"sso.example.org": "203.0.113.6", "login.example.org": "203.0.113.6", "chat.example.org": "203.0.113.7",
			"chat.example.net": "203.0.113.8", "chat2.example.org": "203.0.113.9", "portal.example.org": "203.0.113.10",
		},
	}
	userID, token := c.chat.ServiceAccount()
	c.source = strings.NewReplacer("USER", userID, "TOKEN", token).Replace(healthy)
	return c
}

// replace changes the configuration.
func (c *clinic) replace(t *testing.T, text, by string) {
	t.Helper()
	if !strings.Contains(c.source, text) {
		t.Fatalf("the configuration has no %q", text)
	}
	c.source = strings.Replace(c.source, text, by, 1)
}

// examine opens a gateway on the configuration of the clinic, and has the doctor look at it.
func (c *clinic) examine(t *testing.T) []app.Finding {
	t.Helper()
	return c.examineWith(t, c.source)
}

// examineWith is examine for a doctor whose file is not the gateway's.
func (c *clinic) examineWith(t *testing.T, source string) []app.Finding {
	t.Helper()
	var gateway http.Handler
	hosts := map[string]http.Handler{
		"idp.example.org":  c.provider,
		"chat.example.org": c.chat,
		"chat.example.net": c.chat,
		"sso.example.org": c.front(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			gateway.ServeHTTP(w, r)
		})),
	}
	maps.Copy(hosts, c.more)
	transport := oidctest.Network(t, hosts)
	lend := app.Lends{Log: slog.New(slog.DiscardHandler), Transport: road{transport, c.road}, Engine: c.engine}
	served, err := app.Open(c.load(t, c.source), lend)
	if err != nil {
		t.Fatal(err)
	}
	gateway = served.Server().Handler()
	if !c.silent {
		if err := served.TellOfItself(t.Context()); err != nil && c.engine.down == nil {
			t.Fatal(err)
		}
	}
	tools, err := app.OpenTools(c.load(t, source), lend)
	if err != nil {
		t.Fatal(err)
	}
	tools.SetLookup(c.resolve)
	return tools.Doctor(t.Context())
}

// road is a transport with something in between.
type road struct {
	http.RoundTripper
	meet func(*http.Response)
}

func (r road) RoundTrip(q *http.Request) (*http.Response, error) {
	answer, err := r.RoundTripper.RoundTrip(q)
	if err == nil && r.meet != nil {
		r.meet(answer)
	}
	return answer, err
}

func (c *clinic) load(t *testing.T, source string) *app.Config {
	t.Helper()
	loaded, err := parse(t, source)
	if err != nil {
		t.Fatal(err)
	}
	return loaded.Config
}

func (c *clinic) resolve(_ context.Context, host string) ([]netip.Addr, error) {
	if address, ok := c.hosts[host]; ok {
		return []netip.Addr{netip.MustParseAddr(address)}, nil
	}
	return nil, errors.New("no such host")
}
