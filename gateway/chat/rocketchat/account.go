package rocketchat

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"chatgate/gateway/audit"
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
	begun     store.Bucket[begun]
	locks     store.Locks
	audit     *audit.Log
}

// of returns the identity's account. The order is: its link, its verified e-mail address, its username where that is
// configured, a new account. What is refused is a *problem.Error.
func (a *accounts) of(ctx context.Context, id oidc.Identity) (account, error) {
	found, err := a.linked(ctx, id)
	if !errors.Is(err, errNoAccount) {
		return found, err
	}
	// One of all callers for this person, on any replica, finds or makes the account; the others then find its link
	// (R29, S88).
	name, err := a.links.link(ctx, id.Provider, id.Subject)
	if err != nil {
		return account{}, err
	}
	err = a.locks.Do(ctx, name, accountHold, func(ctx context.Context) error {
		if found, err = a.linked(ctx, id); errors.Is(err, errNoAccount) {
			found, err = a.adopt(ctx, id)
		}
		return err
	})
	return found, err
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
		if err := a.links.Unlink(ctx, id.Provider, id.Subject); err != nil {
			return account{}, err
		}
		a.record(ctx, audit.LinkRemoved, "", id, userID)
		return account{}, errNoAccount
	}
	if err != nil {
		return account{}, err
	}
	return found, a.usable(ctx, id, found)
}

// usable refuses what is nobody's account, however somebody came to be linked to it: our own, whose login could do all
// that we can, and one that is switched off (S93).
func (a *accounts) usable(ctx context.Context, id oidc.Identity, found account) error {
	switch {
	case found.ID == a.workspace.self.userID:
		return a.refuse(ctx, audit.ChatRefused, id, found.ID, problem.AccountRefused(a.title, notAPerson, nil))
	case found.deactivated():
		return a.refuse(ctx, audit.Deactivated, id, found.ID, problem.AccountDeactivated(a.title, nil))
	}
	return nil
}

func (a *accounts) refuse(ctx context.Context, reason audit.Reason, id oidc.Identity, userID string, told *problem.Error) error {
	a.record(ctx, audit.AccountRefused, reason, id, userID)
	return told
}

func (a *accounts) record(ctx context.Context, act audit.Act, reason audit.Reason, id oidc.Identity, userID string) {
	e := audit.Event{Act: act, Reason: reason, Provider: id.Provider, Subject: id.Subject, Chat: a.chat}
	if userID != "" {
		e.Attrs = []slog.Attr{slog.String("account", userID)}
	}
	a.audit.Record(ctx, e)
}
