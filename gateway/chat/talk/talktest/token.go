package talktest

import (
	"errors"
	"fmt"
	"math"
	"time"

	"github.com/golang-jwt/jwt/v5"
)

// decode reads a token's header and claims without believing them, as both products do to choose a key or a verifier.
func decode(token string) (header, claims map[string]any, err error) {
	parsed := jwt.MapClaims{}
	t, _, err := jwt.NewParser().ParseUnverified(token, parsed)
	if err != nil && !errors.Is(err, jwt.ErrTokenUnverifiable) {
		return nil, nil, fmt.Errorf("token could not be decoded: %w", err)
	}
	return t.Header, parsed, nil
}

// verify checks a token as the jsonwebtoken library does for both products: its one allowed algorithm, its signature,
// then "nbf" and "exp" without any tolerance. Neither claim has to be there, and "iat" is not looked at.
func verify(token, algorithm string, key any, now time.Time) (map[string]any, error) {
	claims := jwt.MapClaims{}
	parser := jwt.NewParser(jwt.WithValidMethods([]string{algorithm}), jwt.WithoutClaimsValidation())
	if _, err := parser.ParseWithClaims(token, claims, func(*jwt.Token) (any, error) { return key, nil }); err != nil {
		return nil, err
	}
	return claims, checkTimes(claims, now)
}

// checkTimes compares whole seconds, as the products' clocks do: a token is expired in the second "exp" names.
func checkTimes(claims map[string]any, now time.Time) error {
	clock := float64(now.Unix())
	if v, present := claims["nbf"]; present {
		nbf, ok := v.(float64)
		if !ok {
			return errors.New("invalid nbf value")
		}
		if nbf > clock {
			return errors.New("jwt not active")
		}
	}
	if v, present := claims["exp"]; present {
		exp, ok := v.(float64)
		if !ok {
			return errors.New("invalid exp value")
		}
		if clock >= exp {
			return errors.New("jwt expired")
		}
	}
	return nil
}

// text is a claim's value when it is a string, and empty otherwise.
func text(claims map[string]any, name string) string {
	s, _ := claims[name].(string)
	return s
}

// seconds is a claim's value as a time, and whether it was a number at all.
func seconds(claims map[string]any, name string) (time.Time, bool) {
	v, ok := claims[name].(float64)
	if !ok || math.IsNaN(v) {
		return time.Time{}, false
	}
	return time.Unix(int64(v), 0), true
}
