package rocketchat

import (
	"context"
	"errors"
	"fmt"
	"time"

	"chatgate/gateway/chat"
	"chatgate/store"
)

const (
	resealEvery = time.Hour
	resealAgain = time.Minute // after a failure
)

var _ chat.Worker = (*connector)(nil)

// Run brings account links under the current sealing key, now and every hour, until ctx ends. Every replica does it:
// one that starts last finds what the others have left under the former key.
func (c *connector) Run(ctx context.Context) error {
	for {
		wait := resealEvery
		n, err := c.reseal(ctx)
		if n > 0 {
			c.env.Log.InfoContext(ctx, "account links resealed", "links", n)
		}
		if err != nil && ctx.Err() == nil {
			wait = resealAgain
			c.env.Log.WarnContext(ctx, "account links not resealed", "err", err)
		}
		if pause(ctx, wait) != nil {
			return nil
		}
	}
}

// reseal brings links, and what is kept by them, under the current sealing key.
func (c *connector) reseal(ctx context.Context) (links int, err error) {
	if !c.env.Store.Rotating() {
		return 0, nil
	}
	links, err = c.accounts.links.Reseal(ctx)
	return links, errors.Join(err, c.profiles.reseal(ctx), c.leavers.reseal(ctx), c.accounts.passwords.reseal(ctx), chat.NewOriginals(c.env).Reseal(ctx))
}

// Reseal writes every link anew that stands under an older sealing key, so that an operator can remove that key: links
// have no lifetime, and waiting for everybody to sign in would take for ever (D23). It returns how many it wrote. A
// link that does not open stays as it is, holds up no other, and is the error in the end.
func (l *Links) Reseal(ctx context.Context) (resealed int, err error) {
	if !l.store.Rotating() {
		return 0, nil
	}
	all, err := l.all(ctx)
	if err != nil {
		return 0, err
	}
	var closed error
	for _, e := range all {
		switch moved, err := l.reseal(ctx, e.Member); {
		case errors.Is(err, store.ErrUnavailable):
			return resealed, err
		case errors.Is(err, store.ErrNotFound): // removed meanwhile, or never finished
		case err != nil:
			closed = err
		case moved:
			resealed++
		}
	}
	return resealed, closed
}

// all lists every link. They stand at one time, so a listing that is full is made anew with more room.
func (l *Links) all(ctx context.Context) ([]store.Entry, error) {
	for limit := 1000; ; limit *= 4 {
		all, err := l.index.List(ctx, everyLink, indexed, indexed, limit)
		if err != nil {
			return nil, fmt.Errorf("list account links: %w", err)
		}
		if len(all) < limit {
			return all, nil
		}
	}
}

// each does something with the name of every linked account. One that fails holds up no other, and is the error in the
// end.
func (l *Links) each(ctx context.Context, do func(account string) error) error {
	all, err := l.all(ctx)
	if err != nil {
		return err
	}
	var failed error
	for _, e := range all {
		switch err := l.at(ctx, e.Member, do); {
		case errors.Is(err, store.ErrUnavailable):
			return err
		case err != nil && !errors.Is(err, store.ErrNotFound):
			failed = err
		}
	}
	return failed
}

func (l *Links) at(ctx context.Context, link string, do func(account string) error) error {
	found, err := l.accounts.Get(ctx, link)
	if err != nil {
		return err
	}
	account, err := l.account(ctx, found.UserID)
	if err != nil {
		return err
	}
	return do(account)
}

func (l *Links) reseal(ctx context.Context, id string) (bool, error) {
	found, err := l.accounts.Get(ctx, id)
	if err != nil {
		return false, fmt.Errorf("read account link: %w", err)
	}
	account, err := l.account(ctx, found.UserID)
	if err != nil {
		return false, err
	}
	moved, err := l.accounts.Reseal(ctx, id, 0)
	if err != nil {
		return false, fmt.Errorf("reseal account link: %w", err)
	}
	owner, err := l.owners.Reseal(ctx, account, 0)
	if err != nil {
		return false, fmt.Errorf("reseal owner of account: %w", err)
	}
	return moved || owner, nil
}
