package outbox_test

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"chatgate/gateway/outbox"
)

// TestTheLedgerTellsAPersonWithoutTheirTokens: who asks what is held on them is told all but what opens something.
func TestTheLedgerTellsAPersonWithoutTheirTokens(t *testing.T) {
	w := newWorld(t)
	ledger, _ := replica(w, "old")
	one := entry("laptop", "one")
	kept := with(entry("phone", "two"), func(e *outbox.Entry) { e.Chat, e.Keep = "second", true })
	must(t, ledger.Record(t.Context(), kept))
	must(t, ledger.Record(t.Context(), one))

	got, err := ledger.OfSubject(t.Context(), "corp", "subject-of-ada")
	must(t, err)
	want := []outbox.Shown{
		{Chat: "rocketchat", UserID: "account-of-ada", Expires: one.Expires, End: one.End},
		{Chat: "second", UserID: "account-of-ada", Expires: one.Expires},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("OfSubject (-want +got):\n%s", diff)
	}
	body, err := json.Marshal(got)
	must(t, err)
	if strings.Contains(string(body), secret) {
		t.Errorf("a token is told: %s", body)
	}
	if got, err = ledger.OfSubject(t.Context(), "corp", "somebody-else"); err != nil || len(got) != 0 {
		t.Errorf("OfSubject of a stranger = %v, %v, want nothing", got, err)
	}
}

func TestWaitingTellsOfEveryJob(t *testing.T) {
	w := newWorld(t)
	o := w.outbox(w.store("old"))
	ctx := t.Context()
	must(t, o.EnqueueAt(ctx, "sync", "rocketchat", "b", morning.Add(day)))
	must(t, o.Enqueue(ctx, "sync", "rocketchat", "a"))
	must(t, o.Enqueue(ctx, outbox.KindRevoke, "rocketchat", "c"))
	waiting := func(o *outbox.Outbox) (got []string) {
		must(t, o.Waiting(ctx, func(j outbox.Job) { got = append(got, j.Kind+" "+string(j.Payload)) }))
		return got
	}
	if diff := cmp.Diff([]string{`revoke "c"`, `sync "a"`, `sync "b"`}, waiting(o)); diff != "" {
		t.Errorf("Waiting (-want +got):\n%s", diff)
	}
	if got := waiting(w.outbox(w.store("new"))); got != nil {
		t.Errorf("Waiting without the sealing key = %v, want what does not open left out", got)
	}
}
