package rocketchat

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"

	"chatgate/store"
)

// Link is an identity and its account.
type Link struct {
	// Provider and Subject are the identity; both are empty in a link of the first release whose person has not signed
	// in since.
	Provider, Subject string
	// UserID is the account's id in Rocket.Chat.
	UserID string
}

// Known says whether the link tells whose it is.
func (l Link) Known() bool { return l.Provider != "" }

// All lists every link, by provider and subject. One that is removed meanwhile is left out.
func (l *Links) All(ctx context.Context) ([]Link, error) {
	entries, err := l.all(ctx)
	if err != nil {
		return nil, err
	}
	links := make([]Link, 0, len(entries))
	for _, e := range entries {
		found, err := l.accounts.Get(ctx, e.Member)
		if errors.Is(err, store.ErrNotFound) {
			continue
		}
		if err != nil {
			return nil, fmt.Errorf("read account link: %w", err)
		}
		links = append(links, found.link())
	}
	slices.SortFunc(links, func(a, b Link) int {
		return cmp.Or(cmp.Compare(a.Provider, b.Provider), cmp.Compare(a.Subject, b.Subject), cmp.Compare(a.UserID, b.UserID))
	})
	return links, nil
}

func (f linked) link() Link { return Link{Provider: f.Provider, Subject: f.Subject, UserID: f.UserID} }

// Owner is the link that an account has, or store.ErrNotFound.
func (l *Links) Owner(ctx context.Context, userID string) (Link, error) {
	_, found, err := l.owner(ctx, userID)
	return found.link(), err
}

// Release takes an account from whoever it is linked to, and returns the link it had. An account that is nobody's is
// fine: the link is then empty.
func (l *Links) Release(ctx context.Context, userID string) (Link, error) {
	id, found, err := l.owner(ctx, userID)
	if errors.Is(err, store.ErrNotFound) {
		return Link{}, l.disown(ctx, id, userID)
	}
	if err != nil {
		return Link{}, err
	}
	return found.link(), l.remove(ctx, id)
}

// owner finds the link of an account, by the name it is kept under too. An owner without a link is what a crash left.
func (l *Links) owner(ctx context.Context, userID string) (id string, found linked, err error) {
	account, err := l.account(ctx, userID)
	if err != nil {
		return "", found, err
	}
	owner, err := l.owners.Get(ctx, account)
	if errors.Is(err, store.ErrNotFound) {
		return "", found, err
	}
	if err != nil {
		return "", found, fmt.Errorf("read owner of account: %w", err)
	}
	if found, err = l.accounts.Get(ctx, owner.Link); err == nil && found.UserID != userID {
		err = store.ErrNotFound
	}
	if err != nil && !errors.Is(err, store.ErrNotFound) {
		err = fmt.Errorf("read account link: %w", err)
	}
	return owner.Link, found, err
}
