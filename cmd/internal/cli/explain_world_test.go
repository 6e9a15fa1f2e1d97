package cli_test

import (
	"context"
	"io"
	"log/slog"
	"net/http"

	"github.com/rogpeppe/go-internal/testscript"

	"chatgate/cmd/internal/app"
)

// makeRefusals is the command refusals: it serves the installation of chatgate.yaml for a moment, is refused in three ways,
// and sets $foreign, $expired and $anonymous to the references.
func makeRefusals(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) > 0 {
		ts.Fatalf("usage: refusals")
	}
	loaded, err := app.Load(ts.MkAbs("chatgate.yaml"), app.Chats(), nil)
	ts.Check(err)
	opened, err := app.Open(loaded.Config, app.Lends{Log: slog.New(slog.DiscardHandler)})
	ts.Check(err)
	ctx, stop := context.WithCancel(context.Background())
	public, admin, ended := listen(ts), listen(ts), make(chan error, 1)
	go func() { ended <- opened.Serve(ctx, public, admin) }()
	for name, refused := range map[string]struct{ path, origin string }{
		"foreign":   {"/rocketchat/token", "https://evil.example"},
		"expired":   {"/login/callback?state=of-no-login&code=s3cret-code", ""},
		"anonymous": {"/rocketchat/token", ts.Getenv("CHAT")},
	} {
		ts.Setenv(name, refuse(ts, addressOf(public)+refused.path, refused.origin))
	}
	stop() // what waits is written before the end
	ts.Check(<-ended)
}

// refuse makes one call and returns its reference.
func refuse(ts *testscript.TestScript, address, origin string) string {
	request, err := http.NewRequest(http.MethodGet, address, http.NoBody)
	ts.Check(err)
	if origin != "" {
		request.Header["Origin"] = []string{origin}
	}
	response, err := http.DefaultClient.Do(request)
	ts.Check(err)
	defer response.Body.Close()
	_, err = io.Copy(io.Discard, response.Body)
	ts.Check(err)
	if response.StatusCode < http.StatusBadRequest {
		ts.Fatalf("%s answers %d, want a refusal", address, response.StatusCode)
	}
	return response.Header.Get("X-Request-Id")
}
