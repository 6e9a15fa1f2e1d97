package rocketchat

import (
	"context"
	"errors"
	"slices"

	"chatgate/gateway/audit"
	"chatgate/gateway/decision"
	"chatgate/gateway/problem"
	"chatgate/oidc"
)

// adopt links an account that is there already, or makes one.
func (a *accounts) adopt(ctx context.Context, id oidc.Identity) (account, error) {
	traits, err := a.workspace.traits(ctx)
	if err != nil {
		return account{}, err
	}
	found, err := a.withAddress(ctx, traits.version, id)
	if errors.Is(err, errNoAccount) {
		found, err = a.withUsername(ctx, id)
	}
	if errors.Is(err, errNoAccount) {
		return a.make(ctx, traits.version, id)
	}
	if err != nil {
		return account{}, err
	}
	return found, a.claim(ctx, id, found)
}

// withAddress finds the account with the identity's e-mail address, verified or not: one that it matches is nobody
// else's to make. The account is read once more by itself, because listings leave out what the rules ask for.
func (a *accounts) withAddress(ctx context.Context, v version, id oidc.Identity) (account, error) {
	if id.Email == "" {
		return account{}, errNoAccount
	}
	found, err := a.workspace.byEmail(ctx, v, id.Email)
	switch {
	case err != nil:
		return account{}, err
	case len(found) == 0:
		return account{}, errNoAccount
	case len(found) > 1:
		return account{}, a.refuse(ctx, audit.EmailAmbiguous, id, "",
			problem.AccountRefused(a.title, severalAccounts, nil))
	}
	return a.workspace.byID(ctx, found[0].ID)
}

// withUsername finds the account with the identity's name, where the operator trusts the provider with names.
func (a *accounts) withUsername(ctx context.Context, id oidc.Identity) (account, error) {
	if !a.linksBy(Username) || id.Username == "" || plainName(id.Username) != id.Username {
		return account{}, errNoAccount
	}
	return a.workspace.byUsername(ctx, id.Username)
}

func (a *accounts) linksBy(key Key) bool { return slices.Contains(a.cfg.LinkBy, key) }

// claim makes an account that is there the identity's, when something proves that it is and nothing speaks against it
// (D8). An account that does not show its type and roles could be anything, an administrator's too.
func (a *accounts) claim(ctx context.Context, id oidc.Identity, found account) error {
	if found.Type == "" || found.Roles == nil {
		return hiddenAccount()
	}
	how, err := a.proof(ctx, id, found)
	if err != nil {
		return err
	}
	decision.Note(ctx, decision.AccountMatched, "by", string(how), "account", found.ID)
	if err := a.usable(ctx, id, found); err != nil {
		return err
	}
	switch {
	case found.Type != "user":
		return a.refuse(ctx, audit.ChatRefused, id, found.ID, problem.AccountRefused(a.title, notAPerson, nil))
	case found.administrator() && !a.cfg.LinkAdmins:
		return a.refuse(ctx, audit.Administrator, id, found.ID, problem.AccountIsAdministrator(a.title, nil))
	case how == audit.NewAccount:
		return a.own(ctx, id, found)
	}
	return a.link(ctx, how, id, found)
}

var errHidden = errors.New("the account's type or roles are not shown")

func hiddenAccount() error {
	return &operatorError{advice: "the service account needs the permission view-full-other-user-info", cause: errHidden}
}

// proof says what makes an account the identity's: that we made it, that both sides have verified the one address, or
// the name where the operator trusts the provider with names. An address that only one side has verified proves
// nothing: anybody can write somebody else's into their own account and wait for them.
func (a *accounts) proof(ctx context.Context, id oidc.Identity, found account) (audit.Reason, error) {
	ours, err := a.madeHere(ctx, id, found)
	switch {
	case err != nil:
		return "", err
	case ours:
		return audit.NewAccount, nil
	case a.linksBy(VerifiedEmail) && id.EmailVerified && found.confirmed(id.Email):
		return audit.VerifiedEmail, nil
	case a.linksBy(Username) && same(found.Username, id.Username):
		return byUsername, nil
	}
	return "", a.unproven(ctx, id, found)
}

func (a *accounts) unproven(ctx context.Context, id oidc.Identity, found account) error {
	switch {
	case !id.EmailVerified:
		return a.refuse(ctx, audit.EmailUnverified, id, "", problem.EmailUnverified(a.title, nil))
	case !a.linksBy(VerifiedEmail):
		return a.refuse(ctx, audit.LinkedElsewhere, id, found.ID,
			problem.AccountRefused(a.title, notLinked, nil))
	}
	return a.refuse(ctx, addressUnconfirmed, id, found.ID, problem.AccountRefused(a.title, notConfirmed, nil))
}

// link enters an account as the identity's, unless it is another one's, and not while an operator gives it to somebody.
func (a *accounts) link(ctx context.Context, how audit.Reason, id oidc.Identity, found account) error {
	err := a.links.alone(ctx, func(ctx context.Context) error {
		return a.links.Link(ctx, id.Provider, id.Subject, found.ID)
	}, found.ID)
	if errors.Is(err, ErrLinkedElsewhere) {
		return a.refuse(ctx, audit.LinkedElsewhere, id, found.ID, problem.AccountLinkedToAnother(a.title, err))
	}
	if err != nil {
		return err
	}
	act := audit.AccountLinked
	if how == audit.NewAccount {
		act = audit.AccountCreated
	}
	a.record(ctx, act, how, id, found.ID)
	return nil
}
