package cli_test

import (
	"bytes"
	"encoding/json"
	"io"
	"log/slog"
	"net/http"
	"strings"
	"time"

	"github.com/alicebob/miniredis/v2"
	"github.com/rogpeppe/go-internal/testscript"

	"chatgate/cmd/internal/app"
	"chatgate/gateway/chat/talk/talktest"
	"chatgate/gateway/keyring"
	"chatgate/store"
)

// corals has one Coral in two sections and a Talk 4 in two more. Its provider is away.
const corals = `baseURL: {gateway}
development: true
sealing: {current: a, keys: {a: "MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY="}}
redis: {standalone: {address: "{redis}"}}
providers:
  corp:
    issuer: http://127.0.0.1:1
    client: {id: chatgate, secret: s}
chats:
  coral:
    kind: talk
    profile: coral-oidc
    client: {id: coral, secret: client-secret-of-coral-and-the-gateway}
    access: {anyone: true}
    url: {coral}
    embedOrigins: {"http://127.0.0.1:5": {token: true}}
    bothIntegrations: true
  sso:
    kind: talk
    profile: coral-sso
    ssoSecrets: {placeholder: "any-text-of-thirty-two-characters-will-do"}
    access: {anyone: true}
    url: {coral}
    bothIntegrations: true
  talk4:
    kind: talk
    profile: talk4
    access: {anyone: true}
    url: http://127.0.0.1:3
    signingKeys: {rotateEvery: 0s}
  shared:
    kind: talk
    profile: talk4
    sharedSecret: a-secret-of-talk-4-and-the-gateway
    access: {anyone: true}
    url: http://127.0.0.1:4
`

// startCorals is the command corals: it starts a Coral, a store and the gateway, writes chatgate.yaml, and sets $ADMIN to
// the token of Coral's administrator and $MODERATOR to another one's.
func startCorals(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) > 0 {
		ts.Fatalf("usage: corals")
	}
	redis := miniredis.NewMiniRedis()
	ts.Check(redis.Start())
	ts.Defer(redis.Close)
	gateway, product := listen(ts), listen(ts)
	coral, err := talktest.NewCoral(talktest.CoralConfig{
		URL: addressOf(product),
		SSO: &talktest.SSOIntegration{Secrets: map[string]string{"kid-1": "ssosec_0123456789abcdef0123456789abcdef"}},
	})
	ts.Check(err)
	for variable, role := range map[string]string{"ADMIN": talktest.RoleAdmin, "MODERATOR": talktest.RoleModerator} {
		user, err := coral.AddUser(talktest.User{Username: role, Email: strings.ToLower(role) + "@example.org", Role: role})
		ts.Check(err)
		token, err := coral.OwnToken(user.ID)
		ts.Check(err)
		ts.Setenv(variable, token)
		writeSecret(ts, strings.ToLower(variable)+".token", token+"\n")
	}
	source := strings.NewReplacer(
		"{gateway}", addressOf(gateway), "{redis}", redis.Addr(), "{coral}", addressOf(product),
	).Replace(corals)
	writeSecret(ts, "chatgate.yaml", source)
	ts.Setenv("CORAL", addressOf(product))
	ts.Setenv("GATEWAY", addressOf(gateway))
	serve(ts, product, coral)

	loaded, err := app.Load(ts.MkAbs("chatgate.yaml"), app.Chats(), nil)
	ts.Check(err)
	opened, err := app.Open(loaded.Config, app.Lends{Log: slog.New(slog.DiscardHandler)})
	ts.Check(err)
	serve(ts, gateway, opened.Server().Handler())
}

// checkCoral is the command coral: the settings that Coral's administrator sees have this text in them, or have it not.
func checkCoral(ts *testscript.TestScript, neg bool, args []string) {
	if len(args) != 1 {
		ts.Fatalf("usage: coral TEXT")
	}
	body, err := json.Marshal(map[string]string{"query": `{ settings { auth { sessionDuration integrations {
		oidc { enabled allowRegistration issuer clientSecret } sso { enabled allowRegistration } } } } }`})
	ts.Check(err)
	request, err := http.NewRequest(http.MethodPost, ts.Getenv("CORAL")+"/api/graphql", bytes.NewReader(body))
	ts.Check(err)
	request.Header.Set("Authorization", "Bearer "+ts.Getenv("ADMIN"))
	response, err := http.DefaultClient.Do(request)
	ts.Check(err)
	defer response.Body.Close()
	answer, err := io.ReadAll(response.Body)
	ts.Check(err)
	if strings.Contains(string(answer), args[0]) == neg {
		ts.Fatalf("Coral's settings are %s", answer)
	}
}

// writeToken is the command token: it writes a coral-sso token into a file, changed as the second word says.
func writeToken(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) < 1 || len(args) > 2 {
		ts.Fatalf("usage: token FILE [null|oidc]")
	}
	now := time.Now()
	person := map[string]any{"id": "u1", "email": "ada@example.org", "username": "ada"}
	claims := map[string]any{
		"jti": "0123456789abcdef0123456789", "iat": now.Unix(), "exp": now.Add(15 * time.Minute).Unix(), "user": person,
	}
	if len(args) == 2 {
		switch args[1] {
		case "null":
			person["badges"] = nil
		case "oidc":
			claims["iss"], claims["sub"], claims["aud"] = "https://sso.example.org/talk", "u1", "coral"
			delete(claims, "user")
		}
	}
	token, err := keyring.SignShared(store.Secret("any-text-of-thirty-two-characters-will-do"), "placeholder", claims)
	ts.Check(err)
	writeSecret(ts, args[0], token+"\n")
}
