package talk

import (
	"time"

	"chatgate/gateway/chat"
	"chatgate/store"
)

// Profile is the kind of token a site takes.
type Profile string

// The README's first table says which one a site needs.
const (
	CoralSSO  Profile = "coral-sso"
	CoralOIDC Profile = "coral-oidc"
	Talk4     Profile = "talk4"
)

// Role is a role in Coral.
type Role string

// Coral's roles, from weakest to strongest. Coral before 6.1 has no Member.
const (
	Commenter Role = "COMMENTER"
	Member    Role = "MEMBER"
	Staff     Role = "STAFF"
	Moderator Role = "MODERATOR"
	Admin     Role = "ADMIN"
)

// ascending is every role in the order of what it may do.
var ascending = []Role{Commenter, Member, Staff, Moderator, Admin}

// Config is the section of one Talk or Coral site.
type Config struct {
	Profile       Profile                 `yaml:"profile" enum:"coral-sso,coral-oidc,talk4" doc:"The kind of token the site takes; the connector's README opens with the table that decides."`
	Access        chat.AccessRules        `yaml:"access" doc:"Who may comment."`
	Title         string                  `yaml:"title" default:"Comments" doc:"What pages call this site's comments."`
	URL           chat.Origin             `yaml:"url" doc:"The public origin of Coral or Talk."`
	EmbedOrigins  chat.EmbedOrigins       `yaml:"embedOrigins" doc:"The sites whose pages embed the comments, by origin; a sign-in may end there."`
	SSOSecrets    map[string]store.Secret `yaml:"ssoSecrets" doc:"coral-sso: the secrets that Coral shows under single sign-on, by the key id it shows beside each."`
	SSOCurrent    string                  `yaml:"ssoCurrent" doc:"coral-sso: the key id of the secret that signs; may be left out when there is one."`
	Client        Client                  `yaml:"client" doc:"coral-oidc: what Coral is registered as at the gateway."`
	Audience      string                  `yaml:"audience" doc:"talk4: Talk's TALK_JWT_AUDIENCE; talk when left out."`
	SharedSecret  store.Secret            `yaml:"sharedSecret" doc:"talk4: signs with this secret (HS256, TALK_JWT_SECRET) and not with signing keys (RS256): at least 32 ASCII characters."`
	TokenLifetime time.Duration           `yaml:"tokenLifetime" default:"15m" doc:"How long a token is good for, from 5m to 1h."`
	Roles         map[string]Role         `yaml:"roles" enum:"COMMENTER,MEMBER,STAFF,MODERATOR,ADMIN" doc:"coral-sso: the role that members of a group get, by group as the provider's groups claim names it; the highest wins."`
	Issuer        string                  `yaml:"issuer" doc:"The issuer that tokens name, when it must not change with the chat's name; <baseURL>/<name> when left out."`
	Generation    uint                    `yaml:"generation" doc:"Raising it gives everyone a new user id at this site, for a Coral that was set up anew; 0 adds nothing."`
	Keys          KeyFiles                `yaml:"signingKeys" doc:"Signing keys of the operator's own."`
}

// Client is Coral as a client of the gateway.
type Client struct {
	ID     string       `yaml:"id" doc:"Coral's client id, which is the audience of its tokens."`
	Secret store.Secret `yaml:"secret" doc:"The client secret that Coral is given; it proves itself with it at its own login, not for tokens that pages push."`
}

// KeyFiles are signing keys that the operator brings.
type KeyFiles struct {
	Files []string `yaml:"files" doc:"PEM files with one RSA key of at least 2048 bits each, used instead of keys of the gateway's own; the first signs, all are published."`
}

var (
	_ chat.Config = (*Config)(nil)
	_ chat.Signer = (*Config)(nil)
)

// AccessRules are the section's rules on who may enter.
func (c *Config) AccessRules() *chat.AccessRules { return &c.Access }

// Called is the site's title.
func (c *Config) Called() string { return c.Title }

// Addresses are the origins of the site and of every page that embeds it.
func (c *Config) Addresses() map[string]chat.Origin { return c.EmbedOrigins.Addresses(c.URL) }

// SigningKeys wants a set of keys for the profiles whose chat verifies signatures. Coral's single sign-on shares a
// secret, and so may Talk 4.
func (c *Config) SigningKeys() (files []string, wanted bool) {
	return c.Keys.Files, c.Profile == CoralOIDC || c.Profile == Talk4 && c.SharedSecret == ""
}
