package oidc

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"
)

// Preset is a product that providers run. It sets what is special about it where the configuration says nothing; no
// preset trusts an e-mail address that nobody vouches for, and none widens what is verified.
type Preset string

// The presets; the zero value is a provider that keeps to the standard claims.
const (
	PresetKeycloak  Preset = "keycloak"
	PresetEntra     Preset = "entra"
	PresetOkta      Preset = "okta"
	PresetGoogle    Preset = "google"
	PresetAuthentik Preset = "authentik"
	PresetDex       Preset = "dex"
	PresetGitLab    Preset = "gitlab"
	PresetAuthelia  Preset = "authelia"
)

var presets = []Preset{
	PresetKeycloak, PresetEntra, PresetOkta, PresetGoogle, PresetAuthentik, PresetDex, PresetGitLab, PresetAuthelia,
}

func (c *Config) checkPreset(report func(key, problem string)) {
	if c.Preset != "" && !slices.Contains(presets, c.Preset) {
		report("preset", fmt.Sprintf("must be one of %q, got %q", presets, c.Preset))
	}
}

// offlineAccess is the scope that asks for a refresh token (OpenID Connect Core 1.0, Section 11).
const offlineAccess = "offline_access"

// standard is what a provider that keeps to OpenID Connect Core 1.0, Section 5.1 has, and a groups claim.
func standard() Config {
	return Config{
		Scopes:     []string{"openid", "profile", "email"},
		Algorithms: []string{"RS256"},
		Claims: ClaimsConfig{
			Username: Path{"preferred_username"},
			Email:    Path{"email"},
			Verified: Path{},
			Name:     Path{"name"},
			Groups:   Path{"groups"},
			Picture:  Path{"picture"},
		},
	}
}

// defaults are the standard, but for what the product does in its own way. Keycloak and GitLab give refresh tokens
// unasked, Google for nothing in the scope.
func (p Preset) defaults() Config {
	c := standard()
	switch p {
	case PresetKeycloak, PresetGoogle, PresetGitLab:
	case PresetEntra, PresetOkta, PresetAuthentik:
		c.Scopes = append(c.Scopes, offlineAccess)
	case PresetDex, PresetAuthelia:
		c.Scopes = append(c.Scopes, "groups", offlineAccess)
	}
	switch p {
	case PresetEntra:
		c.Claims.Verified = Path{"xms_edov"}
		c.Claims.Picture = Path{} // at Microsoft Graph, for those with a token of Graph's
	case PresetGoogle:
		c.Claims.Username, c.Claims.Groups = Path{}, Path{} // it has neither
	case PresetGitLab:
		c.Claims.Groups = Path{"groups_direct"} // the other claim, groups, is at userinfo alone
	case PresetDex:
		c.Claims.Picture = Path{} // it has none
	}
	return c
}

// SetDefaults fills in what a section that is about to be read leaves out: what stands in the text of its preset. A
// preset that is none changes nothing; Check refuses it.
func (c *Config) SetDefaults(setting func(key string) string) {
	preset := Preset(setting("preset"))
	c.fill(preset.defaults())
}

// setDefaults fills in what a Config written in Go left out. A zero Leeway stays zero: it is a choice.
func (c *Config) setDefaults() { c.fill(c.Preset.defaults()) }

func (c *Config) fill(d Config) {
	if c.Scopes == nil {
		c.Scopes = d.Scopes
	}
	if c.Algorithms == nil {
		c.Algorithms = d.Algorithms
	}
	for path, fallback := range map[*Path]Path{
		&c.Claims.Username: d.Claims.Username,
		&c.Claims.Email:    d.Claims.Email,
		&c.Claims.Verified: d.Claims.Verified,
		&c.Claims.Name:     d.Claims.Name,
		&c.Claims.Groups:   d.Claims.Groups,
		&c.Claims.Picture:  d.Claims.Picture,
	} {
		if *path == nil {
			*path = fallback
		}
	}
}

// ends says whether a refusal to refresh is about the grant, and not about how the client is registered. That is
// invalid_grant (RFC 6749, Section 5.2); dex says invalid_request of refresh tokens that are revoked, expired or unknown, or
// were claimed before.
func (p Preset) ends(status int, code string) bool {
	return code == "invalid_grant" || p == PresetDex && status == http.StatusBadRequest && code == "invalid_request"
}

// vouches knows words that a product writes for true. Entra's xms_edov is one of these by tenant and kind of account;
// it says that the tenant's administrators proved to own the domain.
func (p Preset) vouches(claim Path, word any) bool {
	return p == PresetEntra && slices.Equal(claim, Path{"xms_edov"}) &&
		(word == "true" || word == "1" || word == json.Number("1"))
}

// sharedIssuer objects to the addresses under which Microsoft serves all tenants at once. No token has one of them as
// its iss: each carries its own tenant's.
func sharedIssuer(issuer string) string {
	u, err := url.Parse(issuer)
	if err != nil || !strings.HasPrefix(u.Hostname(), "login.") || !strings.Contains(u.Hostname(), "microsoftonline.") {
		return ""
	}
	tenant, _, _ := strings.Cut(strings.TrimPrefix(u.Path, "/"), "/")
	if !slices.Contains([]string{"common", "organizations", "consumers", "{tenantid}"}, tenant) {
		return ""
	}
	return fmt.Sprintf("must name one tenant, as in https://%s/<tenant id>/v2.0: tokens never come from %q", u.Hostname(), tenant)
}
