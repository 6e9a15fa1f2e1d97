package keyring

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"time"

	"chatgate/store"
)

const (
	rereadEvery = time.Minute // how late a change by another replica arrives; part of signLead
	firstRetry  = 250 * time.Millisecond
	lastRetry   = 15 * time.Second
)

// Run keeps every set loaded until ctx ends: it reads them all each minute, so that a change made on another replica
// arrives without a restart, and sooner while the store is away.
func (k *Keyring) Run(ctx context.Context) error {
	var last error
	retry := firstRetry
	for {
		err := k.Load(ctx)
		if ctx.Err() != nil {
			return nil
		}
		k.onRead(err)
		k.tell(ctx, last, err)
		last = err
		wait := rereadEvery
		if err != nil {
			wait, retry = retry, min(2*retry, lastRetry)
		} else {
			retry = firstRetry
		}
		if !sleep(ctx, jitter(wait)) {
			return nil
		}
	}
}

// tell logs a change for the worse or the better: an outage is two lines, not one for each attempt.
func (k *Keyring) tell(ctx context.Context, last, err error) {
	switch {
	case err == nil && last != nil:
		k.log.InfoContext(ctx, "signing keys read again")
	case err != nil && (last == nil || last.Error() != err.Error()):
		message := "signing keys not read"
		if errors.Is(err, ErrClocks) {
			message = "signing keys not changed"
		}
		k.log.WarnContext(ctx, message, "err", err)
	}
}

// jitter keeps replicas that started together from asking together. It never makes a wait longer: others count on a
// change to be here within rereadEvery.
func jitter(d time.Duration) time.Duration { return d - rand.N(d/5) }

// sleep says whether ctx was still alive at the end of d.
func sleep(ctx context.Context, d time.Duration) bool {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return false
	case <-timer.C:
		return true
	}
}

// Load is one round of Run: it reads every stored set, makes the first key of a set that has none, adds the next one of
// a set whose schedule wants it, drops keys whose time is over and moves records to the current sealing key. A set that
// cannot be read keeps the keys it had, and does not keep the others from being read. The error is ErrClocks when every
// set was read, and one is left as it is because the clocks disagree.
func (k *Keyring) Load(ctx context.Context) error {
	var unread, unchanged []error
	for _, s := range k.sets {
		if s.fromFiles {
			continue
		}
		err := k.load(ctx, s)
		if err != nil {
			err = fmt.Errorf("signing keys of %q: %w", s.name, err)
		}
		switch {
		case errors.Is(err, ErrClocks):
			unchanged = append(unchanged, err)
		case err != nil:
			unread = append(unread, err)
		}
	}
	if len(unread) == 0 {
		unread = unchanged
	}
	return errors.Join(append(unread, k.publish())...)
}

func (k *Keyring) load(ctx context.Context, s *Set) error {
	stored, err := k.bucket.Get(ctx, s.name)
	if errors.Is(err, store.ErrNotFound) {
		stored, err = k.found(ctx, s)
	}
	if err != nil {
		return err
	}
	if err := k.use(ctx, s, stored); err != nil {
		return err
	}
	err = k.settle(ctx, s, stored)
	_, resealed := k.bucket.Reseal(ctx, s.name, 0) // also when the keys could not be changed (D23)
	return errors.Join(err, resealed)
}

// settle adds the key that the schedule wants, and drops those whose last token has ended.
func (k *Keyring) settle(ctx context.Context, s *Set, stored document) error {
	switch now := k.now(); {
	case s.due(stored.newest(), now):
		return k.add(ctx, s, Scheduled, s.due) // which drops what is over as well
	case len(stored.live(now)) < len(stored.Keys):
		return k.drop(ctx, s)
	}
	return nil
}

func (k *Keyring) drop(ctx context.Context, s *Set) error {
	now, err := k.sureTime(ctx)
	if err != nil {
		return err
	}
	return k.change(ctx, s, func(d document) (document, error) {
		d.Keys = d.live(now)
		return d, nil
	})
}

// found writes the first document of a set. A set that was loaded before puts back what it has: a store that lost its
// records then gets the keys whose tokens are still out, whichever replica comes first.
func (k *Keyring) found(ctx context.Context, s *Set) (document, error) {
	mine, err := s.standing()
	first := err != nil
	if first {
		if mine, err = k.firstDocument(ctx); err != nil {
			return document{}, err
		}
	}
	err = k.bucket.Add(ctx, s.name, mine, 0)
	switch {
	case errors.Is(err, store.ErrExists):
		return k.bucket.Get(ctx, s.name)
	case err != nil:
		return document{}, err
	}
	k.log.InfoContext(ctx, "signing keys stored", "chat", s.name)
	if first {
		k.onChange(ctx, Change{Chat: s.name, Key: mine.Keys[0].key(), Cause: First})
	}
	return mine, nil
}

// use makes a document the one that signs and is published on this replica.
func (k *Keyring) use(ctx context.Context, s *Set, stored document) error {
	g, err := stored.open()
	if err != nil {
		return err
	}
	old := s.current.Swap(g)
	if old == nil || old.jwks.ETag != g.jwks.ETag {
		k.log.InfoContext(ctx, "signing keys changed", "chat", s.name, "kid", g.signer(k.now()).kid, "published", len(g.published))
	}
	return nil
}
