package talk_test

import (
	"context"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"encoding/pem"
	"errors"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"chatgate/gateway/chat"
	"chatgate/gateway/chat/chattest"
	"chatgate/gateway/chat/talk"
	"chatgate/gateway/keyring"
	"chatgate/oidc"
	"chatgate/store"
)

const (
	coralURL = "https://comments.example.org"
	newsURL  = "https://news.example.org"
	blogURL  = "https://blog.example.org" // may embed, and not read tokens
)

// Secrets as Coral makes them and as an operator may choose one for Talk 4.
const (
	ssoSecret    = "ssosec_0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef0123"
	olderSecret  = "ssosec_fedcba9876543210fedcba9876543210fedcba9876543210fedcba9876543210fedc"
	sharedSecret = "a-secret-of-talk-4-and-the-gateway"
)

func ada() oidc.Identity {
	return oidc.Identity{
		Provider: "corp", Subject: "248289761001", Username: "ada", Name: "Ada Lovelace",
		Email: "Ada@Example.org", EmailVerified: true, Picture: "https://idp.example.org/ada.png",
	}
}

func site(profile talk.Profile) talk.Config {
	cfg := talk.Config{
		Profile: profile, Access: chat.AccessRules{Anyone: true}, URL: coralURL, TokenLifetime: 15 * time.Minute,
		EmbedOrigins: chat.EmbedOrigins{newsURL: {Token: true}, blogURL: {}},
	}
	switch profile {
	case talk.CoralSSO:
		cfg.SSOSecrets = map[string]store.Secret{"kid-1": ssoSecret}
	case talk.CoralOIDC:
		cfg.Client = talk.Client{ID: "coral"}
	}
	return cfg
}

// with returns a changed copy of a section.
func with(cfg talk.Config, change func(*talk.Config)) talk.Config {
	change(&cfg)
	return cfg
}

// world is one site behind a gateway.
type world struct {
	*chattest.Env
	t         *testing.T
	connector chat.Connector
	handler   http.Handler
}

// open serves a site under the name in o, "talk" when that is empty. Its signing key is the first of the test's keys.
func open(t *testing.T, cfg talk.Config, o chattest.Options) *world {
	t.Helper()
	return openWithKey(t, cfg, o, 0)
}

func openWithKey(t *testing.T, cfg talk.Config, o chattest.Options, key int) *world {
	t.Helper()
	if o.Name == "" {
		o.Name = "talk"
	}
	w := &world{Env: chattest.NewEnv(t, o), t: t}
	if _, wanted := cfg.SigningKeys(); wanted {
		w.Keys = w.keyring(keyring.SetConfig{Name: o.Name, Files: []string{keyFile(t, key)}}).Set(o.Name)
	}
	w.reopen(cfg)
	return w
}

func (w *world) keyring(set keyring.SetConfig) *keyring.Keyring {
	w.t.Helper()
	k, err := keyring.New(keyring.Config{Store: w.Store, Now: w.Now, Sets: []keyring.SetConfig{set}})
	if err != nil {
		w.t.Fatal(err)
	}
	return k
}

// keyedWorld is a world whose signing keys stand in the store and can change.
type keyedWorld struct {
	*world
	keys *keyring.Keyring
}

func openWithStoredKeys(t *testing.T, cfg talk.Config) keyedWorld {
	t.Helper()
	w := &world{Env: chattest.NewEnv(t, chattest.Options{Name: "talk"}), t: t}
	keys := w.keyring(keyring.SetConfig{Name: "talk"})
	if err := keys.Load(ctx()); err != nil {
		t.Fatal(err)
	}
	w.Keys = keys.Set("talk")
	w.reopen(cfg)
	return keyedWorld{world: w, keys: keys}
}

// reopen is the same site after a deploy that changed its section: another process, with the same signing keys.
func (w *world) reopen(cfg talk.Config) {
	w.t.Helper()
	if w.connector != nil {
		keys := w.Keys
		w.Env = w.Replica()
		w.Keys = keys
	}
	w.connector = w.Open(&cfg)
	w.handler = w.Handler(w.connector)
}

// within makes t the test that fails from now on.
func (w *world) within(t *testing.T) {
	w.t = t
	w.Within(t)
}

// forget leaves the world as it was before a person came.
func (w *world) forget(provider, subject string) {
	w.t.Helper()
	_, err := w.Sessions.EndSubject(ctx(), provider, subject)
	if err = errors.Join(err, w.connector.(chat.Archivist).Erase(ctx(), provider, subject)); err != nil {
		w.t.Fatal(err)
	}
	w.Journal.Reset()
}

// testKeys are costly to make, so that all tests share them.
var testKeys = [2]func() []byte{sync.OnceValue(newKey), sync.OnceValue(newKey)}

func newKey() []byte {
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		panic(err)
	}
	return pem.EncodeToMemory(&pem.Block{Type: "RSA PRIVATE KEY", Bytes: x509.MarshalPKCS1PrivateKey(key)})
}

func keyFile(t *testing.T, i int) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "key.pem")
	if err := os.WriteFile(path, testKeys[i](), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

// call sends a request; headers are name and value in turn.
func (w *world) call(method, path string, cookie *http.Cookie, headers ...string) *http.Response {
	r := httptest.NewRequest(method, w.BaseURL+path, http.NoBody)
	if cookie != nil {
		r.AddCookie(cookie)
	}
	for i := 0; i < len(headers); i += 2 {
		r.Header.Add(headers[i], headers[i+1])
	}
	return answer(w.handler, r)
}

// ask is a page of the news site asking for a token.
func (w *world) ask(method string, cookie *http.Cookie) *http.Response {
	return w.call(method, "/"+w.Name+"/token", cookie, "Origin", newsURL)
}

type tokenAnswer struct {
	Token     string `json:"token"`
	ExpiresAt int64  `json:"expires_at"`
}

// token asks and fails the test when there is none.
func (w *world) token(method string, cookie *http.Cookie) tokenAnswer {
	w.t.Helper()
	res := w.ask(method, cookie)
	if res.StatusCode != http.StatusOK {
		w.t.Fatalf("%s /token answers %d %+v, want 200", method, res.StatusCode, decode[problemBody](w.t, res))
	}
	return decode[tokenAnswer](w.t, res)
}

// whose asks /user about a token.
func (w *world) whose(token string) *http.Response {
	return w.call(http.MethodGet, "/"+w.Name+"/user", nil, "Authorization", "Bearer "+token)
}

// RoundTrip lets a chat's server reach the gateway.
func (w *world) RoundTrip(r *http.Request) (*http.Response, error) { return answer(w.handler, r), nil }

func answer(h http.Handler, r *http.Request) *http.Response {
	recorder := httptest.NewRecorder()
	h.ServeHTTP(recorder, r)
	return recorder.Result()
}

type problemBody struct {
	Status int    `json:"status"`
	Code   string `json:"code"`
	Detail string `json:"detail"`
}

func decode[T any](t *testing.T, res *http.Response) T {
	t.Helper()
	defer res.Body.Close()
	var v T
	if err := json.NewDecoder(res.Body).Decode(&v); err != nil {
		t.Fatalf("the answer is no JSON: %v", err)
	}
	return v
}

// part is the header (0) or the claims (1) of a token.
func part(t *testing.T, token string, i int) map[string]any {
	t.Helper()
	raw, err := base64.RawURLEncoding.DecodeString(strings.Split(token, ".")[i])
	if err != nil {
		t.Fatal(err)
	}
	var v map[string]any
	if err := json.Unmarshal(raw, &v); err != nil {
		t.Fatal(err)
	}
	return v
}

func pemOf(t *testing.T, key *rsa.PublicKey) string {
	t.Helper()
	der, err := x509.MarshalPKIXPublicKey(key)
	if err != nil {
		t.Fatal(err)
	}
	return string(pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: der}))
}

func ctx() context.Context { return context.Background() }
