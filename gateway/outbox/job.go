package outbox

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"time"
)

// Job is one piece of work that outlives the request it came from. Its payload may hold secrets: a Job prints and logs
// without it.
type Job struct {
	// ID names the job for its whole life, across retries.
	ID string `json:"i"`
	// Kind says what is to be done and Chat for which chat, by its name. Together they select the handler.
	Kind string `json:"k"`
	Chat string `json:"c,omitempty"`
	// Payload is the JSON of what Enqueue was given.
	Payload json.RawMessage `json:"p,omitempty"`
	// Enqueued is when the job was enqueued, or when it was first due if that was later.
	Enqueued time.Time `json:"e"`
	// Attempts counts the attempts that failed.
	Attempts int `json:"n,omitempty"`
}

// String names the job without its payload.
func (j Job) String() string {
	return fmt.Sprintf("job %s %s chat=%q attempts=%d", j.ID, j.Kind, j.Chat, j.Attempts)
}

// GoString keeps the payload out of %#v.
func (j Job) GoString() string { return j.String() }

// LogValue keeps the payload out of the log.
func (j Job) LogValue() slog.Value {
	return slog.GroupValue(slog.String("id", j.ID), slog.String("kind", j.Kind), slog.String("chat", j.Chat),
		slog.Int("attempts", j.Attempts))
}

// Handler does the work of one job. It runs again after an error, and may run twice even without one, so doing it twice
// must do no harm. Its context ends after 30 seconds. Its error is logged and therefore holds no secret.
type Handler func(ctx context.Context, job Job) error

// Result is how an attempt ended; a closed set, fit for a metric.
type Result string

// The results.
const (
	Done    Result = "done"    // the work is done
	Retried Result = "retried" // it failed and will be tried again
	Refused Result = "refused" // it failed for good, see Permanent, and was dropped
	TooOld  Result = "too_old" // it failed for thirty days and was dropped
)

// Results are all of them.
func Results() []Result { return []Result{Done, Retried, Refused, TooOld} }

// Permanent marks an error, which is not nil, that no retry can help. The job is dropped and reported as Refused.
func Permanent(err error) error { return &permanentError{err} }

type permanentError struct{ error }

func (e *permanentError) Unwrap() error { return e.error }

// Later marks an error of somebody who said when to come back, as Rocket.Chat does when it limits calls (R28). The job
// is tried again after wait, at least a second and at most a day, in place of the usual delay.
func Later(err error, wait time.Duration) error {
	return &laterError{err, min(max(wait, time.Second), 24*time.Hour)}
}

type laterError struct {
	error
	wait time.Duration
}

func (e *laterError) Unwrap() error { return e.error }

var delays = [...]time.Duration{
	time.Second, 5 * time.Second, 30 * time.Second, 2 * time.Minute, 10 * time.Minute, time.Hour,
}

// wait is the time until the next attempt after a job has failed so many times: the delay and up to a quarter of it
// more, so that jobs which failed together do not come back together.
func wait(err error, failed int) time.Duration {
	delay := delays[min(max(failed, 1), len(delays))-1]
	if later := (*laterError)(nil); errors.As(err, &later) {
		delay = later.wait
	}
	return delay + rand.N(delay/4)
}
