package issuer_test

import (
	"context"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"encoding/pem"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"chatgate/gateway/chat"
	"chatgate/gateway/chat/chattest"
	"chatgate/gateway/issuer"
	"chatgate/gateway/keyring"
	"chatgate/gateway/session"
	"chatgate/oidc"
)

const (
	clientID     = "coral"
	clientSecret = "0123456789abcdef+/=%&:0123456789" // with all that form-encoding changes
	callback     = "https://comments.example.org/api/auth/oidc/callback"
)

func ada() oidc.Identity {
	return oidc.Identity{Provider: "corp", Subject: "248289761001", Name: "Ada Lovelace"}
}

// claims are what the site of these tests says of a person, with values that an issuer must not take over.
type claims struct {
	Issuer        string   `json:"iss,omitempty"`
	Audience      []string `json:"aud,omitempty"`
	Nonce         string   `json:"nonce"`
	Expires       float64  `json:"exp"`
	Subject       string   `json:"sub,omitempty"`
	Username      string   `json:"preferred_username,omitempty"`
	EmailVerified bool     `json:"email_verified,omitempty"`
}

// site serves an issuer alone, as a connector would.
type site struct{ *issuer.Issuer }

func (site) Access() chat.Access { return chat.Access{} }

// world is one issuer behind a gateway.
type world struct {
	*chattest.Env
	t       *testing.T
	config  issuer.Config
	handler http.Handler
	// say is what the site answers about a person.
	say func(session.Session) (any, error)
}

// open serves an issuer for the site in o, "talk" when that is empty.
func open(t *testing.T, o chattest.Options, change ...func(*issuer.Config)) *world {
	t.Helper()
	if o.Name == "" {
		o.Name = "talk"
	}
	w := &world{Env: chattest.NewEnv(t, o), t: t}
	w.serve(change...)
	return w
}

// replica is a second process of the same gateway.
func (w *world) replica() *world {
	w.t.Helper()
	r := &world{Env: w.Replica(), t: w.t}
	r.serve()
	return r
}

func (w *world) serve(change ...func(*issuer.Config)) {
	w.t.Helper()
	w.say = func(s session.Session) (any, error) {
		return claims{
			Issuer: "https://elsewhere.example", Audience: []string{"a", "b"}, Expires: 1.5, Subject: "user-1", Username: "ada",
			EmailVerified: true,
		}, nil
	}
	w.config = issuer.Config{
		Issuer: w.BaseURL + "/" + w.Name, BaseURL: w.BaseURL, Site: w.Name, Title: "Comments",
		Client: issuer.Client{ID: clientID, Secret: clientSecret, RedirectURIs: []string{callback, callback + "?tenant=a%2Fb"}},
		Claims: func(_ context.Context, s session.Session, _ string) (any, error) { return w.say(s) },
		Keys:   w.signingKeys(), Sessions: w.Sessions, Store: w.Store, Limits: w.Limits, Rules: w.Rules,
		Audit: w.Audit, Problems: w.Problems, Log: w.Log, Now: w.Now,
	}
	for _, c := range change {
		c(&w.config)
	}
	i, err := issuer.New(w.config)
	if err != nil {
		w.t.Fatal(err)
	}
	w.handler = w.Handler(site{i})
}

// key is costly to make, so that all tests share it.
var key = sync.OnceValue(func() []byte {
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		panic(err)
	}
	return pem.EncodeToMemory(&pem.Block{Type: "RSA PRIVATE KEY", Bytes: x509.MarshalPKCS1PrivateKey(key)})
})

func (w *world) signingKeys() *keyring.Set {
	w.t.Helper()
	path := filepath.Join(w.t.TempDir(), "key.pem")
	if err := os.WriteFile(path, key(), 0o600); err != nil {
		w.t.Fatal(err)
	}
	k, err := keyring.New(keyring.Config{Store: w.Store, Now: w.Now, Sets: []keyring.SetConfig{{Name: w.Name, Files: []string{path}}}})
	if err != nil {
		w.t.Fatal(err)
	}
	return k.Set(w.Name)
}

// asking is an authorization request as Coral makes it, with changes: names and values in turn, where an empty value
// takes a parameter out.
func asking(changes ...string) url.Values {
	query := url.Values{
		"response_type": {"code"}, "client_id": {clientID}, "redirect_uri": {callback}, "scope": {"openid email profile"},
		"state": {"mIeN+5/wq1bS4Zk="}, "nonce": {"Zk1+bS/4wq5NmIe="},
	}
	for i := 0; i < len(changes); i += 2 {
		if query.Set(changes[i], changes[i+1]); changes[i+1] == "" {
			query.Del(changes[i])
		}
	}
	return query
}

// authorize opens the authorization endpoint in a window; headers are names and values in turn.
func (w *world) authorize(cookie *http.Cookie, query string, headers ...string) *http.Response {
	return w.call(http.MethodGet, "/"+w.Name+"/oauth/authorize?"+query, cookie, headers...)
}

func (w *world) call(method, path string, cookie *http.Cookie, headers ...string) *http.Response {
	r := httptest.NewRequest(method, w.BaseURL+path, http.NoBody)
	if cookie != nil {
		r.AddCookie(cookie)
	}
	return w.send(r, headers...)
}

func (w *world) send(r *http.Request, headers ...string) *http.Response {
	for i := 0; i < len(headers); i += 2 {
		r.Header.Add(headers[i], headers[i+1])
	}
	recorder := httptest.NewRecorder()
	w.handler.ServeHTTP(recorder, r)
	return recorder.Result()
}

// code signs ada in and gets a code for a request with changes.
func (w *world) code(changes ...string) string {
	w.t.Helper()
	return w.codeFor(w.SignIn(ada()), changes...)
}

func (w *world) codeFor(cookie *http.Cookie, changes ...string) string {
	w.t.Helper()
	res := w.authorize(cookie, asking(changes...).Encode())
	code := location(w.t, res).Query().Get("code")
	if res.StatusCode != http.StatusSeeOther || code == "" {
		w.t.Fatalf("authorize = %d to %q: %s, want a code", res.StatusCode, res.Header.Get("Location"), text(res))
	}
	return code
}

// trade is a token request as Coral makes it, with changes as in asking.
func trade(code string, changes ...string) url.Values {
	form := url.Values{
		"grant_type": {"authorization_code"}, "code": {code}, "redirect_uri": {callback},
		"client_id": {clientID}, "client_secret": {clientSecret},
	}
	for i := 0; i < len(changes); i += 2 {
		if form.Set(changes[i], changes[i+1]); changes[i+1] == "" {
			form.Del(changes[i])
		}
	}
	return form
}

// redeem sends a token request.
func (w *world) redeem(form url.Values, headers ...string) *http.Response {
	r := httptest.NewRequest(http.MethodPost, w.BaseURL+"/"+w.Name+"/oauth/token", strings.NewReader(form.Encode()))
	return w.send(r, append([]string{"Content-Type", "application/x-www-form-urlencoded"}, headers...)...)
}

// tokens are what a code is given for.
type tokens struct {
	AccessToken string `json:"access_token"`
	TokenType   string `json:"token_type"`
	ExpiresIn   int    `json:"expires_in"`
	IDToken     string `json:"id_token"`
	Scope       string `json:"scope"`
}

// bought redeems and fails the test when that does not work.
func (w *world) bought(form url.Values, headers ...string) tokens {
	w.t.Helper()
	res := w.redeem(form, headers...)
	if res.StatusCode != http.StatusOK {
		w.t.Fatalf("token = %d %s, want tokens", res.StatusCode, text(res))
	}
	return decode[tokens](w.t, res)
}

// refusal is the error of a token request.
type refusal struct {
	Status      int    `json:"-"`
	Error       string `json:"error"`
	Description string `json:"error_description"`
}

func (w *world) refused(form url.Values, headers ...string) refusal {
	w.t.Helper()
	res := w.redeem(form, headers...)
	got := decode[refusal](w.t, res)
	got.Status = res.StatusCode
	return got
}

// userinfo asks with an access token.
func (w *world) userinfo(token string) *http.Response {
	return w.call(http.MethodGet, "/"+w.Name+"/oauth/userinfo", nil, "Authorization", "Bearer "+token)
}

func location(t *testing.T, res *http.Response) *url.URL {
	t.Helper()
	u, err := url.Parse(res.Header.Get("Location"))
	if err != nil {
		t.Fatal(err)
	}
	return u
}

func text(res *http.Response) string {
	defer res.Body.Close()
	body, _ := io.ReadAll(res.Body) // of a recorder, which never fails
	return string(body)
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

// claimsOf are the claims of a token.
func claimsOf(t *testing.T, token string) map[string]any {
	t.Helper()
	raw, err := base64.RawURLEncoding.DecodeString(strings.Split(token, ".")[1])
	if err != nil {
		t.Fatal(err)
	}
	var v map[string]any
	if err := json.Unmarshal(raw, &v); err != nil {
		t.Fatal(err)
	}
	return v
}

// audited says whether the journal has an audit line with an act and a reason.
func (w *world) audited(act, reason string) bool {
	for line := range strings.Lines(w.Journal.String()) {
		var event struct{ Act, Reason string }
		if json.Unmarshal([]byte(line), &event) == nil && event.Act == act && event.Reason == reason {
			return true
		}
	}
	return false
}
