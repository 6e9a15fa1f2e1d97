package outbox

import (
	"context"
	"fmt"
)

// The names of the lanes, and of their sets in the store.
const (
	laneRevocations = "revocations"
	laneGrants      = "grants"
	laneJobs        = "jobs"
)

// lane is a queue of the outbox with workers of its own on every replica, so that nothing in it ever waits for a job of
// another lane.
type lane struct {
	// set is the set of the store in which its jobs wait.
	set string
	// wake holds one token when a job was enqueued here that is due.
	wake chan struct{}
}

func newLane(set string) lane { return lane{set: set, wake: make(chan struct{}, 1)} }

func (l lane) wakeUp() {
	select {
	case l.wake <- struct{}{}:
	default: // awake already
	}
}

// lane is where jobs of a kind are enqueued, save revocations at a session's absolute end (sweep.go). It hangs on the kind
// alone, because the replica that enqueues a job need not be one that can do it. Whoever signs out has been told that it is
// done within seconds, while the work of a morning on which everybody signs in takes minutes (D20, R13). Grants are for the
// provider, and one that hangs holds up nothing that is for a chat.
func (o *Outbox) lane(kind string) lane {
	switch kind {
	case KindRevoke:
		return o.revocations
	case KindGrant:
		return o.grants
	}
	return o.others
}

func (o *Outbox) lanes() []lane { return []lane{o.revocations, o.grants, o.others} }

// claimed is a job, still sealed, that this replica holds until its lease runs out.
type claimed struct{ set, member string }

// claim takes jobs of one lane that are due, the earliest first.
func (o *Outbox) claim(ctx context.Context, l lane, limit int) ([]claimed, error) {
	now := o.now()
	entries, err := o.index.Claim(ctx, l.set, now, now.Add(lease), limit)
	if err != nil {
		return nil, fmt.Errorf("claim %s: %w", l.set, err)
	}
	jobs := make([]claimed, len(entries))
	for i, e := range entries {
		jobs[i] = claimed{set: l.set, member: e.Member}
	}
	return jobs, nil
}
