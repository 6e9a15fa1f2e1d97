package rocketchat

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"time"

	"chatgate/gateway/audit"
	"chatgate/gateway/problem"
	"chatgate/oidc"
	"chatgate/store"
)

// accountHold is how long one replica may take to find or make an account before another may try.
const accountHold = 30 * time.Second

// accounts find the account of an identity, or make it (C.6).
type accounts struct {
	chat      string
	cfg       Accounts
	workspace *workspace
	links     *Links
	locks     store.Locks
	audit     *audit.Log
}

// of returns the identity's account. The order is: its link, its verified e-mail address, its username where that is
// configured, a new account. What is refused is a *problem.Error.
func (a *accounts) of(ctx context.Context, id oidc.Identity) (user, error) {
	found, err := a.linked(ctx, id)
	if !errors.Is(err, errNoUser) {
		return found, err
	}
	// One of all callers for this person, on any replica, finds or makes the account; the others then find its link
	// (R29, S88).
	name, err := a.links.link(ctx, id.Provider, id.Subject)
	if err != nil {
		return user{}, err
	}
	err = a.locks.Do(ctx, name, accountHold, func(ctx context.Context) error {
		if found, err = a.linked(ctx, id); errors.Is(err, errNoUser) {
			found, err = a.adopt(ctx, id)
		}
		return err
	})
	return found, err
}

// linked returns the account that the identity is linked to, or errNoUser. A link to an account that was deleted goes.
func (a *accounts) linked(ctx context.Context, id oidc.Identity) (user, error) {
	userID, err := a.links.Account(ctx, id.Provider, id.Subject)
	if errors.Is(err, store.ErrNotFound) {
		return user{}, errNoUser
	}
	if err != nil {
		return user{}, fmt.Errorf("read account link: %w", err)
	}
	found, err := a.workspace.byID(ctx, userID)
	if errors.Is(err, errNoUser) {
		if err := a.links.Unlink(ctx, id.Provider, id.Subject); err != nil {
			return user{}, err
		}
		a.record(ctx, audit.LinkRemoved, "", id, userID)
		return user{}, errNoUser
	}
	if err == nil && found.deactivated() {
		return user{}, a.refuse(ctx, audit.Deactivated, id, found.ID, problem.AccountDeactivated(a.chat, nil)) // S93
	}
	return found, err
}

// adopt links an account that is there already, or makes one.
func (a *accounts) adopt(ctx context.Context, id oidc.Identity) (user, error) {
	traits, err := a.workspace.traits(ctx)
	if err != nil {
		return user{}, err
	}
	found, err := a.withAddress(ctx, traits.version, id)
	reason := audit.VerifiedEmail
	if errors.Is(err, errNoUser) {
		found, err = a.withUsername(ctx, id)
		reason = byUsername
	}
	if errors.Is(err, errNoUser) {
		return a.make(ctx, traits.version, id)
	}
	if err != nil {
		return user{}, err
	}
	return found, a.link(ctx, reason, id, found)
}

// withAddress finds the account with the identity's e-mail address. The address proves nothing unless the provider has
// verified it, and an account it matches is then nobody else's to take either (D8).
func (a *accounts) withAddress(ctx context.Context, v version, id oidc.Identity) (user, error) {
	if id.Email == "" {
		return user{}, errNoUser
	}
	found, err := a.workspace.byEmail(ctx, v, id.Email)
	switch {
	case err != nil:
		return user{}, err
	case len(found) == 0:
		return user{}, errNoUser
	case !id.EmailVerified:
		return user{}, a.refuse(ctx, audit.EmailUnverified, id, "", problem.EmailUnverified(a.chat, nil))
	case len(found) > 1:
		return user{}, a.refuse(ctx, audit.EmailAmbiguous, id, "",
			problem.AccountRefused(a.chat, "several accounts have your e-mail address", nil))
	case !slices.Contains(a.cfg.LinkBy, VerifiedEmail):
		return user{}, a.refuse(ctx, audit.LinkedElsewhere, id, found[0].ID,
			problem.AccountRefused(a.chat, "an account with your e-mail address exists, and accounts are not linked by address here", nil))
	}
	return found[0], nil
}

// withUsername finds the account with the identity's name, where the operator trusts the provider with names.
func (a *accounts) withUsername(ctx context.Context, id oidc.Identity) (user, error) {
	if !slices.Contains(a.cfg.LinkBy, Username) || id.Username == "" || plainName(id.Username) != id.Username {
		return user{}, errNoUser
	}
	return a.workspace.byUsername(ctx, id.Username)
}

// link makes an existing account the identity's, unless something speaks against it (D8, S93).
func (a *accounts) link(ctx context.Context, how audit.Reason, id oidc.Identity, found user) error {
	switch {
	case found.Type != "" && found.Type != "user":
		return a.refuse(ctx, audit.ChatRefused, id, found.ID,
			problem.AccountRefused(a.chat, "the account with your name or address is not a person's", nil))
	case found.deactivated():
		return a.refuse(ctx, audit.Deactivated, id, found.ID, problem.AccountDeactivated(a.chat, nil))
	case found.administrator() && !a.cfg.LinkAdmins:
		return a.refuse(ctx, audit.Administrator, id, found.ID, problem.AccountIsAdministrator(a.chat, nil))
	}
	err := a.links.Link(ctx, id.Provider, id.Subject, found.ID)
	if errors.Is(err, ErrLinkedElsewhere) {
		return a.refuse(ctx, audit.LinkedElsewhere, id, found.ID, problem.AccountLinkedToAnother(a.chat, err))
	}
	if err == nil {
		a.record(ctx, audit.AccountLinked, how, id, found.ID)
	}
	return err
}

// make creates the identity's account under the first name that is free. A name that is taken is never taken over:
// only a new account is linked here (S56).
func (a *accounts) make(ctx context.Context, v version, id oidc.Identity) (user, error) {
	if !a.cfg.Create {
		return user{}, a.refuse(ctx, audit.CreationDisabled, id, "",
			problem.AccountRefused(a.chat, "you have no account, and none are made here", nil))
	}
	if id.Email == "" {
		return user{}, a.refuse(ctx, audit.ChatRefused, id, "",
			problem.AccountRefused(a.chat, "an account needs an e-mail address, and your identity provider gave none", nil))
	}
	names := usernames(id)
	wanted := newAccount{Name: id.Name, Email: id.Email, Verified: id.EmailVerified}
	if wanted.Name == "" {
		wanted.Name = names[0]
	}
	for _, name := range names {
		wanted.Username = name
		made, err := a.workspace.create(ctx, wanted)
		if err == nil {
			return made, a.own(ctx, id, made)
		}
		if !nameTaken(err) {
			return user{}, a.creationRefused(ctx, id, err)
		}
		// Rocket.Chat does not say whether the name or the address is taken. Whoever took the address meanwhile is
		// judged as if they had been there before.
		if found, err := a.withAddress(ctx, v, id); !errors.Is(err, errNoUser) {
			if err != nil {
				return user{}, err
			}
			return found, a.link(ctx, audit.VerifiedEmail, id, found)
		}
	}
	return user{}, a.refuse(ctx, audit.ChatRefused, id, "",
		problem.AccountRefused(a.chat, "no name is free for your account", nil))
}

// own links a new account. No rule is asked: nobody can have had it before.
func (a *accounts) own(ctx context.Context, id oidc.Identity, made user) error {
	if err := a.links.Link(ctx, id.Provider, id.Subject, made.ID); err != nil {
		return err
	}
	a.record(ctx, audit.AccountCreated, audit.NewAccount, id, made.ID)
	return nil
}

func nameTaken(err error) bool {
	return isRefusal(err, "error-field-unavailable", "error-blocked-username", "error-input-is-not-a-valid-field")
}

// creationRefused tells a person what Rocket.Chat has against their account, where that is about the person (C.4).
func (a *accounts) creationRefused(ctx context.Context, id oidc.Identity, err error) error {
	refusal, ok := errors.AsType[*apiError](err)
	switch {
	case !ok:
		return err
	case refusal.code == "error-license-user-limit-reached":
		return a.refuse(ctx, audit.SeatsExhausted, id, "", problem.SeatsExhausted(a.chat, err))
	case slices.Contains([]string{"error-invalid-domain", "error-email-domain-blacklisted", "error-invalid-email"}, refusal.code):
		return a.refuse(ctx, audit.ChatRefused, id, "",
			problem.AccountRefused(a.chat, "your e-mail address is not accepted there", err))
	}
	return err
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
