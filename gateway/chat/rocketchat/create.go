package rocketchat

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"chatgate/gateway/audit"
	"chatgate/gateway/problem"
	"chatgate/oidc"
	"chatgate/store"
)

// begun is the creation of an account that Rocket.Chat has not answered. Without it, an account whose answer was lost
// could be taken for somebody else's, and refused to its owner for ever.
type begun struct {
	Username string `json:"u"`
	// Seed is what the account's password is derived from; empty for a random one.
	Seed string `json:"s,omitempty"`
}

// begunFor is how long such a creation is remembered; after that only the rules for accounts of unknown origin help.
const begunFor = 30 * 24 * time.Hour

// make creates the identity's account under the first name that is free. A name that is taken is never taken over:
// only a new account is linked here (S56). Its address is one that the provider has verified, so that nobody gets an
// account with somebody else's (D8).
func (a *accounts) make(ctx context.Context, v version, id oidc.Identity) (account, error) {
	if err := a.mayMake(ctx, id); err != nil {
		return account{}, err
	}
	names := usernames(id)
	wanted := newAccount{Name: id.Name, Email: id.Email, Verified: true, JoinDefaultChannels: a.cfg.JoinDefaultChannels}
	if wanted.Name == "" {
		wanted.Name = names[0]
	}
	for _, name := range names {
		wanted.Username = name
		made, err := a.create(ctx, id, wanted)
		if err == nil {
			return made, a.own(ctx, id, made)
		}
		if !nameTaken(err) {
			return account{}, a.creationRefused(ctx, id, err)
		}
		// Rocket.Chat does not say whether the name or the address is taken. Whoever took the address meanwhile is
		// judged as if they had been there before.
		found, err := a.withAddress(ctx, v, id)
		if err == nil {
			return found, a.claim(ctx, id, found)
		}
		if !errors.Is(err, errNoAccount) {
			return account{}, err
		}
	}
	return account{}, a.refuse(ctx, audit.ChatRefused, id, "",
		problem.AccountRefused(a.title, noFreeName, nil))
}

func (a *accounts) mayMake(ctx context.Context, id oidc.Identity) error {
	switch {
	case !a.cfg.Create:
		return a.refuse(ctx, audit.CreationDisabled, id, "",
			problem.AccountRefused(a.title, notCreated, nil))
	case id.Email == "":
		return a.refuse(ctx, audit.ChatRefused, id, "",
			problem.AccountRefused(a.title, emailMissing, nil))
	case !id.EmailVerified:
		return a.refuse(ctx, audit.EmailUnverified, id, "", problem.EmailUnverified(a.title, nil))
	}
	return nil
}

// create remembers what it is about to ask for until Rocket.Chat has refused it, or own has linked it.
func (a *accounts) create(ctx context.Context, id oidc.Identity, wanted newAccount) (account, error) {
	name, err := a.links.link(ctx, id.Provider, id.Subject)
	if err != nil {
		return account{}, err
	}
	b := begun{Username: wanted.Username}
	wanted.Password, b.Seed = a.passwords.next()
	if err := a.begun.Put(ctx, name, b, begunFor); err != nil {
		return account{}, fmt.Errorf("remember creation: %w", err)
	}
	made, err := a.workspace.create(ctx, wanted)
	if err == nil || errors.Is(err, errUnavailable) {
		return made, err
	}
	return account{}, errors.Join(err, a.begun.Delete(ctx, name))
}

// madeHere says whether an account is the outcome of a creation whose answer was lost: it has the name we asked for,
// and the identity's verified address as verified as we asked for.
func (a *accounts) madeHere(ctx context.Context, id oidc.Identity, found account) (bool, error) {
	if !id.EmailVerified || !found.confirmed(id.Email) {
		return false, nil
	}
	name, err := a.links.link(ctx, id.Provider, id.Subject)
	if err != nil {
		return false, err
	}
	b, err := a.beginning(ctx, name)
	return err == nil && b.Username != "" && same(b.Username, found.Username), err
}

// beginning is the creation that was begun for a link, empty where there is none, or one too old to count.
func (a *accounts) beginning(ctx context.Context, link string) (begun, error) {
	b, err := a.begun.Get(ctx, link)
	if errors.Is(err, store.ErrNotFound) || errors.Is(err, store.ErrUnknownKey) {
		return begun{}, nil
	}
	if err != nil {
		return begun{}, fmt.Errorf("read creation: %w", err)
	}
	return b, nil
}

// own links an account that was made here, remembers what its password is derived from, and forgets its creation.
func (a *accounts) own(ctx context.Context, id oidc.Identity, made account) error {
	name, err := a.links.link(ctx, id.Provider, id.Subject)
	if err != nil {
		return err
	}
	b, err := a.beginning(ctx, name)
	if err != nil {
		return err
	}
	if err := a.passwords.remember(ctx, made.ID, b.Seed); err != nil {
		return err
	}
	if err := a.link(ctx, audit.NewAccount, id, made); err != nil {
		return err
	}
	return a.begun.Delete(ctx, name)
}

func nameTaken(err error) bool {
	return isRefusal(err, "error-field-unavailable", "error-blocked-username", "error-input-is-not-a-valid-field")
}

// creationRefused tells a person what Rocket.Chat has against their account, where that is about the person.
func (a *accounts) creationRefused(ctx context.Context, id oidc.Identity, err error) error {
	refusal, ok := errors.AsType[*apiError](err)
	switch {
	case !ok:
		return err
	case refusal.code == "error-license-user-limit-reached":
		return a.refuse(ctx, audit.SeatsExhausted, id, "", problem.SeatsExhausted(a.title, err))
	case slices.Contains([]string{"error-invalid-domain", "error-email-domain-blacklisted", "error-invalid-email"}, refusal.code):
		return a.refuse(ctx, audit.ChatRefused, id, "",
			problem.AccountRefused(a.title, emailRefused, err))
	}
	return err
}
