package oidc_test

import (
	"net/http"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"chatgate/oidc"
	"chatgate/oidc/oidctest"
)

func survey(t *testing.T, faults func(f *oidctest.Faults)) (oidc.Survey, error) {
	t.Helper()
	provider := newProvider()
	provider.Set(faults)
	return oidc.SurveyProvider(t.Context(), issuer, oidc.Env{
		Transport: oidctest.Network(t, map[string]http.Handler{"idp.example.org": provider}),
	})
}

func TestASurveyTellsWhatAClientHasToKnow(t *testing.T) {
	for _, c := range []struct {
		name       string
		faults     func(f *oidctest.Faults)
		secret     bool
		algorithms []string
		scopes     []string
	}{
		{"a provider that keeps to the standard", func(*oidctest.Faults) {}, true, nil, []string{"offline_access"}},
		{"one that takes no secret", document("token_endpoint_auth_methods_supported", []string{"private_key_jwt"}), false, nil, []string{"offline_access"}},
		{"one that does not say what it takes", document("token_endpoint_auth_methods_supported", nil), true, nil, []string{"offline_access"}},
		{"one that signs by elliptic curves alone", document("id_token_signing_alg_values_supported", []string{"none", "ES384", "ES256"}), true,
			[]string{"ES256", "ES384"}, []string{"offline_access"}},
		{"one with groups and words that are no scopes of ours", document("scopes_supported", []string{"openid", "groups", "\x1b]0;x"}), true, nil, []string{"groups"}},
		{"one that is known to give refresh tokens unasked", document("authorization_endpoint", issuer+"/protocol/openid-connect/auth"), true, nil, nil},
	} {
		t.Run(c.name, func(t *testing.T) {
			found, err := survey(t, c.faults)
			if err != nil {
				t.Fatal(err)
			}
			if found.TakesSecret() != c.secret {
				t.Errorf("TakesSecret() = %t, want %t", found.TakesSecret(), c.secret)
			}
			if diff := cmp.Diff(c.algorithms, found.SigningAlgorithms()); diff != "" {
				t.Errorf("SigningAlgorithms() (-want +got):\n%s", diff)
			}
			if diff := cmp.Diff(c.scopes, found.FurtherScopes()); diff != "" {
				t.Errorf("FurtherScopes() (-want +got):\n%s", diff)
			}
		})
	}
}

// TestASurveyRefusesWhatAConfiguredProviderMayNotDo: S42, S48, S129, S130, S131.
func TestASurveyRefusesWhatAConfiguredProviderMayNotDo(t *testing.T) {
	answers := func(h http.HandlerFunc) func(f *oidctest.Faults) {
		return func(f *oidctest.Faults) { f.Answers[oidctest.PathDiscovery] = h }
	}
	for _, c := range []struct {
		name   string
		faults func(f *oidctest.Faults)
		want   string
	}{
		{"another issuer", document("issuer", "https://evil.example"), "configured is"},
		{"a redirect to another host", answers(oidctest.Redirect("https://evil.example/")), "another origin"},
		{"a huge document", answers(oidctest.Huge(2 << 20)), "larger than"},
		{"a page", answers(oidctest.HTML()), "not a JSON object"},
		{"keys at the metadata service", document("jwks_uri", "https://169.254.169.254/keys"), "must not point into this machine"},
		{"symmetric signatures alone", document("id_token_signing_alg_values_supported", []string{"HS256"}), "ID tokens are signed with"},
	} {
		t.Run(c.name, func(t *testing.T) {
			if found, err := survey(t, c.faults); err == nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("SurveyProvider() = %+v, %v, want an error with %q", found, err, c.want)
			}
		})
	}
}

// metadata has the addresses of a product, whose endpoints lie below base.
func metadata(issuer, base, authorize, token, keys string) oidc.Metadata {
	return oidc.Metadata{
		Issuer: issuer, AuthorizationEndpoint: base + authorize, TokenEndpoint: base + token, JWKSURI: base + keys,
	}
}

func TestProductsAreToldByTheirAddresses(t *testing.T) {
	const host = "https://idp.example.org"
	for _, c := range []struct {
		name string
		m    oidc.Metadata
		want oidc.Preset
	}{
		{"Keycloak", metadata(issuer, issuer+"/protocol/openid-connect", "/auth", "/token", "/certs"), oidc.PresetKeycloak},
		{"Keycloak, unseen", oidc.Metadata{Issuer: issuer}, oidc.PresetKeycloak},
		{"another that has realms", metadata(issuer, issuer, "/authorize", "/token", "/jwks"), ""},
		{"Entra ID, unseen", oidc.Metadata{Issuer: "https://login.microsoftonline.com/8a/v2.0"}, oidc.PresetEntra},
		{"Entra ID of a government", oidc.Metadata{Issuer: "https://login.microsoftonline.us/8a/v2.0"}, oidc.PresetEntra},
		{"Okta, unseen", oidc.Metadata{Issuer: "https://acme.okta.com"}, oidc.PresetOkta},
		{"Okta under another name", metadata(host, host+"/oauth2", "/v1/authorize", "/v1/token", "/v1/keys"), oidc.PresetOkta},
		{"Okta's custom server", metadata(host+"/oauth2/aus1", host+"/oauth2/aus1", "/v1/authorize", "/v1/token", "/v1/keys"), oidc.PresetOkta},
		{"Google", oidc.Metadata{Issuer: "https://accounts.google.com"}, oidc.PresetGoogle},
		{"authentik", oidc.Metadata{Issuer: host + "/application/o/chatgate/"}, oidc.PresetAuthentik},
		{"dex", metadata(host+"/dex", host+"/dex", "/auth", "/token", "/keys"), oidc.PresetDex},
		{"GitLab, unseen", oidc.Metadata{Issuer: "https://gitlab.com"}, oidc.PresetGitLab},
		{"a GitLab of one's own", metadata(host, host+"/oauth", "/authorize", "/token", "/discovery/keys"), oidc.PresetGitLab},
		{"Authelia", oidc.Metadata{Issuer: host, AuthorizationEndpoint: host + "/api/oidc/authorization", JWKSURI: host + "/jwks.json"}, oidc.PresetAuthelia},
		{"somebody who wants to pass for Okta", oidc.Metadata{Issuer: "https://okta.com.evil.example"}, ""},
		{"any other", metadata(host, host, "/authorize", "/token", "/jwks"), ""},
		{"nothing", oidc.Metadata{}, ""},
	} {
		if got := oidc.PresetOf(c.m); got != c.want {
			t.Errorf("%s: PresetOf() = %q, want %q", c.name, got, c.want)
		}
	}
}

func TestASurveyOfADevelopmentProviderIsForDevelopment(t *testing.T) {
	const local = "http://127.0.0.1:1/"
	if _, err := oidc.SurveyProvider(t.Context(), local, oidc.Env{}); err == nil || !strings.Contains(err.Error(), "must be an https URL") {
		t.Errorf("SurveyProvider(%q) = %v, want https demanded", local, err)
	}
	reached := false
	_, err := oidc.SurveyProvider(t.Context(), local, oidc.Env{Development: true, Transport: asked{&reached}})
	if err == nil || !reached {
		t.Errorf("SurveyProvider(%q) in development = %v, and asked %t; want it asked, to no avail", local, err, reached)
	}
}

// asked is a network that only notes that somebody wanted something of it.
type asked struct{ by *bool }

func (a asked) RoundTrip(*http.Request) (*http.Response, error) {
	*a.by = true
	return nil, http.ErrHandlerTimeout
}
