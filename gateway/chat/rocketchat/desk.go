package rocketchat

import (
	"context"
	"errors"
	"fmt"
	"log/slog"

	"chatgate/gateway/audit"
	"chatgate/store"
)

// byOperator is how an account was linked or unlinked from the command line.
const byOperator audit.Reason = "operator"

// Desk is where an operator looks after whose account is whose. It works while the gateway runs.
type Desk struct{ c *connector }

// Desk is the desk of this workspace.
func (c *connector) Desk() *Desk { return &Desk{c: c} }

func (d *Desk) links() *Links { return d.c.accounts.links }

// List returns every link, by provider and subject.
func (d *Desk) List(ctx context.Context) ([]Link, error) { return d.links().All(ctx) }

// Target is the account that an operator means: by exactly one of username and user id.
type Target struct{ Username, UserID string }

// Account is what an operator has to know of an account before giving it to somebody.
type Account struct {
	UserID, Username string
	Roles            []string
}

// RefusedLinkError says why an account is not linked, and which flag would.
type RefusedLinkError struct{ Why string }

func (e *RefusedLinkError) Error() string { return e.Why }

// LinkRequest asks for an account to be given to an identity.
type LinkRequest struct {
	Provider, Subject string
	Account           Target
	// Admin allows an administrator's account: whoever is linked to it administers the workspace (D8).
	Admin bool
	// Move takes the account from whoever has it now.
	Move bool
}

// Linked is what Link did.
type Linked struct {
	Account Account
	// Taken is the link that the account had before, nil for none.
	Taken *Link
	// Former is the id of the account that the identity had before, empty for none.
	Former string
}

// Link gives an account to an identity, in place of the one it had. The account must be an active person's. What the
// former owner of the account, and the identity with its former account, have open is revoked first, so that a crash in
// between leaves a revocation too many. A refusal is a *RefusedLinkError.
func (d *Desk) Link(ctx context.Context, r LinkRequest) (Linked, error) {
	found, err := d.account(ctx, r.Account)
	if err != nil {
		return Linked{}, err
	}
	done := Linked{Account: Account{UserID: found.ID, Username: found.Username, Roles: found.Roles}}
	if found.administrator() && !r.Admin {
		return done, &RefusedLinkError{Why: found.Username + " is an administrator: with --admin it is linked all the same"}
	}
	if done.Former, err = d.links().Account(ctx, r.Provider, r.Subject); err != nil && !errors.Is(err, store.ErrNotFound) {
		return done, err
	}
	if done.Former == found.ID {
		return Linked{Account: done.Account}, nil
	}
	if done.Taken, err = d.owner(ctx, found.ID); err != nil {
		return done, err
	}
	if done.Taken != nil && !r.Move {
		return done, &RefusedLinkError{Why: fmt.Sprintf("%s is linked to %s: with --move it is taken from there", found.Username, whose(*done.Taken))}
	}
	return done, d.give(ctx, r, done)
}

// owner is the link that an account has, or nil.
func (d *Desk) owner(ctx context.Context, userID string) (*Link, error) {
	owner, err := d.links().Owner(ctx, userID)
	if errors.Is(err, store.ErrNotFound) {
		return nil, nil //nolint:nilnil // nobody owns it, and that is no error
	}
	if err != nil {
		return nil, err
	}
	return &owner, nil
}

func (d *Desk) give(ctx context.Context, r LinkRequest, done Linked) error {
	if done.Former != "" {
		if err := d.c.env.Ledger.RevokeSubject(ctx, r.Provider, r.Subject, d.c.env.Name); err != nil {
			return err
		}
	}
	link := Link{Provider: r.Provider, Subject: r.Subject, UserID: done.Account.UserID}
	if done.Taken != nil {
		if err := d.release(ctx, *done.Taken); err != nil {
			return err
		}
	} else if _, err := d.links().Release(ctx, link.UserID); err != nil { // what a crash may have left
		return err
	}
	if err := d.links().Link(ctx, link.Provider, link.Subject, link.UserID); err != nil {
		return err
	}
	d.record(ctx, audit.AccountLinked, link)
	return nil
}

// account finds what the operator means, and refuses what is no person's.
func (d *Desk) account(ctx context.Context, t Target) (account, error) {
	found, err := d.find(ctx, t)
	switch {
	case errors.Is(err, errNoAccount):
		return found, &RefusedLinkError{Why: "Rocket.Chat has no such account"}
	case err != nil:
		return found, err
	case found.Type == "" || found.Roles == nil:
		return found, &operatorError{advice: "give the service account the permission view-full-other-user-info", cause: errHidden}
	case found.ID == d.c.workspace.self.userID:
		return found, &RefusedLinkError{Why: found.Username + " is the service account, which is nobody's"}
	case found.Type != "user":
		return found, &RefusedLinkError{Why: fmt.Sprintf("%s is of type %s and no person's", found.Username, found.Type)}
	case found.deactivated():
		return found, &RefusedLinkError{Why: found.Username + " is deactivated in Rocket.Chat: activate it first"}
	}
	return found, nil
}

func (d *Desk) find(ctx context.Context, t Target) (account, error) {
	if t.UserID == "" {
		return d.c.workspace.byUsername(ctx, t.Username)
	}
	if !isID(t.UserID) {
		return account{}, errNoAccount
	}
	return d.c.workspace.byID(ctx, t.UserID)
}

// Unlink forgets the link of an identity and has its logins revoked. It returns the link that was there, or
// store.ErrNotFound.
func (d *Desk) Unlink(ctx context.Context, provider, subject string) (Link, error) {
	userID, err := d.links().Account(ctx, provider, subject)
	if err != nil {
		return Link{}, err
	}
	link := Link{Provider: provider, Subject: subject, UserID: userID}
	return link, d.release(ctx, link)
}

// UnlinkAccount is Unlink by the account's id, which also reaches a link that does not tell whose it is.
func (d *Desk) UnlinkAccount(ctx context.Context, userID string) (Link, error) {
	link, err := d.links().Owner(ctx, userID)
	if err != nil {
		return Link{}, err
	}
	link.UserID = userID
	return link, d.release(ctx, link)
}

// release has the logins of a link's person revoked, as far as it is known whose they are, and takes the link away.
func (d *Desk) release(ctx context.Context, link Link) error {
	if link.Known() {
		if err := d.c.env.Ledger.RevokeSubject(ctx, link.Provider, link.Subject, d.c.env.Name); err != nil {
			return err
		}
	}
	if _, err := d.links().Release(ctx, link.UserID); err != nil {
		return err
	}
	d.record(ctx, audit.LinkRemoved, link)
	return nil
}

func (d *Desk) record(ctx context.Context, act audit.Act, link Link) {
	d.c.env.Audit.Record(ctx, audit.Event{
		Act: act, Reason: byOperator, Actor: audit.ActorOperator, Chat: d.c.env.Name,
		Provider: link.Provider, Subject: link.Subject, Attrs: []slog.Attr{slog.String("account", link.UserID)},
	})
}

// whose names the owner of an account.
func whose(l Link) string {
	if !l.Known() {
		return "somebody who has not signed in since links name their owner"
	}
	return fmt.Sprintf("subject %q of provider %s", l.Subject, l.Provider)
}
