package rocketchat

import (
	"context"
	"crypto/sha256"
	"fmt"
	"net/http"
	"net/netip"

	"chatgate/store"
)

// createToken makes a login token. It does so for deactivated accounts too, so callers look first.
func (w *workspace) createToken(ctx context.Context, v version, userID string) (store.Secret, error) {
	body := map[string]string{"userId": userID}
	if v.needs().tokenSecret {
		body["secret"] = w.secret.Reveal()
	}
	var answer struct {
		Data struct {
			UserID    string       `json:"userId"`
			AuthToken store.Secret `json:"authToken"`
		}
	}
	err := w.asOurselves(ctx, call{name: "v1/users.createToken", method: http.MethodPost, body: body}, &answer)
	if isRefusal(err, "error-not-authorized", "invalid-params") { // R26
		return "", &operatorError{advice: v.tokenAdvice(), cause: err}
	}
	if err != nil {
		return "", err
	}
	return tokenOf(userID, answer.Data.UserID, answer.Data.AuthToken, "v1/users.createToken")
}

// tokenOf returns a login token that is fit to be used and the right account's.
func tokenOf(wanted, got string, token store.Secret, route string) (store.Secret, error) {
	if token == "" || !isHeaderText(token.Reveal()) || got != wanted {
		return "", fmt.Errorf("%s: %w: no login token for this account", route, errUnavailable)
	}
	return token, nil
}

// condition is what a login token is found to be.
type condition int

const (
	alive       condition = iota // Rocket.Chat takes it
	refused                      // it does not, any more
	deactivated                  // it does, but the account is switched off
	unknown                      // it did not say
)

// ownAddress is what calls with a login token are counted by. Rocket.Chat allows each address ten a minute, all people's
// come from our one, and a whole company may share another: signing it out would take an hour. So every token has an
// address to itself, a unique local one (RFC 4193), which is nobody's on the internet (R28).
func (c credentials) ownAddress() string {
	sum := sha256.Sum256([]byte("address of " + c.token.Reveal()))
	sum[0] = 0xfd
	return netip.AddrFrom16([16]byte(sum[:16])).String()
}

// verify asks Rocket.Chat about a login token, as its owner (R10, D12).
func (w *workspace) verify(ctx context.Context, owner credentials) (condition, error) {
	var me account
	err := w.client.do(ctx, call{name: "v1/me", method: http.MethodGet, as: &owner, address: owner.ownAddress()}, &me)
	switch {
	case err == nil && me.ID != owner.userID:
		return unknown, fmt.Errorf("v1/me: %w: the answer is somebody else's", errUnavailable)
	case err == nil && me.deactivated():
		return deactivated, nil
	case err == nil:
		return alive, nil
	case strangers(err):
		return refused, nil
	}
	return unknown, err
}

// revoke ends one login token. One that Rocket.Chat does not know any more is ended already.
func (w *workspace) revoke(ctx context.Context, owner credentials) error {
	var answer struct{}
	err := w.client.do(ctx, call{name: "v1/logout", method: http.MethodPost, as: &owner, address: owner.ownAddress()}, &answer)
	if strangers(err) {
		return nil
	}
	return err
}
