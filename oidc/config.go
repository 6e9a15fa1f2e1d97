package oidc

import (
	"errors"
	"fmt"
	"maps"
	"net/url"
	"slices"
	"strings"
	"time"
)

// maxLeeway bounds how far the provider's clock may be from ours (S43).
const maxLeeway = time.Minute

// algorithms are those an ID token may be signed with. The symmetric ones are missing on purpose: with them the
// client secret, or a public key taken for one, would sign identities (S35).
var algorithms = []string{"RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512", "EdDSA"}

// Config is one entry of `providers` in the configuration file.
type Config struct {
	Preset         Preset        `yaml:"preset" enum:"keycloak,entra,okta,google,authentik,dex,gitlab,authelia" doc:"The product that the provider is: its scopes and claims then stand in place of the defaults below. What is written wins."`
	Title          string        `yaml:"title" doc:"What people call this provider, where they choose between several; its key when empty."`
	Issuer         string        `yaml:"issuer" required:"" doc:"The provider's issuer, exactly as it stands in the iss claim of its ID tokens; a trailing slash counts."`
	Domains        []string      `yaml:"domains" doc:"The domains of its people's e-mail addresses, such as example.org: whoever gives one is sent to this provider. It admits nobody."`
	DiscoveryURL   string        `yaml:"discoveryURL" doc:"An address of the same provider that is nearer to the gateway, such as one inside the cluster; empty uses the issuer."`
	Client         ClientConfig  `yaml:"client" doc:"What the gateway is registered as at the provider."`
	Scopes         []string      `yaml:"scopes" default:"openid,profile,email" doc:"The scopes to ask for; openid is required, offline_access adds a refresh token."`
	TrustEmail     bool          `yaml:"trustEmail" default:"false" doc:"Takes every e-mail address of this provider as verified, for directories that never set email_verified."`
	Claims         ClaimsConfig  `yaml:"claims" doc:"Where the provider keeps what the gateway wants to know about a person."`
	Algorithms     []string      `yaml:"algorithms" default:"RS256" doc:"The signature algorithms an ID token may have; the provider must advertise one of them."`
	ExtraAudiences []string      `yaml:"extraAudiences" doc:"Audiences that may stand in an ID token beside the client's id; any other is refused."`
	Leeway         time.Duration `yaml:"leeway" default:"30s" doc:"How far the provider's clock may be from the gateway's, at most 1m."`
	Prompt         string        `yaml:"prompt" doc:"The prompt to ask for at every sign-in, such as select_account; empty leaves it to the provider."`
	MaxAge         time.Duration `yaml:"maxAge" default:"0s" doc:"How long ago a person may have signed in at the provider before it must ask again; 0s does not care."`
	ACRValues      []string      `yaml:"acrValues" doc:"The authentication context classes of which an ID token must name one; empty accepts any."`
}

// ClientConfig is the client registration.
type ClientConfig struct {
	ID     string     `yaml:"id" required:"" doc:"The client id registered at the provider."`
	Secret Secret     `yaml:"secret" required:"unless auth is private_key_jwt" doc:"The client secret, best as a reference to a mounted file; none with private_key_jwt."`
	Auth   ClientAuth `yaml:"auth" default:"auto" enum:"auto,basic,post,private_key_jwt" doc:"How the client proves itself: by its secret as basic, post, or auto for what the provider advertises; or by a key."`
	Key    Secret     `yaml:"key" doc:"The private key for private_key_jwt in PEM, RSA of at least 2048 bits or EC P-256, as a reference to a mounted file."`
	KeyID  string     `yaml:"keyID" doc:"The key id under which the provider knows the key; empty sends none."`
}

// ClientAuth is how the client authenticates at the provider's endpoints (OpenID Connect Core 1.0, Section 9).
type ClientAuth string

// The zero value is AuthAuto as well.
const (
	AuthAuto  ClientAuth = "auto"            // client_secret_basic unless only client_secret_post is advertised
	AuthBasic ClientAuth = "basic"           // client_secret_basic
	AuthPost  ClientAuth = "post"            // client_secret_post
	AuthKey   ClientAuth = "private_key_jwt" // no secret is shared, and none crosses the wire
)

// ClaimsConfig says which claims to read. A nil path is the default, an empty one reads nothing.
type ClaimsConfig struct {
	Username Path `yaml:"username" default:"preferred_username" doc:"The claim with the name a person is known by."`
	Email    Path `yaml:"email" default:"email" doc:"The claim with the e-mail address."`
	Verified Path `yaml:"emailVerified" doc:"The claim that vouches for the e-mail address with true; when empty that is email_verified, for a claim named email alone."`
	Name     Path `yaml:"name" default:"name" doc:"The claim with the name to display."`
	Groups   Path `yaml:"groups" default:"groups" doc:"The claim with the list of groups or roles; a list is a path into nested objects."`
	Picture  Path `yaml:"picture" default:"picture" doc:"The claim with the address of a portrait."`

	Custom map[string]Path `yaml:"custom" doc:"Further claims by a name of your own, at most 20, such as department: dept; only texts of at most 256 bytes are taken. Chats refer to them by that name."`
}

// Check reports every problem that can be seen without asking the provider. Keys are relative to the section.
// Whether http is allowed depends on the development switch, which New knows.
func (c *Config) Check(report func(key, problem string)) {
	c.checkPreset(report)
	c.checkAddresses(report)
	c.checkDomains(report)
	c.checkClient(report)
	c.checkRequest(report)
	c.checkVerification(report)
	c.Claims.check(report)
}

func (c *Config) checkAddresses(report func(key, problem string)) {
	if !isPlainURL(c.Issuer) {
		report("issuer", fmt.Sprintf("must be an https URL without query or fragment, got %q", c.Issuer))
	}
	if problem := sharedIssuer(c.Issuer); problem != "" {
		report("issuer", problem)
	}
	if c.DiscoveryURL != "" && !isPlainURL(c.DiscoveryURL) {
		report("discoveryURL", fmt.Sprintf("must be an https URL without query or fragment, got %q", c.DiscoveryURL))
	}
}

func (c *Config) checkClient(report func(key, problem string)) {
	if c.Client.ID == "" {
		report("client.id", "must not be empty")
	}
	switch c.Client.Auth {
	case "", AuthAuto, AuthBasic, AuthPost:
		c.Client.checkSecret(report)
	case AuthKey:
		c.Client.checkKey(report)
	default:
		report("client.auth", fmt.Sprintf("must be auto, basic, post or private_key_jwt, got %q", c.Client.Auth))
	}
}

func (c *ClientConfig) checkSecret(report func(key, problem string)) {
	if c.Secret == "" {
		report("client.secret", "must not be empty")
	}
	if c.Key != "" || c.KeyID != "" {
		report("client.key", "is for client.auth: private_key_jwt alone")
	}
}

func (c *ClientConfig) checkKey(report func(key, problem string)) {
	if c.Secret != "" {
		report("client.secret", "must be left out with client.auth: private_key_jwt")
	}
	if _, _, err := parseClientKey(c.Key); err != nil {
		report("client.key", err.Error())
	}
}

func (c *Config) checkRequest(report func(key, problem string)) {
	if !slices.Contains(c.Scopes, "openid") {
		report("scopes", "must contain openid")
	}
	for i, scope := range c.Scopes {
		if !isScope(scope) {
			report(fmt.Sprintf("scopes[%d]", i), fmt.Sprintf("must be one scope without spaces, got %q", scope))
		}
	}
	if !isPrompt(c.Prompt) {
		report("prompt", fmt.Sprintf("must be login, select_account or consent, got %q", c.Prompt))
	}
	if c.Prompt == PromptNone {
		report("prompt", "must not be none: nobody could ever sign in at the provider")
	}
	if c.MaxAge < 0 || c.MaxAge%time.Second != 0 {
		report("maxAge", fmt.Sprintf("must be whole seconds and not negative, got %s", c.MaxAge))
	}
}

func (c *Config) checkVerification(report func(key, problem string)) {
	if len(c.Algorithms) == 0 {
		report("algorithms", "must name at least one of "+strings.Join(algorithms, ", "))
	}
	for i, alg := range c.Algorithms {
		if !slices.Contains(algorithms, alg) {
			report(fmt.Sprintf("algorithms[%d]", i), fmt.Sprintf("must be one of %s, got %q", strings.Join(algorithms, ", "), alg))
		}
	}
	for _, list := range []struct {
		key    string
		values []string
	}{{"extraAudiences", c.ExtraAudiences}, {"acrValues", c.ACRValues}} {
		if slices.Contains(list.values, "") {
			report(list.key, "must not contain an empty entry")
		}
	}
	if c.Leeway < 0 || c.Leeway > maxLeeway {
		report("leeway", fmt.Sprintf("must be between 0s and 1m, got %s", c.Leeway))
	}
}

func (c *ClaimsConfig) check(report func(key, problem string)) {
	for _, claim := range []struct {
		key  string
		path Path
	}{
		{"claims.username", c.Username}, {"claims.email", c.Email}, {"claims.emailVerified", c.Verified},
		{"claims.name", c.Name}, {"claims.groups", c.Groups}, {"claims.picture", c.Picture},
	} {
		if slices.Contains(claim.path, "") {
			report(claim.key, badPath)
		}
	}
	if len(c.Custom) > mostCustom {
		report("claims.custom", fmt.Sprintf("must have at most %d claims, got %d", mostCustom, len(c.Custom)))
	}
	for _, name := range slices.Sorted(maps.Keys(c.Custom)) {
		if path := c.Custom[name]; len(path) == 0 || slices.Contains(path, "") {
			report("claims.custom."+name, badPath)
		}
	}
}

const badPath = "must be a claim's name or a list of names, none of them empty"

// check runs Check and the rules that need the development switch.
func (c *Config) check(development bool) error {
	var problems []error
	c.Check(func(key, problem string) { problems = append(problems, fmt.Errorf("%s: %s", key, problem)) })
	if len(problems) > 0 {
		return errors.Join(problems...)
	}
	for _, address := range []struct{ key, value string }{{"issuer", c.Issuer}, {"discoveryURL", c.DiscoveryURL}} {
		if u, _ := url.Parse(address.value); u.Scheme == "http" && (!development || !isLoopback(u.Hostname())) {
			problems = append(problems, fmt.Errorf("%s: must be an https URL, got %q; http is for loopback in development", address.key, address.value))
		}
	}
	return errors.Join(problems...)
}

// isScope follows RFC 6749, Section 3.3: printable ASCII without space, quote and backslash.
func isScope(s string) bool {
	return s != "" && !strings.ContainsFunc(s, func(r rune) bool {
		return r <= ' ' || r > '~' || r == '"' || r == '\\'
	})
}
