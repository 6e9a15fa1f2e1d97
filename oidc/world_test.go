package oidc_test

import (
	"log/slog"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"testing"
	"testing/synctest"

	"chatgate/oidc"
	"chatgate/oidc/oidctest"
)

const (
	issuer      = "https://idp.example.org/realms/corp"
	callbackURL = "https://sso.example.org/login/callback"
	secret      = "s3cret & more/€"
)

// newProvider is shared by the cases of a test, since its RSA key takes a while to make.
func newProvider() *oidctest.Provider {
	return oidctest.New(oidctest.Config{
		Issuer: issuer,
		Clients: []oidctest.Client{
			{ID: "chatgate", Secret: secret, RedirectURIs: []string{callbackURL}},
		},
		Users: []oidctest.User{
			{Username: "ada", Password: "ada", Subject: "sub-ada", Name: "Ada Lovelace", Email: "ada@example.org", EmailVerified: true, Groups: []string{"staff"}},
			{Username: "bob", Password: "bob", Subject: "sub-bob", Name: "Bob", Email: "bob@example.org"},
		},
	})
}

func config() oidc.Config {
	return oidc.Config{
		Issuer: issuer,
		Client: oidc.ClientConfig{ID: "chatgate", Secret: secret},
		Claims: oidc.ClaimsConfig{Picture: oidc.Path{}},
	}
}

// world is a relying party that has discovered a provider, and a browser. It lives in a synctest bubble.
type world struct {
	t        *testing.T
	provider *oidctest.Provider
	network  *http.Transport
	rp       *oidc.RelyingParty
	browser  *http.Client
	log      *logBook
}

// bubble runs one case with a clock of its own and a provider that behaves.
func bubble(t *testing.T, name string, provider *oidctest.Provider, cfg oidc.Config, test func(w *world)) {
	t.Helper()
	t.Run(name, func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			provider.Set(func(f *oidctest.Faults) { *f = oidctest.Faults{Answers: map[string]http.HandlerFunc{}} })
			w := newWorld(t, provider, cfg)
			w.start()
			if err := w.rp.Ready(); err != nil {
				t.Fatalf("Ready() = %v, want nil", err)
			}
			test(w)
		})
	})
}

func newWorld(t *testing.T, provider *oidctest.Provider, cfg oidc.Config) *world {
	t.Helper()
	w := &world{t: t, provider: provider, log: &logBook{}}
	w.network = oidctest.Network(t, map[string]http.Handler{"idp.example.org": provider, "idp.svc": provider})
	rp, err := oidc.New(cfg, oidc.Env{
		Provider:  "corp",
		Transport: w.network,
		Log:       slog.New(slog.NewJSONHandler(w.log, &slog.HandlerOptions{Level: slog.LevelDebug})),
	})
	if err != nil {
		t.Fatalf("New() = %v", err)
	}
	w.rp = rp
	jar, err := cookiejar.New(nil)
	if err != nil {
		t.Fatal(err)
	}
	w.browser = &http.Client{Transport: w.network, Jar: jar}
	return w
}

// start runs discovery until it has succeeded or waits for its next try.
func (w *world) start() {
	go func() {
		if err := w.rp.Run(w.t.Context()); err != nil {
			w.t.Errorf("Run() = %v, want nil", err)
		}
	}()
	synctest.Wait()
}

// begin walks to the callback of a fresh attempt.
func (w *world) begin(username string) (oidc.Attempt, url.Values) {
	w.t.Helper()
	attempt, providerURL, err := w.rp.Begin(w.t.Context(), oidc.LoginRequest{RedirectURL: callbackURL})
	if err != nil {
		w.t.Fatalf("Begin() = %v", err)
	}
	callback, err := w.provider.SignIn(w.browser, providerURL, username, username)
	if err != nil {
		w.t.Fatalf("SignIn() = %v", err)
	}
	return attempt, callback.Query()
}

func (w *world) signIn(username string) (oidc.Identity, oidc.Tokens, error) {
	w.t.Helper()
	attempt, callback := w.begin(username)
	return w.rp.Finish(w.t.Context(), attempt, callback)
}

// forged signs claims while the provider misbehaves, and lets it behave again.
func (w *world) forged(faults func(f *oidctest.Faults), claims map[string]any) string {
	w.t.Helper()
	w.provider.Set(faults)
	token, err := w.provider.Sign("JWT", claims)
	if err != nil {
		w.t.Fatal(err)
	}
	w.provider.Set(func(f *oidctest.Faults) { f.Algorithm, f.HMACKey, f.ForeignKey = "", nil, false })
	return token
}
