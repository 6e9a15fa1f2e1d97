package app_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"chatgate/cmd/internal/app"
	"chatgate/oidc/oidctest"
	"chatgate/store"
	"chatgate/store/memstore"
)

// running is a gateway whose configuration is a file that tests write.
type running struct {
	t       testing.TB
	file    string
	runner  *app.Runner
	admin   string
	public  string
	log     *journal
	engine  *moody
	network *http.Transport
	idp     *oidctest.Provider
	hangups chan os.Signal
	stop    func()
}

// moody is an engine that can be away.
type moody struct {
	*memstore.Store
	away atomic.Bool
}

func (m *moody) Get(ctx context.Context, key string) ([]byte, error) {
	if m.away.Load() {
		return nil, store.ErrUnavailable
	}
	return m.Store.Get(ctx, key)
}

// told are the lines of the log whose attribute has this value.
func (g *running) told(key, value string) (found []map[string]any) {
	for line := range strings.Lines(g.log.String()) {
		var attrs map[string]any
		if json.Unmarshal([]byte(line), &attrs) == nil && attrs[key] == value {
			found = append(found, attrs)
		}
	}
	return found
}

// run serves what is written in a file until the test ends. Its records are in an engine of the test's.
func run(t testing.TB, config string) *running {
	t.Helper()
	return runOn(t, &moody{Store: memstore.New(memstore.Config{})}, config)
}

// runOn is run with another engine; nil is the one that the configuration names.
func runOn(t testing.TB, engine *moody, config string) *running {
	t.Helper()
	g := &running{
		t: t, file: filepath.Join(t.TempDir(), "chatgate.yaml"), log: &journal{}, engine: engine,
		idp: oidctest.New(oidctest.Config{Issuer: "https://idp.example.org/realms/corp"}), hangups: make(chan os.Signal, 1),
	}
	g.network = oidctest.Network(t, map[string]http.Handler{"idp.example.org": g.idp, "other.example.org": http.NotFoundHandler()})
	g.write(config)
	var err error
	if g.runner, err = app.NewRunner(app.FromFile(g.file, app.Chats(), nil), g.lends()); err != nil {
		t.Fatal(err)
	}
	public, admin := listen(t), listen(t)
	g.public, g.admin = "http://"+public.Addr().String(), "http://"+admin.Addr().String()
	ctx, stop := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() { ended <- g.runner.Serve(ctx, public, admin, g.hangups) }()
	g.stop = sync.OnceFunc(func() {
		stop()
		if err := <-ended; err != nil {
			t.Errorf("Serve() = %v", err)
		}
	})
	t.Cleanup(g.stop)
	g.until("the provider is known", func() bool { return g.check("provider corp") == "ok" && g.check("keys") == "ok" })
	return g
}

func (g *running) lends() app.Lends {
	lent := app.Lends{Log: slog.New(slog.NewJSONHandler(g.log, nil)), Transport: g.network}
	if g.engine != nil {
		lent.Engine = g.engine
	}
	return lent
}

func listen(t testing.TB) net.Listener {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	return l
}

func (g *running) write(config string) {
	g.t.Helper()
	if err := os.WriteFile(g.file, []byte(config), 0o600); err != nil {
		g.t.Fatal(err)
	}
}

func (g *running) until(what string, holds func() bool) {
	g.t.Helper()
	for deadline := time.Now().Add(20 * time.Second); !holds(); time.Sleep(5 * time.Millisecond) {
		if time.Now().After(deadline) {
			g.t.Fatalf("within 20 seconds it did not come true that %s; the log:\n%s", what, g.log)
		}
	}
}

func (g *running) get(address string) string {
	g.t.Helper()
	response, err := (&http.Client{Transport: &http.Transport{DisableKeepAlives: true}}).Get(address)
	if err != nil {
		g.t.Fatal(err)
	}
	defer response.Body.Close()
	body, err := io.ReadAll(response.Body)
	if err != nil {
		g.t.Fatal(err)
	}
	return string(body)
}

// check is what /readyz says under a name.
func (g *running) check(name string) string {
	g.t.Helper()
	var body struct {
		Status string            `json:"status"`
		Checks map[string]string `json:"checks"`
	}
	if err := json.Unmarshal([]byte(g.get(g.admin+"/readyz")), &body); err != nil {
		g.t.Fatal(err)
	}
	if name == "" {
		return body.Status
	}
	return body.Checks[name]
}

// metric is the value of one series, as /metrics writes it; empty when there is none.
func (g *running) metric(series string) string {
	g.t.Helper()
	for line := range strings.Lines(g.get(g.admin + "/metrics")) {
		if value, ok := strings.CutPrefix(line, series+" "); ok {
			return strings.TrimSpace(value)
		}
	}
	return ""
}

// named is the gateway's configuration, whose pages are called by a name.
func named(name string) string { return working + "theme: {name: " + name + "}\nlisten: {drain: 0s}\n" }

func TestAReloadTakesUpWhatHasChanged(t *testing.T) { // S141, S142
	g := run(t, named("Before"))
	g.write(strings.Replace(named("After"), "coral-oidc", "coral-oidc\n    tokenLifetime: 20m", 1) + "session: {idle: 2h}\n")
	if err := g.runner.Reload(t.Context()); err != nil {
		t.Fatal(err)
	}
	g.serves("After")
	told := g.told("msg", "configuration reloaded")
	if len(told) != 1 || fmt.Sprint(told[0]["changed"]) != "[session.idle chats.talk.tokenLifetime theme.name]" {
		t.Errorf("the log says %v, want which settings are new", told)
	}
	if audited := g.told("act", "config_reloaded"); len(audited) != 1 || audited[0]["actor"] != "operator" {
		t.Errorf("the audit log says %v", audited)
	}
	if g.metric(`chatgate_config_reloads_total{result="ok"}`) != "1" || g.metric("chatgate_config_last_reload_success") != "1" {
		t.Error("the metrics do not count it")
	}
}

// serves looks at the page of whoever is not signed in.
func (g *running) serves(name string) {
	g.t.Helper()
	if page := g.get(g.public + "/"); !strings.Contains(page, name) {
		g.t.Errorf("the page does not say %s:\n%s", name, page)
	}
}

// secret stands in the configurations that are refused.
const secret = "a-secret-that-nobody-may-read-anywhere"

func TestABadConfigurationKeepsTheFormerOne(t *testing.T) { // S141, S142, S133
	good := strings.Replace(named("After"), "secret: provider-secret", "secret: "+secret, 1)
	changed := func(from, to string) string {
		if !strings.Contains(good, from) {
			t.Fatalf("%q is not there to be changed", from)
		}
		return strings.Replace(good, from, to, 1)
	}
	for _, tc := range []struct {
		name, config, reason string
		want                 []string
	}{
		{"unknown keys", changed("{id: chatgate,", "{id: chatgate, retries: "+secret+",") + "sesion: {}\n", "config_invalid",
			[]string{"chatgate.yaml:10:", "chatgate.yaml:24:1: sesion: is not a setting"}},
		{"no YAML at all", "{{{", "config_invalid", []string{"chatgate.yaml:1:"}},
		{"a secret that is not there", changed(secret, `"${file:/nowhere/secret}"`), "config_invalid", []string{"chatgate.yaml:10:", "/nowhere/secret"}},
		{"a logo that is not there", changed("theme: {", "theme: {logo: nowhere.svg, "), "config_invalid", []string{"theme.logo", "nowhere.svg"}},
		{"another address to listen at", changed("drain: 0s", "drain: 0s, public: \":9999\""), "needs_restart", []string{"listen.public: changing this needs a restart"}},
		{"TLS", changed("drain: 0s", "drain: 0s, tls: {certificate: /a, key: /b}"), "needs_restart", []string{"listen.tls"}},
		{"development", good + "development: true\n", "needs_restart", []string{"development"}},
		{"another Redis", changed("cache:6379", "other:6379"), "needs_restart", []string{"redis.standalone.address"}},
		{"other records in it", changed("redis:\n", "redis:\n  keyPrefix: \"b:\"\n"), "needs_restart", []string{"redis.keyPrefix"}},
		{"no Redis", changed(`standalone: {address: "cache:6379"}`, "memory: true"), "needs_restart", []string{"redis.memory", "redis.standalone"}},
		{"another sealing key in place of the one that is in use", changed("MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY=", "MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWX="),
			"not_ready", []string{"the key of names"}}, // D23: three deploys
		{"another provider that does not answer", changed("idp.example.org/realms/corp", "other.example.org"), "not_ready", []string{"providers.corp"}},
	} {
		t.Run(tc.name, func(t *testing.T) {
			g := run(t, named("Before"))
			g.write(tc.config)
			g.refuses(tc.reason, tc.want...)
			if strings.Contains(g.log.String()+g.get(g.admin+"/readyz"), secret) {
				t.Error("the secret is told")
			}
			g.write(named("Mended"))
			if err := g.runner.Reload(t.Context()); err != nil {
				t.Fatal(err)
			}
			g.serves("Mended")
			if g.check("configuration") != "ok" || g.metric("chatgate_config_last_reload_success") != "1" {
				t.Errorf("after it was mended /readyz says %q", g.check("configuration"))
			}
		})
	}
}

// refuses has the file read again, and looks that what was served before goes on and everybody is told why.
func (g *running) refuses(reason string, want ...string) {
	g.t.Helper()
	g.runner.SetPatience(50 * time.Millisecond)
	if err := g.runner.Reload(g.t.Context()); err == nil {
		g.t.Error("Reload() = nil")
	}
	g.serves("Before")
	told := g.told("msg", "configuration refused: the former one goes on")
	if len(told) != 1 || told[0]["reason"] != reason || told[0]["level"] != "ERROR" {
		g.t.Fatalf("the log says %v, want one refusal as %s", told, reason)
	}
	for _, words := range want {
		if said := fmt.Sprint(told[0]["problems"]); !strings.Contains(said, words) {
			g.t.Errorf("the log says %s, want %q in it", said, words)
		}
	}
	if said := g.check("configuration"); !strings.Contains(said, reason) || g.check("") != "degraded" {
		g.t.Errorf("/readyz is %s and says of the configuration %q", g.check(""), said)
	}
	if audited := g.told("act", "config_refused"); len(audited) != 1 || audited[0]["reason"] != reason {
		g.t.Errorf("the audit log says %v", audited)
	}
	if g.metric(`chatgate_config_reloads_total{result="`+reason+`"}`) != "1" || g.metric("chatgate_config_last_reload_success") != "0" {
		g.t.Error("the metrics do not count it")
	}
}

func TestAProviderThatIsDownDelaysNoReload(t *testing.T) { // S141, D26
	g := run(t, named("Before"))
	g.idp.Set(func(f *oidctest.Faults) {
		f.Answers = map[string]http.HandlerFunc{oidctest.PathDiscovery: oidctest.Status(http.StatusBadGateway)}
	})
	g.write(strings.Replace(named("After"), "provider-secret", "rotated-secret", 1))
	if err := g.runner.Reload(t.Context()); err != nil {
		t.Fatal(err)
	}
	g.serves("After")
	if got := g.check("provider corp"); got != "ok" {
		t.Errorf("/readyz says of the provider %q", got)
	}
}

func TestAReloadWaitsForTheStore(t *testing.T) { // S141, D26
	g := run(t, named("Before"))
	g.engine.away.Store(true)
	g.write(named("After"))
	g.refuses("not_ready", "the key of names")
	g.engine.away.Store(false)
	if err := g.runner.Reload(t.Context()); err != nil {
		t.Fatal(err)
	}
	g.serves("After")
}

func TestCountersGoOnOverAReload(t *testing.T) {
	g := run(t, named("Before"))
	const series = `chatgate_http_request_duration_seconds_count{method="GET",route="/",status="200"}`
	for i := range 3 {
		g.serves(map[bool]string{true: "Before", false: "After"}[i == 0])
		want := fmt.Sprint(i + 1)
		if got := g.metric(series); got != want {
			t.Errorf("before reload %d /metrics counts %q pages, want %s", i, got, want)
		}
		g.write(named("After") + strings.Repeat("# again\n", i))
		if err := g.runner.Reload(t.Context()); err != nil {
			t.Fatal(err)
		}
		if got := g.metric(series); got != want {
			t.Errorf("after reload %d /metrics counts %q pages, want %s", i, got, want)
		}
	}
}

func TestAnAppWithoutASourceStaysAsItIs(t *testing.T) {
	loaded, err := parse(t, named("Before"))
	if err != nil {
		t.Fatal(err)
	}
	runner, err := app.NewRunner(func() (app.Loaded, error) { return loaded, nil }, app.Lends{})
	if err != nil {
		t.Fatal(err)
	}
	if err := runner.Reload(t.Context()); err == nil {
		t.Error("Reload() of a Runner that does not serve = nil")
	}
}

func TestAFileThatIsAPipeIsRefusedAndHoldsUpNothing(t *testing.T) { // S141, S145
	for _, tc := range []struct {
		name string
		pipe func(g *running) (path, config string)
	}{
		{"a secret", func(g *running) (string, string) {
			path := filepath.Join(filepath.Dir(g.file), "secret")
			return path, strings.Replace(named("After"), "provider-secret", `"${file:secret}"`, 1)
		}},
		{"a file that a setting names", func(g *running) (string, string) {
			path := filepath.Join(filepath.Dir(g.file), "logo.svg")
			return path, strings.Replace(named("After"), "{name: After}", "{name: After, logo: logo.svg}", 1)
		}},
	} {
		t.Run(tc.name, func(t *testing.T) {
			g := run(t, named("Before"))
			path, config := tc.pipe(g)
			if err := syscall.Mkfifo(path, 0o600); err != nil {
				t.Fatal(err)
			}
			g.write(config)
			g.refuses("config_invalid", "it is not a regular file")
		})
	}
}

func TestAReloadThatHangsDoesNotKeepTheGatewayFromEnding(t *testing.T) { // S145
	g := run(t, named("Before"))
	hanging, hung := make(chan struct{}), make(chan struct{})
	t.Cleanup(func() { close(hanging) })
	hang := sync.OnceFunc(func() { close(hung) }) // what is unsteady is read again
	g.runner.SetSource(func() (app.Loaded, error) {
		hang()
		<-hanging
		return app.Loaded{}, errors.New("a mount that is gone")
	})
	g.hangups <- syscall.SIGHUP
	<-hung
	g.stop() // fails the test when it does not end
}
