package rocketchat

import (
	"context"
	"errors"
	"log/slog"
	"slices"

	"chatgate/gateway/audit"
)

var errRoomsHidden = errors.New("the account's rooms are not shown")

// setPlaces takes a person out of the channels, groups and teams that they have lost, and puts them into those they have
// got. Where they were already, whoever put them there, they stay.
func (u *update) setPlaces(ctx context.Context) error {
	if len(u.Wanted.Channels)+len(u.Wanted.Teams)+len(u.Given.Places) == 0 {
		return nil
	}
	if u.account.Rooms == nil { // who was in a room before could not be told from who was put there
		return u.tried(&operatorError{advice: "the service account needs the permission view-other-user-channels", cause: errRoomsHidden})
	}
	for _, p := range u.Given.Places {
		if u.wantsPlace(p) {
			continue
		}
		if err := u.tried(u.leave(ctx, p)); err != nil {
			return err
		}
	}
	for _, name := range u.Wanted.Channels {
		if err := u.tried(u.join(ctx, false, name)); err != nil {
			return err
		}
	}
	for _, name := range u.Wanted.Teams {
		if err := u.tried(u.join(ctx, true, name)); err != nil {
			return err
		}
	}
	return nil
}

func (u *update) wantsPlace(p place) bool {
	if p.Kind == team {
		return slices.Contains(u.Wanted.Teams, p.Name)
	}
	return slices.Contains(u.Wanted.Channels, p.Name)
}

func (u *update) namesPlace(p place) bool {
	if p.Kind == team {
		return u.cfg.Teams.names(p.Name)
	}
	return u.cfg.Channels.names(p.Name)
}

// join writes the place down before the person is put there, like giveRole.
func (u *update) join(ctx context.Context, isTeam bool, name string) error {
	p, ours, err := u.find(ctx, isTeam, name)
	if err != nil || u.in(p) {
		return err
	}
	if !ours {
		u.Given.Places = append(slices.Clone(u.Given.Places), p)
		if err := u.save(ctx); err != nil {
			return err
		}
	}
	err = u.workspace.join(ctx, p, u.job.UserID)
	if err == nil {
		u.record(ctx, audit.MemberAdded, slog.String(string(p.Kind), p.ID))
	} else if hopeless(err) {
		u.Given.Places = without(u.Given.Places, p)
	}
	return err
}

// find returns a place by its name in the configuration. One that the person was put into is known already.
func (u *update) find(ctx context.Context, isTeam bool, name string) (p place, ours bool, err error) {
	for _, p := range u.Given.Places {
		if p.Name == name && (p.Kind == team) == isTeam {
			return p, true, nil
		}
	}
	p, err = u.workspace.find(ctx, isTeam, name)
	return p, false, err
}

func (u *update) leave(ctx context.Context, p place) error {
	if u.namesPlace(p) && u.in(p) {
		if err := u.workspace.leave(ctx, p, u.job.UserID); err != nil {
			return err
		}
		u.record(ctx, audit.MemberRemoved, slog.String(string(p.Kind), p.ID))
	}
	u.Given.Places = without(u.Given.Places, p)
	return nil
}

// in says whether the person is there.
func (u *update) in(p place) bool { return u.account.in(p) }
