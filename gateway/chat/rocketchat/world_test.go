package rocketchat_test

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"go.uber.org/goleak"

	"chatgate/gateway/chat"
	"chatgate/gateway/chat/chattest"
	"chatgate/gateway/chat/rocketchat"
	"chatgate/gateway/chat/rocketchat/rocketchattest"
	"chatgate/gateway/limit"
	"chatgate/gateway/session"
	"chatgate/oidc"
	"chatgate/store"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

const (
	chatURL   = "https://chat.example.org"
	portalURL = "https://portal.example.org"
	blogURL   = "https://blog.example.org"
	secret    = "create-token-secret"
)

// versions are the releases that differ for us, with the one that is announced, and one that nobody has seen yet.
var versions = []string{"6.5", "6.13", "7.13", "8.3", "8.8", "9.0", "10.1"}

var ada = oidc.Identity{
	Provider: "corp", Subject: "ada", Username: "ada", Name: "Ada Lovelace",
	Email: "ada@example.org", EmailVerified: true, Groups: []string{"staff"},
}

// world is one workspace and one gateway, with as many replicas as a test opens.
type world struct {
	t       *testing.T
	env     *chattest.Env
	server  *rocketchattest.Server
	handler http.Handler
	config  rocketchat.Config

	connector chat.Connector
}

// settings are what a test wants differently.
type settings struct {
	version string
	server  func(*rocketchattest.Config)
	config  func(*rocketchat.Config)
	limits  limit.Settings
	session session.Settings
	engine  store.Engine
	// provider is asked again for living sessions, where session says how often.
	provider session.Provider
	// transport stands between the gateway and the workspace.
	transport interface {
		http.RoundTripper
		over(http.RoundTripper)
	}
}

func newWorld(t *testing.T, s settings) *world {
	t.Helper()
	transport := http.RoundTripper(&http.Transport{DisableKeepAlives: true})
	if s.transport != nil {
		s.transport.over(transport)
		transport = s.transport
	}
	env := chattest.NewEnv(t, chattest.Options{
		Name: "rocketchat", Limits: &s.limits, Session: s.session, Transport: transport, Engine: s.engine,
		Provider: s.provider,
	})
	workspace := rocketchattest.Config{
		URL: chatURL, Version: s.version, CreateTokenEnv: true, CreateTokenSecret: secret, Now: env.Now,
	}
	if s.server != nil {
		s.server(&workspace)
	}
	w := &world{t: t, env: env, server: rocketchattest.New(workspace)}
	listener := httptest.NewServer(w.server)
	t.Cleanup(listener.Close)

	userID, token := w.server.ServiceAccount()
	w.config = rocketchat.Config{
		URL: chatURL, Access: chat.AccessRules{Anyone: true},
		API: rocketchat.API{
			URL: listener.URL, AllowHTTP: true, UserID: userID, Token: store.Secret(token), CreateTokenSecret: secret,
			ForwardClientIP: true,
		},
		EmbedOrigins: chat.EmbedOrigins{portalURL: {Token: true}, blogURL: {}},
		Accounts: rocketchat.Accounts{
			Create: true, LinkBy: []rocketchat.Key{rocketchat.VerifiedEmail}, JoinDefaultChannels: true,
			Sync: rocketchat.Sync{Name: true, Email: true},
		},
	}
	if s.config != nil {
		s.config(&w.config)
	}
	w.connector = env.Open(&w.config)
	w.handler = env.Handler(w.connector)
	t.Cleanup(func() { w.noSecretIn("the log", env.Journal.String()) })
	return w
}

// replica is the handler of another process on the same store.
func (w *world) replica() http.Handler {
	env := w.env.Replica()
	return env.Handler(env.Open(&w.config))
}

// noSecretIn fails the test when text holds the service account's token or the secret (R34, S92).
func (w *world) noSecretIn(where, text string) {
	w.t.Helper()
	for _, word := range []string{w.config.API.Token.Reveal(), secret} {
		if strings.Contains(text, word) {
			w.t.Errorf("%s holds a secret:\n%s", where, text)
		}
	}
}

// answer is what a caller got.
type answer struct {
	Status int
	Header http.Header
	Text   string
	Body   map[string]any
}

func (a answer) code() string { s, _ := a.Body["code"].(string); return s }

func (a answer) loginToken() string { s, _ := a.Body["loginToken"].(string); return s }

func (w *world) do(h http.Handler, r *http.Request) answer {
	w.t.Helper()
	recorder := httptest.NewRecorder()
	h.ServeHTTP(recorder, r)
	a := answer{Status: recorder.Code, Header: recorder.Header(), Text: recorder.Body.String()}
	if strings.Contains(a.Header.Get("Content-Type"), "json") {
		if err := json.Unmarshal([]byte(a.Text), &a.Body); err != nil {
			w.t.Fatalf("%s %s: body %q is no JSON object", r.Method, r.URL.Path, a.Text)
		}
	}
	w.noSecretIn(r.URL.Path, a.Text)
	return a
}

// token asks the API as Rocket.Chat's client does.
func (w *world) token(cookie *http.Cookie) answer { w.t.Helper(); return w.tokenAt(w.handler, cookie) }

func (w *world) tokenAt(h http.Handler, cookie *http.Cookie) answer {
	w.t.Helper()
	return w.do(h, tokenRequest(cookie))
}

func tokenRequest(cookie *http.Cookie) *http.Request {
	r := httptest.NewRequest(http.MethodPost, "/rocketchat/token", http.NoBody)
	r.Header.Set("Origin", chatURL)
	if cookie != nil {
		r.AddCookie(cookie)
	}
	return r
}

// resume asks what the frame's script asks.
func (w *world) resume(cookie *http.Cookie, body string) answer {
	w.t.Helper()
	r := httptest.NewRequest(http.MethodPost, "/rocketchat/resume", io.NopCloser(strings.NewReader(body)))
	r.Header.Set("Origin", chattest.BaseURL)
	r.RemoteAddr = "203.0.113.7:4711"
	if cookie != nil {
		r.AddCookie(cookie)
	}
	return w.do(w.handler, r)
}

const (
	automatic = `{}`
	confirm   = `{"confirm":true}`
)

// signedIn is a session that was given its login token.
func (w *world) signedIn(id oidc.Identity) (cookie *http.Cookie, token string) {
	w.t.Helper()
	cookie = w.env.SignIn(id)
	a := w.token(cookie)
	if a.Status != http.StatusOK {
		w.t.Fatalf("token = %d %s, want 200\n%s", a.Status, a.Text, w.env.Journal)
	}
	return cookie, a.loginToken()
}

// drain carries out what the outbox holds.
func (w *world) drain() {
	w.t.Helper()
	if err := w.env.Outbox.Drain(context.Background()); err != nil {
		w.t.Fatal(err)
	}
}

func (w *world) want(what string, a answer, status int, code string) {
	w.t.Helper()
	if a.Status != status || a.code() != code {
		w.t.Errorf("%s = %d %q, want %d %q: %s", what, a.Status, a.code(), status, code, a.Text)
	}
}

// people are the accounts besides the service account.
func (w *world) people() []rocketchattest.User { return w.server.Users()[1:] }

func (w *world) must(err error) {
	w.t.Helper()
	if err != nil {
		w.t.Fatal(err)
	}
}

// gather writes every metric as text.
func (w *world) gather(to io.Writer) {
	w.t.Helper()
	families, err := w.env.Registry.Gather()
	w.must(err)
	for _, family := range families {
		_, err := fmt.Fprintln(to, family.String())
		w.must(err)
	}
}

// tokens is how many calls for a token ended in this way.
func (w *world) tokens(result string) float64 {
	w.t.Helper()
	families, err := w.env.Registry.Gather()
	w.must(err)
	for _, family := range families {
		for _, metric := range family.GetMetric() {
			for _, label := range metric.GetLabel() {
				if family.GetName() == "chatgate_chat_tokens_total" && label.GetName() == "result" && label.GetValue() == result {
					return metric.GetCounter().GetValue()
				}
			}
		}
	}
	return 0
}

func secretOf(text string) store.Secret { return store.Secret(text) }
