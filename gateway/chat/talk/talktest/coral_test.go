package talktest_test

import (
	"strings"
	"sync"
	"testing"

	"github.com/golang-jwt/jwt/v5"

	"chatgate/gateway/chat/talk/talktest"
)

// A token is judged by the first verifier whose shape it fits, and by no other.
func TestVerifierOrder(t *testing.T) {
	both := talktest.CoralConfig{OIDC: oidcIntegration(), SSO: ssoIntegration()}
	off := oidcIntegration()
	off.Enabled = false
	dressed := ssoClaims().with("sub", "u-ada").with("iss", issuer).with("aud", clientID)
	tests := []struct {
		name  string
		cfg   talktest.CoralConfig
		token string
		want  string
	}{
		{"with both on, an ID token is accepted", both, idToken(t, idClaims()), accepted},
		{"with both on, an SSO token is accepted", both, ssoToken(t, ssoClaims()), accepted},
		{"with both on, an SSO token with sub, iss and aud is taken for OIDC (G15)", both, ssoToken(t, dressed), tokenInvalid},
		{"with both on, the same token without aud passes as SSO", both, ssoToken(t, dressed.without("aud")), accepted},
		{"with SSO alone, the same token passes", talktest.CoralConfig{SSO: ssoIntegration()}, ssoToken(t, dressed), accepted},
		{"with OIDC off, an ID token fits nothing", talktest.CoralConfig{OIDC: off}, idToken(t, idClaims()), tokenInvalid},
		{"with nothing on, nothing is accepted", talktest.CoralConfig{}, ssoToken(t, ssoClaims()), tokenInvalid},
		{
			"a token that only looks like an SSO token is refused", both,
			sign(t, jwt.SigningMethodHS256, []byte("guess"), ssoKID, ssoClaims()), tokenInvalid,
		},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			_, err := newCoral(t, tt.cfg).Verify(t.Context(), tt.token)
			if got := verdict(err); got != tt.want {
				t.Errorf("Verify() = %s (%v), want %s", got, err, tt.want)
			}
		})
	}
}

func TestNewCoralRefuses(t *testing.T) {
	tests := []struct {
		name string
		cfg  talktest.CoralConfig
		want string
	}{
		{"an address with a path", talktest.CoralConfig{URL: coralURL + "/"}, "URL: must be an origin"},
		{"Talk 4 as a Coral release", talktest.CoralConfig{URL: coralURL, Version: "4.12.1"}, "version: must be a Coral release"},
		{"a version that is none", talktest.CoralConfig{URL: coralURL, Version: "latest"}, "version: must be a Coral release"},
		{
			"several SSO secrets before 5.3.0",
			talktest.CoralConfig{URL: coralURL, Version: "5.2.9", SSO: &talktest.SSOIntegration{Secrets: map[string]string{"a": "1", "b": "2"}}},
			"SSO.Secrets: Coral before 5.3.0 has a single key",
		},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			_, err := talktest.NewCoral(tt.cfg)
			if err == nil || !strings.Contains(err.Error(), tt.want) {
				t.Errorf("NewCoral() = %v, want %q", err, tt.want)
			}
		})
	}
}

// A page sends several calls at once with a new reader's first token.
func TestParallelFirstCallsMakeOneUser(t *testing.T) {
	coral := newCoral(t, talktest.CoralConfig{OIDC: oidcIntegration()})
	token := idToken(t, idClaims())
	var calls sync.WaitGroup
	for range 8 {
		calls.Go(func() {
			if _, err := coral.Verify(t.Context(), token); err != nil {
				t.Errorf("Verify() = %v, want no error", err)
			}
		})
	}
	calls.Wait()
	if got := len(coral.Users()); got != 1 {
		t.Errorf("users = %d, want 1", got)
	}
}
