package talk

import (
	"context"
	"crypto/rsa"

	"chatgate/gateway/chat"
	"chatgate/gateway/keyring"
	"chatgate/store"
)

// Operated is a connector that an operator works with from the command line.
type Operated interface {
	// Profile is the site's, and Plugin says whether its Talk 4 has a sign-in window, which the plugin alone opens.
	Profile() Profile
	Plugin() bool
	// Setup is the set-up of the site's Coral, or ErrNotCoral.
	Setup(by Administrator) (*Setup, error)
	// Environment is what a Talk 4 is started with, or ErrNotTalk4.
	Environment(e Environment) ([]Variable, error)
	// Judge holds tokens to this site's rules at that release of the product, with the secrets and the keys that are
	// loaded.
	Judge(version string) Judge
	// Aliases say who goes by the user id that they had at a provider which was replaced.
	Aliases() *Aliases
	// ExamineAs is Examine with the eyes of one of Coral's administrators; without a token it is Examine.
	ExamineAs(ctx context.Context, token store.Secret) []chat.Finding
}

var _ Operated = (*connector)(nil)

func (c *connector) Profile() Profile { return c.cfg.Profile }

func (c *connector) Plugin() bool { return c.cfg.Profile == Talk4 && c.cfg.Client.given() }

// Judge holds tokens to this site's rules.
func (c *connector) Judge(version string) Judge {
	j := Judge{Profile: c.cfg.Profile, Version: version, Now: c.env.Now()}
	switch {
	case c.cfg.Profile == CoralSSO:
		j.Secrets = c.cfg.SSOSecrets
	case c.cfg.SharedSecret != "":
		j.Secrets = map[string]store.Secret{c.env.Name: c.cfg.SharedSecret}
	case c.env.Keys != nil:
		keys, _ := c.env.Keys.Keys() // a command has not loaded them, and brings them itself
		j.Keys = PublicKeys(keys)
	}
	if c.cfg.Profile != CoralSSO {
		j.Issuer, j.Audience = c.cfg.Issuer, c.cfg.audience()
	}
	return j
}

// PublicKeys are the public halves of keys, by key id, for a Judge.
func PublicKeys(keys []keyring.Key) map[string]*rsa.PublicKey {
	public := map[string]*rsa.PublicKey{}
	for _, key := range keys {
		public[key.KID] = key.Public
	}
	return public
}
