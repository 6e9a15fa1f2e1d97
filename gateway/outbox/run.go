package outbox

import (
	"context"
	"fmt"
	"sync"
	"time"

	"chatgate/store"
)

const (
	workers  = 4
	deadline = 30 * time.Second
	// lease is longer than a job's deadline and the settling after it, and leaves room for replicas whose clocks differ
	// by some seconds, so that it runs out only under a worker that died or whose store was away.
	lease = time.Minute
)

// Run does jobs as they become due, up to four at a time, until ctx ends; it returns nil once those under way are
// settled. Jobs that ctx interrupts are handed back for another replica. While the store is away it keeps asking.
func (o *Outbox) Run(ctx context.Context) error {
	var busy sync.WaitGroup
	defer busy.Wait()
	slots := make(chan struct{}, workers)
	reachable := true
	for {
		free := acquire(ctx, slots)
		if free == 0 {
			return nil
		}
		claimed, err := o.claim(ctx, free)
		for range free - len(claimed) {
			<-slots
		}
		for _, e := range claimed {
			busy.Go(func() {
				defer func() { <-slots }()
				o.perform(ctx, e.Member)
			})
		}
		if err != nil && reachable && ctx.Err() == nil {
			o.log.WarnContext(ctx, "outbox lost its store", "err", err)
		}
		reachable = err == nil
		if len(claimed) < free {
			o.rest(ctx)
		}
	}
}

// acquire waits for a free slot and takes all that are free then. It returns 0 when ctx has ended.
func acquire(ctx context.Context, slots chan struct{}) int {
	select {
	case <-ctx.Done():
		return 0
	case slots <- struct{}{}:
	}
	if ctx.Err() != nil {
		return 0 // both were ready and chance chose the slot
	}
	for taken := 1; ; taken++ {
		select {
		case slots <- struct{}{}:
		default:
			return taken
		}
	}
}

// rest waits for a job enqueued here, for the time to look for others, or for ctx.
func (o *Outbox) rest(ctx context.Context) {
	timer := time.NewTimer(o.poll)
	defer timer.Stop()
	select {
	case <-ctx.Done():
	case <-o.wake:
	case <-timer.C:
	}
}

// Drain does what is due now and returns when nothing due is left; what fails waits for its next attempt. It
// is for tests: a gateway that shuts down leaves the rest to the other replicas and to its next start.
func (o *Outbox) Drain(ctx context.Context) error {
	for {
		claimed, err := o.claim(ctx, workers)
		if err != nil || len(claimed) == 0 {
			return err
		}
		var busy sync.WaitGroup
		for _, e := range claimed {
			busy.Go(func() { o.perform(ctx, e.Member) })
		}
		busy.Wait()
	}
}

func (o *Outbox) claim(ctx context.Context, limit int) ([]store.Entry, error) {
	now := o.now()
	claimed, err := o.index.Claim(ctx, queue, now, now.Add(lease), limit)
	if err != nil {
		return nil, fmt.Errorf("claim jobs: %w", err)
	}
	return claimed, nil
}
