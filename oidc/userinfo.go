package oidc

import (
	"context"
	"errors"
	"net/http"
)

// fetchUserinfo calls the userinfo endpoint. What it says counts only with the ID token's subject (OpenID Connect
// Core 1.0, Section 5.3.2; S40).
func (rp *RelyingParty) fetchUserinfo(ctx context.Context, p *provider, subject string, access Secret) (claims, error) {
	body, media, err := rp.askUserinfo(ctx, p, access)
	var status statusError
	if errors.As(err, &status) && !status.providersFault() {
		return nil, refuse(ReasonUserinfo, "%w", status)
	}
	if err != nil {
		return nil, &providerError{"call userinfo endpoint", err}
	}
	c, err := rp.readUserinfo(ctx, p, body, media)
	if err != nil {
		return nil, err
	}
	if !equal(subject, c.text("sub")) {
		return nil, refuse(ReasonUserinfo, "sub is missing or another person's")
	}
	return c, nil
}

func (rp *RelyingParty) askUserinfo(ctx context.Context, p *provider, access Secret) (body []byte, media string, err error) {
	req, err := http.NewRequestWithContext(calling(ctx, CallUserinfo), http.MethodGet, p.userinfo, nil)
	if err != nil {
		return nil, "", err
	}
	req.Header.Set("Accept", "application/json, application/jwt")
	req.Header.Set("Authorization", "Bearer "+access.Reveal())
	return do(rp.plain, req)
}

// readUserinfo tells by its media type whether the answer is signed: which of the two the provider sends is registered
// with the client there.
func (rp *RelyingParty) readUserinfo(ctx context.Context, p *provider, body []byte, media string) (claims, error) {
	if media == "application/jwt" {
		return rp.signedUserinfo(ctx, p, string(body))
	}
	c, err := decodeClaims(body)
	if err != nil {
		return nil, &providerError{"read userinfo", err}
	}
	return c, nil
}

// signedUserinfo verifies an answer that is a signed token. Its issuer and audience are demanded, so that no other
// token passes for it; an encrypted answer is refused.
func (rp *RelyingParty) signedUserinfo(ctx context.Context, p *provider, raw string) (claims, error) {
	if _, err := readHeader(raw); err != nil {
		return nil, refuse(ReasonUserinfo, "%w", err)
	}
	_, c, err := p.keys.signedClaims(ctx, raw, p.algorithms)
	switch {
	case errors.Is(err, errSignature), errors.Is(err, errClaims):
		return nil, refuse(ReasonUserinfo, "%w", err)
	case err != nil:
		return nil, err
	}
	if err := rp.checkSignedUserinfo(p, c); err != nil {
		return nil, refuse(ReasonUserinfo, "%w", err)
	}
	return c, nil
}

func (rp *RelyingParty) checkSignedUserinfo(p *provider, c claims) error {
	if c.text("iss") != p.Issuer {
		return errors.New("iss is not the provider's")
	}
	if !rp.isAudience(c["aud"]) {
		return errors.New("aud is not the client's id")
	}
	if _, given := c["exp"]; !given {
		return nil
	}
	if expires, ok := c.time("exp"); !ok || rp.env.Now().After(expires.Add(rp.cfg.Leeway)) {
		return errors.New("exp is past")
	}
	return nil
}
