package talk_test

import (
	"context"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"chatgate/gateway/chat"
	"chatgate/gateway/chat/chattest"
	"chatgate/gateway/chat/talk"
	"chatgate/gateway/chat/talk/talktest"
	"chatgate/gateway/limit"
	"chatgate/oidc"
)

const loginSecret = "a-client-secret-of-the-products-own-login"

// ownLogin is a site whose product has a login of its own here.
func ownLogin(profile talk.Profile) talk.Config {
	return with(site(profile), func(c *talk.Config) {
		c.Client.Secret = loginSecret
		if profile == talk.Talk4 {
			c.Client.ID = "talk-plugin"
		}
	})
}

// loginCoral is a Coral whose own login goes by the world's site.
func loginCoral(t *testing.T, w *world) *talktest.Coral {
	t.Helper()
	issuer := w.BaseURL + "/" + w.Name
	return newCoral(t, talktest.CoralConfig{
		URL: coralURL, Now: w.Now, Transport: w,
		OIDC: &talktest.OIDCIntegration{
			Enabled: true, AllowRegistration: true, ClientID: "coral", ClientSecret: loginSecret, Issuer: issuer,
			JWKSURI: issuer + "/.well-known/jwks.json", AuthorizationURL: issuer + "/oauth/authorize", TokenURL: issuer + "/oauth/token",
		},
	})
}

// throughCoral walks a browser through Coral's own login and returns how it ends there, or where the gateway stops it.
func (w *world) throughCoral(coral http.Handler, cookie *http.Cookie) *http.Response {
	w.t.Helper()
	begun := answer(coral, httptest.NewRequest(http.MethodGet, coralURL+"/api/auth/oidc?redirectTo=/admin", http.NoBody))
	asked := begun.Header.Get("Location")
	decided := w.call(http.MethodGet, strings.TrimPrefix(asked, w.BaseURL), cookie)
	callback := decided.Header.Get("Location")
	if !strings.HasPrefix(callback, coralURL) {
		return decided
	}
	back := httptest.NewRequest(http.MethodGet, callback, http.NoBody)
	for _, c := range begun.Cookies() {
		back.AddCookie(c)
	}
	return answer(coral, back)
}

func TestCoralsOwnLogin(t *testing.T) { // G23, G24
	w := open(t, ownLogin(talk.CoralOIDC), chattest.Options{})
	coral := loginCoral(t, w)
	res := w.throughCoral(coral, w.SignIn(ada()))
	to, token, found := strings.Cut(res.Header.Get("Location"), "#accessToken=")
	if !found || to != "/admin" {
		t.Fatalf("the login ends at %d %q, want a token of Coral's own", res.StatusCode, res.Header.Get("Location"))
	}
	viewer, err := coral.Verify(ctx(), token)
	if err != nil {
		t.Fatal(err)
	}
	if viewer.Username != "ada" || viewer.Email != "ada@example.org" || !viewer.EmailVerified || viewer.Role != talktest.RoleCommenter {
		t.Errorf("Coral has %+v, want the account that a pushed token makes", viewer.User)
	}
	pushed, err := coral.Verify(ctx(), w.token(http.MethodGet, w.SignIn(ada())).Token)
	if err != nil || pushed.ID != viewer.ID {
		t.Errorf("a pushed token is %q, %v, want the same person, %q", pushed.ID, err, viewer.ID)
	}
}

// TestAStrangerLocksNobodyOutOfCoralsOwnLogin: Coral hands the gateway whatever code it is called back with, from the one
// address that its readers' codes come from too.
func TestAStrangerLocksNobodyOutOfCoralsOwnLogin(t *testing.T) { // S125
	w := open(t, ownLogin(talk.CoralOIDC), chattest.Options{Limits: &limit.Settings{CodesPerAddress: 3}})
	coral := loginCoral(t, w)
	begun := answer(coral, httptest.NewRequest(http.MethodGet, coralURL+"/api/auth/oidc?redirectTo=/admin", http.NoBody))
	asked, err := begun.Location()
	if err != nil {
		t.Fatal(err)
	}
	for range 20 {
		query := url.Values{"code": {"made-up"}, "state": {asked.Query().Get("state")}}
		back := httptest.NewRequest(http.MethodGet, coralURL+"/api/auth/oidc/callback?"+query.Encode(), http.NoBody)
		for _, c := range begun.Cookies() {
			back.AddCookie(c)
		}
		answer(coral, back)
	}
	if !strings.Contains(w.Journal.String(), `"reason":"code_address"`) {
		t.Fatal("the stranger's calls have not reached the limit")
	}
	if res := w.throughCoral(coral, w.SignIn(ada())); !strings.HasPrefix(res.Header.Get("Location"), "/admin#accessToken=") {
		t.Errorf("a reader's login ends at %d %q, want in", res.StatusCode, res.Header.Get("Location"))
	}
}

func TestNoIdentityStopsCoralAtItsOwnLogin(t *testing.T) { // G25
	w := open(t, ownLogin(talk.CoralOIDC), chattest.Options{})
	coral := loginCoral(t, w)
	for _, id := range hostile() {
		id = ownAddress(id)
		res := w.throughCoral(coral, w.SignIn(id))
		if err := coral.Stopped(); err != nil {
			t.Fatalf("%+v stops Coral: %v", id, err)
		}
		if got := res.Header.Get("Location"); !strings.HasPrefix(got, "/admin#accessToken=") {
			t.Errorf("%+v ends at %d %q, want a token of Coral's own", id, res.StatusCode, got)
		}
	}
}

// windowTokens is what a client with the given id gets for ada, by a request of its own.
func windowTokens(t *testing.T, w *world, id, redirectURI, nonce string) string {
	t.Helper()
	asked := url.Values{
		"response_type": {"code"}, "client_id": {id}, "redirect_uri": {redirectURI}, "scope": {"openid"}, "nonce": {nonce},
	}
	res := w.call(http.MethodGet, "/talk/oauth/authorize?"+asked.Encode(), w.SignIn(ada()))
	callback, err := res.Location()
	if err != nil {
		t.Fatalf("authorize = %d: %v", res.StatusCode, err)
	}
	form := url.Values{
		"grant_type": {"authorization_code"}, "code": {callback.Query().Get("code")}, "redirect_uri": {redirectURI},
		"client_id": {id}, "client_secret": {loginSecret},
	}
	r := httptest.NewRequest(http.MethodPost, w.BaseURL+"/talk/oauth/token", strings.NewReader(form.Encode()))
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	res = answer(w.handler, r)
	if res.StatusCode != http.StatusOK {
		t.Fatalf("token = %d", res.StatusCode)
	}
	return decode[struct {
		IDToken string `json:"id_token"`
	}](t, res).IDToken
}

func TestTheTokenOfTalk4sWindowIsForThePluginAlone(t *testing.T) { // P5
	w := open(t, ownLogin(talk.Talk4), chattest.Options{})
	token := windowTokens(t, w, "talk-plugin", coralURL+"/api/v1/auth/chatgate/callback", "n-1")
	got := part(t, token, 1)
	for _, name := range []string{"jti", "iat", "exp", "sub"} {
		delete(got, name)
	}
	want := map[string]any{
		"iss": w.BaseURL + "/talk", "aud": "talk-plugin", "nonce": "n-1", "username": "ada",
		"email": "ada@example.org", "email_verified": true,
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("claims (-want +got):\n%s", diff)
	}
	if res := w.whose(token); res.StatusCode != http.StatusUnauthorized {
		t.Errorf("/user takes it: %d, want 401", res.StatusCode)
	}
	talk4 := newTalk4(t, w, talktest.Talk4Config{Algorithm: "RS256", Secrets: []talktest.Talk4Secret{publicPEM(t, w)}})
	if viewer, err := talk4.Verify(ctx(), token); err == nil && !viewer.Anonymous() {
		t.Errorf("Talk itself takes it, for %+v", viewer)
	}
}

func TestTheOwnLoginNeedsASecret(t *testing.T) {
	for _, test := range []struct {
		name   string
		cfg    talk.Config
		status int
	}{
		{"coral-oidc with a secret", ownLogin(talk.CoralOIDC), 200},
		{"coral-oidc without", site(talk.CoralOIDC), 404},
		{"talk4 with a secret", ownLogin(talk.Talk4), 200},
		{"talk4 without", site(talk.Talk4), 404},
		{"coral-sso", site(talk.CoralSSO), 404},
	} {
		t.Run(test.name, func(t *testing.T) {
			w := open(t, test.cfg, chattest.Options{})
			if res := w.call(http.MethodGet, "/talk/.well-known/openid-configuration", nil); res.StatusCode != test.status {
				t.Errorf("discovery = %d, want %d", res.StatusCode, test.status)
			}
		})
	}
}

func TestWhereTheOwnLoginEnds(t *testing.T) { // G23
	const another = "https://comments.example.org/other/callback?x=1"
	for _, test := range []struct {
		name, redirectURI string
		configured        []string
		status            int
	}{
		{"at Coral's callback", coralURL + "/api/auth/oidc/callback", nil, 303},
		{"elsewhere at Coral", coralURL + "/", nil, 400},
		{"at an address that is configured", another, []string{another}, 303},
		{"at Coral's callback, where only another address is", coralURL + "/api/auth/oidc/callback", []string{another}, 400},
	} {
		t.Run(test.name, func(t *testing.T) {
			w := open(t, with(ownLogin(talk.CoralOIDC), func(c *talk.Config) { c.Client.RedirectURIs = test.configured }), chattest.Options{})
			asked := url.Values{
				"response_type": {"code"}, "client_id": {"coral"}, "redirect_uri": {test.redirectURI}, "scope": {"openid"}, "nonce": {"n"},
			}
			if res := w.call(http.MethodGet, "/talk/oauth/authorize?"+asked.Encode(), w.SignIn(ada())); res.StatusCode != test.status {
				t.Errorf("authorize = %d, want %d", res.StatusCode, test.status)
			}
		})
	}
}

// TestCodesTravelByHTTPSAlone: with a code that somebody listened to, they come back to the product before its person does.
func TestCodesTravelByHTTPSAlone(t *testing.T) { // G23
	w := open(t, site(talk.CoralOIDC), chattest.Options{})
	for _, test := range []struct {
		name, redirectURI string
		development       bool
		taken             bool
	}{
		{"https", "https://comments.example.org/callback", false, true},
		{"http", "http://comments.example.org/callback", false, false},
		{"http in development, elsewhere than here", "http://comments.example.org/callback", true, false},
		{"http to a name that only begins like this machine's", "http://localhost.example.org/callback", true, false},
		{"http to this machine", "http://localhost:3000/callback", false, false},
		{"http to this machine in development", "http://localhost:3000/callback", true, true},
		{"http to this machine by its address in development", "http://127.0.0.1:3000/callback", true, true},
	} {
		t.Run(test.name, func(t *testing.T) {
			env := w.Replica()
			env.Keys, env.Development = w.Keys, test.development
			cfg := with(ownLogin(talk.CoralOIDC), func(c *talk.Config) {
				c.Client.RedirectURIs = []string{"https://comments.example.org/first", test.redirectURI}
			})
			_, err := cfg.Open(env.Env)
			if taken := err == nil; taken != test.taken {
				t.Errorf("Open() = %v, want it taken: %t", err, test.taken)
			}
			if err != nil && !strings.Contains(err.Error(), "client.redirectURIs: must be https") {
				t.Errorf("Open() = %v, which does not name the setting", err)
			}
		})
	}
}

func TestTheOwnLoginAsksTheAccessRules(t *testing.T) { // G27, D7
	w := open(t, with(ownLogin(talk.CoralOIDC), func(c *talk.Config) {
		c.Access = chat.AccessRules{Groups: []string{"readers"}}
	}), chattest.Options{})
	res := w.throughCoral(loginCoral(t, w), w.SignIn(ada()))
	if got := res.Header.Get("Location"); res.StatusCode != http.StatusForbidden || got != "" {
		t.Errorf("authorize = %d to %q, want our own page", res.StatusCode, got)
	}
	reader := ada()
	reader.Groups = []string{"readers"}
	if res := w.throughCoral(loginCoral(t, w), w.SignIn(reader)); !strings.HasPrefix(res.Header.Get("Location"), "/admin#accessToken=") {
		t.Errorf("a reader ends at %d %q, want in", res.StatusCode, res.Header.Get("Location"))
	}
}

func TestASignInForTheOwnLoginSkipsAChoiceThatIsNone(t *testing.T) {
	for _, test := range []struct {
		name   string
		access chat.AccessRules
		want   string
	}{
		{"people of one provider may enter", chat.AccessRules{Providers: []string{"corp"}}, "corp"},
		{"people of two may", chat.AccessRules{Providers: []string{"corp", "partners"}}, ""},
		{"anyone may", chat.AccessRules{Anyone: true}, ""},
	} {
		t.Run(test.name, func(t *testing.T) {
			w := open(t, with(ownLogin(talk.CoralOIDC), func(c *talk.Config) { c.Access = test.access }), chattest.Options{})
			to, err := w.throughCoral(loginCoral(t, w), nil).Location()
			if err != nil {
				t.Fatal(err)
			}
			if got := to.Query().Get("provider"); got != test.want || to.Path != "/login" {
				t.Errorf("it goes to %s, want the sign-in page with the provider %q", to, test.want)
			}
		})
	}
}

// TestTheReadmeNamesWhatIsServed: an operator copies these into Coral, or the product's own login does not work. Coral's
// own session outlives ours, and its proxy is what a wrong return address comes from most.
func TestTheReadmeNamesWhatIsServed(t *testing.T) { // G28, G6
	readme, err := os.ReadFile("README.md")
	if err != nil {
		t.Fatal(err)
	}
	w := open(t, ownLogin(talk.CoralOIDC), chattest.Options{})
	served := decode[struct {
		Issuer        string `json:"issuer"`
		Authorization string `json:"authorization_endpoint"`
		Token         string `json:"token_endpoint"`
	}](t, w.call(http.MethodGet, "/talk/.well-known/openid-configuration", nil))
	for _, told := range []string{
		"| Issuer | `" + served.Issuer + "`", "| Authorization URL | `" + served.Authorization + "`", "| Token URL | `" + served.Token + "`",
		"`sessionDuration` to a day or less (3600 to 86400", "`TRUST_PROXY`",
	} {
		if !strings.Contains(string(readme), told) {
			t.Errorf("README.md does not say %q", told)
		}
	}
}

// TestAnotherClientSignsInAsTheStandardSays walks with a client that knows discovery, PKCE, and Basic authentication, and
// checks the answer by its own rules.
func TestAnotherClientSignsInAsTheStandardSays(t *testing.T) { // G23 to G25
	const redirectURL = "https://comments.example.org/callback"
	w := open(t, with(ownLogin(talk.CoralOIDC), func(c *talk.Config) { c.Client.RedirectURIs = []string{redirectURL} }), chattest.Options{})
	for _, auth := range []oidc.ClientAuth{oidc.AuthBasic, oidc.AuthPost} {
		t.Run(string(auth), func(t *testing.T) {
			rp := relyingParty(t, w, auth)
			attempt, to, err := rp.Begin(ctx(), oidc.LoginRequest{RedirectURL: redirectURL})
			if err != nil {
				t.Fatal(err)
			}
			res := w.call(http.MethodGet, strings.TrimPrefix(to, w.BaseURL), w.SignIn(ada()))
			callback, err := res.Location()
			if err != nil {
				t.Fatalf("authorize = %d: %v", res.StatusCode, err)
			}
			id, _, err := rp.Finish(ctx(), attempt, callback.Query())
			if err != nil {
				t.Fatal(err)
			}
			if id.Username != "ada" || id.Email != "ada@example.org" || !id.EmailVerified {
				t.Errorf("Finish() = %+v, want ada", id)
			}
		})
	}
}

// relyingParty has discovered the world's site when it is returned.
func relyingParty(t *testing.T, w *world, auth oidc.ClientAuth) *oidc.RelyingParty {
	t.Helper()
	rp, err := oidc.New(oidc.Config{
		Issuer: w.BaseURL + "/talk", Client: oidc.ClientConfig{ID: "coral", Secret: loginSecret, Auth: auth},
		Scopes: []string{"openid", "profile", "email"},
	}, oidc.Env{Provider: "talk", Transport: w, Now: w.Now})
	if err != nil {
		t.Fatal(err)
	}
	running, stop := context.WithCancel(ctx())
	ended := make(chan error, 1)
	go func() { ended <- rp.Run(running) }()
	t.Cleanup(func() {
		stop()
		if err := <-ended; err != nil {
			t.Errorf("Run() = %v, want nil", err)
		}
	})
	for deadline := time.Now().Add(20 * time.Second); rp.Ready() != nil; time.Sleep(5 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("Ready() = %v", rp.Ready())
		}
	}
	return rp
}
