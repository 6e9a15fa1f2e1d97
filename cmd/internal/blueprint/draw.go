package blueprint

import (
	"net"
	"net/url"
	"slices"
	"strings"
	"time"

	"chatgate/cmd/internal/app"
)

// The names that chats have in the configuration, where they are routes, and the provider's, which is part of every
// identity (D6).
const (
	rocketChatName = "rocketchat"
	commentsName   = "talk"
	providerName   = "corp"
)

// unknownKeyID stands in the configuration until somebody has looked Coral's up.
const unknownKeyID = "the-key-id-that-coral-shows"

// Blueprint is an installation that has been drawn up.
type Blueprint struct {
	Answers
	Findings
	Secrets []Secret
	// SealingKey is the name of the key that seals.
	SealingKey string
	// Permissions are what the service account of Rocket.Chat needs.
	Permissions []app.Permission
}

func (s *sheet) draw(now time.Time) (*Blueprint, error) {
	permissions, err := app.WorkspacePermissions()
	if err != nil {
		return nil, err
	}
	if s.KeyID == "" {
		s.KeyID = unknownKeyID
	}
	return &Blueprint{
		Answers: s.Answers, Findings: s.Findings, Secrets: s.collectSecrets(),
		SealingKey: now.UTC().Format("2006-01"), Permissions: permissions,
	}, nil
}

// Missing are the secrets that only others can tell.
func (b *Blueprint) Missing() []Secret {
	return slices.DeleteFunc(slices.Clone(b.Secrets), func(s Secret) bool { return s.Text != "" })
}

// has says whether the installation has a secret of this name.
func (b *Blueprint) has(name string) bool {
	_, wanted := b.secret(name)
	return wanted
}

func (b *Blueprint) secret(name string) (Secret, bool) {
	i := slices.IndexFunc(b.Secrets, func(s Secret) bool { return s.Name == name })
	if i < 0 {
		return Secret{}, false
	}
	return b.Secrets[i], true
}

// Product is what people call the provider's product.
func (b *Blueprint) Product() string { return products[b.Preset].name }

// Keycloak says whether the client is described by a file that Keycloak imports.
func (b *Blueprint) Keycloak() bool { return b.Preset == app.PresetKeycloak }

// MadeSecret says whether the operator makes up the client's secret.
func (b *Blueprint) MadeSecret() bool { return products[b.Preset].takesSecret }

// ClientName is what the client is called before the provider has given it an id.
func (b *Blueprint) ClientName() string {
	if b.ClientID == "" {
		return "chatgate"
	}
	return b.ClientID
}

// TokenVariable is the variable of Rocket.Chat's server.
func (b *Blueprint) TokenVariable() string {
	name, _ := b.Release.TokenVariable()
	return name
}

// TokenSecret says whether that variable holds a secret that the gateway has too.
func (b *Blueprint) TokenSecret() bool {
	_, secret := b.Release.TokenVariable()
	return secret
}

// Host is the gateway's host name.
func (b *Blueprint) Host() string {
	u, err := url.Parse(string(b.Gateway))
	if err != nil {
		return string(b.Gateway)
	}
	return u.Hostname()
}

// Listen is where the gateway listens outside a cluster: behind the proxy on its own machine, or where its public address
// is one of this machine.
func (b *Blueprint) Listen() string {
	u, err := url.Parse(string(b.Gateway))
	if err == nil && b.Development && u.Port() != "" {
		return net.JoinHostPort("127.0.0.1", u.Port())
	}
	return "127.0.0.1:8080"
}

// Scopes are the scopes to ask for, where the preset does not know better.
func (b *Blueprint) Scopes() string {
	further := b.Provider.FurtherScopes()
	if len(further) == 0 || b.Preset != "" {
		return ""
	}
	return strings.Join(append([]string{"openid", "profile", "email"}, further...), ", ")
}

// AllScopes are the scopes that the client needs at the provider.
func (b *Blueprint) AllScopes() string {
	scopes := b.Preset.Scopes()
	if b.Preset == "" {
		scopes = append(scopes, b.Provider.FurtherScopes()...)
	}
	return strings.Join(scopes, " ")
}

// Algorithms are those of the provider, where the default is not among them.
func (b *Blueprint) Algorithms() string { return strings.Join(b.Provider.SigningAlgorithms(), ", ") }

// Access are the rules of both chats (D7).
func (b *Blueprint) Access() string {
	rules := "providers: [" + providerName + "]"
	for _, list := range []struct {
		key   string
		words []string
	}{{"groups", b.Groups}, {"emailDomains", b.Domains}} {
		if len(list.words) > 0 {
			rules += ", " + list.key + ": [" + strings.Join(quoted(list.words), ", ") + "]"
		}
	}
	return "{" + rules + "}"
}

// Narrowed says whether a rule of one's own leaves some people out whom the provider signs in.
func (b *Blueprint) Narrowed() bool { return len(b.Groups) > 0 || len(b.Domains) > 0 }

// WhoMayEnter says in words what Access says in rules.
func (b *Blueprint) WhoMayEnter() string {
	var rules []string
	if len(b.Groups) > 0 {
		rules = append(rules, "is a member of "+strings.Join(quoted(b.Groups), " or "))
	}
	if len(b.Domains) > 0 {
		rules = append(rules, "has a verified address at "+strings.Join(b.Domains, " or "))
	}
	everybody := "everybody whom " + b.Issuer + " signs in"
	if len(rules) == 0 {
		return everybody
	}
	return everybody + " and who " + strings.Join(rules, " and ")
}

// FrontChannel says whether the provider can tell of sign-outs in the browser alone.
func (b *Blueprint) FrontChannel() bool {
	return b.Provider.FrontchannelLogout && !b.Provider.BackchannelLogout
}

// Seen says whether the provider has answered.
func (b *Blueprint) Seen() bool { return b.Provider.Issuer != "" }

// BackChannel says whether to register for the back channel: also at a provider that was not seen.
func (b *Blueprint) BackChannel() bool { return b.Provider.BackchannelLogout || !b.Seen() }
