package talktest

import (
	"context"
	"crypto/rand"

	"github.com/golang-jwt/jwt/v5"
)

// tenant is what Coral signs its own tokens with, and under which name.
type tenant struct {
	id     string
	secret []byte
	host   string // the only one that it answers to, where it was installed by a call
}

// ownVerifier accepts the tokens Coral issues after its own login.
type ownVerifier struct{ coral *Coral }

func (v *ownVerifier) enabled() bool { return true }

func (v *ownVerifier) misfit(claims map[string]any) string {
	if claims["iss"] != v.coral.tenant.id {
		return `JWT: "iss" must be the tenant's id`
	}
	return ""
}

func (v *ownVerifier) verify(_ context.Context, token string) (Viewer, error) {
	claims, err := verify(token, "HS256", v.coral.tenant.secret, v.coral.now())
	if err != nil {
		return Viewer{}, tokenInvalid(err)
	}
	v.coral.mu.Lock()
	defer v.coral.mu.Unlock()
	user := v.coral.users.byID(text(claims, "sub"))
	if user == nil || v.coral.revokedLocked(claims) {
		return Viewer{}, nil
	}
	return viewerOf(user), nil
}

// OwnToken is what Coral's own login gives the user: an HS256 token that lives as long as the session duration and
// that no provider can end.
func (c *Coral) OwnToken(userID string) (string, error) {
	now := c.now()
	return jwt.NewWithClaims(jwt.SigningMethodHS256, jwt.MapClaims{
		"iss": c.tenant.id, "sub": userID, "jti": rand.Text(),
		"iat": now.Unix(), "exp": now.Add(c.state.Load().duration).Unix(),
	}).SignedString(c.tenant.secret)
}
