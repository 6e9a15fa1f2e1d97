package talk

import (
	"context"
	"errors"
	"fmt"
	"time"

	"chatgate/store"
)

// everyone is the set of all people of whom there is a record, and indexed the time that all of them stand at.
const everyone = "all"

var indexed = time.Unix(0, 0)

// reseal says how many people's names it wrote anew. One that does not open holds up no other, and is the error in the
// end.
func (n *names) reseal(ctx context.Context, rotating bool) (resealed int, err error) {
	if !rotating {
		return 0, nil
	}
	return resealMembers(ctx, n.every, n.resealOne)
}

// resealMembers brings what every member of an index stands for under the current sealing key, and says of how many it did. One
// that does not open holds up no other, and is the error in the end.
func resealMembers(ctx context.Context, every store.Index, one func(ctx context.Context, member string) (bool, error)) (resealed int, err error) {
	all, err := members(ctx, every)
	if err != nil {
		return 0, err
	}
	var closed error
	for _, e := range all {
		switch moved, err := one(ctx, e.Member); {
		case errors.Is(err, store.ErrUnavailable):
			return resealed, err
		case err != nil && !errors.Is(err, store.ErrNotFound):
			closed = err
		case moved:
			resealed++
		}
	}
	return resealed, closed
}

// members lists everyone in an index. They stand at one time, so a listing that is full is made anew with more room.
func members(ctx context.Context, every store.Index) ([]store.Entry, error) {
	for limit := 1000; ; limit *= 4 {
		all, err := every.List(ctx, everyone, indexed, indexed, limit)
		if err != nil {
			return nil, fmt.Errorf("list talk users: %w", err)
		}
		if len(all) < limit {
			return all, nil
		}
	}
}

func (n *names) resealOne(ctx context.Context, userID string) (bool, error) {
	kept, err := n.people.Get(ctx, userID)
	if err != nil {
		return false, fmt.Errorf("read the username of a talk user: %w", err)
	}
	key, err := n.key(ctx, kept.Name)
	if err != nil {
		return false, err
	}
	held, err := n.holders.Reseal(ctx, key, 0)
	if err != nil {
		return false, fmt.Errorf("reseal the holder of a talk username: %w", err)
	}
	moved, err := n.people.Reseal(ctx, userID, 0)
	if err != nil {
		return false, fmt.Errorf("reseal a talk username: %w", err)
	}
	return held || moved, nil
}
