package oidc_test

import (
	"errors"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"chatgate/oidc"
	"chatgate/oidc/oidctest"
)

func TestRevoke(t *testing.T) {
	provider := newProvider()
	for name, auth := range map[string]oidc.ClientAuth{
		"client_secret_basic": oidc.AuthBasic,
		"client_secret_post":  oidc.AuthPost,
	} {
		cfg := offline()
		cfg.Client.Auth = auth
		bubble(t, name, provider, cfg, func(w *world) {
			former, tokens, err := w.signIn("ada")
			if err != nil {
				w.t.Fatal(err)
			}
			if err := w.rp.Revoke(w.t.Context(), tokens); err != nil {
				w.t.Fatalf("Revoke() = %v, want nil", err)
			}
			identity, none, err := w.rp.Refresh(w.t.Context(), former, tokens)
			wantRefused(w.t, identity, none, err, oidc.ReasonRefresh)
			if err := w.rp.Revoke(w.t.Context(), tokens); err != nil {
				w.t.Errorf("Revoke() of a revoked token = %v, want nil", err)
			}
		})
	}
}

func TestRevokeAnswers(t *testing.T) {
	provider := newProvider()
	status := func(code int, body string) http.HandlerFunc {
		return func(w http.ResponseWriter, _ *http.Request) {
			w.WriteHeader(code)
			_, _ = w.Write([]byte(body))
		}
	}
	for _, c := range []struct {
		name   string
		answer http.HandlerFunc
		again  bool // worth another try
	}{
		{"an answer of no JSON", oidctest.HTML(), false},
		{"unsupported_token_type", status(http.StatusBadRequest, `{"error":"unsupported_token_type"}`), false},
		{"400 without a word", status(http.StatusBadRequest, ""), false},
		{"invalid_client by 400", status(http.StatusBadRequest, `{"error":"invalid_client"}`), true},
		{"invalid_client by 401", status(http.StatusUnauthorized, `{"error":"invalid_client"}`), true},
		{"status 503", oidctest.Status(http.StatusServiceUnavailable), true},
		{"status 429", oidctest.Status(http.StatusTooManyRequests), true},
		{"a redirect elsewhere", oidctest.Redirect("https://evil.example/"), true},
		{"a redirect at home", oidctest.Redirect(issuer + oidctest.PathToken), true},
		{"a huge answer", oidctest.Huge(2 << 20), true},
		{"a slow answer", oidctest.Slow(time.Minute), true},
	} {
		bubble(t, c.name, provider, offline(), func(w *world) {
			_, tokens, err := w.signIn("ada")
			if err != nil {
				w.t.Fatal(err)
			}
			w.provider.Set(func(f *oidctest.Faults) { f.Answers[oidctest.PathRevoke] = c.answer })
			err = w.rp.Revoke(w.t.Context(), tokens)
			if !c.again && err != nil || c.again && !errors.Is(err, oidc.ErrProvider) {
				w.t.Errorf("Revoke() = %v, worth another try: %v", err, c.again)
			}
			if err != nil && strings.Contains(err.Error(), tokens.Refresh.Reveal()) {
				w.t.Error("the error holds the token")
			}
		})
	}
}

func TestRevokeWithNothingToDo(t *testing.T) {
	bubble(t, "no refresh token", newProvider(), config(), func(w *world) {
		_, tokens, err := w.signIn("ada")
		if err != nil {
			w.t.Fatal(err)
		}
		if err := w.rp.Revoke(w.t.Context(), tokens); err != nil || w.provider.Calls(oidctest.PathRevoke) != 0 {
			w.t.Errorf("Revoke() = %v after %d calls, want nil after none", err, w.provider.Calls(oidctest.PathRevoke))
		}
	})
	synctest.Test(t, func(t *testing.T) {
		provider := newProvider()
		provider.Set(document("revocation_endpoint", nil))
		w := newWorld(t, provider, offline())
		if err := w.rp.Revoke(t.Context(), oidc.Tokens{Refresh: "r"}); !errors.Is(err, oidc.ErrNotReady) {
			t.Errorf("Revoke() before discovery = %v, want ErrNotReady", err)
		}
		w.start()
		if err := w.rp.Revoke(t.Context(), oidc.Tokens{Refresh: "r"}); err != nil {
			t.Errorf("Revoke() at a provider without the endpoint = %v, want nil", err)
		}
	})
}
