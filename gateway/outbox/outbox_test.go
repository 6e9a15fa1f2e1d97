package outbox_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"regexp"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"chatgate/gateway/outbox"
	"chatgate/store"
)

type payload struct {
	Token store.Secret `json:"token"`
}

func TestJobReachesItsHandlerWithWhatWasEnqueued(t *testing.T) {
	w := newWorld(t)
	o := w.outbox(w.store("old"))
	var got []outbox.Job
	o.Handle("sync", "rocketchat", func(_ context.Context, job outbox.Job) error {
		got = append(got, job)
		return nil
	})
	o.Handle("sync", "other", func(context.Context, outbox.Job) error { return errors.New("another chat's handler ran") })
	must(t, o.Enqueue(t.Context(), "sync", "rocketchat", payload{secret}))
	drain(t, o)

	if len(got) != 1 {
		t.Fatalf("handler ran %d times, want once", len(got))
	}
	want := outbox.Job{
		ID: got[0].ID, Kind: "sync", Chat: "rocketchat", Enqueued: morning,
		Payload: json.RawMessage(`{"token":"` + secret + `"}`),
	}
	if diff := cmp.Diff(want, got[0]); diff != "" {
		t.Errorf("job (-want +got):\n%s", diff)
	}
	if got[0].ID == "" {
		t.Error("job has no ID")
	}
	if n := depth(t, o); n != 0 {
		t.Errorf("Depth() = %d after the job was done, want 0", n)
	}
	if diff := cmp.Diff([]outbox.Result{outbox.Done}, w.takeResults()); diff != "" {
		t.Errorf("results (-want +got):\n%s", diff)
	}
}

func TestJobIsNotDoneBeforeItIsDue(t *testing.T) {
	w := newWorld(t)
	o := w.outbox(w.store("old"))
	ran := 0
	o.Handle("sync", "rocketchat", func(context.Context, outbox.Job) error { ran++; return nil })
	must(t, o.EnqueueAt(t.Context(), "sync", "rocketchat", nil, morning.Add(40*24*time.Hour)))
	w.clock.Advance(40*24*time.Hour - time.Second)
	drain(t, o)
	if ran != 0 {
		t.Fatal("the job ran before it was due")
	}
	w.clock.Advance(time.Second)
	drain(t, o)
	if ran != 1 {
		t.Fatalf("the job ran %d times when it was due, want once", ran)
	}
}

func TestFailedJobComesBackLaterAndLater(t *testing.T) {
	w := newWorld(t)
	o := w.outbox(w.store("old"))
	ran := 0
	var last outbox.Job
	o.Handle("sync", "rocketchat", func(_ context.Context, job outbox.Job) error {
		ran, last = ran+1, job
		return errors.New("chat is down")
	})
	must(t, o.Enqueue(t.Context(), "sync", "rocketchat", nil))
	drain(t, o)
	if !regexp.MustCompile(`"retry_in_ms":1[0-2]\d\d,`).MatchString(w.log.String()) {
		t.Errorf("no line says that the job runs again in 1000 to 1250 milliseconds:\n%s", w.log)
	}
	delays := []time.Duration{
		time.Second, 5 * time.Second, 30 * time.Second, 2 * time.Minute, 10 * time.Minute, time.Hour, time.Hour,
	}
	for i, delay := range delays {
		w.clock.Advance(delay - time.Millisecond)
		drain(t, o)
		if ran != i+1 {
			t.Fatalf("after %d failures the job ran again within %s", i+1, delay)
		}
		w.clock.Advance(delay/4 + time.Millisecond) // the jitter's most
		drain(t, o)
		if ran != i+2 {
			t.Fatalf("after %d failures the job did not run again within a quarter more than %s", i+1, delay)
		}
		if last.Attempts != i+1 {
			t.Errorf("Attempts = %d, want %d", last.Attempts, i+1)
		}
	}
}

func TestFailureDecidesWhatBecomesOfTheJob(t *testing.T) {
	refusal := fmt.Errorf("revoke: %w", outbox.Permanent(errors.New("no such chat account")))
	for _, tc := range []struct {
		name    string
		age     time.Duration
		failure error
		want    outbox.Result
		depth   int
	}{
		{"an error is tried again", 0, errors.New("down"), outbox.Retried, 1},
		{"a permanent error is dropped", 0, refusal, outbox.Refused, 0},
		{"an error after 29 days is tried again", 29 * 24 * time.Hour, errors.New("down"), outbox.Retried, 1},
		{"an error after 30 days is dropped", 30 * 24 * time.Hour, errors.New("down"), outbox.TooOld, 0},
	} {
		t.Run(tc.name, func(t *testing.T) {
			w := newWorld(t)
			o := w.outbox(w.store("old"))
			o.Handle("sync", "rocketchat", func(context.Context, outbox.Job) error { return tc.failure })
			must(t, o.Enqueue(t.Context(), "sync", "rocketchat", payload{secret}))
			w.clock.Advance(tc.age)
			drain(t, o)
			if diff := cmp.Diff([]outbox.Result{tc.want}, w.takeResults()); diff != "" {
				t.Errorf("results (-want +got):\n%s", diff)
			}
			if n := depth(t, o); n != tc.depth {
				t.Errorf("Depth() = %d, want %d", n, tc.depth)
			}
		})
	}
}

// R28: a chat that limits calls says when to come back.
func TestLaterMovesTheJobToTheTimeTheChatNamed(t *testing.T) {
	w := newWorld(t)
	o := w.outbox(w.store("old"))
	ran := 0
	o.Handle("sync", "rocketchat", func(context.Context, outbox.Job) error {
		ran++
		return fmt.Errorf("log out: %w", outbox.Later(errors.New("too many requests"), 40*time.Second))
	})
	must(t, o.Enqueue(t.Context(), "sync", "rocketchat", nil))
	drain(t, o)
	w.clock.Advance(39 * time.Second)
	drain(t, o)
	if ran != 1 {
		t.Fatal("the job ran before the time the chat named")
	}
	w.clock.Advance(11 * time.Second)
	drain(t, o)
	if ran != 2 {
		t.Fatal("the job did not run after the time the chat named")
	}
}

func TestPanickingHandlerFailsItsJobOnly(t *testing.T) {
	w := newWorld(t)
	o := w.outbox(w.store("old"))
	o.Handle("text", "a", func(context.Context, outbox.Job) error { panic("token " + secret) })
	o.Handle("bug", "a", func(_ context.Context, j outbox.Job) error { _ = []byte(nil)[len(j.ID)]; return nil })
	o.Handle("fine", "a", func(context.Context, outbox.Job) error { return nil })
	for _, kind := range []string{"text", "bug", "fine"} {
		must(t, o.Enqueue(t.Context(), kind, "a", nil))
	}
	drain(t, o)
	if n := depth(t, o); n != 2 {
		t.Errorf("Depth() = %d, want the two that panicked", n)
	}
}

func TestJobWithoutAHandlerStaysForAReplicaThatHasOne(t *testing.T) {
	w := newWorld(t)
	older, newer := w.outbox(w.store("old")), w.outbox(w.store("old"))
	ran := 0
	newer.Handle("new.kind", "rocketchat", func(context.Context, outbox.Job) error { ran++; return nil })
	must(t, newer.Enqueue(t.Context(), "new.kind", "rocketchat", payload{secret}))
	for range 3 {
		drain(t, older)
		w.clock.Advance(5 * time.Minute)
	}
	if n := w.log.count("outbox job has no handler"); n != 1 {
		t.Errorf("the job was logged %d times, want once:\n%s", n, w.log)
	}
	drain(t, newer)
	if ran != 1 {
		t.Errorf("the job ran %d times on the replica with a handler, want once", ran)
	}

	must(t, newer.Enqueue(t.Context(), "new.kind", "removed-chat", nil))
	w.clock.Advance(30 * 24 * time.Hour)
	drain(t, older)
	if n := depth(t, older); n != 0 {
		t.Errorf("Depth() = %d, want the job without a handler given up after 30 days", n)
	}
}

// D23: a job under an unknown key is somebody else's, not garbage.
func TestJobSealedUnderAnUnknownKeyIsLeftAlone(t *testing.T) {
	w := newWorld(t)
	ahead, behind := w.outbox(w.store("new", "old")), w.outbox(w.store("old"))
	var ran atomic.Int32 // two jobs may run at once
	ahead.Handle("sync", "rocketchat", func(context.Context, outbox.Job) error { ran.Add(1); return nil })
	must(t, ahead.Enqueue(t.Context(), "sync", "rocketchat", nil))
	must(t, ahead.Enqueue(t.Context(), "sync", "rocketchat", nil))
	for range 3 {
		drain(t, behind)
		w.clock.Advance(5 * time.Minute)
	}
	if n := w.log.count("outbox jobs left alone"); n != 1 {
		t.Errorf("the unknown key was logged %d times, want once:\n%s", n, w.log)
	}
	drain(t, ahead)
	if ran.Load() != 2 || depth(t, ahead) != 0 {
		t.Errorf("%d jobs ran on the replica with the key and %d are left, want 2 and 0", ran.Load(), depth(t, ahead))
	}
}

func TestRetriedJobOutlivesTheKeyItWasFirstSealedUnder(t *testing.T) {
	w := newWorld(t)
	before, during, after := w.outbox(w.store("old")), w.outbox(w.store("new", "old")), w.outbox(w.store("new"))
	must(t, before.Enqueue(t.Context(), "sync", "rocketchat", nil))
	during.Handle("sync", "rocketchat", func(context.Context, outbox.Job) error { return errors.New("down") })
	drain(t, during)
	ran := 0
	after.Handle("sync", "rocketchat", func(context.Context, outbox.Job) error { ran++; return nil })
	w.clock.Advance(2 * time.Second)
	drain(t, after)
	if ran != 1 {
		t.Error("the job did not open after its first key was removed")
	}
}

// S68: what nothing opens is dropped, and stands in nobody's way.
func TestCorruptJobIsDropped(t *testing.T) {
	w := newWorld(t)
	s := w.store("old")
	o := w.outbox(s)
	index := store.NewIndex(s.Durable("outbox"))
	for _, lane := range []string{"jobs", "revocations", "grants"} {
		must(t, index.Put(t.Context(), lane, "garbage", morning, time.Hour))
	}
	drain(t, o)
	if n := depth(t, o); n != 0 {
		t.Errorf("Depth() = %d, want the corrupt jobs gone", n)
	}
	if n := w.log.count("outbox job dropped"); n != 3 {
		t.Errorf("three corrupt jobs were logged %d times, want once each", n)
	}
}

func TestHandleRefusesASecondHandler(t *testing.T) {
	w := newWorld(t)
	o := w.outbox(w.store("old"))
	handler := func(context.Context, outbox.Job) error { return nil }
	o.Handle("sync", "a", handler)
	o.Handle("sync", "b", handler)
	defer func() {
		if recover() == nil {
			t.Error("Handle took a second handler for one kind and chat")
		}
	}()
	o.Handle("sync", "a", handler)
}

func TestNewNeedsAStore(t *testing.T) {
	if _, err := outbox.New(outbox.Config{}); err == nil {
		t.Error("New took no store")
	}
	if _, err := outbox.NewLedger(outbox.LedgerConfig{}); err == nil {
		t.Error("NewLedger took no store")
	}
}

func TestEnqueueSaysWhatItCouldNotDo(t *testing.T) {
	w := newWorld(t)
	o := w.outbox(w.store("old"))
	if err := o.Enqueue(t.Context(), "sync", "a", make(chan int)); err == nil {
		t.Error("Enqueue took a payload that JSON cannot hold")
	}
	w.engine.setDown(true)
	if err := o.Enqueue(t.Context(), "sync", "a", nil); !errors.Is(err, store.ErrUnavailable) {
		t.Errorf("Enqueue while the store is away = %v, want ErrUnavailable", err)
	}
}

func TestJobPrintsWithoutItsPayload(t *testing.T) {
	job := outbox.Job{ID: "x", Kind: "revoke", Chat: "c", Payload: json.RawMessage(`"` + secret + `"`)}
	want := `job x revoke chat="c" attempts=0`
	for _, format := range []string{"%v", "%+v", "%#v", "%s"} {
		if got := fmt.Sprintf(format, job); got != want {
			t.Errorf("Sprintf(%q) = %q, want %q", format, got, want)
		}
	}
}
