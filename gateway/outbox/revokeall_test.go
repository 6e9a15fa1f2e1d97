package outbox_test

import (
	"errors"
	"fmt"
	"testing"
	"time"

	"chatgate/gateway/outbox"
	"chatgate/store"
)

func TestRevokeAllReachesEveryTokenThatIsOut(t *testing.T) { // S72, D11
	eachEngine(t, func(t *testing.T, w *world) {
		l, o := replica(w, "old")
		must(t, l.Record(t.Context(), entry("laptop", "a")))
		must(t, l.Record(t.Context(), with(entry("phone", "b"), func(e *outbox.Entry) { e.Subject = "subject-of-bob" })))
		must(t, l.Record(t.Context(), with(entry("kept", "c"), func(e *outbox.Entry) { e.Keep, e.End = true, time.Time{} })))
		must(t, l.RevokeAll(t.Context()))
		revokedAre(t, w, o, "a", "b", "c")
		must(t, l.RevokeAll(t.Context()))
		revokedAre(t, w, o)
		if n := w.leftovers("old"); n != 0 {
			t.Errorf("%d entries and due members are left, want none", n)
		}
	})
}

func TestRevokeAllReachesMoreThanAPageOfTokens(t *testing.T) {
	w := newWorld(t)
	l, o := replica(w, "old")
	const tokens = 1100
	var want []string
	for i := range tokens {
		token := fmt.Sprintf("token-%04d", i)
		must(t, l.Record(t.Context(), entry("laptop", token)))
		want = append(want, token)
	}
	must(t, l.RevokeAll(t.Context()))
	revokedAre(t, w, o, want...)
}

// D23: what only another replica opens is an error, so that the command is repeated there; the others go all the same.
func TestRevokeAllTellsOfTokensThatAnotherReplicaOpens(t *testing.T) {
	w := newWorld(t)
	o := w.outbox(w.store("old"))
	w.revoker(o, "rocketchat")
	here := w.ledger(w.store("old"), o, func(string) bool { return true })
	there, _ := replica(w, "new", "old")
	must(t, here.Record(t.Context(), entry("laptop", "a")))
	must(t, there.Record(t.Context(), entry("phone", "b")))
	if err := here.RevokeAll(t.Context()); !errors.Is(err, store.ErrUnknownKey) {
		t.Errorf("RevokeAll() = %v, want ErrUnknownKey", err)
	}
	revokedAre(t, w, o, "a")
}
