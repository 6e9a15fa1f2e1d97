package oidctest_test

import (
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"io"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"strings"
	"testing"

	"chatgate/oidc/oidctest"
)

const (
	issuer      = "https://idp.example.org/realms/corp"
	callbackURL = "https://sso.example.org/login/callback"
	homeURL     = "https://sso.example.org/logout/complete"
	verifier    = "a-verifier-of-forty-three-characters-or-more"
)

// browser is a provider and somebody in front of it.
type browser struct {
	*testing.T
	provider *oidctest.Provider
	client   *http.Client
}

func open(t *testing.T) *browser {
	t.Helper()
	provider := oidctest.New(oidctest.Config{
		Issuer: issuer,
		Clients: []oidctest.Client{
			{ID: "chatgate", Secret: "s:cret", RedirectURIs: []string{callbackURL}, PostLogoutRedirectURIs: []string{homeURL}},
			{ID: "other", Secret: "other", RedirectURIs: []string{callbackURL}},
		},
		Users:  []oidctest.User{{Username: "ada", Password: "ada", Subject: "sub-ada", Name: "Ada", Groups: []string{"staff"}}},
		Notice: "Sign in as <ada>.",
	})
	jar, err := cookiejar.New(nil)
	if err != nil {
		t.Fatal(err)
	}
	return &browser{t, provider, &http.Client{
		Transport:     oidctest.Network(t, map[string]http.Handler{"idp.example.org": provider}),
		Jar:           jar,
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}}
}

// authorizeURL is a good request, then changed.
func authorizeURL(change url.Values) string {
	challenge := sha256.Sum256([]byte(verifier))
	query := url.Values{
		"response_type": {"code"}, "client_id": {"chatgate"}, "redirect_uri": {callbackURL}, "scope": {"openid profile unknown"},
		"state": {"st"}, "nonce": {"no"}, "code_challenge_method": {"S256"},
		"code_challenge": {base64.RawURLEncoding.EncodeToString(challenge[:])},
	}
	for name, values := range change {
		query[name] = values
	}
	return issuer + oidctest.PathAuthorize + "?" + query.Encode()
}

func (b *browser) get(address string) (*http.Response, string) {
	b.Helper()
	res, err := b.client.Get(address)
	if err != nil {
		b.Fatal(err)
	}
	defer res.Body.Close()
	body, err := io.ReadAll(res.Body)
	if err != nil {
		b.Fatal(err)
	}
	return res, string(body)
}

func (b *browser) signIn(change url.Values) url.Values {
	b.Helper()
	callback, err := b.provider.SignIn(b.client, authorizeURL(change), "ada", "ada")
	if err != nil {
		b.Fatalf("SignIn() = %v", err)
	}
	return callback.Query()
}

// redeem posts to the token endpoint with client_secret_basic.
func (b *browser) redeem(clientID, secret string, form url.Values) (int, map[string]any) {
	b.Helper()
	req, err := http.NewRequest(http.MethodPost, issuer+oidctest.PathToken, strings.NewReader(form.Encode()))
	if err != nil {
		b.Fatal(err)
	}
	req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	req.SetBasicAuth(url.QueryEscape(clientID), url.QueryEscape(secret))
	res, err := b.client.Do(req)
	if err != nil {
		b.Fatal(err)
	}
	defer res.Body.Close()
	var answer map[string]any
	if err := json.NewDecoder(res.Body).Decode(&answer); err != nil {
		b.Fatal(err)
	}
	return res.StatusCode, answer
}

func codeForm(code string) url.Values {
	return url.Values{"grant_type": {"authorization_code"}, "code": {code}, "redirect_uri": {callbackURL}, "code_verifier": {verifier}}
}

func TestAuthorizeRefuses(t *testing.T) {
	b := open(t)
	for _, c := range []struct {
		name   string
		change url.Values
		status int
		want   string // an error at the client, or empty for a page
	}{
		{"an unknown client", url.Values{"client_id": {"nobody"}}, http.StatusBadRequest, ""},
		{"a redirect URL that is not registered", url.Values{"redirect_uri": {callbackURL + "/x"}}, http.StatusBadRequest, ""},
		{"another response type", url.Values{"response_type": {"token"}}, http.StatusSeeOther, "unsupported_response_type"},
		{"no openid scope", url.Values{"scope": {"profile"}}, http.StatusSeeOther, "invalid_scope"},
		{"plain PKCE", url.Values{"code_challenge_method": {"plain"}}, http.StatusSeeOther, "invalid_request"},
		{"prompt=none when signed out", url.Values{"prompt": {"none"}}, http.StatusSeeOther, "login_required"},
	} {
		t.Run(c.name, func(t *testing.T) {
			res, _ := b.get(authorizeURL(c.change))
			if res.StatusCode != c.status {
				t.Fatalf("status = %d, want %d", res.StatusCode, c.status)
			}
			location, _ := url.Parse(res.Header.Get("Location"))
			if got := location.Query(); got.Get("error") != c.want || c.want != "" && (got.Get("state") != "st" || got.Get("iss") != issuer) {
				t.Errorf("callback = %v, want error %q with state and iss", got, c.want)
			}
		})
	}
}

func TestSignInPage(t *testing.T) {
	b := open(t)
	b.provider.Set(func(f *oidctest.Faults) { f.CrossOriginOpenerPolicy = "same-origin" })
	res, page := b.get(authorizeURL(url.Values{"login_hint": {`ada"><script>`}}))
	for name, want := range map[string]string{
		"X-Frame-Options":            "DENY",
		"Content-Security-Policy":    "default-src 'none'; style-src 'self'; base-uri 'none'; frame-ancestors 'none'",
		"Cross-Origin-Opener-Policy": "same-origin",
		"Cache-Control":              "no-store",
	} {
		if got := res.Header.Get(name); got != want {
			t.Errorf("%s = %q, want %q", name, got, want)
		}
	}
	for _, want := range []string{
		"<title>Sign in · Example Organisation</title>", `name="username"`, `name="password"`, `<label for="username">`, "Sign in as &lt;ada&gt;.",
	} {
		if !strings.Contains(page, want) {
			t.Errorf("the page lacks %q", want)
		}
	}
	if strings.Contains(page, "<script>") {
		t.Error("the hint is not escaped")
	}
	if res, style := b.get(issuer + "/style.css"); res.StatusCode != http.StatusOK || !strings.Contains(style, "color-scheme: light dark") {
		t.Errorf("style sheet answered %s", res.Status)
	}
}

func TestSignInRefusesAWrongPassword(t *testing.T) {
	b := open(t)
	for _, c := range [][2]string{{"ada", "wrong"}, {"ada", ""}, {"nobody", "ada"}} {
		if callback, err := b.provider.SignIn(b.client, authorizeURL(nil), c[0], c[1]); err == nil {
			t.Errorf("SignIn(%q, %q) = %v, want an error", c[0], c[1], callback)
		}
	}
}

// The provider's own session makes the second sign-in silent, unless the client asks for the form.
func TestSingleSignOn(t *testing.T) {
	b := open(t)
	b.signIn(nil)
	for _, c := range []struct {
		prompt string
		status int
	}{{"", http.StatusSeeOther}, {"none", http.StatusSeeOther}, {"login", http.StatusOK}, {"select_account", http.StatusOK}} {
		res, _ := b.get(authorizeURL(url.Values{"prompt": {c.prompt}}))
		if res.StatusCode != c.status || c.status == http.StatusSeeOther && !strings.Contains(res.Header.Get("Location"), "code=") {
			t.Errorf("prompt %q answered %s, want %d", c.prompt, res.Status, c.status)
		}
	}
	if res, _ := b.get(authorizeURL(url.Values{"max_age": {"60"}})); res.StatusCode != http.StatusSeeOther {
		t.Errorf("max_age of a minute answered %s, want a redirect", res.Status)
	}
	b.provider.EndSessions()
	if res, _ := b.get(authorizeURL(nil)); res.StatusCode != http.StatusOK {
		t.Errorf("after EndSessions the provider answered %s, want the form", res.Status)
	}
}

func TestTokenRefuses(t *testing.T) {
	b := open(t)
	set := func(name, value string) func(url.Values) { return func(f url.Values) { f.Set(name, value) } }
	for _, c := range []struct {
		name, client, secret string
		edit                 func(form url.Values)
		want                 string
	}{
		{"a wrong client secret", "chatgate", "wrong", set("x", "x"), "invalid_client"},
		{"two kinds of client authentication", "chatgate", "s:cret", set("client_secret", "s:cret"), "invalid_client"},
		{"another client's code", "other", "other", set("x", "x"), "invalid_grant"},
		{"a wrong verifier", "chatgate", "s:cret", set("code_verifier", "wrong"), "invalid_grant"},
		{"no verifier", "chatgate", "s:cret", set("code_verifier", ""), "invalid_grant"},
		{"another redirect URL", "chatgate", "s:cret", set("redirect_uri", homeURL), "invalid_grant"},
		{"an unknown code", "chatgate", "s:cret", set("code", "code-unknown"), "invalid_grant"},
		{"another grant", "chatgate", "s:cret", set("grant_type", "password"), "unsupported_grant_type"},
	} {
		t.Run(c.name, func(t *testing.T) {
			form := codeForm(b.signIn(nil).Get("code"))
			c.edit(form)
			status, answer := b.redeem(c.client, c.secret, form)
			if status < 400 || answer["error"] != c.want {
				t.Errorf("token endpoint answered %d %v, want %s", status, answer, c.want)
			}
		})
	}
}

// A code that comes twice is refused, and what it gave the first time ends.
func TestTokenRefusesAReusedCode(t *testing.T) {
	b := open(t)
	form := codeForm(b.signIn(nil).Get("code"))
	status, first := b.redeem("chatgate", "s:cret", form)
	if status != http.StatusOK {
		t.Fatalf("first use answered %d %v", status, first)
	}
	if status, again := b.redeem("chatgate", "s:cret", form); status != http.StatusBadRequest || again["error"] != "invalid_grant" {
		t.Errorf("second use answered %d %v, want invalid_grant", status, again)
	}
	req, err := http.NewRequest(http.MethodGet, issuer+oidctest.PathUserinfo, nil)
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Authorization", "Bearer "+first["access_token"].(string))
	res, err := b.client.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	if res.StatusCode != http.StatusUnauthorized {
		t.Errorf("userinfo answered %s, want 401", res.Status)
	}
}

func TestRefresh(t *testing.T) {
	b := open(t)
	_, answer := b.redeem("chatgate", "s:cret", codeForm(b.signIn(url.Values{"scope": {"openid offline_access"}}).Get("code")))
	refresh, _ := answer["refresh_token"].(string)
	form := url.Values{"grant_type": {"refresh_token"}, "refresh_token": {refresh}}
	if status, answer := b.redeem("chatgate", "s:cret", form); status != http.StatusOK || answer["id_token"] == nil {
		t.Errorf("refresh answered %d %v, want tokens", status, answer)
	}
	if status, answer := b.redeem("chatgate", "s:cret", form); answer["error"] != "invalid_grant" {
		t.Errorf("a used refresh token answered %d %v, want invalid_grant", status, answer)
	}
}

func TestEndSession(t *testing.T) {
	b := open(t)
	_, answer := b.redeem("chatgate", "s:cret", codeForm(b.signIn(nil).Get("code")))
	signOut := func(query url.Values) (*http.Response, string) {
		return b.get(issuer + oidctest.PathEndSession + "?" + query.Encode())
	}
	if res, page := signOut(nil); res.StatusCode != http.StatusOK || !strings.Contains(page, "Do you want to sign out") {
		t.Errorf("without a hint the provider answered %s, want a question", res.Status)
	}
	if res, _ := b.get(authorizeURL(nil)); res.StatusCode != http.StatusSeeOther {
		t.Fatalf("the question alone ended the session: %s", res.Status)
	}
	hint := answer["id_token"].(string)
	if res, _ := signOut(url.Values{"id_token_hint": {hint}, "post_logout_redirect_uri": {"https://evil.example/"}}); res.StatusCode != http.StatusOK {
		t.Errorf("an address that is not registered answered %s, want a page", res.Status)
	}
	res, _ := signOut(url.Values{"id_token_hint": {hint}, "post_logout_redirect_uri": {homeURL}, "state": {"bye"}})
	if got := res.Header.Get("Location"); got != homeURL+"?state=bye" {
		t.Errorf("Location = %q, want home with the state", got)
	}
	if res, _ := b.get(authorizeURL(nil)); res.StatusCode != http.StatusOK {
		t.Errorf("after signing out the provider answered %s, want the form", res.Status)
	}
}

func TestRotateKeysKeepsTheFormerKeyPublished(t *testing.T) {
	b := open(t)
	published := func() string {
		_, body := b.get(issuer + oidctest.PathJWKS)
		return body
	}
	first := b.provider.Key()
	b.provider.RotateKeys()
	second := b.provider.Key()
	if set := published(); !strings.Contains(set, first.KeyID) || !strings.Contains(set, second.KeyID) || strings.Contains(set, `"d"`) {
		t.Errorf("keys after one rotation = %s, want both public halves", set)
	}
	b.provider.RotateKeys()
	if strings.Contains(published(), first.KeyID) {
		t.Error("the first key is still published after two rotations")
	}
}

func TestNetworkKnowsItsHosts(t *testing.T) {
	b := open(t)
	if _, err := b.client.Get("https://elsewhere.example/"); err == nil {
		t.Error("a host outside the network was reached")
	}
}
