package outbox_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"testing"
	"time"

	"chatgate/gateway/outbox"
	"chatgate/store"
)

const manyJobs = 60

// hang tells when a job begins, which then takes until its replica stops.
func hang(begun chan<- struct{}) outbox.Handler {
	return func(ctx context.Context, _ outbox.Job) error {
		begun <- struct{}{}
		<-ctx.Done()
		return ctx.Err()
	}
}

// D20, R13: on a morning when a whole company signs in, the workers of every replica are busy with profiles and more of
// them wait. Whoever signs out then waits for none of that, and no profile waits for revocations that hang.
func TestLanesDoNotHoldEachOtherUp(t *testing.T) {
	for _, tc := range []struct {
		name, slow, quick string
	}{
		{"a revocation does not wait for other kinds", "sync", outbox.KindRevoke},
		{"other kinds do not wait for revocations", outbox.KindRevoke, "sync"},
		{"a revocation does not wait for grants", outbox.KindGrant, outbox.KindRevoke},
		{"other kinds do not wait for grants", outbox.KindGrant, "sync"},
		{"grants do not wait for other kinds", "sync", outbox.KindGrant},
	} {
		t.Run(tc.name, func(t *testing.T) {
			everyEngine(t, func(t *testing.T, w *world) {
				s := w.store("old")
				here, there := w.outbox(s), w.outbox(s)
				begun, done := make(chan struct{}), make(chan struct{})
				for range manyJobs {
					must(t, here.Enqueue(t.Context(), tc.slow, "rocketchat", nil))
				}
				for _, o := range []*outbox.Outbox{here, there} {
					o.Handle(tc.slow, "rocketchat", hang(begun))
					o.Handle(tc.quick, "rocketchat", func(context.Context, outbox.Job) error { close(done); return nil })
					start(t, o)
				}
				for range 8 { // four on each
					await(t, "a slow job", begun)
				}
				w.clock.Advance(time.Second) // from here on everything is due later than what waits
				must(t, here.Enqueue(t.Context(), tc.quick, "rocketchat", nil))
				await(t, "the quick job", done)
			})
		})
	}
}

// D20, R13: a company that signed in together reaches the absolute end together, and nobody waits for that. Whoever signs
// out at that moment does not wait for it either.
func TestASignOutWaitsForNoExpiries(t *testing.T) {
	everyEngine(t, func(t *testing.T, w *world) {
		s := w.store("old")
		o := w.outbox(s)
		l := w.ledger(s, o, nil)
		begun, done := make(chan struct{}), make(chan struct{})
		o.Handle(outbox.KindRevoke, "rocketchat", func(ctx context.Context, job outbox.Job) error {
			var r outbox.RevokeJob
			if err := json.Unmarshal(job.Payload, &r); err != nil || r.Cause == outbox.CauseSignOut {
				close(done)
				return err
			}
			begun <- struct{}{}
			<-ctx.Done()
			return ctx.Err()
		})
		for i := range manyJobs {
			must(t, l.Record(t.Context(), entry(fmt.Sprint("session ", i), fmt.Sprint("expired ", i))))
		}
		w.clock.Advance(day)
		must(t, l.Sweep(t.Context()))
		start(t, o)
		for range 4 {
			await(t, "an expiry", begun)
		}
		w.clock.Advance(time.Second) // due later than the expiries that wait
		leaving := with(entry("laptop", "a"), func(e *outbox.Entry) { e.Subject, e.End = "subject-of-bob", morning.Add(2*day) })
		must(t, l.Record(t.Context(), leaving))
		must(t, l.RevokeSession(t.Context(), "corp", "subject-of-bob", "laptop", "rocketchat"))
		await(t, "the sign-out", done)
	})
}

// D11, R13: a provider that hangs has all its grants hang, on every replica. The chats hear of endings all the same: at a
// sign-out, at the absolute end, and where somebody is to be shut out.
func TestFourHundredGrantsHoldUpNoChat(t *testing.T) {
	w := newWorld(t)
	s := w.store("old")
	here, there := w.outbox(s), w.outbox(s)
	l := w.ledger(s, here, nil)
	begun, done := make(chan struct{}), map[string]chan struct{}{
		"deactivate": make(chan struct{}), string(outbox.CauseSignOut): make(chan struct{}), string(outbox.CauseSessionEnd): make(chan struct{}),
	}
	for range 400 {
		must(t, here.Enqueue(t.Context(), outbox.KindGrant, "", nil))
	}
	must(t, l.Record(t.Context(), entry("expired", "a")))
	w.clock.Advance(day)
	for _, o := range []*outbox.Outbox{here, there} {
		o.Handle(outbox.KindGrant, "", hang(begun))
		o.Handle("deactivate", "rocketchat", func(context.Context, outbox.Job) error { close(done["deactivate"]); return nil })
		o.Handle(outbox.KindRevoke, "rocketchat", func(_ context.Context, job outbox.Job) error {
			var r outbox.RevokeJob
			err := json.Unmarshal(job.Payload, &r)
			close(done[string(r.Cause)])
			return err
		})
		start(t, o)
	}
	for range 8 { // four on each
		await(t, "a grant", begun)
	}
	leaving := with(entry("laptop", "b"), func(e *outbox.Entry) { e.Subject, e.End = "subject-of-bob", morning.Add(2*day) })
	must(t, l.Record(t.Context(), leaving))
	must(t, l.RevokeSession(t.Context(), "corp", "subject-of-bob", "laptop", "rocketchat"))
	must(t, here.Enqueue(t.Context(), "deactivate", "rocketchat", nil))
	must(t, l.Sweep(t.Context()))
	for what, is := range done {
		await(t, what, is)
	}
}

// R13: a revocation that failed comes back to the lane it left.
func TestRetriedRevocationWaitsForNoOtherKind(t *testing.T) {
	w := newWorld(t)
	s := w.store("old")
	o := w.outboxPolling(s, time.Millisecond)
	l := w.ledger(s, o, nil)
	begun, done := make(chan struct{}), make(chan struct{})
	o.Handle("sync", "rocketchat", hang(begun))
	o.Handle(outbox.KindRevoke, "rocketchat", func(_ context.Context, job outbox.Job) error {
		if job.Attempts == 0 {
			return errors.New("chat is down")
		}
		close(done)
		return nil
	})
	must(t, l.Record(t.Context(), entry("laptop", "a")))
	must(t, l.RevokeSession(t.Context(), "corp", "subject-of-ada", "laptop", ""))
	drain(t, o)
	for range manyJobs {
		must(t, o.Enqueue(t.Context(), "sync", "rocketchat", nil))
	}
	start(t, o)
	for range 4 {
		await(t, "a slow job", begun)
	}
	w.clock.Advance(2 * time.Second)
	await(t, "the second attempt", done)
}

func TestDepthCountsEveryLane(t *testing.T) {
	w := newWorld(t)
	o := w.outbox(w.store("old"))
	must(t, o.Enqueue(t.Context(), "sync", "rocketchat", nil))
	for range 2 {
		must(t, o.Enqueue(t.Context(), outbox.KindRevoke, "rocketchat", nil))
	}
	if n := depth(t, o); n != 3 {
		t.Errorf("Depth() = %d, want 3", n)
	}
	must(t, o.Enqueue(t.Context(), outbox.KindGrant, "", nil))
	if n := depth(t, o); n != 4 {
		t.Errorf("Depth() = %d, want 4", n)
	}
	for range 998 {
		must(t, o.Enqueue(t.Context(), "sync", "rocketchat", nil))
	}
	if n := depth(t, o); n != 1000 {
		t.Errorf("Depth() = %d with 1002 jobs, want 1000", n)
	}
}

// D24: kinds may change lanes from one version to the next, so what stands in a lane is done there, whatever it is. So is what
// an earlier version enqueued before grants had a lane of their own.
func TestJobIsDoneInTheLaneItStandsIn(t *testing.T) {
	w := newWorld(t)
	s := w.store("old")
	o := w.outbox(s)
	w.revoker(o, "rocketchat")
	grants := 0
	o.Handle(outbox.KindGrant, "", func(context.Context, outbox.Job) error { grants++; return nil })
	index := store.NewIndex(s.Durable("outbox"))
	for _, job := range []outbox.Job{
		{ID: "x", Kind: outbox.KindRevoke, Chat: "rocketchat", Payload: json.RawMessage(`{"u":"account-of-ada","t":"` + secret + `a"}`)},
		{ID: "y", Kind: outbox.KindGrant},
	} {
		job.Enqueued = morning
		member, err := index.Sealed("jobs", job)
		must(t, err)
		must(t, index.Put(t.Context(), "jobs", member, morning, time.Hour))
	}
	revokedAre(t, w, o, "a")
	if n := depth(t, o); n != 0 || grants != 1 {
		t.Errorf("Depth() = %d and %d grants revoked after the jobs were done, want 0 and 1", n, grants)
	}
}
