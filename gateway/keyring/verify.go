package keyring

import (
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/golang-jwt/jwt/v5"
)

// ErrRefused wraps every reason for which a token is refused. The reason is for the log, not for the caller's answer
// (S101).
var ErrRefused = errors.New("token refused")

const (
	maxTokenBytes = 8 << 10     // ours are below 2 KiB; a request header may be far larger (S48)
	maxLeeway     = time.Minute // S43
)

// Expectation is what a token must say to be good at one place.
type Expectation struct {
	// Issuer and Audience must each equal the claim, byte for byte (G6).
	Issuer, Audience string
	// Leeway forgives clocks that differ; at most a minute.
	Leeway time.Duration
}

// Claims are the claims of a token that was verified.
type Claims struct {
	Issuer, Audience, Subject, ID string
	IssuedAt, ExpiresAt           time.Time
	body                          json.RawMessage
}

// Decode reads the whole claim set into v, for what Claims does not name.
func (c Claims) Decode(v any) error { return json.Unmarshal(c.body, v) }

// Verify returns the claims of a token that this set signed: RS256 by a key of this set (G5), within its lifetime, for
// this issuer and one audience. Every other token is ErrRefused; before the keys are there it is ErrNotLoaded.
func (s *Set) Verify(token string, want Expectation) (Claims, error) {
	g, err := s.loaded()
	if err != nil {
		return Claims{}, err
	}
	claims, err := verify(token, jwt.SigningMethodRS256, s.now(), want.Leeway, func(kid string) (any, error) {
		for _, key := range g.published {
			if key.kid == kid {
				return &key.private.PublicKey, nil
			}
		}
		return nil, errUnknownKID
	})
	switch {
	case err != nil:
		return Claims{}, err
	case want.Issuer == "" || claims.Issuer != want.Issuer:
		return Claims{}, fmt.Errorf("%w: other issuer", ErrRefused)
	case want.Audience == "" || claims.Audience != want.Audience:
		return Claims{}, fmt.Errorf("%w: other audience", ErrRefused)
	}
	return claims, nil
}

var errUnknownKID = errors.New("unknown kid")

// verify checks what is common to all our tokens. The algorithm is the caller's, never the token's (S100).
func verify(token string, method jwt.SigningMethod, now time.Time, leeway time.Duration, find func(kid string) (any, error)) (Claims, error) {
	if len(token) > maxTokenBytes {
		return Claims{}, fmt.Errorf("%w: %d bytes long", ErrRefused, len(token))
	}
	leeway = max(0, min(leeway, maxLeeway))
	parser := jwt.NewParser(
		jwt.WithValidMethods([]string{method.Alg()}),
		jwt.WithExpirationRequired(),
		jwt.WithLeeway(leeway),
		jwt.WithTimeFunc(func() time.Time { return now }),
		jwt.WithStrictDecoding(),
	)
	var signed signedClaims
	_, err := parser.ParseWithClaims(token, &signed, func(t *jwt.Token) (any, error) {
		kid, err := ourHeader(t.Header)
		if err != nil {
			return nil, err
		}
		return find(kid)
	})
	if err != nil {
		return Claims{}, fmt.Errorf("%w: %w", ErrRefused, err)
	}
	return signed.claims(now)
}

// ourHeader returns the kid of a header as sign writes it; one with anything else in it, "crit" for example, is not
// ours and is refused before any key is used.
func ourHeader(header map[string]any) (string, error) {
	kid, _ := header["kid"].(string)
	if kid == "" || header["typ"] != "JWT" || len(header) != 3 {
		return "", errors.New("header is not alg, typ and kid")
	}
	return kid, nil
}

// signedClaims keeps the claim set as it was signed beside the registered claims in it.
type signedClaims struct {
	jwt.RegisteredClaims
	audience string
	body     json.RawMessage
}

// UnmarshalJSON reads the audience as one string: an array is refused (D16), as Coral would.
func (s *signedClaims) UnmarshalJSON(body []byte) error {
	var one struct {
		Audience string `json:"aud"`
	}
	if err := json.Unmarshal(body, &one); err != nil {
		return err
	}
	s.audience, s.body = one.Audience, append(json.RawMessage(nil), body...)
	return json.Unmarshal(body, &s.RegisteredClaims)
}

func (s *signedClaims) claims(now time.Time) (Claims, error) {
	c := Claims{
		Issuer: s.Issuer, Audience: s.audience, Subject: s.Subject, ID: s.ID,
		ExpiresAt: s.ExpiresAt.Time, body: s.body,
	}
	if s.IssuedAt == nil || s.IssuedAt.After(now.Add(maxLeeway)) {
		return Claims{}, fmt.Errorf("%w: issued at no time or in the future", ErrRefused)
	}
	c.IssuedAt = s.IssuedAt.Time
	return c, nil
}
