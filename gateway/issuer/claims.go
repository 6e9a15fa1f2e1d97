package issuer

import (
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"time"

	"chatgate/gateway/session"
)

// protocolClaims are what the issuer says of a token, whatever the site has said.
var protocolClaims = []string{"iss", "aud", "exp", "iat", "nbf", "jti", "nonce", "auth_time"}

// statement is what is told of a person, by claim.
type statement map[string]any

// about makes a statement of the site's claims, without those that are about a token.
func about(claims any) (statement, error) {
	raw, err := json.Marshal(claims)
	if err != nil {
		return nil, fmt.Errorf("encode the claims: %w", err)
	}
	var s statement
	if err := json.Unmarshal(raw, &s); err != nil {
		return nil, fmt.Errorf("the claims are no object: %w", err)
	}
	for _, name := range protocolClaims {
		delete(s, name)
	}
	if subject, ok := s["sub"].(string); !ok || subject == "" {
		return nil, errors.New("the claims name no subject")
	}
	return s, nil
}

// idToken adds what makes an ID token of a statement (OpenID Connect Core 1.0, Section 2). The audience is one string, the
// nonce is there, and exp is a whole number of seconds, because Coral's process ends over anything else (G25): all of that is
// set here, so that no site can leave it out.
func (i *Issuer) idToken(about statement, g grant, s session.Session) (statement, error) {
	if g.Nonce == "" {
		return nil, errors.New("an ID token without a nonce")
	}
	now := i.cfg.Now().Truncate(time.Second)
	expires := now.Add(i.within(s, accessLife)).Truncate(time.Second)
	token := maps.Clone(about)
	maps.Copy(token, statement{
		"iss": i.cfg.Issuer, "aud": i.cfg.Client.ID, "nonce": g.Nonce, "jti": rand.Text(),
		"iat": now.Unix(), "exp": expires.Unix(),
	})
	if g.AuthTime {
		token["auth_time"] = signedInAt(s).Unix()
	}
	return token, nil
}

// within is a life cut where the session is over for the site: what is given for it is worth nothing then.
func (i *Issuer) within(s session.Session, life time.Duration) time.Duration {
	return min(life, s.Ends.Sub(i.cfg.Now().Truncate(time.Second)))
}

// signedInAt is when the person last proved who they are: at the provider, if it says so.
func signedInAt(s session.Session) time.Time {
	if at := s.Identity.AuthTime; !at.IsZero() && at.Before(s.Begun) {
		return at
	}
	return s.Begun
}
