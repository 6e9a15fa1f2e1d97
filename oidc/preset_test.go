package oidc_test

import (
	"encoding/json"
	"maps"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"chatgate/oidc"
	"chatgate/oidc/oidctest"
)

// product is what a product's discovery document, ID token and userinfo look like, and who that is to us.
type product struct {
	Discovery map[string]any `json:"discovery"`
	IDToken   map[string]any `json:"idToken"`
	Userinfo  map[string]any `json:"userinfo"`
	Identity  oidc.Identity  `json:"identity"`
}

func readProduct(t *testing.T, path string) product {
	t.Helper()
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	var p product
	if err := json.Unmarshal(data, &p); err != nil {
		t.Fatalf("%s: %v", path, err)
	}
	return p
}

// serve answers every address of the document, with ID tokens for one attempt that the stand-in's key signs.
func (p product) serve(t *testing.T, signer *oidctest.Provider, attempt *oidc.Attempt) *http.Transport {
	t.Helper()
	handler := http.NewServeMux()
	hosts := map[string]http.Handler{}
	answer := func(address string, value func() any) {
		u, err := url.Parse(address)
		if err != nil {
			t.Fatal(err)
		}
		hosts[u.Hostname()] = handler
		handler.HandleFunc(u.Hostname()+u.Path, func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Type", "application/json")
			_ = json.NewEncoder(w).Encode(value())
		})
	}
	endpoint := func(name string) string { return p.Discovery[name].(string) }
	answer(strings.TrimRight(endpoint("issuer"), "/")+"/.well-known/openid-configuration", func() any { return p.Discovery })
	answer(endpoint("userinfo_endpoint"), func() any { return p.Userinfo })
	answer(endpoint("jwks_uri"), func() any {
		key := signer.Key()
		return map[string]any{"keys": []any{key.Public()}}
	})
	answer(endpoint("token_endpoint"), func() any {
		claims := maps.Clone(p.IDToken)
		now := time.Now().Unix()
		maps.Copy(claims, map[string]any{"iss": endpoint("issuer"), "aud": "chatgate", "iat": now, "exp": now + 300, "nonce": attempt.Nonce})
		token, err := signer.Sign("JWT", claims)
		if err != nil {
			t.Error(err)
		}
		return map[string]any{"access_token": "access", "token_type": "Bearer", "expires_in": 300, "id_token": token}
	})
	return oidctest.Network(t, hosts)
}

// A preset fits what its product's documentation shows: everything is read, and what the product's address claim is
// worth is what somebody vouches for.
func TestPresets(t *testing.T) {
	signer := newProvider()
	signer.Key() // made outside of the bubbles' clocks
	paths, err := filepath.Glob("testdata/presets/*.json")
	if err != nil || len(paths) < 8 {
		t.Fatalf("%d products, %v, want at least eight", len(paths), err)
	}
	for _, path := range paths {
		name := strings.TrimSuffix(filepath.Base(path), ".json")
		t.Run(name, func(t *testing.T) {
			recorded := readProduct(t, path)
			synctest.Test(t, func(t *testing.T) {
				var attempt oidc.Attempt
				rp, err := oidc.New(oidc.Config{
					Preset: presetOf(name),
					Issuer: recorded.Discovery["issuer"].(string),
					Client: oidc.ClientConfig{ID: "chatgate", Secret: secret},
				}, oidc.Env{Provider: "corp", Transport: recorded.serve(t, signer, &attempt)})
				if err != nil {
					t.Fatal(err)
				}
				if err := rp.Discover(t.Context()); err != nil {
					t.Fatalf("Discover() = %v, want nil", err)
				}
				var providerURL string
				if attempt, providerURL, err = rp.Begin(t.Context(), oidc.LoginRequest{RedirectURL: callbackURL}); err != nil {
					t.Fatal(err)
				}
				wantKnownScopes(t, providerURL, recorded.Discovery["scopes_supported"].([]any))
				identity, _, err := rp.Finish(t.Context(), attempt, recorded.callback(attempt))
				if err != nil {
					t.Fatalf("Finish() = %v, want nil", err)
				}
				recorded.Identity.Provider = "corp"
				if diff := cmp.Diff(recorded.Identity, identity, cmpopts.EquateEmpty()); diff != "" {
					t.Errorf("identity (-want +got):\n%s", diff)
				}
			})
		})
	}
}

// presetOf is the first word of a file's name.
func presetOf(name string) oidc.Preset {
	product, _, _ := strings.Cut(name, "-")
	return oidc.Preset(product)
}

func (p product) callback(attempt oidc.Attempt) url.Values {
	callback := url.Values{"state": {attempt.State}, "code": {"code"}}
	if p.Discovery["authorization_response_iss_parameter_supported"] == true {
		callback.Set("iss", p.Discovery["issuer"].(string))
	}
	return callback
}

// A scope that a product does not know ends some sign-ins in invalid_scope.
func wantKnownScopes(t *testing.T, providerURL string, known []any) {
	t.Helper()
	u, err := url.Parse(providerURL)
	if err != nil {
		t.Fatal(err)
	}
	for _, scope := range strings.Fields(u.Query().Get("scope")) {
		if !slices.Contains(known, any(scope)) {
			t.Errorf("scope %q is none of the product's: %q", scope, known)
		}
	}
}

// With more groups than fit, rules on groups refuse, and the log says what to change (S53).
func TestEntraGroupOverageIsToldWithItsRemedy(t *testing.T) {
	cfg := config()
	cfg.Preset = oidc.PresetEntra
	bubble(t, "overage", newProvider(), cfg, func(w *world) {
		w.provider.Set(claimsOf(map[string]any{
			"groups": nil, "_claim_names": map[string]any{"groups": "src1"}, "_claim_sources": map[string]any{"src1": map[string]any{}},
		}))
		identity, _, err := w.signIn("ada")
		if err != nil || identity.Groups != nil {
			w.t.Errorf("Finish() = %q, %v, want no groups", identity.Groups, err)
		}
		if !strings.Contains(w.log.String(), "assigned to the application") {
			w.t.Errorf("log = %s, want the remedy", w.log)
		}
	})
}

// What stands in the configuration wins over the preset.
func TestPresetYieldsToWhatIsWritten(t *testing.T) {
	cfg := config()
	cfg.Preset, cfg.Claims.Groups, cfg.Scopes = oidc.PresetGitLab, oidc.Path{"roles"}, []string{"openid"}
	bubble(t, "groups and scopes", newProvider(), cfg, func(w *world) {
		w.provider.Set(claimsOf(map[string]any{"roles": []string{"editor"}, "groups_direct": []string{"root"}}))
		identity, _, err := w.signIn("ada")
		if err != nil || !slices.Equal(identity.Groups, []string{"editor"}) {
			w.t.Errorf("Finish() = %q, %v, want the groups of the configured claim", identity.Groups, err)
		}
	})
}

// No preset vouches for an address by itself, and Entra's word is for the claim named email alone (S50).
func TestPresetsVouchForNothing(t *testing.T) {
	provider := newProvider()
	for _, preset := range []oidc.Preset{
		"", oidc.PresetKeycloak, oidc.PresetEntra, oidc.PresetOkta, oidc.PresetGoogle,
		oidc.PresetAuthentik, oidc.PresetDex, oidc.PresetGitLab, oidc.PresetAuthelia,
	} {
		cfg := config()
		cfg.Preset = preset
		for name, claims := range map[string]map[string]any{
			"no word":         {"email_verified": nil},
			"a word as text":  {"email_verified": "true"},
			"false":           {"email_verified": false, "xms_edov": false},
			"false as text":   {"email_verified": nil, "xms_edov": "0"},
			"another number":  {"email_verified": nil, "xms_edov": 2},
			"a list of words": {"email_verified": nil, "xms_edov": []bool{true}},
		} {
			bubble(t, string(preset)+" "+name, provider, cfg, func(w *world) {
				w.provider.Set(claimsOf(claims))
				w.provider.Set(func(f *oidctest.Faults) { f.Userinfo = onlySubject })
				identity, _, err := w.signIn("ada")
				if err != nil || identity.EmailVerified || identity.Email == "" {
					w.t.Errorf("Finish() = %+v, %v, want an unverified address", identity, err)
				}
			})
		}
	}
	cfg := config()
	cfg.Preset, cfg.Claims.Email = oidc.PresetEntra, oidc.Path{"upn"}
	bubble(t, "a principal name", provider, cfg, func(w *world) {
		w.provider.Set(claimsOf(map[string]any{"upn": "ada@example.org", "xms_edov": true}))
		if identity, _, err := w.signIn("ada"); err != nil || identity.EmailVerified {
			w.t.Errorf("Finish() = %+v, %v, want an unverified address", identity, err)
		}
	})
	cfg.Claims.Verified = oidc.Path{"upn_verified"}
	bubble(t, "a principal name with a claim of the operator's own", provider, cfg, func(w *world) {
		w.provider.Set(claimsOf(map[string]any{"upn": "ada@example.org", "upn_verified": true}))
		if identity, _, err := w.signIn("ada"); err != nil || !identity.EmailVerified {
			w.t.Errorf("Finish() = %+v, %v, want a verified address", identity, err)
		}
	})
}

// Microsoft's addresses for all tenants are no issuer of any token.
func TestSharedIssuers(t *testing.T) {
	for issuer, tenant := range map[string]string{
		"https://login.microsoftonline.com/common/v2.0":                               "common",
		"https://login.microsoftonline.com/organizations/v2.0":                        "organizations",
		"https://login.microsoftonline.us/consumers/v2.0":                             "consumers",
		"https://login.microsoftonline.com/{tenantid}/v2.0":                           "{tenantid}",
		"https://login.microsoftonline.com/72f988bf-86f1-41af-91ab-2d7cd011db47/v2.0": "",
		"https://login.example.org/common/v2.0":                                       "",
	} {
		cfg := config()
		cfg.Issuer = issuer
		_, err := oidc.New(cfg, oidc.Env{Provider: "corp"})
		if refused := err != nil; refused != (tenant != "") || refused && !strings.Contains(err.Error(), `/<tenant id>/v2.0: tokens never come from "`+tenant) {
			t.Errorf("New(%q) = %v, want it refused: %v", issuer, err, tenant != "")
		}
	}
}
