package rocketchat

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"chatgate/gateway/audit"
	"chatgate/gateway/decision"
	"chatgate/gateway/problem"
	"chatgate/oidc"
	"chatgate/store"
)

// accountHold is how long one replica may take to find or make an account before another may try.
const accountHold = 30 * time.Second

// accounts find the account of an identity, or make it.
type accounts struct {
	chat      string // the name, for audit lines
	title     string // what people call it
	cfg       Accounts
	workspace *workspace
	links     *Links
	passwords *passwords
	begun     store.Bucket[begun]
	locks     store.Locks
	audit     *audit.Log
	// forget removes what is known of a person by an account that is theirs no more.
	forget func(ctx context.Context, userID string) error
}

// of returns the identity's account, switched on. What is refused is a *problem.Error.
func (a *accounts) of(ctx context.Context, id oidc.Identity) (account, error) {
	found, err := a.find(ctx, id)
	if err != nil || !found.deactivated() {
		return found, err
	}
	return a.reactivate(ctx, id, found)
}

// find returns the identity's account. The order is: its link, its verified e-mail address, its username where that is
// configured, a new account (R23).
func (a *accounts) find(ctx context.Context, id oidc.Identity) (account, error) {
	found, err := a.linked(ctx, id)
	if !errors.Is(err, errNoAccount) {
		return found, err
	}
	// One of all callers for this person, on any replica, finds or makes the account; the others then find its link
	// (R29, S88).
	err = a.alone(ctx, id.Provider, id.Subject, func(ctx context.Context) error {
		if found, err = a.linked(ctx, id); errors.Is(err, errNoAccount) {
			found, err = a.adopt(ctx, id)
		}
		return err
	})
	return found, err
}

// alone lets work be the only one, on any replica and in any command, that finds, makes or changes the identity's
// account. It is taken before the lock of an account (Links.alone), never after.
func (a *accounts) alone(ctx context.Context, provider, subject string, work func(ctx context.Context) error) error {
	name, err := a.links.link(ctx, provider, subject)
	if err != nil {
		return err
	}
	return a.locks.Do(ctx, name, accountHold, work)
}

// linked returns the account that the identity is linked to, or errNoAccount. A link to an account that was deleted goes.
func (a *accounts) linked(ctx context.Context, id oidc.Identity) (account, error) {
	userID, err := a.links.Account(ctx, id.Provider, id.Subject)
	if errors.Is(err, store.ErrNotFound) {
		return account{}, errNoAccount
	}
	if err != nil {
		return account{}, fmt.Errorf("read account link: %w", err)
	}
	found, err := a.workspace.byID(ctx, userID)
	if errors.Is(err, errNoAccount) {
		return a.unlink(ctx, id, userID)
	}
	if err != nil {
		return account{}, err
	}
	decision.Note(ctx, decision.AccountMatched, "by", "link", "account", found.ID)
	return found, a.usable(ctx, id, found)
}

// unlink takes the link to an account that was deleted away, and is linked once more: an operator may have given the
// person another account at this moment.
func (a *accounts) unlink(ctx context.Context, id oidc.Identity, userID string) (account, error) {
	if err := a.forget(ctx, userID); err != nil { // nobody could find it without the link
		return account{}, err
	}
	removed, err := a.links.Unlink(ctx, id.Provider, id.Subject, userID)
	if err != nil {
		return account{}, err
	}
	if !removed {
		return a.linked(ctx, id)
	}
	a.record(ctx, audit.LinkRemoved, "", id, userID)
	return account{}, errNoAccount
}

// usable refuses what is nobody's account, however somebody came to be linked to it: our own, whose login could do all
// that we can, and one that is switched off and stays so (S93).
func (a *accounts) usable(ctx context.Context, id oidc.Identity, found account) error {
	switch {
	case found.ID == a.workspace.self.userID:
		return a.refuse(ctx, audit.ChatRefused, id, found.ID, problem.AccountRefused(a.title, notAPerson, nil))
	case found.deactivated() && !a.mayReactivate(found):
		return a.refuse(ctx, audit.Deactivated, id, found.ID, problem.AccountDeactivated(a.title, nil))
	}
	return nil
}

// mayReactivate says whether a sign-in may switch an account on: never an administrator's, or one that is no person's.
func (a *accounts) mayReactivate(found account) bool {
	return a.cfg.Reactivate && found.Type == "user" && !found.administrator()
}

func (a *accounts) reactivate(ctx context.Context, id oidc.Identity, found account) (account, error) {
	if err := a.workspace.activate(ctx, found.ID); err != nil {
		return account{}, err
	}
	a.record(ctx, audit.AccountReactivated, "", id, found.ID)
	found.Active = nil
	return found, nil
}

// login makes a login token with the password of an account that was made here.
func (a *accounts) login(ctx context.Context, id oidc.Identity, found account, address string) (store.Secret, error) {
	password, err := a.passwords.forAccount(ctx, found.ID)
	if errors.Is(err, errNotOurs) {
		return "", a.refuse(ctx, audit.ChatRefused, id, found.ID, problem.AccountRefused(a.title, notMadeHere, err))
	}
	if err != nil {
		return "", err
	}
	token, err := a.workspace.login(ctx, found, password, address)
	if saysInactive(err) {
		return "", a.refuse(ctx, audit.Deactivated, id, found.ID, problem.AccountDeactivated(a.title, err))
	}
	return token, err
}

func (a *accounts) refuse(ctx context.Context, reason audit.Reason, id oidc.Identity, userID string, told *problem.Error) error {
	a.record(ctx, audit.AccountRefused, reason, id, userID)
	decision.Note(ctx, decision.AccountRefused, "reason", cmp.Or(told.Reason.Code, string(reason)), "account", userID)
	return told
}

func (a *accounts) record(ctx context.Context, act audit.Act, reason audit.Reason, id oidc.Identity, userID string) {
	e := audit.Event{Act: act, Reason: reason, Provider: id.Provider, Subject: id.Subject, Chat: a.chat}
	if userID != "" {
		e.Attrs = []slog.Attr{slog.String("account", userID)}
	}
	a.audit.Record(ctx, e)
}
