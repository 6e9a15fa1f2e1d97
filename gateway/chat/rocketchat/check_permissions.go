package rocketchat

import (
	"context"
	"net/http"
	"slices"
	"strings"

	"chatgate/gateway/chat"
)

// permission is what the service account needs for one purpose: one of these, whichever.
type permission struct {
	anyOf   []string
	purpose string
	without lack
}

func (p permission) String() string { return strings.Join(p.anyOf, " or ") }

// lack is what it means that a permission is missing.
type lack int

const (
	keptOut    lack = iota // people do not get in
	keptBehind             // accounts are not kept like their people: the job says so in its own time
	noSetup                // the gateway does without, and chatgate setup does not
)

// permissions are what the service account needs with this configuration. The table in README.md is the same.
func (c *Config) permissions(p places) []permission {
	accounts, sync := c.Accounts, c.Accounts.Sync
	var needed []permission
	oneOf := func(when bool, without lack, purpose string, ids ...string) {
		if when {
			needed = append(needed, permission{anyOf: ids, purpose: purpose, without: without})
		}
	}
	all := func(when bool, without lack, purpose string, ids ...string) {
		for _, id := range ids {
			oneOf(when, without, purpose, id)
		}
	}
	all(c.API.Tokens != Password, keptOut, "making login tokens", "user-generate-access-token")
	all(true, keptOut, "finding accounts", "view-full-other-user-info", "view-d-room")
	all(accounts.Create, keptOut, "making accounts", "create-user")
	all(accounts.Create || accounts.Reactivate, keptOut, "making accounts that work at once", "edit-other-user-active-status")
	all(!accounts.Create && !accounts.Reactivate && accounts.Deactivate == DeactivateRefused, keptBehind, "accounts.deactivate",
		"edit-other-user-active-status")
	all(true, keptOut, "more than ten calls a minute", "api-bypass-rate-limit")
	all(sync.Name || sync.Email || len(sync.CustomFields) > 0, keptBehind, "accounts.sync", "edit-other-user-info")
	all(sync.Avatar, keptBehind, "accounts.sync.avatar", "edit-other-user-avatar")
	all(len(accounts.Roles) > 0, keptBehind, "accounts.roles", "access-permissions")
	all(accounts.Roles.names(adminRole), keptBehind, "accounts.roles with the role admin", "assign-admin-role")
	all(len(accounts.Channels)+len(accounts.Teams) > 0, keptBehind, "accounts.channels, accounts.teams", "view-other-user-channels")
	oneOf(p.public(), keptBehind, "accounts.channels, public ones", "add-user-to-any-c-room", "add-user-to-joined-room")
	oneOf(p.private(), keptBehind, "accounts.channels, private ones", "add-user-to-any-p-room", "add-user-to-joined-room")
	all(len(accounts.Channels) > 0, keptBehind, "accounts.channels, leaving them", "remove-user")
	all(len(accounts.Teams) > 0, keptBehind, "accounts.teams", "view-all-teams", "add-team-member", "edit-team-member")
	all(true, noSetup, "chatgate setup rocketchat", "view-privileged-setting", "edit-privileged-setting")
	return needed
}

// examineRights looks at what the service account may do, and at the places that it puts people into. Rocket.Chat tells
// any account which roles have which permission, because its own clients ask for that; the account's roles come from its
// own profile.
func (c *connector) examineRights(ctx context.Context, l look) []chat.Finding {
	granted, err := c.workspace.permissionsOf(ctx, l.me)
	if err != nil {
		return []chat.Finding{{Name: permissionFinding, Minor: true, Text: "could not be looked at: " + err.Error()}}
	}
	p := c.findPlaces(ctx)
	found := []chat.Finding{c.judgePermissions(granted, p, l.me)}
	if len(c.cfg.Accounts.Channels)+len(c.cfg.Accounts.Teams) > 0 {
		found = append(found, c.examinePlaces(ctx, l, p, granted))
	}
	return found
}

const permissionFinding = "permissions"

// judgePermissions compares what the service account may with what it needs, permission by permission. What only
// chatgate setup needs is said without a warning: whoever has set a workspace up may take it away.
func (c *connector) judgePermissions(granted map[string]bool, p places, me account) chat.Finding {
	var missing, forSetup []string
	minor := true
	for _, need := range c.cfg.permissions(p) {
		switch {
		case slices.ContainsFunc(need.anyOf, func(id string) bool { return granted[id] }):
		case need.without == noSetup:
			forSetup = append(forSetup, need.String())
		default:
			missing = append(missing, need.String()+" ("+need.purpose+")")
			minor = minor && need.without != keptOut
		}
	}
	f := chat.Finding{Name: permissionFinding, OK: len(missing) == 0, Minor: len(missing) > 0 && minor, Text: "all there"}
	if len(missing) > 0 {
		f.Text = "the service account lacks " + strings.Join(missing, ", ")
		f.Fix = "give them to one of its roles (" + strings.Join(me.Roles, ", ") + ") in Administration, Permissions"
	}
	if len(forSetup) > 0 {
		f.Text += "; chatgate setup rocketchat, and nothing else, would also take " + strings.Join(forSetup, ", ")
	}
	return f
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
