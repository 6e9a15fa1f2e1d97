package oidc

import (
	"context"
	"errors"
)

// fetchUserinfo calls the userinfo endpoint. What it says counts only with the ID token's subject (OpenID Connect
// Core 1.0, Section 5.3.2; S40).
func (rp *RelyingParty) fetchUserinfo(ctx context.Context, p *provider, subject string, access Secret) (claims, error) {
	body, err := rp.get(ctx, p.userinfo, access)
	var status statusError
	if errors.As(err, &status) && !status.providersFault() {
		return nil, refuse(ReasonUserinfo, "%w", status)
	}
	if err != nil {
		return nil, &providerError{"call userinfo endpoint", err}
	}
	c, err := decodeClaims(body)
	if err != nil {
		return nil, &providerError{"read userinfo", err}
	}
	if !equal(subject, c.text("sub")) {
		return nil, refuse(ReasonUserinfo, "sub is missing or another person's")
	}
	return c, nil
}
