package outbox_test

import (
	"context"
	"errors"
	"maps"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"chatgate/gateway/outbox"
	"chatgate/store"
)

func TestBacklogsTellWhatWaitsAndForHowLong(t *testing.T) { // H33
	everyEngine(t, func(t *testing.T, w *world) {
		o := w.outbox(w.store("old"))
		want := func(step string, want ...outbox.Backlog) {
			t.Helper()
			got, err := o.Backlogs(t.Context())
			must(t, err)
			if diff := cmp.Diff(want, got); diff != "" {
				t.Errorf("%s: Backlogs() (-want +got):\n%s", step, diff)
			}
		}
		want("an empty outbox", outbox.Backlog{Lane: "revocations"}, outbox.Backlog{Lane: "grants"}, outbox.Backlog{Lane: "jobs"})

		o.Handle(outbox.KindRevoke, "rocketchat", func(context.Context, outbox.Job) error { return errors.New("the chat is down") })
		must(t, o.Enqueue(t.Context(), outbox.KindRevoke, "rocketchat", nil))
		must(t, o.EnqueueAt(t.Context(), "sync", "rocketchat", nil, w.clock.Now().Add(time.Hour)))
		w.clock.Advance(10 * time.Minute)
		must(t, o.Enqueue(t.Context(), outbox.KindRevoke, "rocketchat", nil))
		must(t, o.Drain(t.Context())) // fails, and makes them no younger
		want("jobs that fail, and one for later",
			outbox.Backlog{Lane: "revocations", Jobs: 2, Oldest: 10 * time.Minute},
			outbox.Backlog{Lane: "grants"},
			outbox.Backlog{Lane: "jobs", Jobs: 1})
	})
}

func TestBacklogsOfAStoreThatIsAway(t *testing.T) {
	w := newWorld(t)
	o := w.outbox(w.store("old"))
	must(t, w.engine.Close())
	if _, err := o.Backlogs(t.Context()); !errors.Is(err, store.ErrUnavailable) {
		t.Errorf("Backlogs() = %v, want ErrUnavailable", err)
	}
}

func TestTheLedgerCountsWhatIsOut(t *testing.T) {
	w := newWorld(t)
	s := w.store("old")
	o := w.outbox(s)
	l := w.ledger(s, o, nil)
	for _, token := range []string{"a", "b"} {
		must(t, l.Record(t.Context(), entry("laptop "+token, token)))
	}
	must(t, l.RevokeSession(t.Context(), "corp", "subject-of-ada", "laptop a", ""))
	if n, err := l.Count(t.Context()); n != 1 || err != nil {
		t.Errorf("Count() = %d, %v, want the token that was not revoked", n, err)
	}
}

func TestKindsAreThoseThatHaveAHandler(t *testing.T) {
	w := newWorld(t)
	o := w.outbox(w.store("old"))
	work := func(context.Context, outbox.Job) error { return nil }
	o.Handle(outbox.KindGrant, "", work)
	o.Handle("sync", "one", work)
	o.Handle("sync", "two", work)
	got := o.Kinds()
	for chats := range maps.Values(got) {
		slices.Sort(chats)
	}
	if diff := cmp.Diff(map[string][]string{outbox.KindGrant: {""}, "sync": {"one", "two"}}, got); diff != "" {
		t.Errorf("Kinds() (-want +got):\n%s", diff)
	}
}
