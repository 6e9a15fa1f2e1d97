package outbox

import (
	"context"
	"errors"
	"fmt"
	"time"

	"chatgate/store"
)

// looked is how many jobs of a lane Backlog reads to find the one that has waited longest.
const looked = 500

// Backlog is what waits in one lane, running jobs included.
type Backlog struct {
	// Lane is the lane's name, one of Lanes.
	Lane string
	// Jobs says how many.
	Jobs int
	// Oldest is for how long the oldest has waited since it was first due; 0 without jobs. Where more than 500 wait it is the
	// oldest of the 500 that are done next.
	Oldest time.Duration
}

// Lanes are the names of all lanes.
func Lanes() []string { return []string{laneRevocations, laneGrants, laneJobs} }

// Backlogs says what waits in each lane. It counts without reading and reads a bounded number, so that it may be asked now
// and then for a metric. Jobs that do not open here count, and have no age.
func (o *Outbox) Backlogs(ctx context.Context) ([]Backlog, error) {
	all := make([]Backlog, 0, len(o.lanes()))
	for _, l := range o.lanes() {
		b, err := o.backlog(ctx, l)
		if err != nil {
			return nil, fmt.Errorf("count %s: %w", l.set, err)
		}
		all = append(all, b)
	}
	return all, nil
}

func (o *Outbox) backlog(ctx context.Context, l lane) (Backlog, error) {
	b := Backlog{Lane: l.set}
	now := o.now()
	var err error
	if b.Jobs, err = o.index.Count(ctx, l.set, time.Unix(0, 0), now.AddDate(100, 0, 0)); err != nil || b.Jobs == 0 {
		return b, err
	}
	next, err := o.index.List(ctx, l.set, time.Unix(0, 0), now.AddDate(100, 0, 0), looked)
	if err != nil {
		return b, err
	}
	for _, e := range next {
		var job Job
		switch err := o.index.Unseal(l.set, e.Member, &job); {
		case err == nil:
			b.Oldest = max(b.Oldest, now.Sub(job.Enqueued))
		case errors.Is(err, store.ErrUnavailable):
			return b, err
		}
	}
	return b, nil
}

// Count says how many login tokens are out: given to a browser, neither revoked nor expired.
func (l *Ledger) Count(ctx context.Context) (int, error) {
	n, err := l.due.Count(ctx, dueSet, time.Unix(0, 0), l.now().AddDate(100, 0, 0))
	if err != nil {
		return 0, fmt.Errorf("count ledger entries: %w", err)
	}
	return n, nil
}
