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
	ledger := w.ledger()
	kept := entry("two")
	kept.Keep = true
	must(t, ledger.Record(t.Context(), entry("one")))
	must(t, ledger.Record(t.Context(), kept))
	got, err := ledger.OfSubject(t.Context(), "corp", "subject-of-ada")
	must(t, err)
	one := entry("one")
	want := []outbox.Shown{
		{Chat: one.Chat, UserID: one.UserID, Expires: one.Expires.UTC(), End: one.End.UTC()},
		{Chat: one.Chat, UserID: one.UserID, Expires: one.Expires.UTC()},
	}
	if diff := cmp.Diff(len(want), len(got)); diff != "" {
		t.Fatalf("OfSubject = %v", got)
	}
	for _, shown := range got {
		if !shown.End.IsZero() && shown != want[0] || shown.End.IsZero() && shown != want[1] {
			t.Errorf("OfSubject = %+v, want one of %+v", shown, want)
		}
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
	o := w.replica()
	ctx := t.Context()
	must(t, o.Enqueue(ctx, "sync", "rocketchat", "a"))
	must(t, o.EnqueueAt(ctx, "sync", "rocketchat", "b", morning.Add(day)))
	must(t, o.Enqueue(ctx, outbox.KindRevoke, "rocketchat", "c"))
	var got []string
	must(t, o.Waiting(ctx, func(j outbox.Job) { got = append(got, j.Kind+" "+string(j.Payload)) }))
	if diff := cmp.Diff([]string{`revoke "c"`, `sync "a"`, `sync "b"`}, got); diff != "" {
		t.Errorf("Waiting (-want +got):\n%s", diff)
	}
}
