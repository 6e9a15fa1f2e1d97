package oidc_test

import (
	"strings"
	"testing"
	"time"

	"chatgate/oidc"

	"github.com/google/go-cmp/cmp"
)

func TestConfigCheck(t *testing.T) {
	for _, c := range []struct {
		name string
		edit func(c *oidc.Config)
		want []string
	}{
		{"a whole configuration", func(*oidc.Config) {}, nil},
		{"a preset that is none", func(c *oidc.Config) { c.Preset = "adfs" }, []string{
			`preset: must be one of ["keycloak" "entra" "okta" "google" "authentik" "dex" "gitlab" "authelia"], got "adfs"`,
		}},
		{"no issuer", func(c *oidc.Config) { c.Issuer = "" }, []string{`issuer: must be an https URL without query or fragment, got ""`}},
		{"an issuer without scheme", func(c *oidc.Config) { c.Issuer = "idp.example.org" }, []string{`issuer: must be an https URL without query or fragment, got "idp.example.org"`}},
		{"an issuer with a query", func(c *oidc.Config) { c.Issuer = "https://idp.example.org/?a" }, []string{`issuer: must be an https URL without query or fragment, got "https://idp.example.org/?a"`}},
		{"an issuer with a fragment", func(c *oidc.Config) { c.Issuer = "https://idp.example.org/#a" }, []string{`issuer: must be an https URL without query or fragment, got "https://idp.example.org/#a"`}},
		{"an issuer of another scheme", func(c *oidc.Config) { c.Issuer = "ldap://idp.example.org" }, []string{`issuer: must be an https URL without query or fragment, got "ldap://idp.example.org"`}},
		{"a discoveryURL that is none", func(c *oidc.Config) { c.DiscoveryURL = "keycloak" }, []string{`discoveryURL: must be an https URL without query or fragment, got "keycloak"`}},
		{"no client", func(c *oidc.Config) { c.Client = oidc.ClientConfig{Auth: "jwt"} }, []string{
			"client.id: must not be empty", `client.auth: must be auto, basic, post or private_key_jwt, got "jwt"`,
		}},
		{"no secret", func(c *oidc.Config) { c.Client.Secret = "" }, []string{"client.secret: must not be empty"}},
		{"a key beside the secret", func(c *oidc.Config) { c.Client.Key = "k" }, []string{"client.key: is for client.auth: private_key_jwt alone"}},
		{"scopes without openid", func(c *oidc.Config) { c.Scopes = []string{"profile"} }, []string{"scopes: must contain openid"}},
		{"two scopes in one", func(c *oidc.Config) { c.Scopes = []string{"openid", "profile email"} }, []string{`scopes[1]: must be one scope without spaces, got "profile email"`}},
		{"an unknown prompt", func(c *oidc.Config) { c.Prompt = "ask" }, []string{`prompt: must be login, select_account or consent, got "ask"`}},
		{"a prompt that shows nothing", func(c *oidc.Config) { c.Prompt = "none" }, []string{"prompt: must not be none: nobody could ever sign in at the provider"}},
		{"a negative maxAge", func(c *oidc.Config) { c.MaxAge = -time.Second }, []string{"maxAge: must be whole seconds and not negative, got -1s"}},
		{"no algorithms", func(c *oidc.Config) { c.Algorithms = []string{} }, []string{"algorithms: must name at least one of RS256, RS384, RS512, PS256, PS384, PS512, ES256, ES384, ES512, EdDSA"}},
		{"a symmetric algorithm", func(c *oidc.Config) { c.Algorithms = []string{"HS256"} }, []string{`algorithms[0]: must be one of RS256, RS384, RS512, PS256, PS384, PS512, ES256, ES384, ES512, EdDSA, got "HS256"`}},
		{"no signature", func(c *oidc.Config) { c.Algorithms = []string{"none"} }, []string{`algorithms[0]: must be one of RS256, RS384, RS512, PS256, PS384, PS512, ES256, ES384, ES512, EdDSA, got "none"`}},
		{"empty list entries", func(c *oidc.Config) { c.ExtraAudiences, c.ACRValues = []string{""}, []string{"a", ""} }, []string{
			"extraAudiences: must not contain an empty entry", "acrValues: must not contain an empty entry",
		}},
		{"too much leeway", func(c *oidc.Config) { c.Leeway = 61 * time.Second }, []string{"leeway: must be between 0s and 1m, got 1m1s"}},
		{"negative leeway", func(c *oidc.Config) { c.Leeway = -time.Second }, []string{"leeway: must be between 0s and 1m, got -1s"}},
		{"domains in any spelling", func(c *oidc.Config) { c.Domains = []string{"example.org", "Chat.Example.COM", "bücher.example"} }, nil},
		{"domains that are none", func(c *oidc.Config) {
			c.Domains = []string{"@example.org", "", "localhost", "example.org.", "*.example.org"}
		}, []string{
			`domains[0]: must be a domain such as example.org, got "@example.org"`,
			`domains[1]: must be a domain such as example.org, got ""`,
			`domains[2]: must be a domain such as example.org, got "localhost"`,
			`domains[3]: must be a domain such as example.org, got "example.org."`,
			`domains[4]: must be a domain such as example.org, got "*.example.org"`,
		}},
		{"a domain twice", func(c *oidc.Config) { c.Domains = []string{"bücher.example", "xn--bcher-kva.example"} }, []string{
			`domains[1]: must stand there once, got "xn--bcher-kva.example" again`,
		}},
		{"an issuer of all tenants", func(c *oidc.Config) { c.Issuer = "https://login.microsoftonline.com/common/v2.0" }, []string{
			`issuer: must name one tenant, as in https://login.microsoftonline.com/<tenant id>/v2.0: tokens never come from "common"`,
		}},
		{"a path with an empty name", func(c *oidc.Config) { c.Claims.Groups = oidc.Path{"realm_access", ""} }, []string{"claims.groups: must be a claim's name or a list of names, none of them empty"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			cfg := config()
			cfg.Scopes, cfg.Algorithms = []string{"openid"}, []string{"RS256"}
			c.edit(&cfg)
			var got []string
			cfg.Check(func(key, problem string) { got = append(got, key+": "+problem) })
			if diff := cmp.Diff(c.want, got); diff != "" {
				t.Errorf("problems (-want +got):\n%s", diff)
			}
			if _, err := oidc.New(cfg, oidc.Env{Provider: "corp"}); (err != nil) != (c.want != nil) {
				t.Errorf("New() = %v, want an error exactly when Check reports one", err)
			}
		})
	}
}

// http is for development, and there for loopback only (S128).
func TestNewDemandsHTTPS(t *testing.T) {
	for _, c := range []struct {
		issuer, discoveryURL string
		development          bool
		want                 string
	}{
		{"https://idp.example.org", "", false, ""},
		{"http://idp.example.org", "", false, "issuer: must be an https URL"},
		{"http://127.0.0.1:5556", "", false, "issuer: must be an https URL"},
		{"http://127.0.0.1:5556", "", true, ""},
		{"http://[::1]:5556", "", true, ""},
		{"http://idp.localhost", "", true, ""},
		{"http://idp.example.org", "", true, "issuer: must be an https URL"},
		{"http://localhost.evil.example", "", true, "issuer: must be an https URL"},
		{"https://idp.example.org", "http://keycloak.idp.svc:8080", false, "discoveryURL: must be an https URL"},
		{"https://idp.example.org", "https://keycloak.idp.svc:8443", false, ""},
	} {
		cfg := config()
		cfg.Issuer, cfg.DiscoveryURL = c.issuer, c.discoveryURL
		_, err := oidc.New(cfg, oidc.Env{Provider: "corp", Development: c.development})
		if c.want == "" && err != nil || c.want != "" && (err == nil || !strings.Contains(err.Error(), c.want)) {
			t.Errorf("New(%q, %q, development %v) = %v, want %q", c.issuer, c.discoveryURL, c.development, err, c.want)
		}
	}
}

func TestDomains(t *testing.T) {
	cfg := config()
	cfg.Domains = []string{"Example.ORG", "bücher.example"}
	rp, err := oidc.New(cfg, oidc.Env{Provider: "corp"})
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]string{"example.org", "xn--bcher-kva.example"}, rp.Domains()); diff != "" {
		t.Errorf("Domains() (-want +got):\n%s", diff)
	}
}

func TestNewNeedsAProviderKey(t *testing.T) {
	if _, err := oidc.New(config(), oidc.Env{}); err == nil {
		t.Error("New() without a provider key = nil, want an error")
	}
}

func TestPathUnmarshalText(t *testing.T) {
	for text, want := range map[string]oidc.Path{
		"email":                   {"email"},
		"https://example.org/a.b": {"https://example.org/a.b"},
		"":                        {},
	} {
		var got oidc.Path
		if err := got.UnmarshalText([]byte(text)); err != nil {
			t.Errorf("UnmarshalText(%q) = %v", text, err)
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("UnmarshalText(%q) (-want +got):\n%s", text, diff)
		}
	}
}
