package talk

import (
	"encoding/json"
	"fmt"
	"strings"

	"chatgate/gateway/chat"
)

// wanted is a setting and what it must be.
type wanted struct {
	setting string
	value   any
	// or are other values that do as well.
	or []any
	// filled says that any text does.
	filled bool
	// minor says that people get in all the same.
	minor bool
}

func (w wanted) met(s coralSettings) bool {
	if w.filled && !s.is(w.setting, nil) && !s.is(w.setting, "") {
		return true
	}
	for _, value := range append([]any{w.value}, w.or...) {
		if s.is(w.setting, value) {
			return true
		}
	}
	return false
}

// target says where Coral shows a way to sign in.
type target struct {
	Admin  bool `json:"admin"`
	Stream bool `json:"stream"`
}

// wanted are the settings of this site's profile. What switches the integration on is the last.
func (c *connector) wanted() []wanted {
	switch c.cfg.Profile {
	case CoralSSO:
		return c.integration(integrationSSO, target{Admin: c.cfg.AdminLink, Stream: true}, nil)
	case CoralOIDC:
		// Without a secret there is no login here that Coral's own window could lead to.
		return c.integration(integrationOIDC, target{Admin: c.cfg.AdminLink, Stream: c.cfg.Client.Secret != ""}, c.oidcFields())
	}
	return nil
}

func (c *connector) integration(name string, shown target, fields []wanted) []wanted {
	return append(fields,
		wanted{setting: name + ".allowRegistration", value: true},
		wanted{setting: name + ".targetFilter", value: shown, minor: true},
		wanted{setting: name + ".enabled", value: true},
	)
}

// oidcFields are what Coral has to know of this gateway, byte for byte (G6). Coral treats the integration as switched off
// until every one of them has a value.
func (c *connector) oidcFields() []wanted {
	own := c.env.BaseURL + "/" + c.env.Name
	secret := wanted{setting: clientSecretSetting, value: c.cfg.Client.Secret.Reveal()}
	if c.cfg.Client.Secret == "" {
		secret = wanted{setting: clientSecretSetting, value: "not used", filled: true}
	}
	return []wanted{
		{setting: "oidc.name", value: c.env.Title, filled: true},
		{setting: "oidc.clientID", value: c.cfg.Client.ID},
		secret,
		{setting: "oidc.authorizationURL", value: own + "/oauth/authorize"},
		{setting: "oidc.tokenURL", value: own + "/oauth/token"},
		{setting: "oidc.jwksURI", value: own + "/jwks.json", or: []any{own + "/.well-known/jwks.json"}},
		{setting: "oidc.issuer", value: c.cfg.Issuer},
	}
}

// clientSecretSetting is shown to nobody.
const clientSecretSetting = "oidc.clientSecret"

// other is the integration that this site does not use.
func (c *connector) other() string {
	if c.cfg.Profile == CoralSSO {
		return integrationOIDC
	}
	return integrationSSO
}

// bothOn says what follows from both integrations, where that was not meant (G18).
func (c *connector) bothOn(s coralSettings) string {
	if c.cfg.Both || !s.is(c.other()+".enabled", true) {
		return ""
	}
	return fmt.Sprintf("Coral's other integration, %s, is switched on: one person would become two accounts, and Coral refuses "+
		"the second with DUPLICATE_EMAIL. Switch it off in Coral, or say bothIntegrations: true when it is meant", c.other())
}

// foreignSecret says what is wrong with ssoSecrets, which Coral alone can make.
func (c *connector) foreignSecret(s coralSettings) string {
	if c.cfg.Profile != CoralSSO || len(s.secrets) == 0 {
		return ""
	}
	current, ours := s.secrets[0], c.cfg.SSOSecrets[c.cfg.current()]
	show := "; chatgate setup talk --chat " + c.env.Name + " --show-secrets prints the lines"
	for _, secret := range s.secrets {
		if secret.Secret == ours && (secret.KID == c.cfg.current() || secret.KID == "") {
			if secret.Current {
				return ""
			}
			return fmt.Sprintf("ssoCurrent names a secret that was rotated in Coral and ends soon: the current one is %s%s", onOneLine(current.KID), show)
		}
	}
	if current.KID == "" {
		return "ssoSecrets does not have the secret that Coral takes" + show
	}
	return fmt.Sprintf("ssoSecrets does not have a secret that Coral takes under this key id: the current one is %s%s", onOneLine(current.KID), show)
}

// foreignCallback says what is wrong with the address at which Coral expects its own login to end (T-C2).
func (c *connector) foreignCallback(s coralSettings) string {
	if c.login == nil || c.cfg.Profile != CoralOIDC || s.callback == "" {
		return ""
	}
	for _, registered := range c.cfg.redirectURIs() {
		if registered == s.callback {
			return ""
		}
	}
	if strings.HasPrefix(s.callback, "http://") && strings.HasPrefix(string(c.cfg.URL), "https://") {
		return fmt.Sprintf("Coral takes itself for %s: it does not trust the proxy in front of it, so set TRUST_PROXY there and restart it", onOneLine(s.callback))
	}
	return fmt.Sprintf("Coral's own login ends at %s: client.redirectURIs must have that address", onOneLine(s.callback))
}

// longestSession is the longest advised life of Coral's own tokens, in seconds (G28).
const longestSession = 86400

// longSession advises on the life of Coral's own tokens, which no sign-out here reaches (G28).
func (c *connector) longSession(s coralSettings) string {
	if c.login == nil || s.seconds() <= longestSession {
		return ""
	}
	return fmt.Sprintf("Coral's own login lasts for %d seconds (%s), and no sign-out here reaches it: at most a day is advised; "+
		"chatgate setup talk --chat %s --session-duration 86400 sets it", s.seconds(), sessionDuration, c.env.Name)
}

// lockedOut says which embedding pages Coral lets nobody in from.
func lockedOut(missing []string) string {
	if len(missing) == 0 {
		return ""
	}
	return "no site of Coral lets in " + strings.Join(missing, ", ") + ": add it in Coral's administration, under Configure, Organization, " +
		"Site details, Permitted domains"
}

func secretSetting(setting string) bool { return setting == clientSecretSetting }

// changeOf is a change, which is shown without secrets.
func changeOf(setting string, was, set json.RawMessage) chat.Change {
	return chat.Change{Setting: setting, Was: was, Set: set, Secret: secretSetting(setting)}
}

// shown is a setting's value for people, on one line. Secrets are not.
func shown(setting string, value json.RawMessage) string {
	if secretSetting(setting) {
		return chat.ShownSecret(value)
	}
	return chat.Shown(value)
}
