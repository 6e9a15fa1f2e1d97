package oidc

import (
	"context"
	"errors"
	"net/http"
	"net/url"
	"strings"

	"golang.org/x/oauth2"
)

// Revoke tells the provider that a refresh token is no longer used (RFC 7009), and with it what was given for it. It
// returns nil when there is nothing left to do: without a refresh token, at a provider without a revocation endpoint,
// and when the provider does not know the token or does not revoke such. After ErrProvider and ErrNotReady it is worth
// another try.
func (rp *RelyingParty) Revoke(ctx context.Context, t Tokens) error {
	p, err := rp.ready()
	if err != nil {
		return err
	}
	if t.Refresh == "" || p.revocation == "" {
		return nil
	}
	body, err := rp.post(ctx, p, p.revocation, url.Values{
		"token":           {t.Refresh.Reveal()},
		"token_type_hint": {"refresh_token"},
	})
	if err != nil && !isSettled(err, body) {
		return &providerError{"revoke refresh token", err}
	}
	return nil
}

// isSettled reports a refusal that no repetition changes, such as unsupported_token_type (RFC 7009, Section 2.2.1).
// What speaks of the client's registration may be mended.
func isSettled(err error, body []byte) bool {
	var status statusError
	if !errors.As(err, &status) || status != http.StatusBadRequest {
		return false
	}
	answer, err := decodeClaims(body)
	return err != nil || answer.text("error") != "invalid_client"
}

// post sends a form as the client. The provider's errors are statusErrors, with their body.
func (rp *RelyingParty) post(ctx context.Context, p *provider, address string, form url.Values) ([]byte, error) {
	client := p.oauth
	basic := client.Endpoint.AuthStyle == oauth2.AuthStyleInHeader
	if !basic {
		form.Set("client_id", client.ClientID)
		if client.ClientSecret != "" {
			form.Set("client_secret", client.ClientSecret)
		}
	}
	req, err := http.NewRequestWithContext(calling(ctx, CallRevoke), http.MethodPost, address, strings.NewReader(form.Encode()))
	if err != nil {
		return nil, err
	}
	req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	req.Header.Set("Accept", "application/json")
	if basic { // both halves are form-encoded before they are joined (RFC 6749, Section 2.3.1)
		req.SetBasicAuth(url.QueryEscape(client.ClientID), url.QueryEscape(client.ClientSecret))
	}
	body, _, err := do(rp.plain, req)
	return body, err
}
