package chattest

import (
	"context"

	"chatgate/gateway/session"
	"chatgate/oidc"
)

// Provider is asked again for living sessions. Its zero value says what it said before.
type Provider struct {
	// Says is what is true of a person now.
	Says func(former oidc.Identity) oidc.Identity
}

var _ session.Provider = (*Provider)(nil)

// Refresh implements session.Provider. Refresh tokens stay good.
func (p *Provider) Refresh(_ context.Context, former oidc.Identity, t oidc.Tokens) (oidc.Identity, oidc.Tokens, error) {
	if p.Says == nil {
		return former, t, nil
	}
	return p.Says(former), t, nil
}

// RevokeLater implements session.Provider.
func (p *Provider) RevokeLater(context.Context, string, oidc.Tokens) error { return nil }
