package rocketchat

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"strings"

	"chatgate/gateway/audit"
	"chatgate/gateway/chat"
	"chatgate/store"
)

// StatusRequest asks for an account to be switched off or on: that of a person, or the one with a user id.
type StatusRequest struct {
	Provider, Subject string
	UserID            string
	// Admin allows an administrator's account.
	Admin bool
	// Relinquish gives up the rooms that the account alone owns: other members get them, and those without any are
	// removed with all that was written there.
	Relinquish bool
}

// StatusChange is what became of a StatusRequest.
type StatusChange struct {
	Account Account
	// Link says whose the account is; it is not Known when it is nobody's.
	Link Link
	// Already says that nothing had to be done.
	Already bool
}

// Deactivate switches an account off in Rocket.Chat, which ends every login and personal access token of it there. The
// sessions of its person are the caller's to end; whose the account is comes back with an error too. It may be repeated. A
// refusal is a *chat.RefusedError, and nothing is changed then.
func (d *Desk) Deactivate(ctx context.Context, r StatusRequest) (StatusChange, error) {
	return d.changeStatus(ctx, r, func(ctx context.Context, found account) (already bool, err error) {
		if found.deactivated() {
			return true, nil
		}
		return false, d.c.workspace.deactivate(ctx, found.ID, r.Relinquish)
	}, audit.AccountDeactivated)
}

// Activate switches an account on again.
func (d *Desk) Activate(ctx context.Context, r StatusRequest) (StatusChange, error) {
	return d.changeStatus(ctx, r, func(ctx context.Context, found account) (already bool, err error) {
		if !found.deactivated() {
			return true, nil
		}
		return false, d.c.workspace.activate(ctx, found.ID)
	}, audit.AccountReactivated)
}

// Reactivates says whether the next sign-in of its person would switch an account on again.
func (d *Desk) Reactivates(a Account) bool {
	return d.c.accounts.mayReactivate(account{ID: a.UserID, Type: "user", Roles: a.Roles})
}

func (d *Desk) changeStatus(
	ctx context.Context, r StatusRequest, change func(context.Context, account) (already bool, err error), act audit.Act,
) (done StatusChange, err error) {
	userID, err := d.meant(ctx, r)
	if err != nil {
		return StatusChange{}, err
	}
	err = d.links().alone(ctx, func(ctx context.Context) error {
		if owner, err := d.owner(ctx, userID); err != nil {
			return err
		} else if owner != nil {
			done.Link = *owner
		}
		found, err := d.changeable(ctx, userID, r.Admin)
		if err != nil {
			return err
		}
		done.Account = Account{UserID: found.ID, Username: found.Username, Roles: found.Roles}
		if done.Already, err = change(ctx, found); err != nil {
			return statusRefusal(found, err)
		}
		if !done.Already {
			d.recordStatus(ctx, act, done)
		}
		return nil
	}, userID)
	return done, err
}

// meant is the id of the account that a request is about.
func (d *Desk) meant(ctx context.Context, r StatusRequest) (string, error) {
	if r.UserID != "" {
		if !isID(r.UserID) {
			return "", &chat.RefusedError{Why: noSuchAccount}
		}
		return r.UserID, nil
	}
	userID, err := d.links().Account(ctx, r.Provider, r.Subject)
	if errors.Is(err, store.ErrNotFound) {
		return "", &chat.RefusedError{Why: "no account is linked to " + whose(Link{Provider: r.Provider, Subject: r.Subject})}
	}
	return userID, err
}

const noSuchAccount = "Rocket.Chat has no such account"

// changeable finds an account that may be switched off or on: a person's, and an administrator's only where that is said.
func (d *Desk) changeable(ctx context.Context, userID string, admin bool) (account, error) {
	found, err := d.c.workspace.byID(ctx, userID)
	name := chat.Printable(found.Username)
	switch {
	case errors.Is(err, errNoAccount):
		return found, &chat.RefusedError{Why: noSuchAccount}
	case err != nil:
		return found, err
	case found.Type == "" || found.Roles == nil:
		return found, hiddenAccount()
	case found.ID == d.c.workspace.self.userID:
		return found, &chat.RefusedError{Why: name + " is the service account: without it nobody gets in"}
	case found.Type != "user":
		return found, &chat.RefusedError{Why: fmt.Sprintf("%s is of type %s and no person's", name, chat.Printable(found.Type))}
	case found.administrator() && !admin:
		return found, &chat.RefusedError{Why: name + " is an administrator: with --admin it is done all the same"}
	}
	return found, nil
}

// statusRefusal words what Rocket.Chat has against a change.
func statusRefusal(found account, err error) error {
	name := chat.Printable(found.Username)
	owns, ok := errors.AsType[*ownsRoomsError](err)
	switch {
	case ok:
		return &chat.RefusedError{
			Why: name + " " + owns.told() + ": with --relinquish they are given up, or make somebody else an owner first",
		}
	case errors.Is(err, errLastAdmin):
		return &chat.RefusedError{Why: name + " is the last active administrator, whom Rocket.Chat does not let go"}
	case errors.Is(err, errFederated):
		return &chat.RefusedError{Why: name + " belongs to another server of the federation, which alone may change it"}
	}
	return err
}

// mostNamed is how many rooms are named to an operator.
const mostNamed = 10

// told names the rooms for an operator.
func (e *ownsRoomsError) told() string {
	var parts []string
	for _, rooms := range []struct {
		names []string
		fate  string
	}{{e.Removed, "removed with all that was written there, since nobody else is in them"}, {e.Inherited, "given to another member"}} {
		if len(rooms.names) == 0 {
			continue
		}
		named, more := rooms.names[:min(len(rooms.names), mostNamed)], ""
		if n := len(rooms.names) - len(named); n > 0 {
			more = fmt.Sprintf(" and %d more", n)
		}
		parts = append(parts, chat.Printable(strings.Join(named, ", "))+more+" would be "+rooms.fate)
	}
	if parts == nil {
		return "alone owns rooms"
	}
	return "alone owns rooms (" + strings.Join(parts, "; ") + ")"
}

func (d *Desk) recordStatus(ctx context.Context, act audit.Act, done StatusChange) {
	d.c.env.Audit.Record(ctx, audit.Event{
		Act: act, Reason: byOperator, Actor: audit.ActorOperator, Chat: d.c.env.Name,
		Provider: done.Link.Provider, Subject: done.Link.Subject, Attrs: []slog.Attr{slog.String("account", done.Account.UserID)},
	})
}
