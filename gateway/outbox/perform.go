package outbox

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"time"

	"chatgate/store"
)

const (
	// settleTime is for writing down how a job ended, which happens even after the context of the work has.
	settleTime = 5 * time.Second
	// foreignAgain is how long a job waits that this replica cannot do: another version or another key may.
	foreignAgain = 5 * time.Minute
)

// perform does one claimed job and settles it.
func (o *Outbox) perform(ctx context.Context, c claimed) {
	var job Job
	if err := o.index.Unseal(c.set, c.member, &job); err != nil {
		o.settle(ctx, func(ctx context.Context) error { return o.setAside(ctx, c, err) })
		return
	}
	handle, ok := o.handlers[route{job.Kind, job.Chat}]
	if !ok {
		o.settle(ctx, func(ctx context.Context) error { return o.leave(ctx, c, job) })
		return
	}
	err := attempt(ctx, func(ctx context.Context, job Job) error {
		return o.around(ctx, job, func(ctx context.Context) error { return handle(ctx, job) })
	}, job)
	handBack := ctx.Err() != nil
	o.settle(ctx, func(ctx context.Context) error { return o.conclude(ctx, c, job, err, handBack) })
}

// attempt runs the handler within its deadline. A handler that panics has failed, and takes nothing else with it.
func attempt(ctx context.Context, handle Handler, job Job) (err error) {
	ctx, cancel := context.WithTimeout(ctx, deadline)
	defer cancel()
	defer func() {
		if r := recover(); r != nil {
			err = panicked(r)
		}
	}()
	return handle(ctx, job)
}

// panicked tells what a runtime error says; the value of any other panic might hold a secret.
func panicked(value any) error {
	if err, ok := value.(runtime.Error); ok {
		return fmt.Errorf("handler panicked: %w", err)
	}
	return fmt.Errorf("handler panicked with a %T", value)
}

// settle writes down how a job ended. When that fails the job's lease runs out and it is done again.
func (o *Outbox) settle(ctx context.Context, write func(ctx context.Context) error) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), settleTime)
	defer cancel()
	err := write(ctx)
	if err == nil || errors.Is(err, store.ErrNotFound) {
		return // not found: our lease ran out and another worker has settled the job
	}
	o.log.WarnContext(ctx, "outbox job not settled", "err", err)
}

// conclude drops a job that is done or hopeless, hands back one that was interrupted, and moves any other to its next
// attempt.
func (o *Outbox) conclude(ctx context.Context, c claimed, job Job, failure error, handBack bool) error {
	permanent := (*permanentError)(nil)
	switch {
	case failure == nil:
		return o.drop(ctx, c, job, Done)
	case errors.As(failure, &permanent):
		o.log.ErrorContext(ctx, "outbox job refused", "job", job, "err", failure)
		return o.drop(ctx, c, job, Refused)
	case handBack:
		return o.index.Move(ctx, c.set, c.member, c.member, o.now())
	case o.tooOld(job):
		o.log.ErrorContext(ctx, "outbox job given up", "job", job, "err", failure)
		return o.drop(ctx, c, job, TooOld)
	default:
		return o.retry(ctx, c, job, failure)
	}
}

func (o *Outbox) drop(ctx context.Context, c claimed, job Job, result Result) error {
	if err := o.index.Drop(ctx, c.set, c.member); err != nil {
		return fmt.Errorf("drop job %s: %w", job.ID, err)
	}
	o.onDone(ctx, job, result)
	return nil
}

func (o *Outbox) retry(ctx context.Context, c claimed, job Job, failure error) error {
	job.Attempts++
	delay := wait(failure, job.Attempts)
	o.log.WarnContext(ctx, "outbox job failed", "job", job, "retry_in_ms", delay.Milliseconds(), "err", failure)
	if err := o.replace(ctx, c, job, o.now().Add(delay)); err != nil {
		return err
	}
	o.onDone(ctx, job, Retried)
	return nil
}

// replace seals the job anew in its lane, so that a job never stays under an old sealing key for longer than a retry.
func (o *Outbox) replace(ctx context.Context, c claimed, job Job, due time.Time) error {
	next, err := o.index.Sealed(c.set, job)
	if err != nil {
		return fmt.Errorf("seal job %s: %w", job.ID, err)
	}
	if err := o.index.Move(ctx, c.set, c.member, next, due); err != nil {
		return fmt.Errorf("move job %s: %w", job.ID, err)
	}
	return nil
}

// leave puts back a job nobody here can do: a newer version's, or one of a chat that is no longer configured.
func (o *Outbox) leave(ctx context.Context, c claimed, job Job) error {
	if o.tooOld(job) {
		o.log.ErrorContext(ctx, "outbox job given up", "job", job, "err", "no handler")
		return o.drop(ctx, c, job, TooOld)
	}
	if o.noted.first(job.ID) {
		o.log.WarnContext(ctx, "outbox job has no handler", "job", job)
	}
	return o.replace(ctx, c, job, o.now().Add(foreignAgain))
}

// setAside keeps a job that another sealing key may open and drops one that nothing opens (D23, S68).
func (o *Outbox) setAside(ctx context.Context, c claimed, failure error) error {
	if !errors.Is(failure, store.ErrUnknownKey) {
		o.log.ErrorContext(ctx, "outbox job dropped", "err", failure)
		return o.index.Drop(ctx, c.set, c.member)
	}
	if o.noted.first(failure.Error()) { // the error names the key: one line for each
		o.log.WarnContext(ctx, "outbox jobs left alone", "err", failure)
	}
	return o.index.Move(ctx, c.set, c.member, c.member, o.now().Add(foreignAgain))
}

func (o *Outbox) tooOld(job Job) bool { return o.now().Sub(job.Enqueued) >= maxAge }
