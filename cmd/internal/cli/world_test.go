package cli_test

import (
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/alicebob/miniredis/v2"
	"github.com/rogpeppe/go-internal/testscript"

	"chatgate/cmd/internal/app"
	"chatgate/gateway/chat/rocketchat/rocketchattest"
	"chatgate/oidc/oidctest"
)

// installation is a running gateway with everything it needs, on loopback. Its configuration is chatgate.yaml.
const installation = `baseURL: {gateway}
development: true
sealing: {current: a, keys: {a: "MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY="}}
redis: {standalone: {address: "{redis}"}}
providers:
  corp:
    issuer: {provider}
    client: {id: chatgate, secret: "${file:secret}"}
chats:
  rocketchat:
    access: {anyone: true}
    url: {chat}
    api: {url: "{chat}", allowHTTP: true, userID: "{userID}", token: "{token}", createTokenSecret: cts}
`

// startInstallation is the command installation: it starts one for the script, without its gateway when that is away. It
// writes the configuration and sets $ada, $boss and $robot to the ids of the accounts that are called so, and $hostile to
// that of one whose name and role would do things to a terminal.
func startInstallation(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) > 1 {
		ts.Fatalf("usage: installation [away]")
	}
	redis := miniredis.NewMiniRedis()
	ts.Check(redis.Start())
	ts.Defer(redis.Close)
	gateway, chat, provider := listen(ts), listen(ts), listen(ts)
	workspace := rocketchattest.New(rocketchattest.Config{
		URL: addressOf(chat), CreateTokenSecret: "cts", Iframe: rocketchattest.Iframe{URL: "https://old.example.org/in"},
	})
	userID, token := workspace.ServiceAccount()
	for _, u := range []rocketchattest.User{{Username: "ada"}, {Username: "boss", Roles: []string{"admin"}}, {Username: "robot", Type: "bot"}} {
		u.Email, u.Verified = u.Username+"@example.org", true
		ts.Setenv(u.Username, workspace.AddUser(u))
	}
	ts.Setenv("hostile", workspace.AddUser(rocketchattest.User{
		Username: "eve\x1b]0;title\a\nok  everything", Email: "eve@example.org", Roles: []string{"admin", "a\u009b2J\u202eb"},
	}))
	source := strings.NewReplacer(
		"{gateway}", addressOf(gateway), "{redis}", redis.Addr(), "{provider}", addressOf(provider), "{chat}", addressOf(chat),
		"{userID}", userID, "{token}", token,
	).Replace(installation)
	writeSecret(ts, "secret", "of-the-provider")
	writeSecret(ts, "chatgate.yaml", source)
	ts.Setenv("CHAT", addressOf(chat))
	ts.Setenv("SERVICE_ID", userID)
	ts.Setenv("SERVICE_TOKEN", token)

	serve(ts, chat, workspace)
	serve(ts, provider, oidctest.New(oidctest.Config{Issuer: addressOf(provider), Clients: []oidctest.Client{
		{ID: "chatgate", Secret: "of-the-provider", RedirectURIs: []string{addressOf(gateway) + "/login/callback"}},
	}}))
	if len(args) == 1 && args[0] == "away" {
		ts.Check(gateway.Close())
		return
	}
	loaded, err := app.Load(ts.MkAbs("chatgate.yaml"), app.Chats(), nil)
	ts.Check(err)
	opened, err := app.Open(loaded.Config, app.Lends{Log: slog.New(slog.DiscardHandler)})
	ts.Check(err)
	serve(ts, gateway, opened.Server().Handler())
}

// checkSetting is the command setting: a public setting of the chat must have this value, in JSON.
func checkSetting(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 2 {
		ts.Fatalf("usage: setting ID VALUE")
	}
	request, err := http.NewRequest(http.MethodGet, ts.Getenv("CHAT")+"/api/v1/settings.public?_id="+args[0], http.NoBody)
	ts.Check(err)
	request.Header.Set("X-Real-IP", "192.0.2.1") // so that it does not use up the gateway's ten calls a minute
	response, err := http.DefaultClient.Do(request)
	ts.Check(err)
	defer response.Body.Close()
	body, err := io.ReadAll(response.Body)
	ts.Check(err)
	if want := fmt.Sprintf(`"value":%s}`, args[1]); !strings.Contains(string(body), want) {
		ts.Fatalf("%s is %s, want %s", args[0], body, args[1])
	}
}

// changeSetting is the command change: somebody gives a setting of the chat this value, in JSON.
func changeSetting(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 2 {
		ts.Fatalf("usage: change ID VALUE")
	}
	body := strings.NewReader(`{"value":` + args[1] + `}`)
	request, err := http.NewRequest(http.MethodPost, ts.Getenv("CHAT")+"/api/v1/settings/"+args[0], body)
	ts.Check(err)
	request.Header.Set("Content-Type", "application/json")
	request.Header.Set("X-User-Id", ts.Getenv("SERVICE_ID"))
	request.Header.Set("X-Auth-Token", ts.Getenv("SERVICE_TOKEN"))
	response, err := http.DefaultClient.Do(request)
	ts.Check(err)
	defer response.Body.Close()
	if response.StatusCode != http.StatusOK {
		ts.Fatalf("%s cannot be changed: status %d", args[0], response.StatusCode)
	}
}

func listen(ts *testscript.TestScript) net.Listener {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	ts.Check(err)
	return l
}

func addressOf(l net.Listener) string { return "http://" + l.Addr().String() }

// serve answers until the script ends.
func serve(ts *testscript.TestScript, l net.Listener, h http.Handler) {
	server := &http.Server{Handler: h, ReadHeaderTimeout: 5 * time.Second}
	go func() { _ = server.Serve(l) }()
	ts.Defer(func() { _ = server.Close() })
}

func writeSecret(ts *testscript.TestScript, name, text string) {
	path := filepath.Join(ts.MkAbs("."), name)
	ts.Check(os.WriteFile(path, []byte(text), 0o600))
}
