package talk

import (
	"context"
	"fmt"

	"chatgate/gateway/chat"
	"chatgate/gateway/issuer"
	"chatgate/gateway/session"
)

// The products' own callbacks below the site's address, where a sign-in ends that they began.
const (
	coralCallback = "/api/auth/oidc/callback"
	talk4Callback = "/api/v1/auth/chatgate/callback" // of our plugin (P5)
)

// newLogin is the way by which Coral's own login, or the sign-in window of Talk 4's plugin, sends people here: nil for a
// site whose product has no secret to prove itself with.
func (c *connector) newLogin() (*issuer.Issuer, error) {
	if c.cfg.Client.Secret == "" {
		return nil, nil
	}
	if err := c.cfg.checkRedirectURIs(c.env.Development); err != nil {
		return nil, err
	}
	return issuer.New(issuer.Config{
		Issuer: c.cfg.Issuer, BaseURL: c.env.BaseURL, Site: c.env.Name, Title: c.env.Title,
		Client:   issuer.Client{ID: c.cfg.Client.ID, Secret: c.cfg.Client.Secret, RedirectURIs: c.cfg.redirectURIs()},
		Provider: c.cfg.Access.OnlyProvider(), Claims: c.loginClaims, Keys: c.env.Keys, Sessions: c.env.Sessions, Store: c.env.Store,
		Limits: c.env.Limits, Rules: c.env.Rules, Audit: c.env.Audit, Problems: c.env.Problems, Log: c.env.Log, Now: c.env.Now,
	})
}

// checkRedirectURIs keeps codes off networks that others listen to. A Coral that names an http address of its own lacks
// TRUST_PROXY, and to configure that address here is no way out.
func (c *Config) checkRedirectURIs(development bool) error {
	for _, address := range c.Client.RedirectURIs {
		if !chat.Origin(address).Secure(development) {
			return fmt.Errorf("client.redirectURIs: must be https; http is for loopback with development: true, got %q", address)
		}
	}
	return nil
}

// redirectURIs are where a sign-in may end, to the byte.
func (c *Config) redirectURIs() []string {
	switch {
	case len(c.Client.RedirectURIs) > 0:
		return c.Client.RedirectURIs
	case c.Profile == Talk4:
		return []string{string(c.URL) + talk4Callback}
	default:
		return []string{string(c.URL) + coralCallback}
	}
}

// loginClaims are those of the site's pushed tokens (G19 to G21). The issuer puts its own in the place of what is said of
// the token itself, so that one of Talk 4's window is for the plugin and not for the whole of Talk.
func (c *connector) loginClaims(ctx context.Context, s session.Session, address string) (any, error) {
	if err := c.env.Enter(ctx, &c.cfg.Access, chat.Caller{Session: s, Address: address}); err != nil {
		return nil, err
	}
	a, err := c.account(ctx, s.Identity)
	if err == nil {
		a, err = c.named(ctx, a)
	}
	if err != nil {
		return nil, c.told(err)
	}
	return c.claims(a, stamp{}), nil
}
