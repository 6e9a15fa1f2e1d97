package talk

import (
	"context"
	"slices"

	"chatgate/gateway/chat"
	"chatgate/gateway/session"
	"chatgate/oidc"
)

var _ chat.Rechecker = (*connector)(nil)

// RecheckSession follows what the provider, asked again, says of a person. Another name, address or role comes with the next
// token without more ado, since the one that is kept says something else. Who lost something does not keep it until their
// tokens expire (S54).
func (c *connector) RecheckSession(ctx context.Context, former, now session.Session) error {
	if !c.lost(former.Identity, now.Identity) {
		return nil
	}
	if err := c.EndSession(ctx, now); err != nil {
		return err
	}
	return c.spoil(ctx, now.Key)
}

// lost says whether tokens that are out give a person more than new ones would: a higher role, or an account at all where
// that takes an address which somebody vouches for.
func (c *connector) lost(former, now oidc.Identity) bool {
	if c.cfg.Profile != CoralSSO {
		return false
	}
	was, _ := c.cfg.granted(former)
	is, _ := c.cfg.granted(now)
	return slices.Index(ascending, is) < slices.Index(ascending, was) || verifiedEmail(former) != "" && verifiedEmail(now) == ""
}
