package issuer_test

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"chatgate/gateway/chat/chattest"
)

func TestUserinfoSaysWhatTheIDTokenSaid(t *testing.T) {
	w := open(t, chattest.Options{})
	access := w.bought(trade(w.code())).AccessToken
	for _, method := range []string{http.MethodGet, http.MethodPost} {
		res := w.call(method, "/talk/oauth/userinfo", nil, "Authorization", "bearer "+access, "Origin", "https://evil.example")
		if res.Header.Get("Cache-Control") != "no-store" || res.Header.Get("Access-Control-Allow-Origin") != "" {
			t.Errorf("%s: headers %v, want no-store and no CORS", method, res.Header)
		}
		want := map[string]any{"sub": "user-1", "preferred_username": "ada", "email_verified": true}
		if diff := cmp.Diff(want, decode[map[string]any](t, res)); diff != "" {
			t.Errorf("%s userinfo (-want +got):\n%s", method, diff)
		}
	}
}

func TestUserinfoRefuses(t *testing.T) {
	w := open(t, chattest.Options{})
	bought := w.bought(trade(w.code()))
	for _, test := range []struct {
		name    string
		headers []string
		query   string
		asks    string
	}{
		{"nobody", nil, "", "Bearer"},
		{"a token in the address", nil, "?access_token=" + bought.AccessToken, "Bearer"},
		{"a made-up token", []string{"Authorization", "Bearer " + strings.Repeat("A", 43)}, "", `Bearer error="invalid_token"`},
		{"the ID token", []string{"Authorization", "Bearer " + bought.IDToken}, "", `Bearer error="invalid_token"`},
		{"an empty token", []string{"Authorization", "Bearer "}, "", `Bearer error="invalid_token"`},
		{"another scheme", []string{"Authorization", "Basic " + bought.AccessToken}, "", `Bearer error="invalid_token"`},
		{"two tokens", []string{"Authorization", "Bearer " + bought.AccessToken, "Authorization", "Bearer " + bought.AccessToken}, "", `Bearer error="invalid_token"`},
	} {
		t.Run(test.name, func(t *testing.T) {
			res := w.call(http.MethodGet, "/talk/oauth/userinfo"+test.query, nil, test.headers...)
			if got := res.Header.Get("WWW-Authenticate"); res.StatusCode != http.StatusUnauthorized || got != test.asks {
				t.Errorf("userinfo = %d %q, want 401 %q", res.StatusCode, got, test.asks)
			}
		})
	}
}

func TestAnAccessTokenEndsByItself(t *testing.T) { // D17
	w := open(t, chattest.Options{})
	access := w.bought(trade(w.code())).AccessToken
	w.Clock.Advance(5*time.Minute - time.Second)
	if res := w.userinfo(access); res.StatusCode != http.StatusOK {
		t.Errorf("a second before its end = %d, want 200", res.StatusCode)
	}
	w.Clock.Advance(time.Second)
	if res := w.userinfo(access); res.StatusCode != http.StatusUnauthorized {
		t.Errorf("after five minutes = %d, want 401", res.StatusCode)
	}
}

func TestDiscovery(t *testing.T) { // G6, D13
	w := open(t, chattest.Options{})
	for _, method := range []string{http.MethodGet, http.MethodHead} {
		res := w.call(method, "/talk/.well-known/openid-configuration", nil)
		if res.StatusCode != http.StatusOK || res.Header.Get("Content-Type") != "application/json" ||
			res.Header.Get("Cache-Control") != "public, max-age=300" {
			t.Errorf("%s = %d %v, want JSON for five minutes", method, res.StatusCode, res.Header)
		}
	}
	at := w.BaseURL + "/talk"
	want := map[string]any{
		"issuer": at, "authorization_endpoint": at + "/oauth/authorize", "token_endpoint": at + "/oauth/token",
		"userinfo_endpoint": at + "/oauth/userinfo", "jwks_uri": at + "/.well-known/jwks.json",
		"response_types_supported": []any{"code"}, "response_modes_supported": []any{"query"},
		"grant_types_supported": []any{"authorization_code"}, "subject_types_supported": []any{"public"},
		"id_token_signing_alg_values_supported": []any{"RS256"},
		"token_endpoint_auth_methods_supported": []any{"client_secret_post", "client_secret_basic"},
		"scopes_supported":                      []any{"openid", "email", "profile"},
		"prompt_values_supported":               []any{"none", "login", "select_account", "consent"},
		"code_challenge_methods_supported":      []any{"S256"},
		"request_uri_parameter_supported":       false, "authorization_response_iss_parameter_supported": true,
	}
	if diff := cmp.Diff(want, decode[map[string]any](t, w.call(http.MethodGet, "/talk/.well-known/openid-configuration", nil))); diff != "" {
		t.Errorf("the document (-want +got):\n%s", diff)
	}
}
