package talk

import (
	"time"

	"chatgate/gateway/chat"
	"chatgate/gateway/keyring"
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
	Profile       Profile                 `yaml:"profile" required:"" enum:"coral-sso,coral-oidc,talk4" doc:"The kind of token the site takes; the connector's README opens with the table that decides."`
	Access        chat.AccessRules        `yaml:"access" required:"" doc:"Who may comment."`
	Title         string                  `yaml:"title" default:"Comments" doc:"What pages call this site's comments."`
	URL           chat.Origin             `yaml:"url" required:"" doc:"The public origin of Coral or Talk."`
	API           API                     `yaml:"api" doc:"Where the gateway itself calls Coral or Talk, to end tokens there."`
	EmbedOrigins  chat.EmbedOrigins       `yaml:"embedOrigins" doc:"The sites whose pages embed the comments, by origin; a sign-in may end there."`
	SSOSecrets    map[string]store.Secret `yaml:"ssoSecrets" doc:"coral-sso: the secrets that Coral shows under single sign-on, by the key id it shows beside each."`
	SSOCurrent    string                  `yaml:"ssoCurrent" doc:"coral-sso: the key id of the secret that signs; may be left out when there is one."`
	Client        Client                  `yaml:"client" doc:"coral-oidc, and talk4 for its plugin's sign-in window: what Coral or Talk is registered as at the gateway."`
	Audience      string                  `yaml:"audience" doc:"talk4: Talk's TALK_JWT_AUDIENCE; talk when left out."`
	SharedSecret  store.Secret            `yaml:"sharedSecret" doc:"talk4: signs with this secret (HS256, TALK_JWT_SECRET) and not with signing keys (RS256): at least 32 ASCII characters."`
	TokenLifetime time.Duration           `yaml:"tokenLifetime" default:"15m" doc:"How long a token is good for, from 5m to 1h."`
	Roles         map[string]Role         `yaml:"roles" enum:"COMMENTER,MEMBER,STAFF,MODERATOR,ADMIN" doc:"coral-sso: the role that members of a group get, by group as the provider's groups claim names it; the highest wins."`
	Badges        map[string]string       `yaml:"badges" doc:"coral-sso: the badge that members of a group wear beside their name, by group as the provider's groups claim names it."`
	RoleProviders []string                `yaml:"roleProviders" doc:"coral-sso: Only people of these providers get roles and badges by their groups; of all that may enter when left out."`
	Claims        Claims                  `yaml:"claims" doc:"What of an identity this site gets, where that is not the provider's own mapping."`
	UniqueNames   bool                    `yaml:"uniqueNames" default:"false" doc:"Gives nobody a username that another person has at this site already, in whatever case: a number is added. Coral itself lets several people have one name."`
	AdminLink     bool                    `yaml:"adminLink" default:"false" doc:"coral-sso, coral-oidc: serves /<name>/admin, which signs people in to Coral's administration with a token; what they may do there is up to Coral."`
	IssueClients  map[string]IssueClient  `yaml:"issueClients" doc:"Servers that may ask /<name>/issue for tokens of people who are signed in, by a name of your own; nobody when left out."`
	Both          bool                    `yaml:"bothIntegrations" default:"false" doc:"Says on purpose that this Coral has single sign-on and OpenID Connect switched on, or is in another section too. One person then becomes two accounts, of which Coral refuses the second."`
	Issuer        string                  `yaml:"issuer" doc:"The issuer that tokens name, when it must not change with the chat's name; <baseURL>/<name> when left out."`
	Generation    uint                    `yaml:"generation" doc:"Raising it gives everyone a new user id at this site, for a Coral that was set up anew; 0 adds nothing."`
	Deleted       map[string]uint         `yaml:"deleted" doc:"By user id, the people whose account was deleted at the product, which lets nobody return under the same id: how many times that happened. Each gets a new user id."`
	Keys          KeyFiles                `yaml:"signingKeys" doc:"The keys that sign: the gateway's own, or files of the operator's."`
}

// Client is Coral as a client of the gateway.
type Client struct {
	ID     string       `yaml:"id" doc:"Coral's client id, which is the audience of its tokens."`
	Secret store.Secret `yaml:"secret" doc:"The client secret that Coral is given, at least 32 ASCII characters; it proves itself with it at its own login, not for tokens that pages push. Without it there is no such login."`
	// RedirectURIs are compared byte for byte (G23).
	RedirectURIs []string `yaml:"redirectURIs" doc:"Where the product's own login may end, exactly; the product's callback below url when left out."`
}

// API is the address of the product's server.
type API struct {
	URL       string        `yaml:"url" doc:"Where Coral or Talk is called, such as an address inside the cluster; the public origin when empty. Calls name the public host all the same, since Coral finds its tenant by it."`
	AllowHTTP bool          `yaml:"allowHTTP" default:"false" doc:"Lets api.url be http, for a network that nobody else listens to: people's tokens travel on it."`
	Timeout   time.Duration `yaml:"timeout" default:"5s" min:"1s" max:"15s" doc:"How long one call may take in all."`
}

// Claims choose among what the provider says of a person. The values are names of claims: username, name, email or
// picture, or one of the provider's claims.custom.
type Claims struct {
	Username []string `yaml:"username" doc:"Where the public name comes from: the first of these claims that a person has. username and name when left out."`
	Picture  string   `yaml:"picture" doc:"The claim with the address of a picture; picture when left out."`
}

// IssueClient is one server that may ask for tokens (D19).
type IssueClient struct {
	Secret  store.Secret `yaml:"secret" doc:"What the server proves itself with, at least 32 ASCII characters."`
	Expires string       `yaml:"expires" doc:"The last day on which the secret is good, such as 2027-06-30 (UTC): a secret without an end is forgotten."`
}

// KeyFiles are signing keys that the operator brings.
type KeyFiles struct {
	Files       []string      `yaml:"files" doc:"PEM files with one RSA key of at least 2048 bits each, used instead of keys of the gateway's own; the first signs, all are published."`
	RotateEvery time.Duration `yaml:"rotateEvery" default:"2160h" doc:"How long a key of the gateway's own signs before a new one takes over by itself, at least 3h; 0 leaves that to chatgate keys rotate."`
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

// APIAddress is where the gateway calls the chat, when that is not its public origin.
func (c *Config) APIAddress() string { return c.API.URL }

// SigningKeys wants a set of keys for the profiles whose chat verifies signatures. Coral's single sign-on shares a
// secret, and so may Talk 4.
func (c *Config) SigningKeys() (set keyring.SetConfig, wanted bool) {
	set = keyring.SetConfig{Files: c.Keys.Files, RotateEvery: c.Keys.RotateEvery}
	return set, c.Profile == CoralOIDC || c.Profile == Talk4 && c.SharedSecret == ""
}
