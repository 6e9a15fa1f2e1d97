package cli_test

import (
	"context"
	"encoding/json"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"time"

	"github.com/alicebob/miniredis/v2"
	"github.com/rogpeppe/go-internal/testscript"

	"chatgate/cmd/internal/app"
)

// signers has one chat for each way in which keys are kept. Its provider and its chats are away.
const signers = `baseURL: {gateway}
development: true
listen: {drain: 0s}
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
    client: {id: coral}
    access: {anyone: true}
    url: http://127.0.0.1:2
  talk4:
    kind: talk
    profile: talk4
    access: {anyone: true}
    url: http://127.0.0.1:3
    signingKeys: {rotateEvery: 0s}
  byhand:
    kind: talk
    profile: talk4
    access: {anyone: true}
    url: http://127.0.0.1:4
    signingKeys: {files: ["own.pem"]}
`

// configureSigners is the command signers: it writes the configuration and starts its store. Its file is own.pem, which
// the script writes.
func configureSigners(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) > 0 {
		ts.Fatalf("usage: signers")
	}
	redis := miniredis.NewMiniRedis()
	ts.Check(redis.Start())
	ts.Defer(redis.Close)
	gateway := listen(ts)
	ts.Check(gateway.Close())
	writeSecret(ts, "chatgate.yaml", strings.NewReplacer(
		"{gateway}", addressOf(gateway), "{redis}", redis.Addr(), "own.pem", ts.MkAbs("own.pem"),
	).Replace(signers))
}

// serveSigners is the command serving: the gateway of chatgate.yaml works until the script ends, and has read its keys.
func serveSigners(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) > 0 {
		ts.Fatalf("usage: serving")
	}
	loaded, err := app.Load(ts.MkAbs("chatgate.yaml"), app.Chats(), nil)
	ts.Check(err)
	opened, err := app.Open(loaded.Config, app.Lends{Log: slog.New(slog.DiscardHandler)})
	ts.Check(err)
	ctx, stop := context.WithCancel(context.Background())
	done := make(chan error)
	public, admin := listen(ts), listen(ts)
	go func() { done <- opened.Serve(ctx, public, admin) }()
	ts.Defer(func() {
		stop()
		ts.Check(<-done)
	})
	for patience := time.After(20 * time.Second); ; {
		w := httptest.NewRecorder()
		opened.Server().Handler().ServeHTTP(w, httptest.NewRequest(http.MethodGet, "/.well-known/jwks.json", http.NoBody))
		if w.Code == http.StatusOK {
			return
		}
		select {
		case <-patience:
			ts.Fatalf("the gateway has not read its keys: %s", w.Body)
		case <-time.After(20 * time.Millisecond):
		}
	}
}

// findSigner is the command signing: it sets $KID to the key of a chat that signs now.
func findSigner(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 1 {
		ts.Fatalf("usage: signing CHAT")
	}
	ts.Check(ts.Exec("chatgate", "keys", "list", "--config", "chatgate.yaml", "--chat", args[0], "--json"))
	var listed struct{ Keys []struct{ KID, State string } }
	ts.Check(json.Unmarshal([]byte(ts.ReadFile("stdout")), &listed))
	for _, key := range listed.Keys {
		if key.State == "signing" {
			ts.Setenv("KID", key.KID)
		}
	}
}
