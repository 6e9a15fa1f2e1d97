package rocketchat

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"chatgate/gateway/audit"
	"chatgate/gateway/chat"
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
type RefusedLinkError = chat.RefusedError

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
// former owner of the account, and the identity with its former account, have open is revoked. A refusal is a
// *RefusedLinkError, and nothing is changed then.
func (d *Desk) Link(ctx context.Context, r LinkRequest) (done Linked, err error) {
	found, err := d.account(ctx, r.Account)
	if err != nil {
		return Linked{}, err
	}
	err = d.c.accounts.alone(ctx, r.Provider, r.Subject, func(ctx context.Context) error {
		former, err := d.former(ctx, r)
		if err != nil {
			return err
		}
		return d.links().alone(ctx, func(ctx context.Context) error {
			done, err = d.link(ctx, r, found.ID)
			return err
		}, found.ID, former)
	})
	return done, err
}

// link reads the account once more: a job may have made it an administrator's until now.
func (d *Desk) link(ctx context.Context, r LinkRequest, userID string) (Linked, error) {
	found, err := d.grantable(ctx, Target{UserID: userID}, r.Admin)
	if err != nil {
		return Linked{}, err
	}
	done := Linked{Account: Account{UserID: found.ID, Username: found.Username, Roles: found.Roles}}
	if done.Former, err = d.former(ctx, r); err != nil {
		return Linked{}, err
	}
	if done.Former == found.ID {
		return Linked{Account: done.Account}, nil
	}
	if done.Taken, err = d.owner(ctx, found.ID); err != nil {
		return Linked{}, err
	}
	if done.Taken != nil && !r.Move {
		return Linked{}, &RefusedLinkError{Why: fmt.Sprintf("%s is linked to %s: with --move it is taken from there", chat.Printable(found.Username), whose(*done.Taken))}
	}
	return done, d.give(ctx, r, done)
}

// former is the account that the identity has had until now, or empty.
func (d *Desk) former(ctx context.Context, r LinkRequest) (string, error) {
	userID, err := d.links().Account(ctx, r.Provider, r.Subject)
	if errors.Is(err, store.ErrNotFound) {
		return "", nil
	}
	return userID, err
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
	link := Link{Provider: r.Provider, Subject: r.Subject, UserID: done.Account.UserID}
	if done.Taken != nil {
		if err := d.release(ctx, *done.Taken); err != nil {
			return err
		}
	}
	return d.ending(ctx, link, func() error { return d.put(ctx, link) })
}

// put links an account that is nobody's.
func (d *Desk) put(ctx context.Context, link Link) error {
	if _, err := d.links().Release(ctx, link.UserID); err != nil { // what a crash may have left
		return err
	}
	if err := d.links().Link(ctx, link.Provider, link.Subject, link.UserID); err != nil {
		return err
	}
	d.record(ctx, audit.AccountLinked, link)
	return nil
}

// ending has the logins of a link's person revoked, as far as it is known whose they are, before their link changes and
// once more after, so that what they were given in between does not stay. A login that is entered later still finds the
// link changed (keep).
func (d *Desk) ending(ctx context.Context, link Link, change func() error) error {
	if !link.Known() {
		return change()
	}
	if err := d.revoke(ctx, link); err != nil {
		return err
	}
	if err := change(); err != nil {
		return err
	}
	// The change stands by now: an operator who stops the command here does not stop this.
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), revokeWithin)
	defer cancel()
	if err := d.revoke(ctx, link); err != nil {
		return fmt.Errorf("the link has changed, but a login of %s may be left; unlink them once more to end it: %w", whose(link), err)
	}
	return nil
}

// revokeWithin is how long the second look for logins may take.
const revokeWithin = 10 * time.Second

func (d *Desk) revoke(ctx context.Context, link Link) error {
	return d.c.env.Ledger.RevokeSubject(ctx, link.Provider, link.Subject, d.c.env.Name)
}

// grantable is an account that may be given to somebody: an administrator's only where the operator says so (D8).
func (d *Desk) grantable(ctx context.Context, t Target, admin bool) (account, error) {
	found, err := d.account(ctx, t)
	if err == nil && found.administrator() && !admin {
		err = &RefusedLinkError{Why: chat.Printable(found.Username) + " is an administrator: with --admin it is linked all the same"}
	}
	return found, err
}

// account finds what the operator means, and refuses what is no person's.
func (d *Desk) account(ctx context.Context, t Target) (account, error) {
	found, err := d.find(ctx, t)
	name := chat.Printable(found.Username)
	switch {
	case errors.Is(err, errNoAccount):
		return found, &RefusedLinkError{Why: "Rocket.Chat has no such account"}
	case err != nil:
		return found, err
	case found.Type == "" || found.Roles == nil:
		return found, &operatorError{advice: "give the service account the permission view-full-other-user-info", cause: errHidden}
	case found.ID == d.c.workspace.self.userID:
		return found, &RefusedLinkError{Why: name + " is the service account, which is nobody's"}
	case found.Type != "user":
		return found, &RefusedLinkError{Why: fmt.Sprintf("%s is of type %s and no person's", name, chat.Printable(found.Type))}
	case found.deactivated():
		return found, &RefusedLinkError{Why: name + " is deactivated in Rocket.Chat: activate it first"}
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
// store.ErrNotFound; the logins are revoked even then, since a command that was stopped may have left one.
func (d *Desk) Unlink(ctx context.Context, provider, subject string) (Link, error) {
	userID, err := d.links().Account(ctx, provider, subject)
	if errors.Is(err, store.ErrNotFound) {
		return Link{}, errors.Join(err, d.revoke(ctx, Link{Provider: provider, Subject: subject}))
	}
	if err != nil {
		return Link{}, err
	}
	return d.unlink(ctx, userID, func(l Link) bool { return l.Provider == provider && l.Subject == subject })
}

// UnlinkAccount is Unlink by the account's id, which also reaches a link that does not tell whose it is.
func (d *Desk) UnlinkAccount(ctx context.Context, userID string) (Link, error) {
	return d.unlink(ctx, userID, func(Link) bool { return true })
}

// unlink takes the link of an account away when it is the one that the operator means.
func (d *Desk) unlink(ctx context.Context, userID string, meant func(Link) bool) (link Link, err error) {
	err = d.links().alone(ctx, func(ctx context.Context) error {
		if link, err = d.links().Owner(ctx, userID); err != nil {
			return err
		}
		if !meant(link) {
			return store.ErrNotFound
		}
		link.UserID = userID
		return d.release(ctx, link)
	}, userID)
	return link, err
}

// release takes a link away, ends what its person has open there, and forgets what is known of them by the account.
func (d *Desk) release(ctx context.Context, link Link) error {
	return d.ending(ctx, link, func() error {
		if err := d.c.forget(ctx, link.UserID); err != nil { // nobody could find it without the link
			return err
		}
		if _, err := d.links().Release(ctx, link.UserID); err != nil {
			return err
		}
		d.record(ctx, audit.LinkRemoved, link)
		return nil
	})
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
