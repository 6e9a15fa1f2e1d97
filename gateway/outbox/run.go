package outbox

import (
	"context"
	"sync"
	"time"
)

const (
	workers  = 4 // in each lane of a replica
	deadline = 30 * time.Second
	// lease is longer than a job's deadline and the settling after it, and leaves room for replicas whose clocks differ
	// by some seconds, so that it runs out only under a worker that died or whose store was away.
	lease = time.Minute
)

// Run does jobs as they become due, in each lane up to four at a time, until ctx ends; it returns nil once those under
// way are settled. Jobs that ctx interrupts are handed back for another replica. While the store is away it keeps asking.
func (o *Outbox) Run(ctx context.Context) error {
	var running sync.WaitGroup
	for _, l := range o.lanes() {
		running.Go(func() { o.run(ctx, l) })
	}
	running.Wait()
	return nil
}

// run does the jobs of one lane. Lanes tell of an outage each for itself: on a cluster they may live on different servers.
func (o *Outbox) run(ctx context.Context, l lane) {
	var busy sync.WaitGroup
	defer busy.Wait()
	slots := make(chan struct{}, workers)
	reachable := true
	for {
		free := acquire(ctx, slots)
		if free == 0 {
			return
		}
		jobs, err := o.claim(ctx, l, free)
		for range free - len(jobs) {
			<-slots
		}
		for _, c := range jobs {
			busy.Go(func() {
				defer func() { <-slots }()
				o.perform(ctx, c)
			})
		}
		if err != nil && reachable && ctx.Err() == nil {
			o.log.WarnContext(ctx, "outbox lost its store", "err", err)
		}
		reachable = err == nil
		if len(jobs) < free {
			o.rest(ctx, l)
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

// rest waits for a job of the lane enqueued here, for the time to look for others, or for ctx.
func (o *Outbox) rest(ctx context.Context, l lane) {
	timer := time.NewTimer(o.poll)
	defer timer.Stop()
	select {
	case <-ctx.Done():
	case <-l.wake:
	case <-timer.C:
	}
}

// Drain does what is due now and returns when nothing due is left; what fails waits for its next attempt. It
// is for tests: a gateway that shuts down leaves the rest to the other replicas and to its next start.
func (o *Outbox) Drain(ctx context.Context) error {
	for {
		done := 0
		for _, l := range o.lanes() {
			n, err := o.drain(ctx, l)
			if err != nil {
				return err
			}
			done += n
		}
		if done == 0 {
			return nil
		}
	}
}

// drain does some of what is due in one lane and says how much.
func (o *Outbox) drain(ctx context.Context, l lane) (int, error) {
	jobs, err := o.claim(ctx, l, workers)
	if err != nil {
		return 0, err
	}
	var busy sync.WaitGroup
	for _, c := range jobs {
		busy.Go(func() { o.perform(ctx, c) })
	}
	busy.Wait()
	return len(jobs), nil
}
