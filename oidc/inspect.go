package oidc

import "context"

// Discover reads the provider's discovery document and its keys now, as Run does in the background. It is for a tool
// that looks an installation over. Its error says what is wrong with the provider or the way to it.
func (rp *RelyingParty) Discover(ctx context.Context) error { return rp.discover(ctx) }
