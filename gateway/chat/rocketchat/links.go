package rocketchat

import (
	"context"
	"errors"
	"fmt"
	"time"

	"chatgate/store"
)

// ErrLinkedElsewhere says that an account is linked to another identity.
var ErrLinkedElsewhere = errors.New("the account is linked to another identity")

// Links remember which account is whose, for ever (D6, D8). They are kept both ways: an identity has one account, and
// an account one identity. No e-mail address or name is part of them, so renaming either side changes nothing.
type Links struct {
	store     *store.Store
	names     *store.Names
	accounts  store.Bucket[linked]
	owners    store.Bucket[owned]
	index     store.Index
	locks     store.Locks
	workspace string
}

// everyLink is the set of the names of all links, which all stand at one time: nothing else could list them.
const everyLink = "all"

var indexed = time.Unix(0, 0)

// linked is the account of an identity, and the identity itself: the name it is kept under leads back to nobody (D23).
// Records of the first release lack the identity until its person signs in again.
type linked struct {
	UserID   string `json:"u"`
	Provider string `json:"p,omitempty"`
	Subject  string `json:"s,omitempty"`
}

// owned is the identity of an account, by the name its link is kept under.
type owned struct {
	Link string `json:"l"`
}

// NewLinks opens the links of the chat called name.
func NewLinks(s *store.Store, names *store.Names, name string) *Links {
	return &Links{
		store:     s,
		names:     names,
		accounts:  store.NewBucket[linked](s.Durable("link").In(name)),
		owners:    store.NewBucket[owned](s.Durable("linkowner").In(name)),
		index:     store.NewIndex(s.Durable("links").In(name)),
		locks:     store.NewLocks(s.Passing("linklock").In(name)),
		workspace: name,
	}
}

// Account returns the user id of an identity's account, or store.ErrNotFound.
func (l *Links) Account(ctx context.Context, provider, subject string) (userID string, err error) {
	id, err := l.link(ctx, provider, subject)
	if err != nil {
		return "", err
	}
	found, err := l.accounts.Get(ctx, id)
	if err == nil && found.Provider == "" {
		err = l.complete(ctx, id, provider, subject)
	}
	return found.UserID, err
}

// has says whether the account of an identity is this one.
func (l *Links) has(ctx context.Context, provider, subject, userID string) (bool, error) {
	found, err := l.Account(ctx, provider, subject)
	if errors.Is(err, store.ErrNotFound) {
		return false, nil
	}
	if err != nil {
		return false, fmt.Errorf("read account link: %w", err)
	}
	return found == userID, nil
}

// complete enters the identity in a link that lacks it. A link that is removed meanwhile stays removed.
func (l *Links) complete(ctx context.Context, id, provider, subject string) error {
	_, err := l.accounts.Update(ctx, id, 0, func(found linked) (linked, error) {
		found.Provider, found.Subject = provider, subject
		return found, nil
	})
	if err != nil && !errors.Is(err, store.ErrNotFound) {
		return fmt.Errorf("complete account link: %w", err)
	}
	return nil
}

// Link gives an account to an identity, in place of the one it had. An account of another identity is left alone, with
// ErrLinkedElsewhere. The owner is written before the link, with the first writer winning: a crash in between leaves an
// account that waits for its owner, and never one with two.
func (l *Links) Link(ctx context.Context, provider, subject, userID string) error {
	id, err := l.link(ctx, provider, subject)
	if err != nil {
		return err
	}
	if err := l.own(ctx, id, userID); err != nil {
		return err
	}
	if err := l.index.Put(ctx, everyLink, id, indexed, 0); err != nil {
		return fmt.Errorf("list account link: %w", err)
	}
	former, err := l.accounts.Get(ctx, id)
	if err != nil && !errors.Is(err, store.ErrNotFound) {
		return fmt.Errorf("read account link: %w", err)
	}
	if err := l.accounts.Put(ctx, id, linked{UserID: userID, Provider: provider, Subject: subject}, 0); err != nil {
		return fmt.Errorf("write account link: %w", err)
	}
	if former.UserID == "" || former.UserID == userID {
		return nil
	}
	return l.disown(ctx, id, former.UserID)
}

// own makes a link the owner of an account, unless another one is.
func (l *Links) own(ctx context.Context, id, userID string) error {
	account, err := l.account(ctx, userID)
	if err != nil {
		return err
	}
	err = l.owners.Add(ctx, account, owned{Link: id}, 0)
	if err == nil {
		return nil
	}
	if !errors.Is(err, store.ErrExists) {
		return fmt.Errorf("write owner of account: %w", err)
	}
	owner, err := l.owners.Get(ctx, account)
	if err != nil {
		return fmt.Errorf("read owner of account: %w", err)
	}
	if owner.Link != id {
		return ErrLinkedElsewhere
	}
	return nil
}

// Unlink forgets both ways, and says whether it did: a person whose account is another one, or none, keeps that.
func (l *Links) Unlink(ctx context.Context, provider, subject, userID string) (removed bool, err error) {
	id, err := l.link(ctx, provider, subject)
	if err != nil {
		return false, err
	}
	err = l.alone(ctx, func(ctx context.Context) error {
		if removed, err = l.has(ctx, provider, subject, userID); err != nil || !removed {
			return err
		}
		return l.remove(ctx, id)
	}, userID)
	return removed, err
}

func (l *Links) remove(ctx context.Context, id string) error {
	found, err := l.accounts.Get(ctx, id)
	if errors.Is(err, store.ErrNotFound) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("read account link: %w", err)
	}
	if err := l.accounts.Delete(ctx, id); err != nil {
		return fmt.Errorf("remove account link: %w", err)
	}
	if err := l.index.Drop(ctx, everyLink, id); err != nil {
		return fmt.Errorf("unlist account link: %w", err)
	}
	return l.disown(ctx, id, found.UserID)
}

func (l *Links) disown(ctx context.Context, id, userID string) error {
	account, err := l.account(ctx, userID)
	if err != nil {
		return err
	}
	owner, err := l.owners.Get(ctx, account)
	if errors.Is(err, store.ErrNotFound) || err == nil && owner.Link != id {
		return nil
	}
	if err != nil {
		return fmt.Errorf("read owner of account: %w", err)
	}
	if err := l.owners.Delete(ctx, account); err != nil {
		return fmt.Errorf("remove owner of account: %w", err)
	}
	return nil
}

// link and account name the two records; what stands in Redis tells a reader nothing (D23).
func (l *Links) link(ctx context.Context, provider, subject string) (string, error) {
	return l.names.Of(ctx, "account link", provider, subject)
}

func (l *Links) account(ctx context.Context, userID string) (string, error) {
	return l.names.Of(ctx, "linked account", l.workspace, userID)
}
