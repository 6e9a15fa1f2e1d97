package app_test

import (
	"errors"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"chatgate/cmd/internal/app"
	"chatgate/gateway/chat/rocketchat/rocketchattest"
	"chatgate/oidc/oidctest"
	"chatgate/store"
)

func TestDoctorFindsNothingWrongInAHealthyInstallation(t *testing.T) {
	tests := []struct {
		name      string
		workspace func(*rocketchattest.Config)
		prepare   func(t *testing.T, c *clinic)
	}{
		{name: "the newest release"},
		{name: "an old release", workspace: func(c *rocketchattest.Config) { c.Version = "6.5" }},
		{
			name:      "a portal that embeds the chat",
			workspace: portal,
			prepare:   func(_ *testing.T, c *clinic) { c.source += embedded },
		},
		{
			name: "a Valkey with snapshots",
			prepare: func(_ *testing.T, c *clinic) {
				c.engine.told = store.Server{Product: "valkey", Version: "8.0.1", Eviction: "noeviction", Persistence: store.Snapshots, Ahead: -time.Second}
			},
		},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			c := newClinic(tt.workspace)
			if tt.prepare != nil {
				tt.prepare(t, c)
			}
			for _, f := range c.examine(t) {
				if f.Level != app.Well {
					t.Errorf("Doctor() says %+v, want nothing wrong", f)
				}
			}
		})
	}
}

func TestDoctorNamesTheCause(t *testing.T) { // R26, R27, R31, R32, D24, B-29, B-30
	for _, tt := range wrongSetUps() {
		t.Run(tt.name, func(t *testing.T) {
			c := newClinic(tt.workspace)
			if tt.breaks != nil {
				tt.breaks(t, c)
			}
			assertCause(t, c.examine(t), tt)
		})
	}
}

// assertCause wants one finding of the level with every word, and nothing wrong beside it that is not a consequence.
func assertCause(t *testing.T, found []app.Finding, w wrongSetUp) {
	t.Helper()
	told := false
	var others []string
	var all strings.Builder
	for _, f := range found {
		fmt.Fprintf(&all, "%s %s, %s: %s\n", f.Level, f.About, f.Name, sentence(f))
		switch {
		case !told && f.Level == w.level && containsAll(sentence(f), w.want):
			told = true
		case f.Level != app.Well:
			others = append(others, fmt.Sprintf("%s %s, %s", f.Level, f.About, f.Name))
		}
	}
	if !told {
		t.Errorf("no finding of level %s has the words %q:\n%s", w.level, w.want, &all)
	}
	if diff := cmp.Diff(w.then, others); diff != "" {
		t.Errorf("what is wrong beside the cause (-want +got):\n%s\n%s", diff, &all)
	}
}

// sentence is all that a finding says.
func sentence(f app.Finding) string {
	if f.Fix == "" {
		return f.Text
	}
	return f.Text + ": " + f.Fix
}

func containsAll(text string, words []string) bool {
	for _, word := range words {
		if !strings.Contains(text, word) {
			return false
		}
	}
	return true
}

// wrongSetUp is one thing that people get wrong, and the words that lead to it.
type wrongSetUp struct {
	name      string
	workspace func(*rocketchattest.Config)
	breaks    func(t *testing.T, c *clinic)
	level     app.Level
	want      []string
	// then are the findings that follow from it.
	then []string
}

func wrongSetUps() []wrongSetUp {
	var all []wrongSetUp
	for _, group := range [][]wrongSetUp{wrongStores, wrongProviders, wrongWorkspaces, wrongAccounts, wrongEmbedding, wrongFronts, wrongPlaces} {
		all = append(all, group...)
	}
	return all
}

// told changes what the store tells.
func told(change func(*store.Server)) func(*testing.T, *clinic) {
	return func(_ *testing.T, c *clinic) { change(&c.engine.told) }
}

var wrongStores = []wrongSetUp{
	{
		name: "a Redis that does not answer",
		breaks: func(_ *testing.T, c *clinic) {
			c.engine.down = errors.New("dial tcp 10.0.0.1:6379: connection refused")
		},
		level: app.Failure, want: []string{"connection refused", "redis in the configuration"},
	},
	{
		name: "a Redis that is too old", breaks: told(func(s *store.Server) { s.Version = "6.0.16" }),
		level: app.Failure, want: []string{"redis 6.0.16", "6.2"},
	},
	{
		name: "a Redis that evicts (D24)", breaks: told(func(s *store.Server) { s.Eviction = "allkeys-lru" }),
		level: app.Failure, want: []string{"allkeys-lru", "noeviction"},
	},
	{
		name: "a Redis that keeps nothing (D24)", breaks: told(func(s *store.Server) { s.Persistence = store.NotPersistent }),
		level: app.Failure, want: []string{"appendonly yes"},
	},
	{
		name: "a Redis that tells nothing", breaks: told(func(s *store.Server) { *s = store.Server{} }),
		level: app.Warning, want: []string{"appendonly", "+info", "+config|get"},
		then: []string{"warn store, version", "warn store, maxmemory-policy"},
	},
	{
		name: "a clock that is off", breaks: told(func(s *store.Server) { s.Ahead = -5 * time.Minute }),
		level: app.Failure, want: []string{"-5m0s", "time server"},
	},
	{
		name: "state in memory",
		breaks: func(t *testing.T, c *clinic) {
			c.replace(t, `standalone: {address: "cache:6379"}`, "memory: true")
		},
		level: app.Warning, want: []string{"redis.memory", "restart"},
	},
}

var wrongProviders = []wrongSetUp{
	{
		name: "a provider that is down",
		breaks: func(_ *testing.T, c *clinic) {
			c.provider.Set(func(f *oidctest.Faults) {
				f.Answers = map[string]http.HandlerFunc{oidctest.PathDiscovery: oidctest.Status(http.StatusBadGateway)}
			})
		},
		level: app.Failure, want: []string{"502", "providers.corp.issuer"},
	},
	{
		name: "a provider that calls itself otherwise (S42)",
		breaks: func(_ *testing.T, c *clinic) {
			c.provider.Set(func(f *oidctest.Faults) {
				f.Discovery = func(document map[string]any) { document["issuer"] = "https://idp.example.org/" }
			})
		},
		level: app.Failure, want: []string{`issuer is "https://idp.example.org/"`, `configured is "https://idp.example.org"`},
	},
	{
		name: "a provider whose keys cannot be read",
		breaks: func(_ *testing.T, c *clinic) {
			c.provider.Set(func(f *oidctest.Faults) {
				f.Answers = map[string]http.HandlerFunc{oidctest.PathJWKS: oidctest.HTML()}
			})
		},
		level: app.Failure, want: []string{"providers.corp.issuer"},
	},
}

// fronted puts something in front of the gateway.
func fronted(front func(http.Handler) http.Handler) func(*testing.T, *clinic) {
	return func(_ *testing.T, c *clinic) { c.front = front }
}

// headers lets a proxy change the headers of what passes through it.
func headers(change func(http.Header)) func(*testing.T, *clinic) {
	return fronted(func(gateway http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			gateway.ServeHTTP(&rewriter{ResponseWriter: w, change: change}, r)
		})
	})
}

// rewriter is the proxy's side of an answer.
type rewriter struct {
	http.ResponseWriter
	change func(http.Header)
}

func (w *rewriter) WriteHeader(status int) {
	w.change(w.Header())
	w.ResponseWriter.WriteHeader(status)
}

var wrongFronts = []wrongSetUp{
	{
		name:   "nothing at baseURL",
		breaks: func(t *testing.T, c *clinic) { c.replace(t, "https://sso.example.org", "https://login.example.org") },
		level:  app.Failure, want: []string{"https://login.example.org/rocketchat/token does not answer", "baseURL"},
		then: []string{
			"fail provider corp, redirect URI", "fail gateway, session cookie", "warn gateway, admin listener",
			"fail chat rocketchat, iframe settings", "fail chat rocketchat, preflight", "fail chat rocketchat, frame address",
		},
	},
	{
		name: "another server at baseURL", breaks: fronted(func(http.Handler) http.Handler { return http.NotFoundHandler() }),
		level: app.Failure, want: []string{"answers with 404", "baseURL must lead to it"},
		then: []string{"fail gateway, session cookie", "fail chat rocketchat, preflight", "fail chat rocketchat, frame address"},
	},
	{
		name: "a door in front of the gateway",
		breaks: fronted(func(http.Handler) http.Handler {
			return http.RedirectHandler("https://door.example.org/", http.StatusFound)
		}),
		level: app.Failure, want: []string{"redirect (302)", "must let it through"},
		then: []string{"fail gateway, session cookie", "fail chat rocketchat, preflight", "fail chat rocketchat, frame address"},
	},
	{
		name: "a proxy that takes CORS headers away (R2)", breaks: headers(func(h http.Header) { h.Del("Access-Control-Allow-Origin") }),
		level: app.Failure, want: []string{"Access-Control-Allow-Origin is []", "https://chat.example.org, once"},
		then: []string{"fail chat rocketchat, preflight"},
	},
	{
		name: "a proxy that adds CORS headers of its own (R2)", breaks: headers(func(h http.Header) { h.Add("Access-Control-Allow-Origin", "*") }),
		level: app.Failure, want: []string{`"*"`, "once"},
		then: []string{"fail chat rocketchat, preflight"},
	},
	{
		name: "a proxy that takes the credentials away (R2)", breaks: headers(func(h http.Header) { h.Del("Access-Control-Allow-Credentials") }),
		level: app.Failure, want: []string{"Access-Control-Allow-Credentials is missing"},
		then: []string{"fail chat rocketchat, preflight"},
	},
	{
		name: "a proxy that refuses OPTIONS",
		breaks: fronted(func(gateway http.Handler) http.Handler {
			return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				if r.Method == http.MethodOptions {
					w.WriteHeader(http.StatusMethodNotAllowed)
					return
				}
				gateway.ServeHTTP(w, r)
			})
		}),
		level: app.Failure, want: []string{"OPTIONS", "405"},
	},
	{
		name: "a proxy that forbids framing", breaks: headers(func(h http.Header) { h.Set("X-Frame-Options", "DENY") }),
		level: app.Failure, want: []string{"/rocketchat/frame comes with X-Frame-Options"},
	},
	{
		name: "a proxy with a policy of its own",
		breaks: headers(func(h http.Header) {
			h.Add("Content-Security-Policy", "default-src 'self'; frame-ancestors 'none'")
		}),
		level: app.Failure, want: []string{"may not be framed by https://chat.example.org"},
	},
}

var wrongPlaces = []wrongSetUp{
	{
		name: "a gateway on another site (B-29)", workspace: func(c *rocketchattest.Config) { c.URL = "https://chat.example.net" },
		breaks: func(t *testing.T, c *clinic) {
			c.replace(t, "https://chat.example.org", "https://chat.example.net")
		},
		level: app.Warning, want: []string{"https://chat.example.net is on another site", "third-party cookie"},
	},
	{
		name:   "a host that does not resolve (B-30)",
		breaks: func(_ *testing.T, c *clinic) { delete(c.hosts, "chat.example.org") },
		level:  app.Warning, want: []string{"chat.example.org does not resolve from here, so its network is unknown"},
	},
	{
		name: "a private gateway for a public chat (B-30)",
		breaks: func(_ *testing.T, c *clinic) {
			c.hosts = map[string]string{"sso.example.org": "10.1.2.3", "chat.example.org": "203.0.113.7"}
		},
		level: app.Warning, want: []string{"public internet", "private network"},
	},
}

func TestDoctorNamesASealingKeyThatIsGone(t *testing.T) { // D23
	c := newClinic(nil)
	c.examine(t)
	served := c.load(t, c.source)
	sealed, err := app.Open(served, app.Lends{Engine: c.engine})
	if err != nil {
		t.Fatal(err)
	}
	if err := sealed.NameSomebody(t.Context()); err != nil {
		t.Fatal(err)
	}
	another := strings.Replace(c.source, `"2026-11": "q83vEjRW`, `"2026-11": "OTk5OTk5`, 1)
	assertCause(t, c.examineWith(t, another), wrongSetUp{
		level: app.Failure, want: []string{"none of 2026-11 is the key", "fingerprint"}, then: []string{"fail replicas, sealing keys"},
	})
}

func TestDoctorNamesAGatewayWithAnotherConfiguration(t *testing.T) {
	c := newClinic(nil)
	source := c.source
	c.replace(t, "url: https://chat.example.org", "url: https://chat2.example.org")
	assertCause(t, c.examineWith(t, source), wrongSetUp{
		level: app.Failure, want: []string{"refuses the origin https://chat.example.org", "restart it"},
		then: []string{"fail chat rocketchat, preflight", "fail chat rocketchat, frame address"},
	})
}

func TestDoctorChangesNothing(t *testing.T) {
	c := newClinic(nil)
	tokens := len(c.chat.LoginTokens(c.chat.Users()[0].ID))
	c.silent = true
	c.examine(t)
	for _, call := range c.chat.Calls() {
		switch {
		case call.Method == http.MethodGet, call.Route == "users.createToken", call.Route == "logout":
		default:
			t.Errorf("the doctor called %s %s", call.Method, call.Route)
		}
	}
	if got := len(c.chat.LoginTokens(c.chat.Users()[0].ID)); got != tokens {
		t.Errorf("the service account has %d tokens after the doctor's visit, want %d", got, tokens)
	}
	if n := c.engine.Len(); n != 0 {
		t.Errorf("the store holds %d records after the doctor's visit, want none", n)
	}
}
