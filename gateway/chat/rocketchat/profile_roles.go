package rocketchat

import (
	"context"
	"log/slog"
	"slices"

	"chatgate/gateway/audit"
)

// setRoles takes the roles that a person has lost and gives those they have got. Only roles that the mapping names are
// looked at, and only those are taken that were given here.
func (u *update) setRoles(ctx context.Context) error {
	for _, role := range u.Given.Roles {
		if slices.Contains(u.Wanted.Roles, role) {
			continue
		}
		if err := u.tried(u.takeRole(ctx, role)); err != nil {
			return err
		}
	}
	for _, role := range u.Wanted.Roles {
		if slices.Contains(u.account.Roles, role) {
			continue
		}
		if err := u.tried(u.giveRole(ctx, role)); err != nil {
			return err
		}
	}
	return nil
}

// giveRole writes the role down before it is given: a crash in between must not leave one that is never taken.
func (u *update) giveRole(ctx context.Context, role string) error {
	if !slices.Contains(u.Given.Roles, role) {
		u.Given.Roles = append(slices.Clone(u.Given.Roles), role)
		if err := u.save(ctx); err != nil {
			return err
		}
	}
	err := u.workspace.giveRole(ctx, u.account.Username, role)
	if err == nil {
		u.record(ctx, audit.RoleGiven, slog.String("role", role))
	} else if hopeless(err) { // whoever gives it to them now is not us
		u.Given.Roles = without(u.Given.Roles, role)
	}
	return err
}

func (u *update) takeRole(ctx context.Context, role string) error {
	if u.cfg.Roles.names(role) && slices.Contains(u.account.Roles, role) {
		if err := u.workspace.takeRole(ctx, u.account.Username, role); err != nil {
			return err
		}
		u.record(ctx, audit.RoleTaken, slog.String("role", role))
	}
	u.Given.Roles = without(u.Given.Roles, role)
	return nil
}
