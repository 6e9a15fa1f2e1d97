package main

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"sync"
	"testing"

	"chatgate/gateway/chat/talk/talktest"
	"chatgate/oidc/oidctest"
)

// comments are sites of the two kinds that the world itself has none of beside Coral's by OpenID Connect: a Coral that takes
// tokens by single sign-on at the gateway's /sso, and a Talk 4 at /four.
type comments struct {
	sso  *talktest.Coral
	four *talktest.Talk4
	// revoked are the tokens that the world's provider was told to take no more.
	revoked *revocations
	// atProvider and atRocketChat may keep back an answer of theirs.
	atProvider, atRocketChat *gate
}

// revocations stand before a provider and note which tokens are revoked there (RFC 7009).
type revocations struct {
	provider http.Handler

	mu     sync.Mutex
	tokens map[string]bool
}

func (r *revocations) ServeHTTP(rw http.ResponseWriter, request *http.Request) {
	if request.URL.Path != oidctest.PathRevoke {
		r.provider.ServeHTTP(rw, request)
		return
	}
	token := request.PostFormValue("token")
	r.provider.ServeHTTP(rw, request)
	r.mu.Lock()
	defer r.mu.Unlock()
	r.tokens[token] = true
}

func (r *revocations) has(token string) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.tokens[token]
}

const (
	ssoSecret  = "a secret of Coral's, and long enough to be one"
	fourSecret = "a secret shared with Talk 4, long enough for it"
)

// everyChat is a world with a Rocket.Chat and comments of every kind. What cfg adds to the configuration are sections of
// their own.
func everyChat(t *testing.T, cfg worldConfig) (*world, comments) {
	t.Helper()
	// The addresses must be known before the gateway's, and the gateway's before what answers there.
	answers := map[string]http.Handler{}
	listen := func(name string) string {
		server := httptest.NewServer(http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) { answers[name].ServeHTTP(rw, r) }))
		t.Cleanup(server.Close)
		return server.URL
	}
	ssoURL, fourURL := listen("sso"), listen("four")
	cfg.Extra = fmt.Sprintf(`
  sso:
    kind: talk
    profile: coral-sso
    access: {providers: [corp], anyone: true}
    url: %s
    embedOrigins: {"%s": {token: true}}
    ssoSecrets: {"%s": "%s"}
  four:
    kind: talk
    profile: talk4
    access: {providers: [corp], anyone: true}
    url: %s
    embedOrigins: {"%s": {token: true}}
    sharedSecret: "%s"
`, ssoURL, pluginPage, ssoKID, ssoSecret, fourURL, pluginPage, fourSecret) + cfg.Extra
	var c comments
	w, ready := startBroken(t, cfg, func(w *world) {
		var err error
		sso := &talktest.SSOIntegration{Enabled: true, AllowRegistration: true, Secrets: map[string]string{ssoKID: ssoSecret}}
		if c.sso, err = talktest.NewCoral(talktest.CoralConfig{URL: ssoURL, AllowedOrigins: []string{pluginPage}, SSO: sso, Now: cfg.Now}); err != nil {
			t.Fatal(err)
		}
		issuer := w.hosts["sso"].url() + "/four"
		if c.four, err = talktest.NewTalk4(talktest.Talk4Config{
			URL: fourURL, Secret: fourSecret, Issuer: issuer, TokenUserNotFound: talktest.GatewayPlugin(issuer), Now: cfg.Now,
		}); err != nil {
			t.Fatal(err)
		}
		answers["sso"], answers["four"] = c.sso, c.four
		c.atProvider, c.atRocketChat = &gate{behind: w.hosts["provider"].handler}, &gate{behind: w.hosts["chat"].handler}
		c.revoked = &revocations{provider: c.atProvider, tokens: map[string]bool{}}
		w.hosts["provider"].handler, w.hosts["chat"].handler = c.revoked, c.atRocketChat
	})
	ready()
	watched.secrets.add("configured secret", ssoSecret)
	watched.secrets.add("configured secret", fourSecret)
	return w, c
}
