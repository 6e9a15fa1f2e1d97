package rocketchat

import (
	"fmt"
	"net/url"
	"slices"
	"strings"
	"time"

	"chatgate/gateway/chat"
	"chatgate/store"
)

// Config is the section of one Rocket.Chat workspace.
type Config struct {
	Access       chat.AccessRules  `yaml:"access" required:"" doc:"Who may enter. It has no default: letting everybody in has to be said."`
	Title        string            `yaml:"title" default:"Rocket.Chat" doc:"What pages call this workspace."`
	URL          chat.Origin       `yaml:"url" required:"" doc:"The workspace's public origin, as browsers see it."`
	API          API               `yaml:"api" doc:"How the gateway itself reaches the workspace."`
	EmbedOrigins chat.EmbedOrigins `yaml:"embedOrigins" doc:"Origins of further pages that may frame the sign-in page, each with what else it may do."`

	OnChatSignOut SignOutPolicy `yaml:"onChatSignOut" default:"stay-out" enum:"stay-out,resume,global" doc:"What a sign-out inside Rocket.Chat means: stay-out waits for a press of Continue, resume signs in again, global ends the sign-in here as well."`
	OnExpiry      ExpiryPolicy  `yaml:"onExpiry" default:"revoke" enum:"revoke,keep" doc:"What becomes of a Rocket.Chat login when the session here reaches its absolute end; a sign-out always revokes it."`
	Accounts      Accounts      `yaml:"accounts" doc:"How people come to their accounts."`
}

// API is how the gateway reaches Rocket.Chat's REST API, and as whom.
type API struct {
	URL               string        `yaml:"url" doc:"Where the REST API is, such as an address inside the cluster; the public origin when empty."`
	AllowHTTP         bool          `yaml:"allowHTTP" default:"false" doc:"Lets api.url be http, for a network that nobody else listens to: the service account's token travels on it."`
	UserID            string        `yaml:"userID" required:"" doc:"The service account's user id."`
	Token             store.Secret  `yaml:"token" required:"" doc:"The service account's personal access token, made with Ignore Two Factor Authentication."`
	CreateTokenSecret store.Secret  `yaml:"createTokenSecret" doc:"The value of CREATE_TOKENS_FOR_USERS_SECRET; Rocket.Chat asks for it from version 8.0 on."`
	Timeout           time.Duration `yaml:"timeout" default:"5s" min:"1s" max:"15s" doc:"How long one call may take in all."`
	ForwardClientIP   bool          `yaml:"forwardClientIP" default:"true" doc:"Sends an X-Real-IP with calls in a person's name, which Rocket.Chat limits by address: the person's own at a login by password, and one made of the login token where that is checked or revoked."`
	Tokens            TokenStrategy `yaml:"tokens" default:"createToken" enum:"createToken,password" doc:"How login tokens are had: createToken asks for one; password signs in with a password that only accounts made here have, for workspaces where users.createToken cannot be allowed."`
	PasswordKey       store.Secret  `yaml:"passwordKey" doc:"What the passwords of new accounts are derived from, at least 32 characters. It never changes: another key fits no account that is there. Without it passwords are random, and tokens: password is not possible."`
}

// TokenStrategy is how login tokens are had.
type TokenStrategy string

// The strategies.
const (
	CreateToken TokenStrategy = "createToken"
	Password    TokenStrategy = "password"
)

// SignOutPolicy is what a sign-out inside the chat means (R12).
type SignOutPolicy string

// The policies for a sign-out inside the chat.
const (
	StayOut SignOutPolicy = "stay-out" // until the person presses Continue
	Resume  SignOutPolicy = "resume"   // as long as the session lives, signed in again
	Global  SignOutPolicy = "global"   // the session ends too
)

// ExpiryPolicy is what becomes of login tokens at the absolute end of their session (D11).
type ExpiryPolicy string

// The policies for the end of a session.
const (
	Revoke ExpiryPolicy = "revoke"
	Keep   ExpiryPolicy = "keep"
)

const (
	maxUserID        = 128
	defaultTimeout   = 5 * time.Second
	maxHeaderSecrets = 1024
	minPasswordKey   = 32
)

var _ chat.Config = (*Config)(nil)

// Check reports what can be seen without asking Rocket.Chat.
func (c *Config) Check(report func(key, problem string)) {
	if c.URL == "" {
		report("url", "must be given: the origin at which browsers reach Rocket.Chat, such as https://chat.example.org")
	}
	c.API.check(report)
	c.Accounts.check(report)
	if _, ok := c.EmbedOrigins[c.URL]; ok {
		report("embedOrigins", fmt.Sprintf("must not repeat url (%s), which has every right already", c.URL))
	}
}

func (a *API) check(report func(key, problem string)) {
	if a.URL != "" {
		a.checkURL(report)
	}
	if !isID(a.UserID) {
		report("api.userID", "must be the user id of the service account, which Rocket.Chat shows beside a new personal access token")
	}
	for key, secret := range map[string]store.Secret{"api.token": a.Token, "api.createTokenSecret": a.CreateTokenSecret} {
		if !isHeaderText(secret.Reveal()) {
			report(key, fmt.Sprintf("must be at most %d characters without spaces", maxHeaderSecrets))
		}
	}
	if a.Token == "" {
		report("api.token", "must be given: a personal access token of the service account")
	}
	a.checkPasswordKey(report)
}

func (a *API) checkPasswordKey(report func(key, problem string)) {
	switch n := len(a.PasswordKey); {
	case n > 0 && n < minPasswordKey:
		report("api.passwordKey", fmt.Sprintf("must be at least %d random characters, as openssl rand -base64 32 makes them", minPasswordKey))
	case n == 0 && a.Tokens == Password:
		report("api.passwordKey", "must be given with api.tokens: password")
	}
}

func (a *API) checkURL(report func(key, problem string)) {
	u, err := url.Parse(a.URL)
	switch {
	case err != nil || u.Host == "" || u.Scheme != "https" && u.Scheme != "http",
		u.User != nil, u.RawQuery != "" || u.ForceQuery, u.Fragment != "", strings.HasSuffix(u.Path, "/"):
		report("api.url", "must be an address such as https://chat.example.org, without user, query and final slash")
	case u.Scheme == "http" && !a.AllowHTTP:
		report("api.url", "must be https, or set api.allowHTTP: true when nobody else listens on the way there")
	}
}

// isHeaderText says whether text can be sent in a header as it is.
func isHeaderText(text string) bool {
	return len(text) <= maxHeaderSecrets && !strings.ContainsFunc(text, func(r rune) bool { return r <= ' ' || r >= 0x7f })
}

// AccessRules are the section's rules on who may enter.
func (c *Config) AccessRules() *chat.AccessRules { return &c.Access }

// AdminProviders are those of the configured providers whose groups make people administrators here: each can, by what it
// says of its people. There are none where no group has that role.
func (c *Config) AdminProviders(configured []string) []string {
	if !c.Accounts.Roles.names(adminRole) {
		return nil
	}
	return slices.DeleteFunc(slices.Clone(configured), func(provider string) bool {
		return !c.Access.Admits(provider) || !c.Accounts.believes(provider)
	})
}

// Called is the workspace's title.
func (c *Config) Called() string { return c.Title }

// Addresses are the origins that browsers meet.
func (c *Config) Addresses() map[string]chat.Origin { return c.EmbedOrigins.Addresses(c.URL) }

// APIAddress is where the gateway calls the chat, when that is not its public origin.
func (c *Config) APIAddress() string { return c.API.URL }

// access are the connector's three lists (D29). The workspace itself comes first in each.
func (c *Config) access() chat.Access {
	own, embed := []chat.Origin{c.URL}, c.EmbedOrigins.Access()
	return chat.Access{
		Return: slices.Concat(own, embed.Return),
		Frame:  slices.Concat(own, embed.Frame),
		Token:  slices.Concat(own, embed.Token),
	}
}

// complete fills what a Config written in Go left out. Its booleans and lists stay as they are: false and none are
// choices.
func (c Config) complete() Config {
	if c.API.URL == "" {
		c.API.URL = string(c.URL)
	}
	if c.API.Timeout == 0 {
		c.API.Timeout = defaultTimeout
	}
	if c.API.Tokens == "" {
		c.API.Tokens = CreateToken
	}
	if c.OnChatSignOut == "" {
		c.OnChatSignOut = StayOut
	}
	if c.OnExpiry == "" {
		c.OnExpiry = Revoke
	}
	return c
}
