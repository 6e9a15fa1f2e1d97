package talk

import (
	"fmt"
	"maps"
	"net/url"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"chatgate/gateway/keyring"
	"chatgate/store"
)

// Bounds of a token's life (G7). Above the advised life a token that Coral cannot revoke lives on for too long after a
// sign-out (G22).
const (
	shortestLife = 5 * time.Minute
	longestLife  = time.Hour
	advisedLife  = 15 * time.Minute
)

// Check reports what is missing, what contradicts, and what would be refused at the other end.
func (c *Config) Check(report func(key, problem string)) {
	if c.URL == "" {
		report("url", "must be given: the public origin of Coral or Talk, such as https://comments.example.org")
	}
	if c.TokenLifetime < shortestLife || c.TokenLifetime > longestLife {
		report("tokenLifetime", fmt.Sprintf("must be from 5m to 1h, got %s", c.TokenLifetime))
	}
	if err := checkIssuer(c.Issuer); err != nil {
		report("issuer", err.Error())
	}
	c.checkAPI(report)
	c.checkIssueClients(report)
	c.checkClaims(report)
	switch c.Profile {
	case CoralSSO:
		c.checkSSO(report)
	case CoralOIDC:
		c.checkClient(report)
	case Talk4:
		c.checkTalk4(report)
	default:
		report("profile", "must say which tokens the site takes: coral-sso, coral-oidc or talk4")
		return
	}
	c.checkForeign(report)
}

// checkForeign reports keys of another profile. A site that is told two ways in would refuse the tokens of one of them:
// Coral judges an SSO token by the rules of OpenID Connect as soon as its claims look like it (G18).
func (c *Config) checkForeign(report func(key, problem string)) {
	for _, key := range []struct {
		name  string
		given bool
		at    []Profile
	}{
		{"ssoSecrets", len(c.SSOSecrets) > 0, []Profile{CoralSSO}},
		{"ssoCurrent", c.SSOCurrent != "", []Profile{CoralSSO}},
		{"roles", len(c.Roles) > 0, []Profile{CoralSSO}},
		{"badges", len(c.Badges) > 0, []Profile{CoralSSO}},
		{"roleProviders", len(c.RoleProviders) > 0, []Profile{CoralSSO}},
		{"client", c.Client.given(), []Profile{CoralOIDC, Talk4}},
		{"adminLink", c.AdminLink, []Profile{CoralSSO, CoralOIDC}},
		{"bothIntegrations", c.Both, []Profile{CoralSSO, CoralOIDC}},
		{"audience", c.Audience != "", []Profile{Talk4}},
		{"sharedSecret", c.SharedSecret != "", []Profile{Talk4}},
		{"issuer", c.Issuer != "", []Profile{CoralOIDC, Talk4}},
		{"signingKeys", len(c.Keys.Files) > 0, []Profile{CoralOIDC, Talk4}},
	} {
		if key.given && !slices.Contains(key.at, c.Profile) {
			report(key.name, fmt.Sprintf("is for profile %s, not for %s: a site takes one kind of token", among(key.at), c.Profile))
		}
	}
}

func among(profiles []Profile) string {
	names := make([]string, len(profiles))
	for i, p := range profiles {
		names[i] = string(p)
	}
	return strings.Join(names, " or ")
}

func (c *Config) checkSSO(report func(key, problem string)) {
	if len(c.SSOSecrets) == 0 {
		report("ssoSecrets", "must hold the secret that Coral's admin shows under single sign-on, by its key id")
		return
	}
	for kid, secret := range c.SSOSecrets {
		checkSecret("ssoSecrets."+kid, secret, report)
		if !isKeyID(kid) {
			report("ssoSecrets."+kid, "must be called by the key id that Coral shows: printable ASCII without spaces, < and >")
		}
	}
	_, known := c.SSOSecrets[c.SSOCurrent]
	switch {
	case c.SSOCurrent == "" && len(c.SSOSecrets) > 1:
		report("ssoCurrent", "must name the secret that signs, since there are several: the one that Coral does not show as rotated")
	case c.SSOCurrent != "" && !known:
		report("ssoCurrent", fmt.Sprintf("must be a key id of ssoSecrets, got %q", c.SSOCurrent))
	}
	for group, role := range c.Roles {
		if !slices.Contains(ascending, role) {
			report("roles."+group, fmt.Sprintf("must be one of COMMENTER, MEMBER, STAFF, MODERATOR, ADMIN, got %q", role))
		}
	}
	if c.RoleProviders != nil && len(c.RoleProviders) == 0 {
		report("roleProviders", "must not be empty: leave the key out, or list whose groups count")
	}
	for group, badge := range c.Badges {
		if badge == "" || badge != strings.TrimSpace(visible(badge)) || utf8.RuneCountInString(badge) > maxBadge {
			report("badges."+group, fmt.Sprintf("must be a word or two, up to 30 characters that can be seen, got %q", badge))
		}
	}
}

// isKeyID tells a key id from a mark that was never filled in.
func isKeyID(kid string) bool {
	return kid != "" && !strings.ContainsFunc(kid, func(r rune) bool { return r <= ' ' || r == '<' || r == '>' || r > '~' })
}

// maxBadge is the longest badge, in characters: it stands beside a name.
const maxBadge = 30

// current is the key id that signs.
func (c *Config) current() string {
	if c.SSOCurrent != "" {
		return c.SSOCurrent
	}
	for kid := range maps.Keys(c.SSOSecrets) {
		return kid // the only one, as Check saw to
	}
	return ""
}

// checkSecret reports what makes a secret weak or unusable (G11, S103).
func checkSecret(key string, secret store.Secret, report func(key, problem string)) {
	if err := keyring.CheckSharedSecret(secret); err != nil {
		report(key, "must be usable for HS256: "+err.Error())
	}
}

// checkIssuer takes an address that is spelt in one way only, since issuers are compared byte for byte (G6).
func checkIssuer(issuer string) error {
	if issuer == "" {
		return nil
	}
	u, err := url.Parse(issuer)
	if err != nil || u.Scheme != "https" && u.Scheme != "http" || u.Host == "" || u.User != nil ||
		u.RawQuery != "" || u.ForceQuery || u.Fragment != "" || strings.HasSuffix(issuer, "/") || u.String() != issuer {
		return fmt.Errorf("must be an https address such as https://sso.example.org/talk, without query, fragment or final slash, got %q", issuer)
	}
	return nil
}
