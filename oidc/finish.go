package oidc

import (
	"context"
	"crypto/subtle"
	"errors"
	"net/url"
	"strings"
	"time"

	"golang.org/x/oauth2"
)

// maxCode bounds the authorization code; real ones stay far below.
const maxCode = 4096

// Tokens are what the provider gave with an identity.
type Tokens struct {
	ID      Secret    `json:"i,omitempty"`
	Refresh Secret    `json:"r,omitempty"` // empty when the provider gave none
	Access  Secret    `json:"a,omitempty"`
	Expiry  time.Time `json:"e,omitzero"` // of the access token; zero when the provider did not say
}

// Finish checks the callback, exchanges the code, and verifies the ID token (OpenID Connect Core 1.0, Section
// 3.1.3.7). The caller has taken the attempt already, so a replayed callback finds none (S25). Errors are
// ErrNotReady, ErrDenied, ErrRefused and ErrProvider.
func (rp *RelyingParty) Finish(ctx context.Context, a Attempt, callback url.Values) (Identity, Tokens, error) {
	p, err := rp.ready()
	if err != nil {
		return Identity{}, Tokens{}, err
	}
	code, err := rp.checkCallback(p, a, callback)
	if err != nil {
		return Identity{}, Tokens{}, err
	}
	tokens, err := rp.exchange(ctx, p, a, code)
	if err != nil {
		return Identity{}, Tokens{}, err
	}
	want := expectation{nonce: a.Nonce, maxAge: a.MaxAge}
	c, err := rp.verify(ctx, p, tokens, want)
	if err != nil {
		return Identity{}, Tokens{}, err
	}
	identity, err := rp.identify(ctx, p, c, tokens.Access)
	if err != nil {
		return Identity{}, Tokens{}, err
	}
	return identity, tokens, nil
}

// checkCallback returns the code. An error callback must bear a valid state and issuer too (S24).
func (rp *RelyingParty) checkCallback(p *provider, a Attempt, callback url.Values) (string, error) {
	for name, values := range callback {
		if len(values) != 1 {
			return "", refuse(ReasonParameters, "parameter %q is given more than once", name)
		}
	}
	if err := rp.checkAttempt(a, callback.Get("state")); err != nil {
		return "", err
	}
	if err := checkIssuer(p, callback); err != nil {
		return "", err
	}
	if callback.Has("error") {
		return "", providerSaid(callback.Get("error"))
	}
	code := callback.Get("code")
	if code == "" || len(code) > maxCode {
		return "", refuse(ReasonParameters, "code is missing or too long")
	}
	return code, nil
}

func (rp *RelyingParty) checkAttempt(a Attempt, state string) error {
	if a.Provider != rp.env.Provider {
		return refuse(ReasonMixUp, "the login began at another provider")
	}
	if a.State == "" || !equal(a.State, state) {
		return refuse(ReasonState, "state is not the attempt's")
	}
	if a.Nonce == "" || a.Verifier == "" {
		return refuse(ReasonState, "attempt is not whole")
	}
	if age := rp.env.Now().Sub(a.Created); age > AttemptLifetime || age < -rp.cfg.Leeway {
		return refuse(ReasonAttemptExpired, "the login began %s ago", age.Round(time.Second))
	}
	return nil
}

// checkIssuer follows RFC 9207, Section 2.4: compared when present, required when advertised (S23).
func checkIssuer(p *provider, callback url.Values) error {
	switch {
	case callback.Has("iss") && callback.Get("iss") != p.Issuer:
		return refuse(ReasonCallbackIssuer, "iss names another issuer")
	case p.CallbackIssuer && !callback.Has("iss"):
		return refuse(ReasonCallbackIssuer, "iss is missing, and the provider says it sends it")
	}
	return nil
}

// providerSaid turns an error callback into an error. Two of the codes speak of the provider's health, not of the
// person.
func providerSaid(code string) error {
	switch code = cleanCode(code); code {
	case "server_error", "temporarily_unavailable":
		return &providerError{"sign in", errors.New(code)}
	}
	return &DeniedError{Code: code}
}

// cleanCode keeps an error code that has the form of one (RFC 6749, Section 4.1.2.1), and nothing else.
func cleanCode(code string) string {
	wrong := func(r rune) bool { return r < ' ' || r > '~' || r == '"' || r == '\\' }
	if code == "" || len(code) > 64 || strings.ContainsFunc(code, wrong) {
		return "unknown"
	}
	return code
}

func (rp *RelyingParty) exchange(ctx context.Context, p *provider, a Attempt, code string) (Tokens, error) {
	token, err := p.client(a.RedirectURL).Exchange(rp.withClient(calling(ctx, CallToken)), code, oauth2.VerifierOption(a.Verifier))
	if err != nil {
		return Tokens{}, tokenError(ReasonCode, err)
	}
	return rp.tokens(token), nil
}

// withClient is how x/oauth2 is told which HTTP client to use.
func (rp *RelyingParty) withClient(ctx context.Context) context.Context {
	return context.WithValue(ctx, oauth2.HTTPClient, rp.client)
}

// tokens counts the access token's life by our own clock.
func (rp *RelyingParty) tokens(token *oauth2.Token) Tokens {
	id, _ := token.Extra("id_token").(string)
	t := Tokens{ID: Secret(id), Refresh: Secret(token.RefreshToken), Access: Secret(token.AccessToken)}
	if token.ExpiresIn > 0 {
		t.Expiry = rp.env.Now().Add(time.Duration(token.ExpiresIn) * time.Second)
	}
	return t
}

// tokenError sorts the failures of the token endpoint. x/oauth2's own error quotes the whole answer, which may hold
// tokens, so only its code goes on.
func tokenError(reason Reason, err error) error {
	var answer *oauth2.RetrieveError
	if !errors.As(err, &answer) {
		return &providerError{"call token endpoint", err}
	}
	status := statusError(answer.Response.StatusCode)
	if status.providersFault() {
		return &providerError{"call token endpoint", status}
	}
	return refuse(reason, "token endpoint answered %w, error %q", status, cleanCode(answer.ErrorCode))
}

func equal(a, b string) bool { return subtle.ConstantTimeCompare([]byte(a), []byte(b)) == 1 }
