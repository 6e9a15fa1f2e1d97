package oidc

import (
	"context"
	"time"
)

// Discover reads the provider's discovery document and its keys now, as Run does in the background. It is for a tool
// that looks an installation over. Its error says what is wrong with the provider or the way to it.
func (rp *RelyingParty) Discover(ctx context.Context) error { return rp.discover(ctx) }

// DocumentURL is where the discovery document is read: at the issuer, or at discoveryURL.
func (rp *RelyingParty) DocumentURL() string { return rp.addresses.discovery.String() }

// Leeway is how far the provider's clock may be from ours.
func (rp *RelyingParty) Leeway() time.Duration { return rp.cfg.Leeway }
