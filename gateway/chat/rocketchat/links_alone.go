package rocketchat

import (
	"context"
	"slices"
	"time"
)

// aloneHold outlives a job of the outbox and what an operator's command does, so that the lock runs out only under a
// process that died.
const aloneHold = 45 * time.Second

// alone lets work be the only one, on any replica and in any command, that gives something to these accounts or takes
// their links away; an empty id is none. Jobs look at the link when they are alone, so none of them gives a right to an
// account that somebody has found without it, and then given to another person.
func (l *Links) alone(ctx context.Context, work func(ctx context.Context) error, userIDs ...string) error {
	var names []string
	for _, userID := range userIDs {
		if userID == "" {
			continue
		}
		name, err := l.account(ctx, userID)
		if err != nil {
			return err
		}
		names = append(names, name)
	}
	slices.Sort(names) // all in one order, so that no two wait for each other
	for _, name := range slices.Backward(slices.Compact(names)) {
		inner := work
		work = func(ctx context.Context) error { return l.locks.Do(ctx, name, aloneHold, inner) }
	}
	return work(ctx)
}
