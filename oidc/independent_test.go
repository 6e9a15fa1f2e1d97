package oidc_test

import (
	"errors"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"chatgate/oidc"
)

func TestIndependentProviders(t *testing.T) {
	for name, command := range independents {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			provider := startIndependent(t, command(t))
			rp := provider.relyingParty(t, provider.Client.secretly())
			t.Run("a person signs in with verified claims", func(t *testing.T) { testPersonSignsIn(t, rp) })
			t.Run("an unverified e-mail address stays unverified", func(t *testing.T) { testUnverifiedEmail(t, rp) })
			t.Run("a wrong password leads nowhere", func(t *testing.T) { testWrongPassword(t, rp) })
			t.Run("a code works once", func(t *testing.T) { testCodeWorksOnce(t, rp) })
			t.Run("a code is of no use without the verifier", func(t *testing.T) { testWrongVerifier(t, rp) })
			t.Run("a wrong client secret is refused", func(t *testing.T) { testWrongSecret(t, provider) })
			t.Run("a silent login without a session is denied", func(t *testing.T) { testSilentLogin(t, rp) })
			t.Run("discovery names the logout endpoint", func(t *testing.T) { testLogoutDiscovery(t, rp, provider.Issuer) })
			t.Run("oidcc-client-test-refresh-token", func(t *testing.T) { testRefreshThere(t, rp) })
			t.Run("a revoked refresh token is dead", func(t *testing.T) { testRevocationThere(t, rp) })
			t.Run("keys rotated just before signing are fetched", func(t *testing.T) { testRotation(t, rp, provider) })
		})
	}
}

func testPersonSignsIn(t *testing.T, rp *oidc.RelyingParty) {
	identity, tokens, err := signIn(t, rp, "ada", nil)
	if err != nil {
		t.Fatalf("Finish = %v, want an identity", err)
	}
	want := oidc.Identity{
		Provider: "independent", Subject: "0001-ada", Username: "ada", Name: "Ada Lovelace",
		Email: "ada@example.org", EmailVerified: true, Groups: []string{"staff", "chat-admins"},
	}
	identity.SID, identity.AuthTime, identity.ACR = "", time.Time{}, "" // theirs to send or not
	if diff := cmp.Diff(want, identity); diff != "" {
		t.Errorf("identity (-want +got):\n%s", diff)
	}
	if tokens.ID.Reveal() == "" || tokens.Access.Reveal() == "" || !tokens.Expiry.After(time.Now()) {
		t.Error("the ID token, the access token or its expiry is missing")
	}
}

func testUnverifiedEmail(t *testing.T, rp *oidc.RelyingParty) {
	identity, _, err := signIn(t, rp, "bob", nil)
	if err != nil || identity.Subject != "0002-bob" || identity.EmailVerified {
		t.Errorf("Finish = %+v, %v, want bob with an unverified address", identity, err)
	}
}

func testWrongPassword(t *testing.T, rp *oidc.RelyingParty) {
	_, providerURL := begin(t, rp, oidc.LoginRequest{RedirectURL: callbackURL})
	if callback, err := walk(newBrowser(t), providerURL, "ada", "wrong"); err == nil {
		t.Errorf("a wrong password led to the callback with %d parameters", len(callback.Query()))
	}
}

func testCodeWorksOnce(t *testing.T, rp *oidc.RelyingParty) {
	attempt, providerURL := begin(t, rp, oidc.LoginRequest{RedirectURL: callbackURL})
	callback := mustWalk(t, providerURL, "ada")
	if _, _, err := rp.Finish(t.Context(), attempt, callback.Query()); err != nil {
		t.Fatalf("first Finish = %v, want an identity", err)
	}
	identity, tokens, err := rp.Finish(t.Context(), attempt, callback.Query())
	wantRefused(t, identity, tokens, err, oidc.ReasonCode)
}

func testWrongVerifier(t *testing.T, rp *oidc.RelyingParty) {
	identity, tokens, err := signIn(t, rp, "ada", func(a *oidc.Attempt) { a.Verifier = strings.Repeat("x", 43) })
	wantRefused(t, identity, tokens, err, oidc.ReasonCode)
}

func testWrongSecret(t *testing.T, provider *independent) {
	client := provider.Client.secretly()
	client.Secret = "not the secret"
	identity, tokens, err := signIn(t, provider.relyingParty(t, client), "ada", nil)
	wantRefused(t, identity, tokens, err, oidc.ReasonCode)
}

func testSilentLogin(t *testing.T, rp *oidc.RelyingParty) {
	attempt, providerURL := begin(t, rp, oidc.LoginRequest{RedirectURL: callbackURL, Prompt: oidc.PromptNone})
	_, _, err := rp.Finish(t.Context(), attempt, mustWalk(t, providerURL, "").Query())
	var denied *oidc.DeniedError
	if !errors.As(err, &denied) || denied.Code != "login_required" {
		t.Errorf("Finish = %v, want ErrDenied with login_required", err)
	}
}

func testLogoutDiscovery(t *testing.T, rp *oidc.RelyingParty, issuer string) {
	metadata, ok := rp.Metadata()
	if !ok || metadata.Issuer != issuer || !strings.HasPrefix(metadata.EndSessionEndpoint, issuer) {
		t.Errorf("Metadata = %+v, %t, want an end_session_endpoint below %s", metadata, ok, issuer)
	}
}

// testRotation is the Foundation's oidcc-client-test-signing-key-rotation-just-before-signing.
func testRotation(t *testing.T, rp *oidc.RelyingParty, provider *independent) {
	rotate := func(*oidc.Attempt) { provider.rotate(t) }
	if identity, _, err := signIn(t, rp, "ada", rotate); err != nil || identity.Subject != "0001-ada" {
		t.Errorf("Finish = %q, %v after a rotation, want ada", identity.Subject, err)
	}
}

// testRefreshThere refreshes twice, since both providers hand out a new refresh token with each refresh.
func testRefreshThere(t *testing.T, rp *oidc.RelyingParty) {
	former, tokens, err := signIn(t, rp, "ada", nil)
	if err != nil {
		t.Fatal(err)
	}
	first := tokens.Refresh
	for range 2 {
		identity, fresh, err := rp.Refresh(t.Context(), former, tokens)
		if err != nil {
			t.Fatalf("Refresh = %v, want nil", err)
		}
		if diff := cmp.Diff(former, identity); diff != "" {
			t.Errorf("identity (-want +got):\n%s", diff)
		}
		if fresh.Access == tokens.Access || fresh.Refresh == "" || fresh.Refresh == tokens.Refresh {
			t.Error("the tokens are not new ones")
		}
		tokens = fresh
	}
	identity, none, err := rp.Refresh(t.Context(), former, oidc.Tokens{Refresh: first})
	wantRefused(t, identity, none, err, oidc.ReasonRefresh)
}

func testRevocationThere(t *testing.T, rp *oidc.RelyingParty) {
	former, tokens, err := signIn(t, rp, "ada", nil)
	if err != nil {
		t.Fatal(err)
	}
	if metadata, _ := rp.Metadata(); metadata.RevocationEndpoint == "" {
		t.Fatal("the provider has no revocation endpoint")
	}
	for range 2 { // a token that is dead already is as good as revoked
		if err := rp.Revoke(t.Context(), tokens); err != nil {
			t.Fatalf("Revoke = %v, want nil", err)
		}
	}
	identity, none, err := rp.Refresh(t.Context(), former, tokens)
	wantRefused(t, identity, none, err, oidc.ReasonRefresh)
}

func begin(t *testing.T, rp *oidc.RelyingParty, req oidc.LoginRequest) (oidc.Attempt, string) {
	t.Helper()
	attempt, providerURL, err := rp.Begin(t.Context(), req)
	if err != nil {
		t.Fatalf("Begin = %v, want an attempt", err)
	}
	return attempt, providerURL
}

// signIn signs a person in with a new browser; between lets the world change before the callback.
func signIn(t *testing.T, rp *oidc.RelyingParty, username string, between func(*oidc.Attempt)) (oidc.Identity, oidc.Tokens, error) {
	t.Helper()
	attempt, providerURL := begin(t, rp, oidc.LoginRequest{RedirectURL: callbackURL})
	callback := mustWalk(t, providerURL, username)
	if between != nil {
		between(&attempt)
	}
	return rp.Finish(t.Context(), attempt, callback.Query())
}

func mustWalk(t *testing.T, providerURL, username string) *url.URL {
	t.Helper()
	callback, err := walk(newBrowser(t), providerURL, username, username)
	if err != nil {
		t.Fatalf("walk the provider's pages: %v", err)
	}
	return callback
}
