package oidc_test

import (
	"net/http"
	"testing"
	"time"

	"chatgate/oidc"
	"chatgate/oidc/oidctest"

	"github.com/google/go-cmp/cmp"
)

func offline() oidc.Config {
	cfg := config()
	cfg.Scopes = []string{"openid", "profile", "email", "offline_access"}
	return cfg
}

func TestRefresh(t *testing.T) {
	provider := newProvider()
	withoutIDToken := func(f *oidctest.Faults) {
		f.TokenAnswer = func(a map[string]any) { delete(a, "id_token") }
	}
	for _, c := range []struct {
		name   string
		faults func(f *oidctest.Faults)
		want   []string // groups
		keeps  bool     // the ID token
	}{
		{"oidcc-client-test-refresh-token", func(*oidctest.Faults) {}, []string{"staff"}, false},
		{"groups that have changed", claim("groups", is([]string{"chat-admins"})), []string{"chat-admins"}, false},
		{"an ID token without the sign-in's own claims", func(f *oidctest.Faults) {
			f.IDToken = func(c map[string]any) { merge(c, map[string]any{"sid": nil, "acr": nil, "auth_time": nil}) }
		}, []string{"staff"}, false},
		{"no ID token, but userinfo", withoutIDToken, []string{"staff"}, true},
	} {
		bubble(t, c.name, provider, offline(), func(w *world) {
			former, tokens, err := w.signIn("ada")
			if err != nil {
				w.t.Fatal(err)
			}
			time.Sleep(4 * time.Minute)
			w.provider.Set(c.faults)
			identity, fresh, err := w.rp.Refresh(w.t.Context(), former, tokens)
			if err != nil {
				w.t.Fatalf("Refresh() = %v, want nil", err)
			}
			want := former
			want.Groups = c.want
			if diff := cmp.Diff(want, identity); diff != "" {
				w.t.Errorf("identity (-want +got):\n%s", diff)
			}
			if fresh.Refresh == tokens.Refresh || fresh.Refresh == "" || fresh.Access == tokens.Access || (fresh.ID == tokens.ID) != c.keeps {
				w.t.Error("the tokens are not the new ones")
			}
			if !fresh.Expiry.Equal(time.Now().Add(5 * time.Minute)) {
				w.t.Errorf("expiry = %s, want five minutes from now", fresh.Expiry)
			}
		})
	}
}

// A provider that says nothing new leaves the identity as it was.
func TestRefreshWithNeitherIDTokenNorUserinfo(t *testing.T) {
	bubble(t, "tokens alone", newProvider(), offline(), func(w *world) {
		w.provider.Set(document("userinfo_endpoint", nil))
		time.Sleep(2 * time.Hour)
		former, tokens, err := w.signIn("ada")
		if err != nil {
			w.t.Fatal(err)
		}
		w.provider.Set(func(f *oidctest.Faults) { f.TokenAnswer = func(a map[string]any) { delete(a, "id_token") } })
		identity, _, err := w.rp.Refresh(w.t.Context(), former, tokens)
		if err != nil {
			w.t.Fatal(err)
		}
		if diff := cmp.Diff(former, identity); diff != "" {
			w.t.Errorf("identity (-want +got):\n%s", diff)
		}
	})
}

// A provider that keeps the refresh token gives none with the new tokens; the old one stays good (RFC 6749, Section 6).
func TestRefreshKeepsARefreshTokenThatIsNotReplaced(t *testing.T) {
	bubble(t, "no refresh token in the answer", newProvider(), offline(), func(w *world) {
		former, tokens, err := w.signIn("ada")
		if err != nil {
			w.t.Fatal(err)
		}
		w.provider.Set(func(f *oidctest.Faults) { f.TokenAnswer = func(a map[string]any) { delete(a, "refresh_token") } })
		_, fresh, err := w.rp.Refresh(w.t.Context(), former, tokens)
		if err != nil || fresh.Refresh != tokens.Refresh || fresh.Access == tokens.Access {
			w.t.Errorf("Refresh() = %v, want the former refresh token and a new access token", err)
		}
	})
}

func TestRefreshRefused(t *testing.T) {
	provider := newProvider()
	answer := func(status int, body string) func(f *oidctest.Faults) {
		return func(f *oidctest.Faults) {
			f.Answers[oidctest.PathToken] = func(w http.ResponseWriter, _ *http.Request) {
				w.Header().Set("Content-Type", "application/json")
				w.WriteHeader(status)
				_, _ = w.Write([]byte(body))
			}
		}
	}
	for _, c := range []struct {
		name   string
		faults func(f *oidctest.Faults)
		want   oidc.Reason // empty for ErrProvider, after which the session goes on
	}{
		{"oidcc-client-test-refresh-token-invalid-issuer", claim("iss", is("https://evil.example")), oidc.ReasonIDToken},
		{"oidcc-client-test-refresh-token-invalid-sub", claim("sub", is("sub-bob")), oidc.ReasonSubject},
		{"userinfo of another subject", func(f *oidctest.Faults) {
			f.TokenAnswer = func(a map[string]any) { delete(a, "id_token") }
			f.Userinfo = func(c map[string]any) { c["sub"] = "sub-bob" }
		}, oidc.ReasonUserinfo},
		{"invalid_grant", answer(http.StatusBadRequest, `{"error":"invalid_grant"}`), oidc.ReasonRefresh},
		{"invalid_client", answer(http.StatusUnauthorized, `{"error":"invalid_client"}`), ""},
		{"status 500", answer(http.StatusInternalServerError, `{}`), ""},
		{"a slow provider", func(f *oidctest.Faults) { f.Answers[oidctest.PathToken] = oidctest.Slow(time.Minute) }, ""},
	} {
		bubble(t, c.name, provider, offline(), func(w *world) {
			former, tokens, err := w.signIn("ada")
			if err != nil {
				w.t.Fatal(err)
			}
			w.provider.Set(c.faults)
			identity, none, err := w.rp.Refresh(w.t.Context(), former, tokens)
			if c.want == "" {
				wantProviderError(w.t, err)
				wantNothing(w.t, identity, none)
				return
			}
			wantRefused(w.t, identity, none, err, c.want)
		})
	}
}

// dex has a word of its own for a grant that is over; from others it speaks of the request.
func TestRefreshRefusedAsDexDoes(t *testing.T) {
	provider := newProvider()
	for _, c := range []struct {
		name   string
		preset oidc.Preset
		status int
		code   string
		out    bool
	}{
		{"a refresh token that was revoked", oidc.PresetDex, http.StatusBadRequest, "invalid_request", true},
		{"what any provider may say", oidc.PresetDex, http.StatusBadRequest, "invalid_grant", true},
		{"a client that is not registered any more", oidc.PresetDex, http.StatusUnauthorized, "invalid_client", false},
		{"a connector that refuses, or is down", oidc.PresetDex, http.StatusInternalServerError, "invalid_request", false},
		{"the same words from Keycloak", oidc.PresetKeycloak, http.StatusBadRequest, "invalid_request", false},
		{"the same words from no preset's provider", "", http.StatusBadRequest, "invalid_request", false},
	} {
		cfg := offline()
		cfg.Preset = c.preset
		bubble(t, c.name, provider, cfg, func(w *world) {
			former, tokens, err := w.signIn("ada")
			if err != nil {
				w.t.Fatal(err)
			}
			w.provider.Set(func(f *oidctest.Faults) {
				f.Answers[oidctest.PathToken] = func(w http.ResponseWriter, _ *http.Request) {
					w.Header().Set("Content-Type", "application/json")
					w.WriteHeader(c.status)
					_, _ = w.Write([]byte(`{"error":"` + c.code + `"}`))
				}
			})
			identity, none, err := w.rp.Refresh(w.t.Context(), former, tokens)
			if c.out {
				wantRefused(w.t, identity, none, err, oidc.ReasonRefresh)
				return
			}
			wantProviderError(w.t, err)
		})
	}
}

func TestRefreshNeedsWhatItRefreshes(t *testing.T) {
	bubble(t, "no refresh token, or another provider's", newProvider(), config(), func(w *world) {
		former, tokens, err := w.signIn("ada")
		if err != nil {
			w.t.Fatal(err)
		}
		identity, none, err := w.rp.Refresh(w.t.Context(), former, tokens)
		wantRefused(w.t, identity, none, err, oidc.ReasonRefresh)
		former.Provider = "other"
		identity, none, err = w.rp.Refresh(w.t.Context(), former, tokens)
		wantRefused(w.t, identity, none, err, oidc.ReasonMixUp)
	})
}
