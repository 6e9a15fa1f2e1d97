package oidc

import (
	"context"
	"encoding/base64"
	"errors"
	"strings"
	"time"
)

// logoutEvent is the member of events that makes a token a logout token (OpenID Connect Back-Channel Logout 1.0,
// Section 2.4).
const logoutEvent = "http://schemas.openid.net/event/backchannel-logout"

// maxJTI bounds a logout token's id, which whoever answers the call remembers for as long as the token is good.
const maxJTI = 255

// LogoutToken is a provider's word that a session has ended there.
type LogoutToken struct {
	// ID is the token's own, to act once on a token that comes twice.
	ID string
	// Subject is the person, or empty; all of a subject's sessions end when there is no SID.
	Subject string
	// SID is the provider's session, or empty. At least one of the two is there.
	SID string
	// Issued and Expires are by the provider's clock; a token is taken until a leeway after the latter.
	Issued, Expires time.Time
}

// VerifyLogoutToken checks a logout token (OpenID Connect Back-Channel Logout 1.0, Section 2.6; S109). Whether it came
// before is the caller's to know, by its ID. Errors are ErrRefused, ErrNotReady and, when the provider's keys cannot
// be fetched, ErrProvider.
func (rp *RelyingParty) VerifyLogoutToken(ctx context.Context, raw string) (LogoutToken, error) {
	p, err := rp.ready()
	if err != nil {
		return LogoutToken{}, err
	}
	header, err := readHeader(raw)
	if err != nil {
		return LogoutToken{}, refuse(ReasonLogoutForm, "%w", err)
	}
	if err := checkLogoutType(header); err != nil {
		return LogoutToken{}, err
	}
	_, c, err := p.keys.signedClaims(ctx, raw, p.algorithms)
	switch {
	case errors.Is(err, errSignature):
		return LogoutToken{}, refuse(ReasonLogoutSignature, "%w", err)
	case errors.Is(err, errClaims):
		return LogoutToken{}, refuse(ReasonLogoutForm, "%w", err)
	case err != nil:
		return LogoutToken{}, err
	}
	return rp.logoutToken(p, c)
}

// logoutToken reads verified claims.
func (rp *RelyingParty) logoutToken(p *provider, c claims) (LogoutToken, error) {
	if c.text("iss") != p.Issuer {
		return LogoutToken{}, refuse(ReasonLogoutIssuer, "iss is not the provider's")
	}
	for _, check := range []func(claims) error{
		rp.checkLogoutAudience, checkLogoutEvents, checkLogoutNonce, checkLogoutSubject, checkLogoutID,
	} {
		if err := check(c); err != nil {
			return LogoutToken{}, err
		}
	}
	if err := rp.checkLifetime(c); err != nil {
		return LogoutToken{}, refuse(ReasonLogoutTime, "%w", err)
	}
	token := LogoutToken{ID: c.text("jti"), Subject: c.text("sub"), SID: c.text("sid")}
	token.Issued, _ = c.time("iat")
	token.Expires, _ = c.time("exp")
	return token, nil
}

// checkLogoutType takes the type that is recommended and none at all, which many providers still send; every other is
// another kind of token (RFC 8725, Section 3.11).
func checkLogoutType(header claims) error {
	given, ok := header["typ"]
	typ, isText := given.(string)
	typ = strings.TrimPrefix(strings.ToLower(typ), "application/") // RFC 7515, Section 4.1.9
	if ok && (!isText || typ != "logout+jwt" && typ != "jwt") {
		return refuse(ReasonLogoutType, "typ is not logout+jwt")
	}
	return nil
}

// checkLogoutAudience wants us in it, and nobody unknown beside us (S44).
func (rp *RelyingParty) checkLogoutAudience(c claims) error {
	if !rp.isAudience(c["aud"]) {
		return refuse(ReasonLogoutAudience, "aud is not the client's id, alone or beside extraAudiences")
	}
	return nil
}

// checkLogoutEvents refuses an ID token in a logout token's place: it has no events.
func checkLogoutEvents(c claims) error {
	events, ok := c["events"].(map[string]any)
	if !ok {
		return refuse(ReasonLogoutEvents, "events is missing or no object")
	}
	if _, ok := events[logoutEvent].(map[string]any); !ok {
		return refuse(ReasonLogoutEvents, "events has no back-channel logout, or it is no object")
	}
	return nil
}

// checkLogoutNonce keeps the two kinds of token apart the other way round as well.
func checkLogoutNonce(c claims) error {
	if _, given := c["nonce"]; given {
		return refuse(ReasonLogoutNonce, "there is a nonce")
	}
	return nil
}

func checkLogoutSubject(c claims) error {
	named := false
	for _, name := range []string{"sub", "sid"} {
		value, given := c[name]
		if !given {
			continue
		}
		text, _ := value.(string)
		if text == "" || exact(text, maxSubject) != text {
			return refuse(ReasonLogoutSubject, "%s is no text of reasonable length without control characters", name)
		}
		named = true
	}
	if !named {
		return refuse(ReasonLogoutSubject, "neither sub nor sid says whose session ended")
	}
	return nil
}

func checkLogoutID(c claims) error {
	if id := c.text("jti"); id == "" || exact(id, maxJTI) != id {
		return refuse(ReasonLogoutID, "jti is missing, too long or has control characters")
	}
	return nil
}

// PeekIssuer is the iss claim of a token that nobody has verified, or empty when it cannot be read. It chooses the
// provider whose keys must then verify the token, and says nothing else.
func PeekIssuer(raw string) string {
	if _, err := readHeader(raw); err != nil {
		return ""
	}
	payload, err := base64.RawURLEncoding.DecodeString(strings.Split(raw, ".")[1])
	if err != nil {
		return ""
	}
	c, err := decodeClaims(payload)
	if err != nil {
		return ""
	}
	return c.text("iss")
}
