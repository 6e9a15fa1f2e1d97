package app

import (
	"encoding/base64"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"reflect"
	"regexp"
	"slices"
	"strings"

	"chatgate/gateway"
	"chatgate/gateway/chat"
	"chatgate/gateway/chat/rocketchat"
	"chatgate/gateway/chat/talk"
	"chatgate/gateway/decision"
	"chatgate/gateway/handoff"
	"chatgate/gateway/limit"
	"chatgate/gateway/session"
	"chatgate/gateway/web"
	"chatgate/oidc"
	"chatgate/store"
	"chatgate/store/redisstore"
)

// Config is the whole configuration file. Each section belongs to the package that uses it.
type Config struct {
	BaseURL        chat.Origin            `yaml:"baseURL" required:"" doc:"The gateway's own public origin: https, a host of its own, no path."`
	Listen         Listen                 `yaml:"listen" doc:"Where the gateway listens."`
	Development    bool                   `yaml:"development" doc:"Allows http and self-made names on loopback. Never switch it on where people sign in."`
	TrustedProxies []Network              `yaml:"trustedProxies" doc:"Peers whose X-Forwarded-For is believed, as networks such as 10.0.0.0/8; nobody's by default."`
	Sealing        Sealing                `yaml:"sealing" required:"unless redis.memory" doc:"The keys that everything in Redis is sealed with."`
	Redis          Redis                  `yaml:"redis" required:"" doc:"Where state is kept."`
	Session        session.Settings       `yaml:"session" doc:"How long a sign-in lasts."`
	HandOff        handoff.Settings       `yaml:"handOff" doc:"How a frame waits for a sign-in in another window."`
	Providers      map[string]oidc.Config `yaml:"providers" required:"" doc:"OpenID providers by a permanent key, which is part of every identity."`
	Chats          map[string]chat.Config `yaml:"chats" required:"" doc:"The chats by name; the name is the route, and the kind where that is left out."`
	Limits         limit.Settings         `yaml:"limits" doc:"How often is too often."`
	Explain        decision.Settings      `yaml:"explain" doc:"What is remembered of requests that were refused."`
	Theme          web.Settings           `yaml:"theme" doc:"How pages look, what they call this installation and where they send people for help."`
	Log            Log                    `yaml:"log" doc:"What is written to standard error."`
	Audit          Audit                  `yaml:"audit" doc:"One line for every act that matters, apart from the log if need be."`
	Reload         Reload                 `yaml:"reload" doc:"How a changed configuration is noticed."`

	dir string // where relative paths start: the directory of the file
}

// Sealing holds the sealing keys.
type Sealing struct {
	Current string                  `yaml:"current" required:"unless redis.memory" doc:"The name of the key that seals; the others only open."`
	Keys    map[string]store.Secret `yaml:"keys" required:"unless redis.memory" doc:"By name: at least 32 random bytes in base64, as openssl rand -base64 32 makes them."`
}

// Redis is where state is kept: a Redis, or the memory of this process.
type Redis struct {
	Memory bool `yaml:"memory" doc:"Keeps everything in this process: one replica, and nothing survives a restart."`
	redisstore.Config
}

// Check is the engine's own, unless there is no engine to configure.
func (r *Redis) Check(report func(key, problem string)) {
	if !r.Memory {
		r.Config.Check(report)
		return
	}
	if r.Standalone != nil || r.Sentinel != nil || r.Cluster != nil {
		report("memory", "contradicts standalone, sentinel and cluster: leave one of them out")
	}
}

// Log is what is written to standard error.
type Log struct {
	Level  string `yaml:"level" default:"info" enum:"debug,info,warn,error" doc:"The least important lines that are written."`
	Access bool   `yaml:"access" default:"true" doc:"Writes one line for each request."`
}

var (
	chatName     = regexp.MustCompile(`^[a-z][a-z0-9-]{0,31}$`)
	providerName = regexp.MustCompile(`^[a-z][a-z0-9-]{0,31}$`)
)

// Check sees to what concerns more than one section.
func (c *Config) Check(report func(key, problem string)) {
	if c.BaseURL == "" {
		report("baseURL", "must be given: the https origin at which browsers reach the gateway")
	}
	c.checkSecure(report)
	c.checkSealing(report)
	if len(c.Providers) == 0 {
		report("providers", "must have at least one provider")
	}
	for name := range c.Providers {
		if !providerName.MatchString(name) {
			report("providers."+name, "must be called by lower-case letters, digits and hyphens, beginning with a letter, at most 32")
		}
	}
	c.checkDomains(report)
	if len(c.Chats) == 0 {
		report("chats", "must have at least one chat")
	}
	for name := range c.Chats {
		c.checkChat(name, report)
	}
	c.checkSites(report)
}

// checkDomains lets an e-mail domain lead to one provider alone.
func (c *Config) checkDomains(report func(key, problem string)) {
	owners := map[string]string{}
	for _, name := range slices.Sorted(maps.Keys(c.Providers)) {
		provider := c.Providers[name]
		for _, domain := range provider.ASCIIDomains() {
			if owner, taken := owners[domain]; taken && owner != name {
				report("providers."+name+".domains", fmt.Sprintf("must leave %q to one provider: %s has it too", domain, owner))
			}
			owners[domain] = name
		}
	}
}

func (c *Config) checkChat(name string, report func(key, problem string)) {
	if !chatName.MatchString(name) {
		report("chats."+name, "must be called by lower-case letters, digits and hyphens, beginning with a letter, at most 32: the name is a route")
	}
	if slices.Contains(gateway.ReservedNames(), name) {
		report("chats."+name, "must have another name: this one is a route of the gateway's own")
	}
	rules := c.Chats[name].AccessRules()
	c.checkProviders("chats."+name+".access.providers", rules.Providers, report)
	for key := range rules.PerProvider {
		if _, known := c.Providers[key]; !known {
			report("chats."+name+".access.perProvider."+key, "must be a key of providers")
		}
	}
	if workspace, ok := c.Chats[name].(*rocketchat.Config); ok {
		c.checkProviders("chats."+name+".accounts.providers", workspace.Accounts.Providers, report)
		c.checkClaims("chats."+name+".accounts.sync.customFields", workspace.Accounts.Sync.CustomFields, report)
	}
	if site, ok := c.Chats[name].(*talk.Config); ok {
		c.checkProviders("chats."+name+".roleProviders", site.RoleProviders, report)
	}
}

func (c *Config) checkProviders(key string, named []string, report func(key, problem string)) {
	for i, provider := range named {
		if _, known := c.Providers[provider]; !known {
			report(fmt.Sprintf("%s[%d]", key, i), fmt.Sprintf("must be a key of providers, got %q", provider))
		}
	}
}

// checkClaims refuses a custom field that no provider would ever fill.
func (c *Config) checkClaims(key string, fields map[string]string, report func(key, problem string)) {
	for field, claim := range fields {
		if claim != "" {
			c.checkClaim(key+"."+field, claim, report)
		}
	}
}

func (c *Config) checkClaim(key, claim string, report func(key, problem string)) {
	known := map[string]bool{}
	for _, provider := range c.Providers {
		for name := range provider.Claims.Custom {
			known[name] = true
		}
	}
	if !known[claim] {
		report(key, fmt.Sprintf("must name a claim in claims.custom of a provider, got %q; %s",
			claim, suggestion(claim, slices.Sorted(maps.Keys(known)), "claims")))
	}
}

// checkSecure refuses http, except on loopback in development (S128, B-29).
func (c *Config) checkSecure(report func(key, problem string)) {
	refuse := func(key string, address chat.Origin) {
		if address != "" && !address.Secure(c.Development) {
			report(key, fmt.Sprintf("must be https, got %q; http is for loopback with development: true", address))
		}
	}
	refuse("baseURL", c.BaseURL)
	for name, provider := range c.Providers {
		for key, address := range map[string]string{"issuer": provider.Issuer, "discoveryURL": provider.DiscoveryURL} {
			if strings.HasPrefix(address, "http://") {
				refuse("providers."+name+"."+key, chat.Origin(address))
			}
		}
	}
	for name, section := range c.Chats {
		for key, address := range section.Addresses() {
			refuse("chats."+name+"."+key, address)
		}
	}
}

// checkSealing lets only a gateway that keeps nothing go without keys: it makes its own.
func (c *Config) checkSealing(report func(key, problem string)) {
	if c.Redis.Memory && len(c.Sealing.Keys) == 0 && c.Sealing.Current == "" {
		return
	}
	if _, ok := c.Sealing.Keys[c.Sealing.Current]; !ok {
		report("sealing.current", fmt.Sprintf("must name one of sealing.keys, got %q", c.Sealing.Current))
	}
	for name, key := range c.Sealing.Keys {
		raw, err := base64.StdEncoding.DecodeString(strings.TrimSpace(key.Reveal()))
		if err != nil {
			report("sealing.keys."+name, "must be base64, as openssl rand -base64 32 makes it")
		} else if len(raw) < 32 {
			report("sealing.keys."+name, fmt.Sprintf("must have at least 32 random bytes, got %d", len(raw)))
		}
	}
}

// Loaded is a configuration and what is needed to show it again.
type Loaded struct {
	Config     *Config
	References References
	// Files are the configuration file and all that it refers to with ${file:…}, those included that cannot be read.
	Files []string
}

// Load reads and checks a configuration file. Warn hears of what should be mended; it may be nil. The error is an
// Errors when the file can be read and is wrong.
func Load(path string, kinds Kinds, warn func(path, text string)) (Loaded, error) {
	source, err := os.ReadFile(path)
	if err != nil {
		return Loaded{Files: []string{path}}, fmt.Errorf("read configuration: %w", err)
	}
	l, err := Parse(path, source, kinds, warn)
	l.Files = append(l.Files, path)
	return l, err
}

// Parse is Load for a file that has been read.
func Parse(path string, source []byte, kinds Kinds, warn func(path, text string)) (Loaded, error) {
	l := Loaded{Config: &Config{dir: filepath.Dir(path)}, References: References{}}
	err := Decode(path, source, l.Config, Options{
		Kinds: kinds.options(), Warn: warn, References: l.References,
		Open: func(path string) (fs.File, error) {
			l.Files = append(l.Files, path)
			return openRegular(path)
		},
	})
	return l, err
}

// JSONSchema describes what Load accepts.
func JSONSchema(kinds Kinds) ([]byte, error) {
	return Schema(&Config{}, Options{Kinds: kinds.options()})
}

func (k Kinds) options() map[reflect.Type]func(name, kind string) (any, []string) {
	return map[reflect.Type]func(name, kind string) (any, []string){
		reflect.TypeFor[chat.Config](): func(_, kind string) (any, []string) {
			if open, ok := k[kind]; ok {
				return open(), nil
			}
			return nil, k.names()
		},
	}
}

// Print shows the effective configuration: defaults filled in, references as the file has them, secrets masked.
func (l Loaded) Print(w io.Writer) error { return l.References.Print(w, l.Config) }
