package oidc_test

import (
	"fmt"
	"strings"
	"testing"

	"chatgate/oidc"
	"chatgate/oidc/oidctest"

	"github.com/google/go-cmp/cmp"
)

// Claims that the operator names are texts of bounded length, or not there (S86).
func TestCustomClaims(t *testing.T) {
	provider := newProvider()
	configured := config()
	configured.Claims.Custom = map[string]oidc.Path{"department": {"dept"}, "city": {"address", "locality"}}
	for _, c := range []struct {
		name     string
		config   oidc.Config
		claims   map[string]any
		userinfo func(map[string]any)
		want     map[string]string
	}{
		{"at the top and nested", configured, map[string]any{"dept": "Analysis", "address": map[string]any{"locality": "London"}}, onlySubject,
			map[string]string{"department": "Analysis", "city": "London"}},
		{"only at userinfo", configured, nil, func(claims map[string]any) { claims["dept"] = "Analysis" },
			map[string]string{"department": "Analysis"}},
		{"missing", configured, nil, onlySubject, nil},
		{"a number", configured, map[string]any{"dept": 7}, onlySubject, nil},
		{"a list", configured, map[string]any{"dept": []string{"Analysis"}}, onlySubject, nil},
		{"true", configured, map[string]any{"dept": true}, onlySubject, nil},
		{"an empty text", configured, map[string]any{"dept": ""}, onlySubject, nil},
		{"as long as may be", configured, map[string]any{"dept": strings.Repeat("d", 256)}, onlySubject,
			map[string]string{"department": strings.Repeat("d", 256)}},
		{"longer", configured, map[string]any{"dept": strings.Repeat("d", 257)}, onlySubject, nil},
		{"with a control character", configured, map[string]any{"dept": "Ana\nlysis"}, onlySubject, nil},
		{"not configured", config(), map[string]any{"dept": "Analysis"}, onlySubject, nil},
	} {
		bubble(t, c.name, provider, c.config, func(w *world) {
			w.provider.Set(claimsOf(c.claims))
			w.provider.Set(func(f *oidctest.Faults) { f.Userinfo = c.userinfo })
			identity, _, err := w.signIn("ada")
			if err != nil {
				w.t.Fatal(err)
			}
			if diff := cmp.Diff(c.want, identity.Custom); diff != "" {
				w.t.Errorf("custom claims (-want +got):\n%s", diff)
			}
		})
	}
}

func TestCustomClaimsAreChecked(t *testing.T) {
	many := map[string]oidc.Path{}
	for i := range 21 {
		many[fmt.Sprint("claim", i)] = oidc.Path{"claim"}
	}
	for _, c := range []struct {
		name   string
		custom map[string]oidc.Path
		want   []string
	}{
		{"a name and a path", map[string]oidc.Path{"department": {"dept"}, "city": {"address", "locality"}}, nil},
		{"no claim", map[string]oidc.Path{"department": {}}, []string{"claims.custom.department: must be a claim's name or a list of names, none of them empty"}},
		{"a path with an empty name", map[string]oidc.Path{"city": {"address", ""}}, []string{"claims.custom.city: must be a claim's name or a list of names, none of them empty"}},
		{"too many", many, []string{"claims.custom: must have at most 20 claims, got 21"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			cfg := config()
			cfg.Scopes, cfg.Algorithms, cfg.Claims.Custom = []string{"openid"}, []string{"RS256"}, c.custom
			var got []string
			cfg.Check(func(key, problem string) { got = append(got, key+": "+problem) })
			if diff := cmp.Diff(c.want, got); diff != "" {
				t.Errorf("problems (-want +got):\n%s", diff)
			}
		})
	}
}
