package app_test

import (
	"crypto/tls"
	"crypto/x509"
	"net/http"
	"net/http/pprof"
	"net/url"
	"strings"
	"testing"
	"time"

	"chatgate/cmd/internal/app"
	"chatgate/oidc"
	"chatgate/oidc/oidctest"
	"chatgate/store"
)

// atProvider answers at one of the provider's paths.
func atProvider(path string, answer http.HandlerFunc) func(*testing.T, *clinic) {
	return func(_ *testing.T, c *clinic) {
		c.provider.Set(func(f *oidctest.Faults) { f.Answers = map[string]http.HandlerFunc{path: answer} })
	}
}

// onTheRoad changes the answers of one host.
func onTheRoad(host string, change func(*http.Response)) func(*testing.T, *clinic) {
	return func(_ *testing.T, c *clinic) {
		c.road = func(answer *http.Response) {
			if answer.Request.URL.Host == host {
				change(answer)
			}
		}
	}
}

// dated is a host whose clock is off.
func dated(host string, off time.Duration) func(*testing.T, *clinic) {
	return onTheRoad(host, func(answer *http.Response) {
		answer.Header.Set("Date", time.Now().Add(off).UTC().Format(http.TimeFormat))
	})
}

// goodFor is a host with a certificate that is good for so long, and the one above it for longer.
func goodFor(host string, left time.Duration) func(*testing.T, *clinic) {
	return onTheRoad(host, func(answer *http.Response) {
		now := time.Now()
		answer.TLS = &tls.ConnectionState{PeerCertificates: []*x509.Certificate{
			{NotAfter: now.Add(left)}, {NotAfter: now.Add(1000 * time.Hour)},
		}}
	})
}

func octets(n int64) *int64 { return &n }

func configured(text, by string) func(*testing.T, *clinic) {
	return func(t *testing.T, c *clinic) { c.replace(t, text, by) }
}

// wrongElsewhere is what people get wrong between the gateway, its provider and what stands in front of it.
var wrongElsewhere = []wrongSetUp{
	{
		name: "a redirect URI that is not registered (H35)", breaks: configured("id: chatgate,", "id: other,"),
		level: app.Failure, want: []string{"page of its own (400)", "register https://sso.example.org/login/callback", "client.id"},
	},
	{
		name:   "a provider that answers with an error of its own",
		breaks: func(_ *testing.T, c *clinic) { c.provider.Set(refusing("unauthorized_client")) },
		level:  app.Failure, want: []string{"answers a sign-in with unauthorized_client", "PKCE with S256"},
	},
	{
		name: "an Entra that does not know the redirect URI",
		breaks: atProvider(oidctest.PathAuthorize, func(w http.ResponseWriter, _ *http.Request) {
			_, _ = w.Write([]byte("Sorry: AADSTS50011: The redirect URI does not match"))
		}),
		level: app.Failure, want: []string{"redirect URI that it does not know"},
	},
	{
		name: "a provider without S256 (S22)",
		breaks: func(_ *testing.T, c *clinic) {
			c.provider.Set(func(f *oidctest.Faults) {
				f.Discovery = func(d map[string]any) { d["code_challenge_methods_supported"] = []string{"plain"} }
			})
		},
		level: app.Warning, want: []string{"S256", "PKCE"},
	},
	{
		name: "a provider's clock that is far off (S43)", breaks: dated("idp.example.org", -5*time.Minute),
		level: app.Failure, want: []string{"-5m", "beyond leeway 30s", "time server"},
	},
	{
		name: "a provider's clock that is off", breaks: dated("idp.example.org", 22*time.Second),
		level: app.Warning, want: []string{"ahead of this machine's", "time server"},
	},
	{
		name: "a certificate that is over soon", breaks: goodFor("sso.example.org", 5*24*time.Hour+time.Minute),
		level: app.Warning, want: []string{"https://sso.example.org: good until", "5 days from now", "renew it"},
	},
	{
		name: "a certificate that is over", breaks: goodFor("chat.example.org", -time.Hour),
		level: app.Failure, want: []string{"https://chat.example.org: expired on", "renew it"},
	},
	{
		name: "a proxy that takes Secure away (S57)",
		breaks: headers(func(h http.Header) {
			if h.Get("Set-Cookie") != "" {
				h.Set("Set-Cookie", "__Host-chatgate=; Path=/; Max-Age=0; HttpOnly; SameSite=Lax")
			}
		}),
		level: app.Failure, want: []string{"Secure is missing", "leave Set-Cookie alone"},
	},
	{
		name: "a proxy that makes the cookie another (S57)",
		breaks: headers(func(h http.Header) {
			if h.Get("Set-Cookie") != "" {
				h.Set("Set-Cookie", "__Host-chatgate=; Path=/x; Domain=example.org; Secure; SameSite=Strict")
			}
		}),
		level: app.Failure, want: []string{"HttpOnly is missing", "Path is \"/x\"", "Domain is \"example.org\"", "SameSite must be Lax"},
	},
	{
		name: "a proxy that leads to the admin listener",
		breaks: fronted(func(gateway http.Handler) http.Handler {
			return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				if r.URL.Path == "/metrics" {
					_, _ = w.Write([]byte("chatgate_logins_total 7\n"))
					return
				}
				gateway.ServeHTTP(w, r)
			})
		}),
		level: app.Failure, want: []string{"https://sso.example.org/metrics tells everybody", "listen.public alone"},
	},
	{
		name: "a proxy that leads to the profiles",
		breaks: fronted(func(gateway http.Handler) http.Handler {
			return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				if r.URL.Path == "/debug/pprof/" {
					pprof.Index(w, r)
					return
				}
				gateway.ServeHTTP(w, r)
			})
		}),
		level: app.Failure, want: []string{"https://sso.example.org/debug/pprof/ tells everybody", "listen.public alone"},
	},
	{
		name: "half the internet trusted (S115)", breaks: configured("[10.0.0.0/8]", "[10.0.0.0/8, 0.0.0.0/1]"),
		level: app.Warning, want: []string{"0.0.0.0/1 takes in most of the internet"},
	},
	{
		name: "no proxy trusted (D31)", breaks: configured("[10.0.0.0/8]", "[]"),
		level: app.Warning, want: []string{"everybody seems to come from that one address", "such as 10.0.0.0/8"},
	},
	{
		name: "a full Redis", breaks: told(func(s *store.Server) { s.Memory, s.MemoryLimit = octets(97), octets(100) }),
		level: app.Failure, want: []string{"97 %", "refuses every sign-in", "maxmemory"},
	},
	{
		name: "a Redis that fills up", breaks: told(func(s *store.Server) { s.Memory, s.MemoryLimit = octets(85), octets(100) }),
		level: app.Warning, want: []string{"85 %", "raise maxmemory"},
	},
	{
		name:   "a sealing key that somebody typed",
		breaks: configured("q83vEjRWeJCrze8SNFZ4kA7xT2mC5sYb0pLwUeVd9Go=", "Y29ycmVjdCBob3JzZSBiYXR0ZXJ5IHN0YXBsZSBub3ch"),
		level:  app.Warning, want: []string{"sealing.keys 2026-11 does not look random", "openssl rand -base64 32"},
	},
	{
		name: "a gateway that tells nothing of itself", breaks: func(_ *testing.T, c *clinic) { c.silent = true },
		level: app.Warning, want: []string{"no gateway has told of itself for 30s", "this Redis and this keyPrefix"},
	},
}

// refusing is a provider that sends people back with an error.
func refusing(code string) func(*oidctest.Faults) {
	return func(f *oidctest.Faults) {
		f.Callback = func(answer url.Values) { answer["error"] = []string{code} }
	}
}

func TestDoctorNamesTheCauseElsewhere(t *testing.T) { // H35, D31, S22, S43, S57, S115
	for _, tt := range wrongElsewhere {
		t.Run(tt.name, func(t *testing.T) {
			c := newClinic(tt.workspace)
			tt.breaks(t, c)
			assertCause(t, c.examine(t), tt)
		})
	}
}

func TestDoctorSaysWhatCannotBeTold(t *testing.T) {
	for _, tt := range []struct {
		name   string
		breaks func(*testing.T, *clinic)
		about  string
		want   []string
	}{
		{"of a provider that asks all the same", atProvider(oidctest.PathAuthorize, oidctest.HTML()), "redirect URI",
			[]string{"cannot be told", "register https://sso.example.org/login/callback"}},
		{"of a provider without a clock", onTheRoad("idp.example.org", func(a *http.Response) { a.Header.Del("Date") }), "clock",
			[]string{"cannot be told"}},
		{"of a cache's clock", onTheRoad("idp.example.org", func(a *http.Response) {
			a.Header.Set("Date", time.Now().Add(-time.Hour).UTC().Format(http.TimeFormat))
			a.Header.Set("Age", "3600")
		}), "clock", []string{"cannot be told"}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			c := newClinic(nil)
			tt.breaks(t, c)
			f := only(t, c.examine(t), "provider corp", tt.about)
			if f.Level != app.Well || !containsAll(f.Text, tt.want) {
				t.Errorf("Doctor() says %+v, want ok with %q", f, tt.want)
			}
		})
	}
}

// only is the finding of this name.
func only(t *testing.T, found []app.Finding, about, name string) app.Finding {
	t.Helper()
	for _, f := range found {
		if f.About == about && f.Name == name {
			return f
		}
	}
	t.Fatalf("Doctor() says nothing of %s, %s", about, name)
	return app.Finding{}
}

// TestDoctorDoesNotCallWellWhatItCannotTell: a gateway that is away has its admin listener no less open than before.
func TestDoctorDoesNotCallWellWhatItCannotTell(t *testing.T) {
	c := newClinic(nil)
	fronted(func(http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusBadGateway) })
	})(t, c)
	f := only(t, c.examine(t), "gateway", "admin listener")
	if f.Level != app.Warning || !containsAll(f.Text, []string{"cannot be told", "answers with 502"}) {
		t.Errorf("Doctor() says %+v, want a warning that it cannot be told", f)
	}
}

func TestDoctorNamesAProxyThatIsMistyped(t *testing.T) {
	for _, tt := range []struct {
		variable, value string
		level           app.Level
	}{
		{"HTTPS_PROXY", "htp://me:secret@proxy.example.org:3128", app.Warning},
		{"HTTPS_PROXY", "http:/proxy.example.org:3128", app.Warning},
		{"HTTPS_PROXY", "http://me:secret@proxy.example.org:port", app.Warning},
		{"HTTPS_PROXY", "http://proxy example.org:3128", app.Warning},
		{"http_proxy", "http://", app.Warning},
		{"https_proxy", "proxy.example.org:3128", app.Well},
		{"HTTP_PROXY", "socks5://me:secret@proxy.example.org:1080/", app.Well},
	} {
		t.Run(tt.variable+" "+tt.value, func(t *testing.T) {
			for _, other := range []string{"HTTP_PROXY", "http_proxy", "HTTPS_PROXY", "https_proxy", "NO_PROXY"} {
				t.Setenv(other, "")
			}
			t.Setenv(tt.variable, tt.value)
			f := only(t, newClinic(nil).examine(t), "network", "proxies")
			if f.Level != tt.level || containsAll(sentence(f), []string{tt.variable + " is no"}) != (tt.level == app.Warning) {
				t.Errorf("Doctor() says %+v, want %s", f, tt.level)
			}
			if containsAll(sentence(f), []string{"secret"}) {
				t.Errorf("Doctor() tells the proxy's password: %+v", f)
			}
		})
	}
}

func TestDoctorSaysWhatGoesThroughAProxy(t *testing.T) {
	for _, tt := range []struct {
		name, proxy, direct string
		level               app.Level
		want                []string
	}{
		{"nothing", "", "", app.Well, []string{"go straight"}},
		{"what is outside", "http://me:secret@proxy.example.org:3128", "", app.Well,
			[]string{"https://idp.example.org (by http://proxy.example.org:3128)"}},
		{"what is inside", "http://proxy.example.org:3128", "idp.example.org", app.Warning, []string{"NO_PROXY chat.chats.svc"}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Setenv("HTTPS_PROXY", tt.proxy)
			t.Setenv("NO_PROXY", tt.direct)
			c := newClinic(nil)
			if tt.level == app.Warning {
				c.replace(t, "api: {", `api: {url: "https://chat.chats.svc", `)
			}
			f := only(t, c.examine(t), "network", "proxies")
			if f.Level != tt.level || !containsAll(sentence(f), tt.want) {
				t.Errorf("Doctor() says %+v, want %s with %q", f, tt.level, tt.want)
			}
			if containsAll(sentence(f), []string{"secret"}) {
				t.Errorf("Doctor() tells the proxy's password: %+v", f)
			}
		})
	}
}

func TestDoctorSeesWhereEverybodyComesFrom(t *testing.T) { // D31
	for _, tt := range []struct {
		name   string
		people int
		from   string
		level  app.Level
		want   string
	}{
		{"nobody", 0, "", app.Well, "nobody is signed in"},
		{"one person", 1, "10.1.2.3", app.Well, "sessions of 1 person from 1 address"},
		{"few people", 3, "10.1.2.3", app.Well, "sessions of 3 people from 1 address"},
		{"a company behind one address", 12, "203.0.113.7", app.Well, "as from one company"},
		{"a proxy that is not trusted", 12, "10.1.2.3", app.Warning, "12 people seem to come from 10.1.2.3"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			c := newClinic(nil)
			tools, err := app.OpenTools(c.load(t, c.source), app.Lends{Engine: c.engine})
			if err != nil {
				t.Fatal(err)
			}
			for i := range tt.people {
				id := oidc.Identity{Provider: "corp", Subject: string(rune('a' + i))}
				if _, err := tools.SignInFrom(t.Context(), id, tt.from); err != nil {
					t.Fatal(err)
				}
			}
			f := only(t, c.examine(t), "gateway", "where people come from")
			if f.Level != tt.level || !containsAll(f.Text, []string{tt.want}) {
				t.Errorf("Doctor() says %+v, want %s with %q", f, tt.level, tt.want)
			}
		})
	}
}

func TestDoctorCountsInPlainWords(t *testing.T) {
	c := newClinic(nil)
	if f := only(t, c.examine(t), "sealing", "strength"); f.Text != "1 key, which does not look typed" {
		t.Errorf("of one key the doctor says %q", f.Text)
	}
	c.replace(t, `keys: {`, `keys: {"2026-12": "K7tq3Jc1xPz0yWb5uRfNhD8sLmVgA2eQoXiT4kB6nZY=", `)
	if f := only(t, c.examine(t), "sealing", "strength"); f.Text != "2 keys, and none looks typed" {
		t.Errorf("of two keys the doctor says %q", f.Text)
	}
}

// An embedding page is named by its address, which is also its key: it is said once.
func TestDoctorNamesAnEmbeddingPageOnce(t *testing.T) {
	c := newClinic(nil)
	c.source += "    embedOrigins: {\"https://blog.example.net\": {}}\n"
	c.hosts["blog.example.net"] = "203.0.113.10"
	f := only(t, c.examine(t), "chat rocketchat", "site")
	if want := "embedOrigins.https://blog.example.net is on another site than baseURL"; !strings.HasPrefix(f.Text, want) {
		t.Errorf("the doctor says %q, want %q first", f.Text, want)
	}
}
