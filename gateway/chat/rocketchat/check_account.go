package rocketchat

import (
	"context"
	"net/http"
	"slices"
	"strings"

	"chatgate/gateway/chat"
)

// permission is one that the service account needs, and what for.
type permission struct {
	id, purpose string
	// minor: people get in without it.
	minor bool
}

// permissions are what the service account needs with this configuration. Those that only a profile job needs keep
// nobody out: the job says so in its own time.
func (c *connector) permissions() []permission {
	accounts := c.cfg.Accounts
	sync := accounts.Sync
	var needed []permission
	need := func(when bool, minor bool, purpose string, ids ...string) {
		for _, id := range ids {
			if when {
				needed = append(needed, permission{id: id, purpose: purpose, minor: minor})
			}
		}
	}
	need(c.cfg.API.Tokens != Password, false, "making login tokens", "user-generate-access-token")
	need(true, false, "finding accounts", "view-full-other-user-info", "view-d-room")
	need(true, false, "more than ten calls a minute", "api-bypass-rate-limit")
	need(accounts.Create, false, "making accounts", "create-user")
	need(accounts.Create || accounts.Reactivate, false, "making accounts that work at once", "edit-other-user-active-status")
	need(sync.Name || sync.Email || len(sync.CustomFields) > 0, true, "accounts.sync", "edit-other-user-info")
	need(sync.Avatar, true, "accounts.sync.avatar", "edit-other-user-avatar")
	need(len(accounts.Roles) > 0, true, "accounts.roles", "access-permissions")
	need(len(accounts.Channels) > 0, true, "accounts.channels", "view-other-user-channels", "add-user-to-any-c-room", "add-user-to-any-p-room")
	need(len(accounts.Teams) > 0, true, "accounts.teams", "view-all-teams", "add-team-member", "edit-team-member")
	return needed
}

// examinePermissions compares what the service account may with what it needs, permission by permission. Rocket.Chat
// tells any account which roles have which permission, because its own clients ask for that; the account's roles come
// from its own profile.
func (c *connector) examinePermissions(ctx context.Context, me account) chat.Finding {
	const name = "permissions"
	granted, err := c.workspace.permissionsOf(ctx, me)
	if err != nil {
		return chat.Finding{Name: name, Minor: true, Text: "could not be looked at: " + err.Error()}
	}
	var missing []string
	minor := true
	for _, p := range c.permissions() {
		if !granted[p.id] {
			missing = append(missing, p.id+" ("+p.purpose+")")
			minor = minor && p.minor
		}
	}
	if len(missing) == 0 {
		return chat.Finding{Name: name, OK: true, Text: "all there"}
	}
	return chat.Finding{Name: name, Minor: minor, Text: "the service account lacks " + strings.Join(missing, ", ") +
		": give them to one of its roles (" + strings.Join(me.Roles, ", ") + ") in Administration, Permissions"}
}

// permissionsOf are the permissions that one of an account's roles has.
func (w *workspace) permissionsOf(ctx context.Context, a account) (map[string]bool, error) {
	var answer struct {
		Update []struct {
			ID    string `json:"_id"`
			Roles []string
		}
	}
	if err := w.asOurselves(ctx, call{name: "v1/permissions.listAll", method: http.MethodGet}, &answer); err != nil {
		return nil, err
	}
	granted := map[string]bool{}
	for _, p := range answer.Update {
		granted[p.ID] = slices.ContainsFunc(p.Roles, func(role string) bool { return slices.Contains(a.Roles, role) })
	}
	return granted, nil
}

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
		return chat.Finding{Name: name, Minor: true, Text: "could not be looked at (" + err.Error() +
			"): give the service account create-personal-access-tokens, or make sure by hand: " + freshToken}
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
				"of an account that has none (Accounts_TwoFactorAuthentication_Enforce_Password_Fallback), even if it does not yet: " + freshToken}
		}
	}
	return chat.Finding{Name: name, Text: "is no personal access token, so it ends with its login: " + freshToken}
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
