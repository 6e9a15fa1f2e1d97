package outbox_test

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"golang.org/x/sync/errgroup"

	"chatgate/gateway/outbox"
)

const patience = 10 * time.Second // how long a test waits for something that takes milliseconds

// start runs the outbox until the test ends or stop is called, which waits for it.
func start(t *testing.T, o *outbox.Outbox) (stop func()) {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() { done <- o.Run(ctx) }()
	stop = sync.OnceFunc(func() {
		cancel()
		if err := <-done; err != nil {
			t.Errorf("Run() = %v, want nil when its context ends", err)
		}
	})
	t.Cleanup(stop)
	return stop
}

func await(t *testing.T, what string, c <-chan struct{}) {
	t.Helper()
	select {
	case <-c:
	case <-time.After(patience):
		t.Fatalf("%s did not happen within %s", what, patience)
	}
}

func TestRunWakesAtOnceForAJobEnqueuedHere(t *testing.T) {
	w := newWorld(t)
	o := w.outboxPolling(w.store("old"), time.Hour)
	ran := make(chan struct{})
	o.Handle("sync", "rocketchat", func(context.Context, outbox.Job) error { ran <- struct{}{}; return nil })
	start(t, o)
	for range 3 {
		must(t, o.Enqueue(t.Context(), "sync", "rocketchat", nil))
		await(t, "the job", ran)
	}
}

func TestRunFindsTheJobsOfOtherReplicas(t *testing.T) {
	w := newWorld(t)
	s := w.store("old")
	here, there := w.outboxPolling(s, time.Millisecond), w.outbox(s)
	ran := make(chan struct{})
	here.Handle("sync", "rocketchat", func(context.Context, outbox.Job) error { ran <- struct{}{}; return nil })
	start(t, here)
	must(t, there.Enqueue(t.Context(), "sync", "rocketchat", nil))
	await(t, "the job", ran)
}

// D26: workers outlive an outage of the store and tell it once in each lane.
func TestRunSurvivesAnOutageOfTheStore(t *testing.T) {
	w := newWorld(t)
	o := w.outboxPolling(w.store("old"), time.Millisecond)
	ran := make(chan struct{})
	o.Handle("sync", "rocketchat", func(context.Context, outbox.Job) error { ran <- struct{}{}; return nil })
	must(t, o.Enqueue(t.Context(), "sync", "rocketchat", nil))
	w.engine.setDown(true)
	refused := w.engine.afterRefusals(20)
	start(t, o)
	await(t, "the twentieth refusal", refused)
	w.engine.setDown(false)
	await(t, "the job after the outage", ran)
	if n := w.log.count("outbox lost its store"); n < 1 || n > 3 {
		t.Errorf("the outage was logged %d times, want once in each lane that met it", n)
	}
}

func TestRunDoesFourJobsOfALaneAtATime(t *testing.T) {
	w := newWorld(t)
	o := w.outboxPolling(w.store("old"), time.Millisecond)
	var running, most atomic.Int64
	begun, gate := make(chan struct{}), make(chan struct{})
	o.Handle("sync", "rocketchat", func(context.Context, outbox.Job) error {
		n := running.Add(1)
		defer running.Add(-1)
		for seen := most.Load(); n > seen && !most.CompareAndSwap(seen, n); seen = most.Load() {
		}
		begun <- struct{}{}
		<-gate
		return nil
	})
	for range 20 {
		must(t, o.Enqueue(t.Context(), "sync", "rocketchat", nil))
	}
	start(t, o)
	for range 4 {
		await(t, "one of the first four jobs", begun)
	}
	close(gate)
	for range 16 {
		await(t, "one of the other jobs", begun)
	}
	if most.Load() != 4 {
		t.Errorf("%d jobs ran at once, want 4", most.Load())
	}
}

func TestInterruptedJobIsHandedBackAtOnce(t *testing.T) {
	w := newWorld(t)
	s := w.store("old")
	leaving, staying := w.outbox(s), w.outbox(s)
	begun := make(chan struct{})
	leaving.Handle("sync", "rocketchat", func(ctx context.Context, _ outbox.Job) error {
		close(begun)
		<-ctx.Done()
		return fmt.Errorf("call chat: %w", ctx.Err())
	})
	var got []outbox.Job
	staying.Handle("sync", "rocketchat", func(_ context.Context, job outbox.Job) error {
		got = append(got, job)
		return nil
	})
	must(t, leaving.Enqueue(t.Context(), "sync", "rocketchat", nil))
	stop := start(t, leaving)
	await(t, "the job", begun)
	stop()
	drain(t, staying)
	if len(got) != 1 || got[0].Attempts != 0 {
		t.Errorf("the other replica did %v, want the job once and without a failed attempt", got)
	}
}

func TestHandlerHasADeadline(t *testing.T) {
	w := newWorld(t)
	o := w.outbox(w.store("old"))
	o.Handle("sync", "rocketchat", func(ctx context.Context, _ outbox.Job) error {
		if at, ok := ctx.Deadline(); !ok || time.Until(at) > 30*time.Second {
			t.Errorf("deadline = %v, %v, want one within 30s", at, ok)
		}
		return nil
	})
	must(t, o.Enqueue(t.Context(), "sync", "rocketchat", nil))
	drain(t, o)
}

// Two replicas share the jobs: each runs exactly once.
func TestReplicasNeverDoOneJobTwice(t *testing.T) {
	everyEngine(t, func(t *testing.T, w *world) {
		s := w.store("old")
		var mu sync.Mutex
		ran := map[string]int{}
		count := func(_ context.Context, job outbox.Job) error {
			mu.Lock()
			defer mu.Unlock()
			ran[job.ID]++
			return nil
		}
		a, b := w.outbox(s), w.outbox(s)
		const jobs = 200
		for _, kind := range []string{"sync", outbox.KindRevoke} {
			a.Handle(kind, "rocketchat", count)
			b.Handle(kind, "rocketchat", count)
			for range jobs / 2 {
				must(t, a.Enqueue(t.Context(), kind, "rocketchat", nil))
			}
		}
		var both errgroup.Group
		both.Go(func() error { return a.Drain(t.Context()) })
		both.Go(func() error { return b.Drain(t.Context()) })
		must(t, both.Wait())
		if len(ran) != jobs {
			t.Errorf("%d jobs ran, want %d", len(ran), jobs)
		}
		for id, n := range ran {
			if n != 1 {
				t.Errorf("job %s ran %d times, want once", id, n)
			}
		}
	})
}

// A worker that stalls loses its lease; what it writes down afterwards neither loses nor doubles the job.
func TestLostLease(t *testing.T) {
	down := errors.New("chat is down")
	for _, tc := range []struct {
		name          string
		stalled, soon error // how the attempt ends that lost its lease, and the one that got it
		left          int
	}{
		{"both succeed: the job is done", nil, nil, 0},
		{"the first fails after the second succeeded: the job stays done", down, nil, 0},
		{"the first succeeds after the second failed: the job is tried once more", nil, down, 1},
		{"both fail: one job is left", down, down, 1},
	} {
		t.Run(tc.name, func(t *testing.T) {
			eachEngine(t, func(t *testing.T, w *world) {
				s := w.store("old")
				stalled, soon := w.outbox(s), w.outbox(s)
				soon.Handle("sync", "rocketchat", func(context.Context, outbox.Job) error { return tc.soon })
				stalled.Handle("sync", "rocketchat", func(context.Context, outbox.Job) error {
					drain(t, soon)
					if len(w.takeResults()) != 0 {
						t.Error("the other replica did the job while the lease stood")
					}
					w.clock.Advance(2 * time.Minute)
					drain(t, soon)
					return tc.stalled
				})
				must(t, stalled.Enqueue(t.Context(), "sync", "rocketchat", nil))
				must(t, stalled.Drain(t.Context()))
				if n := depth(t, stalled); n != tc.left {
					t.Errorf("%d jobs are left, want %d", n, tc.left)
				}
				if n := w.log.count("outbox job not settled"); n != 0 {
					t.Errorf("a lost lease was logged as a failure:\n%s", w.log)
				}
			})
		})
	}
}

// Whatever write fails on the way, and whether or not its answer got lost, an enqueued job is done in the end.
func TestCrashWhileSettlingForgetsNoJob(t *testing.T) {
	for _, kind := range []string{"sync", outbox.KindRevoke} {
		for _, lost := range []bool{false, true} {
			for n := 0; ; n++ {
				crashed := false
				t.Run(fmt.Sprintf("%s, after %d writes, answer lost: %v", kind, n, lost), func(t *testing.T) {
					crashed = crashWhileSettling(t, kind, n, lost)
				})
				if !crashed {
					break
				}
			}
		}
	}
}

// crashWhileSettling does a job that fails at first, while the store stops taking writes after n. It says whether it did.
func crashWhileSettling(t *testing.T, kind string, n int, lost bool) (crashed bool) {
	w := newWorld(t)
	o := w.outbox(w.store("old"))
	succeeded := false
	failFirst := errors.New("first attempt")
	o.Handle(kind, "rocketchat", func(context.Context, outbox.Job) error {
		if err := failFirst; err != nil {
			failFirst = nil
			return err
		}
		succeeded = true
		return nil
	})
	must(t, o.Enqueue(t.Context(), kind, "rocketchat", nil))
	w.engine.crashAfter(n, lost)
	for range 2 {
		_ = o.Drain(t.Context()) // the crash is what is tested
		w.clock.Advance(2 * time.Minute)
	}
	crashed = w.engine.heal()
	for range 3 {
		drain(t, o)
		w.clock.Advance(2 * time.Minute)
	}
	if !succeeded || depth(t, o) != 0 {
		t.Errorf("succeeded = %v, %d jobs left, want the job done and gone", succeeded, depth(t, o))
	}
	return crashed
}
