package oidc

import (
	"cmp"
	"context"
	"errors"
	"fmt"

	"golang.org/x/oauth2"
)

// Refresh asks the provider for new tokens and for what it says about the person now (OpenID Connect Core 1.0,
// Section 12; S54). The identity stays the same person's: another subject is refused (S47).
//
// ErrRefused means that the provider has ended the grant, or that its answer failed a check; the session should
// end. After ErrProvider and ErrNotReady it goes on until its own expiry (S71). The tokens returned replace the
// former ones, since a refresh token may be good once only.
func (rp *RelyingParty) Refresh(ctx context.Context, former Identity, t Tokens) (Identity, Tokens, error) {
	p, err := rp.ready()
	if err != nil {
		return Identity{}, Tokens{}, err
	}
	if former.Provider != rp.env.Provider {
		return Identity{}, Tokens{}, refuse(ReasonMixUp, "the identity is another provider's")
	}
	if t.Refresh == "" {
		return Identity{}, Tokens{}, refuse(ReasonRefresh, "there is no refresh token")
	}
	fresh, err := rp.renew(ctx, p, t)
	if err != nil {
		return Identity{}, Tokens{}, err
	}
	identity, err := rp.identifyAgain(ctx, p, former, fresh)
	if err != nil {
		return Identity{}, Tokens{}, err
	}
	if fresh.ID == "" {
		fresh.ID = t.ID // still the hint for signing out
	}
	return identity, fresh, nil
}

func (rp *RelyingParty) renew(ctx context.Context, p *provider, t Tokens) (Tokens, error) {
	spent := &oauth2.Token{RefreshToken: t.Refresh.Reveal()}
	token, err := p.oauth.TokenSource(rp.withClient(calling(ctx, CallRefresh)), spent).Token()
	if err != nil {
		return Tokens{}, rp.refreshError(err)
	}
	return rp.tokens(token), nil
}

// refreshError lets only the end of the grant end a session. The other codes speak of the client's registration, and a
// secret that is being changed must not sign everybody out.
func (rp *RelyingParty) refreshError(err error) error {
	var answer *oauth2.RetrieveError
	if errors.As(err, &answer) && !rp.cfg.Preset.ends(answer.Response.StatusCode, answer.ErrorCode) {
		status := statusError(answer.Response.StatusCode)
		return &providerError{"refresh tokens", fmt.Errorf("%w, error %q", status, cleanCode(answer.ErrorCode))}
	}
	return tokenError(ReasonRefresh, err)
}

// identifyAgain reads the new ID token or, where the provider gives none with a refresh, userinfo.
func (rp *RelyingParty) identifyAgain(ctx context.Context, p *provider, former Identity, t Tokens) (Identity, error) {
	if t.ID == "" && p.userinfo == "" {
		return former, nil
	}
	identity, err := rp.refreshed(ctx, p, former.Subject, t)
	if err != nil {
		return Identity{}, err
	}
	// These belong to the sign-in and need not be repeated.
	identity.SID = cmp.Or(identity.SID, former.SID)
	identity.ACR = cmp.Or(identity.ACR, former.ACR)
	if identity.AuthTime.IsZero() {
		identity.AuthTime = former.AuthTime
	}
	return identity, nil
}

func (rp *RelyingParty) refreshed(ctx context.Context, p *provider, subject string, t Tokens) (Identity, error) {
	if t.ID == "" {
		c, err := rp.fetchUserinfo(ctx, p, subject, t.Access)
		if err != nil {
			return Identity{}, err
		}
		return rp.identity(ctx, []claims{c}), nil
	}
	c, err := rp.verify(ctx, p, t, expectation{subject: subject})
	if err != nil {
		return Identity{}, err
	}
	return rp.identify(ctx, p, c, t.Access)
}
