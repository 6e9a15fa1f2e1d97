package talk

import (
	"context"
	"errors"
	"fmt"
)

// inGeneration is the same register for the user ids of another generation.
func (n *names) inGeneration(generation string) *names {
	other := *n
	other.scope = []string{n.scope[0], generation}
	return &other
}

// forget frees the name of a person and keeps nothing of them. Their record goes last, since it alone leads to the name.
func (n *names) forget(ctx context.Context, userID string) error {
	err := n.locks.Do(ctx, userID, holdName, func(ctx context.Context) error {
		kept, err := n.kept(ctx, userID)
		if err != nil {
			return err
		}
		for _, name := range []string{kept.Former, kept.Name} {
			if err := n.release(ctx, userID, name); err != nil {
				return err
			}
		}
		return errors.Join(n.people.Delete(ctx, userID), n.every.Drop(ctx, everyone, userID))
	})
	if err != nil {
		return fmt.Errorf("forget the username of a talk user: %w", err)
	}
	return nil
}

// release lets go of a name if it is the person's.
func (n *names) release(ctx context.Context, userID, name string) error {
	if name == "" {
		return nil
	}
	key, err := n.key(ctx, name)
	if err != nil {
		return err
	}
	mine, err := n.holds(ctx, key, userID)
	if err != nil || !mine {
		return err
	}
	return n.holders.Delete(ctx, key)
}
