package oidc_test

import (
	"crypto/elliptic"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"testing"
	"time"

	"github.com/go-jose/go-jose/v4"
	"golang.org/x/net/html"

	"chatgate/oidc"
)

// TestIndependentProviderLogsOut has the certified provider really send logout tokens, sign userinfo, and know a client
// by its key: zitadel's example does none of these.
func TestIndependentProviderLogsOut(t *testing.T) {
	key := newECKey(t, elliptic.P256())
	public, err := json.Marshal(jose.JSONWebKey{Key: key.Public(), KeyID: "key-1", Algorithm: "ES256", Use: "sig"})
	if err != nil {
		t.Fatal(err)
	}
	heard := make(chan string, 10)
	cmd := independents["oidc-provider"](t)
	cmd.Args = append(cmd.Args, "--backchannel-logout-uri", backChannel(t, heard), "--client-jwk", string(public))
	provider := startIndependent(t, cmd)
	rp := provider.relyingParty(t, provider.Client.secretly())

	t.Run("oidcc-client-test-rp-backchannel-rpinitlogout", func(t *testing.T) { testRealLogoutToken(t, rp, heard) })
	t.Run("a logout token for another client is refused", func(t *testing.T) {
		testLogoutTokenOfAnother(t, provider.relyingParty(t, provider.SignedClient.secretly()), rp, heard)
	})
	t.Run("a client with a key", func(t *testing.T) {
		testKeyThere(t, provider.relyingParty(t, oidc.ClientConfig{
			ID: provider.KeyClient.ID, Auth: oidc.AuthKey, Key: keyPEM(t, key), KeyID: "key-1",
		}))
	})
	t.Run("signed userinfo", func(t *testing.T) {
		testPersonSignsIn(t, provider.relyingParty(t, provider.SignedClient.secretly()))
	})
}

// backChannel is an address that hears logout tokens.
func backChannel(t *testing.T, heard chan<- string) string {
	t.Helper()
	server := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		heard <- r.PostFormValue("logout_token")
	}))
	t.Cleanup(server.Close)
	return server.URL + "/logout/backchannel"
}

// signOutThere signs a person in with a browser and out again at the provider, and returns what the back channel heard.
func signOutThere(t *testing.T, rp *oidc.RelyingParty, heard <-chan string) (oidc.Identity, string) {
	t.Helper()
	browser := newBrowser(t)
	attempt, providerURL := begin(t, rp, oidc.LoginRequest{RedirectURL: callbackURL})
	callback, err := walk(browser, providerURL, "ada", "ada")
	if err != nil {
		t.Fatal(err)
	}
	identity, tokens, err := rp.Finish(t.Context(), attempt, callback.Query())
	if err != nil {
		t.Fatal(err)
	}
	leaveURL, ok := rp.LogoutURL(oidc.LogoutRequest{IDToken: tokens.ID})
	if !ok {
		t.Fatal("the provider has no logout endpoint")
	}
	confirmLogout(t, browser, leaveURL)
	select {
	case raw := <-heard:
		return identity, raw
	case <-time.After(10 * time.Second):
		t.Fatal("no logout token came")
		return oidc.Identity{}, ""
	}
}

// confirmLogout says yes to the provider's question.
func confirmLogout(t *testing.T, browser *http.Client, leaveURL string) {
	t.Helper()
	u, err := url.Parse(leaveURL)
	if err != nil {
		t.Fatal(err)
	}
	query := u.Query()
	query.Del("post_logout_redirect_uri") // none is registered: the provider shows its own page
	query.Del("state")
	u.RawQuery = query.Encode()
	res, err := browser.Get(u.String())
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	page, err := html.Parse(res.Body)
	if err != nil {
		t.Fatal(err)
	}
	action, fields := "", url.Values{"logout": {"yes"}}
	for node := range page.Descendants() {
		switch {
		case node.Type != html.ElementNode:
		case node.Data == "form":
			action = attribute(node, "action")
		case node.Data == "input":
			fields.Set(attribute(node, "name"), attribute(node, "value"))
		}
	}
	answer, err := browser.PostForm(action, fields)
	if err != nil {
		t.Fatal(err)
	}
	defer answer.Body.Close()
	if said, _ := io.ReadAll(answer.Body); answer.StatusCode >= http.StatusBadRequest {
		t.Fatalf("signing out at %s answered %s: %s", action, answer.Status, said)
	}
}

func testRealLogoutToken(t *testing.T, rp *oidc.RelyingParty, heard <-chan string) {
	identity, raw := signOutThere(t, rp, heard)
	if got := oidc.PeekIssuer(raw); got != rp.Issuer() {
		t.Errorf("PeekIssuer = %q, want %q", got, rp.Issuer())
	}
	token, err := rp.VerifyLogoutToken(t.Context(), raw)
	if err != nil {
		t.Fatalf("VerifyLogoutToken = %v, want nil", err)
	}
	if identity.SID == "" || token.SID != identity.SID || token.ID == "" || token.Subject != "" && token.Subject != identity.Subject {
		t.Errorf("logout token = %+v, want one for the session %q", token, identity.SID)
	}
	if !token.Expires.After(token.Issued) {
		t.Errorf("the token expires at %s and was issued at %s", token.Expires, token.Issued)
	}
}

func testLogoutTokenOfAnother(t *testing.T, sender, receiver *oidc.RelyingParty, heard <-chan string) {
	_, raw := signOutThere(t, sender, heard)
	_, err := receiver.VerifyLogoutToken(t.Context(), raw)
	wantRefused(t, oidc.Identity{}, oidc.Tokens{}, err, oidc.ReasonLogoutAudience)
}

func testKeyThere(t *testing.T, rp *oidc.RelyingParty) {
	testPersonSignsIn(t, rp)
	testRefreshThere(t, rp)
	testRevocationThere(t, rp)
}
