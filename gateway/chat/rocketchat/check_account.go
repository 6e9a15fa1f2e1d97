package rocketchat

import (
	"context"
	"net/http"

	"chatgate/gateway/chat"
)

const (
	freshToken = "sign in as the service account, make a personal access token with Ignore Two Factor Authentication and put it into api.token"
	// tokenEnd is how much of a personal access token Rocket.Chat shows in its list.
	tokenEnd = 6
)

// examineToken looks at how api.token was made. A token without Ignore Two Factor Authentication works for a while, and
// for accounts that never set up a second factor too: then Rocket.Chat asks for the password instead (R27).
func (c *connector) examineToken(ctx context.Context) chat.Finding {
	const name = "api.token"
	var answer struct {
		Tokens []struct {
			LastTokenPart   string
			BypassTwoFactor bool
		}
	}
	err := c.workspace.asOurselves(ctx, call{name: "v1/users.getPersonalAccessTokens", method: http.MethodGet}, &answer)
	if err != nil {
		return chat.Finding{Name: name, Minor: true, Text: "could not be looked at: " + err.Error(),
			Fix: "give the service account create-personal-access-tokens, or make sure by hand: " + freshToken}
	}
	own := c.cfg.API.Token.Reveal()
	own = own[max(0, len(own)-tokenEnd):]
	for _, t := range answer.Tokens {
		switch {
		case t.LastTokenPart != own:
		case t.BypassTwoFactor:
			return chat.Finding{Name: name, OK: true, Text: "ignores two-factor authentication"}
		default:
			return chat.Finding{Name: name, Text: "was made without Ignore Two Factor Authentication: Rocket.Chat will ask for a second factor, or for the password " +
				"of an account that has none (Accounts_TwoFactorAuthentication_Enforce_Password_Fallback), even if it does not yet", Fix: freshToken}
		}
	}
	return chat.Finding{Name: name, Text: "is no personal access token, so it ends with its login", Fix: freshToken}
}

// examineMinting makes a login token of the service account itself and revokes it: nothing else shows whether the
// variable on Rocket.Chat's server is set, and to the same value (R26).
func (c *connector) examineMinting(ctx context.Context, v version) chat.Finding {
	const name = "login tokens"
	self := c.workspace.self.userID
	token, err := c.workspace.createToken(ctx, v, self)
	if err != nil {
		return chat.Finding{Name: name, Text: err.Error()}
	}
	if err := c.workspace.revoke(ctx, credentials{userID: self, token: token}); err != nil {
		return chat.Finding{Name: name, Minor: true, Text: "are made, and one made to try it could not be revoked: " + err.Error()}
	}
	return chat.Finding{Name: name, OK: true, Text: "can be made"}
}
