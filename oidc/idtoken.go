package oidc

import (
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	gooidc "github.com/coreos/go-oidc/v3/oidc"
)

const (
	maxToken    = 256 << 10 // bytes; thousands of groups fit
	maxHeader   = 8 << 10   // bytes of its header, encoded
	maxTokenAge = 10 * time.Minute
)

// expectation is what an ID token must say beyond what the configuration demands.
type expectation struct {
	nonce   string        // empty when none was sent, as for a refresh
	subject string        // empty when any will do
	maxAge  time.Duration // zero when auth_time does not matter
}

// verify returns the claims of a verified ID token. go-oidc checks algorithm, signature, issuer and audience; the
// rest of OpenID Connect Core 1.0, Section 3.1.3.7 is checkClaims. The expiry is among the latter because go-oidc
// knows no leeway.
func (rp *RelyingParty) verify(ctx context.Context, p *provider, t Tokens, want expectation) (claims, error) {
	raw := t.ID.Reveal()
	if raw == "" {
		return nil, refuse(ReasonIDTokenMissing, "the answer has no id_token")
	}
	if _, err := readHeader(raw); err != nil {
		return nil, refuse(ReasonIDTokenForm, "%w", err)
	}
	signature := &checkedSignature{keys: p.keys, algorithms: p.algorithms}
	token, err := gooidc.NewVerifier(p.Issuer, signature, &gooidc.Config{
		ClientID:             rp.cfg.Client.ID,
		SupportedSigningAlgs: p.algorithms,
		SkipExpiryCheck:      true,
	}).Verify(ctx, raw)
	switch {
	case signature.err != nil:
		return nil, signature.err
	case err != nil:
		return nil, refuse(ReasonIDToken, "%w", err)
	}
	if err := rp.checkClaims(signature.claims, want); err != nil {
		return nil, err
	}
	if token.AccessTokenHash != "" && token.VerifyAccessToken(t.Access.Reveal()) != nil {
		return nil, refuse(ReasonAccessToken, "at_hash is not that of the access token")
	}
	return signature.claims, nil
}

// readHeader refuses cheaply what cannot be a signed token: encrypted ones with their five parts, the JSON
// serialisation, and headers that are large, ambiguous or demand extensions (S48).
func readHeader(raw string) (claims, error) {
	encoded, _, _ := strings.Cut(raw, ".")
	if len(raw) > maxToken || len(encoded) > maxHeader || strings.Count(raw, ".") != 2 {
		return nil, errors.New("not a signed token of three parts and reasonable size")
	}
	decoded, err := base64.RawURLEncoding.DecodeString(encoded)
	if err != nil {
		return nil, errors.New("header is not base64url")
	}
	header, err := decodeClaims(decoded)
	if err != nil {
		return nil, fmt.Errorf("header: %w", err)
	}
	if _, critical := header["crit"]; critical {
		return nil, errors.New("header demands extensions")
	}
	return header, nil
}

// checkedSignature is the key set for one token. go-oidc turns a key set's error into text, so that a provider that
// cannot be reached would look like a forged token; this one remembers the error, and the claims.
type checkedSignature struct {
	keys       *keySet
	algorithms []string
	claims     claims
	err        error
}

var _ gooidc.KeySet = (*checkedSignature)(nil)

// VerifySignature implements gooidc.KeySet.
func (s *checkedSignature) VerifySignature(ctx context.Context, raw string) ([]byte, error) {
	payload, err := s.verify(ctx, raw)
	s.err = err
	return payload, err
}

func (s *checkedSignature) verify(ctx context.Context, raw string) (payload []byte, err error) {
	payload, s.claims, err = s.keys.signedClaims(ctx, raw, s.algorithms)
	switch {
	case errors.Is(err, errSignature):
		return nil, refuse(ReasonSignature, "%w", err)
	case errors.Is(err, errClaims):
		return nil, refuse(ReasonIDTokenForm, "%w", err)
	}
	return payload, err
}

func (rp *RelyingParty) checkClaims(c claims, want expectation) error {
	for _, check := range []func(claims, expectation) error{
		rp.checkAudience, checkSubject, rp.checkTimes, checkNonce, rp.checkAuthTime, rp.checkACR,
	} {
		if err := check(c, want); err != nil {
			return err
		}
	}
	return nil
}

// checkAudience adds to go-oidc's check that nobody unknown shares the token, and that it was made for us (S44).
func (rp *RelyingParty) checkAudience(c claims, _ expectation) error {
	for _, audience := range c.list("aud") {
		if audience != rp.cfg.Client.ID && !slices.Contains(rp.cfg.ExtraAudiences, audience) {
			return refuse(ReasonAudience, "audience %q is not in extraAudiences", audience)
		}
	}
	if azp, given := c["azp"]; given && azp != rp.cfg.Client.ID {
		return refuse(ReasonAudience, "azp is not the client's id")
	}
	return nil
}

// isAudience says the same of what go-oidc does not see, logout tokens and signed userinfo: aud names this client, and beside
// it only extraAudiences.
func (rp *RelyingParty) isAudience(aud any) bool {
	list, ok := aud.([]any)
	if !ok {
		list = []any{aud}
	}
	unknown := func(entry any) bool {
		text, _ := entry.(string)
		return text != rp.cfg.Client.ID && !slices.Contains(rp.cfg.ExtraAudiences, text)
	}
	return slices.Contains(list, any(rp.cfg.Client.ID)) && !slices.ContainsFunc(list, unknown)
}

// checkSubject takes a subject as it is: opaque, never trimmed, never folded (S49).
func checkSubject(c claims, want expectation) error {
	subject := c.text("sub")
	if subject == "" || exact(subject, maxSubject) != subject {
		return refuse(ReasonSubject, "sub is missing, too long or has control characters")
	}
	if want.subject != "" && want.subject != subject {
		return refuse(ReasonSubject, "sub is another person's")
	}
	return nil
}

func (rp *RelyingParty) checkTimes(c claims, _ expectation) error {
	if err := rp.checkLifetime(c); err != nil {
		return refuse(ReasonTime, "%w", err)
	}
	return nil
}

// checkLifetime demands exp and iat, and believes clocks within the leeway (S43).
func (rp *RelyingParty) checkLifetime(c claims) error {
	now, leeway := rp.env.Now(), rp.cfg.Leeway
	expires, ok := c.time("exp")
	if !ok || now.After(expires.Add(leeway)) {
		return errors.New("exp is missing or past")
	}
	issued, ok := c.time("iat")
	if !ok || issued.After(now.Add(leeway)) {
		return errors.New("iat is missing or in the future")
	}
	if now.Sub(issued) > maxTokenAge+leeway {
		return fmt.Errorf("iat is more than %s ago", maxTokenAge)
	}
	if _, given := c["nbf"]; given {
		if begins, ok := c.time("nbf"); !ok || begins.After(now.Add(leeway)) {
			return errors.New("nbf is in the future")
		}
	}
	return nil
}

// checkNonce compares in constant time (S21). A refreshed token need not repeat the nonce (OpenID Connect Core 1.0,
// Section 12.2).
func checkNonce(c claims, want expectation) error {
	if want.nonce != "" && !equal(want.nonce, c.text("nonce")) {
		return refuse(ReasonNonce, "nonce is not the attempt's")
	}
	return nil
}

// checkAuthTime holds the provider to the max_age it was asked for (S45).
func (rp *RelyingParty) checkAuthTime(c claims, want expectation) error {
	if want.maxAge == 0 {
		return nil
	}
	signedIn, ok := c.time("auth_time")
	if now := rp.env.Now(); !ok || now.Sub(signedIn) > want.maxAge+rp.cfg.Leeway || signedIn.After(now.Add(rp.cfg.Leeway)) {
		return refuse(ReasonAuthTime, "auth_time is missing or not within max_age")
	}
	return nil
}

// checkACR makes acr_values, which the protocol leaves voluntary, a demand (S45).
func (rp *RelyingParty) checkACR(c claims, _ expectation) error {
	if len(rp.cfg.ACRValues) > 0 && !slices.Contains(rp.cfg.ACRValues, c.text("acr")) {
		return refuse(ReasonACR, "acr is none of acrValues")
	}
	return nil
}
