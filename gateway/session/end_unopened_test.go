package session_test

import (
	"context"
	"errors"
	"testing"

	"chatgate/gateway/session"
	"chatgate/store"
)

func TestSessionsUnderAKeyThatIsGoneAreEndedAndCounted(t *testing.T) { // D11, D23, S72
	for _, tc := range []struct {
		name string
		end  func(ctx context.Context, h *house) (int, error)
		want int
	}{
		{"everybody's", func(ctx context.Context, h *house) (int, error) { return h.EndAll(ctx) }, 2},
		{"those of one person", func(ctx context.Context, h *house) (int, error) { return h.EndSubject(ctx, "corp", ada.Subject) }, 1},
		{"those of one session at the provider", func(ctx context.Context, h *house) (int, error) { return h.EndSID(ctx, "corp", ada.SID) }, 1},
	} {
		t.Run(tc.name, func(t *testing.T) {
			before, browserOfAda := open(t), browser{}
			before.signIn(t, browserOfAda, ada)
			before.signIn(t, browser{}, bob)
			keys := map[string][]byte{"one": key(1), "two": key(2)}
			both := before.reopen(t, keys, "two")
			must(t, store.NewNames(both.store).Keep(t.Context())) // as a running gateway does, so that indexes are found later
			after := both.reopen(t, map[string][]byte{"two": key(2)}, "two")

			if n, err := tc.end(t.Context(), after); n != tc.want || err != nil {
				t.Errorf("the end = %d, %v, want %d", n, err, tc.want)
			}
			if n := after.Unopened(); n != tc.want {
				t.Errorf("Unopened() = %d, want %d", n, tc.want)
			}
			if n, err := tc.end(t.Context(), after); n != 0 || err != nil || after.Unopened() != tc.want {
				t.Errorf("the end again = %d, %v, want 0", n, err)
			}
			if n, err := after.Count(t.Context()); n != 2-tc.want || err != nil {
				t.Errorf("Count() = %d, %v, want %d", n, err, 2-tc.want)
			}
			back := both.reopen(t, keys, "two") // whoever has the old key still finds nothing
			if _, err := back.read(t, browserOfAda, ""); !errors.Is(err, session.ErrNone) {
				t.Errorf("Read() with the old key = %v, want ErrNone", err)
			}
		})
	}
}

func TestSessionsThatALiveReplicaOpensAreNotEndedUnread(t *testing.T) { // D23
	ahead, b := open(t), browser{}
	ahead.signIn(t, b, ada)
	both := ahead.reopen(t, map[string][]byte{"one": key(1), "two": key(2)}, "two")
	must(t, store.NewNames(both.store).Keep(t.Context()))
	beats, behindBeat := heartbeat(t, ahead, "one", 1), heartbeat(t, ahead, "two", 2)
	behind := ahead.reopen(t, map[string][]byte{"two": key(2)}, "two", func(c *session.Config) { c.Heartbeat = behindBeat })
	must(t, beats.Beat(t.Context()))
	must(t, behindBeat.Beat(t.Context()))
	if n, err := behind.EndAll(t.Context()); n != 0 || !errors.Is(err, store.ErrUnavailable) || behind.Unopened() != 0 {
		t.Errorf("EndAll() = %d, %v, want ErrUnavailable", n, err)
	}
	if _, err := ahead.read(t, b, ""); err != nil {
		t.Errorf("Read() at the other replica = %v", err)
	}
}
