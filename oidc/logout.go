package oidc

import "net/url"

// LogoutRequest is what the provider is told when a person signs out here.
type LogoutRequest struct {
	// IDToken is the token of the session that ended; it tells the provider whom to sign out.
	IDToken Secret
	// ReturnTo is where the browser comes back to; the provider must know it as a post-logout redirect URI.
	ReturnTo string
	// State comes back unchanged. It needs at least 128 random bits.
	State string
}

// LogoutURL is the address at the provider that signs a person out there too (OpenID Connect RP-Initiated Logout 1.0,
// Section 2). It is false for a provider that has none, or whose discovery document has not been read.
func (rp *RelyingParty) LogoutURL(r LogoutRequest) (string, bool) {
	metadata, ok := rp.Metadata()
	if !ok || metadata.EndSessionEndpoint == "" {
		return "", false
	}
	u, err := url.Parse(metadata.EndSessionEndpoint)
	if err != nil {
		return "", false // discovery has checked it
	}
	query := u.Query()
	if r.IDToken != "" {
		query.Set("id_token_hint", r.IDToken.Reveal())
	}
	query.Set("client_id", rp.cfg.Client.ID)
	query.Set("post_logout_redirect_uri", r.ReturnTo)
	query.Set("state", r.State)
	u.RawQuery = query.Encode()
	return u.String(), true
}
