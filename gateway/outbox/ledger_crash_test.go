package outbox_test

import (
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"strings"
	"testing"
	"time"

	"golang.org/x/sync/errgroup"

	"chatgate/gateway/outbox"
)

// Whatever write fails, and whether or not its answer got lost: every token that a browser was given is revoked at the
// latest by the sweep at the end of its session, and before that when the sign-out was not refused.
func TestCrashForgetsNoToken(t *testing.T) {
	ctx := t.Context()
	next := outbox.Holder{Session: "next", SID: "sid of next", End: until(morning.Add(2 * day))}
	for _, op := range []struct {
		name    string
		act     func(w *world, l *outbox.Ledger) error
		revokes bool // at once, when it succeeds
	}{
		{"recording", func(_ *world, l *outbox.Ledger) error { return l.Record(ctx, entry("laptop", "c")) }, false},
		{"revoking a session", func(_ *world, l *outbox.Ledger) error {
			return l.RevokeSession(ctx, "corp", "subject-of-ada", "laptop", "")
		}, true},
		{"revoking a person", func(_ *world, l *outbox.Ledger) error { return l.RevokeSubject(ctx, "corp", "subject-of-ada", "") }, true},
		{"moving", func(_ *world, l *outbox.Ledger) error { return l.Move(ctx, "corp", "subject-of-ada", "laptop", next) }, false},
		{"sweeping", func(w *world, l *outbox.Ledger) error { w.clock.Advance(day); return l.Sweep(ctx) }, true},
	} {
		for _, lost := range []bool{false, true} {
			for n := 0; ; n++ {
				crashed := false
				t.Run(fmt.Sprintf("%s, after %d writes, answer lost: %v", op.name, n, lost), func(t *testing.T) {
					w := newWorld(t)
					l, o := replica(w, "old")
					given := map[string]bool{secret + "a": true, secret + "b": true}
					must(t, l.Record(ctx, entry("laptop", "a")))
					must(t, l.Record(ctx, entry("laptop", "b")))

					w.engine.crashAfter(n, lost)
					err := op.act(w, l)
					crashed = w.engine.heal()
					if err == nil && crashed {
						t.Error("a write failed and the caller was told that all is well")
					}
					if err == nil && op.name == "recording" {
						given[secret+"c"] = true
					}
					if err == nil && op.revokes {
						revokedAre(t, w, o, "a", "b")
						return
					}
					drain(t, o)
					w.clock.Advance(3 * day)
					must(t, l.Sweep(ctx))
					drain(t, o)
					for _, token := range w.takeRevoked() {
						delete(given, token)
					}
					if len(given) != 0 {
						t.Errorf("%d tokens are out and were forgotten", len(given))
					}
					if left := w.leftovers("old"); left != 0 {
						t.Errorf("%d entries and due members are left, want none", left)
					}
				})
				if !crashed {
					break
				}
			}
		}
	}
}

// A move or a sweep that races a sign-out leaves no token behind that works.
func TestRacesForgetNoToken(t *testing.T) {
	everyEngine(t, func(t *testing.T, w *world) {
		ctx := t.Context()
		here, o := replica(w, "old")
		there, _ := replica(w, "old")
		for round := range 30 {
			w.clock.Advance(time.Second)
			token := fmt.Sprint(round)
			fresh := with(entry("first", token), func(e *outbox.Entry) { e.End = w.clock.Now().Add(time.Minute) })
			must(t, here.Record(ctx, fresh))
			next := outbox.Holder{Session: "second", End: until(w.clock.Now().Add(2 * time.Minute))}
			if round%2 == 0 {
				w.clock.Advance(time.Minute) // the sweep competes too
			}
			var all errgroup.Group
			all.Go(func() error { return here.Move(ctx, "corp", "subject-of-ada", "first", next) })
			all.Go(func() error { return there.RevokeSubject(ctx, "corp", "subject-of-ada", "") })
			all.Go(func() error { return there.Sweep(ctx) })
			must(t, all.Wait())
			revokedAre(t, w, o, token)

			// What the race may have left goes with the new session.
			must(t, here.RevokeSession(ctx, "corp", "subject-of-ada", "second", ""))
			w.clock.Advance(5 * time.Minute)
			must(t, here.Sweep(ctx))
			drain(t, o)
			w.takeRevoked()
			if left := w.leftovers("old"); left != 0 {
				t.Fatalf("round %d: %d entries and due members are left, want none", round, left)
			}
		}
	})
}

func TestTwoReplicasSweepEachEntryOnce(t *testing.T) {
	everyEngine(t, func(t *testing.T, w *world) {
		here, o := replica(w, "old")
		there, _ := replica(w, "old")
		const sessions = 250 // more than one batch
		for i := range sessions {
			must(t, here.Record(t.Context(), entry(fmt.Sprint(i), fmt.Sprint(i))))
		}
		w.clock.Advance(day)
		var both errgroup.Group
		both.Go(func() error { return here.Sweep(t.Context()) })
		both.Go(func() error { return there.Sweep(t.Context()) })
		must(t, both.Wait())
		if n := depth(t, o); n != sessions {
			t.Errorf("%d revocations are queued, want %d", n, sessions)
		}
	})
}

func TestLedgerRunSweepsAndEnds(t *testing.T) {
	w := newWorld(t)
	s := w.store("old")
	o := w.outboxPolling(s, time.Hour)
	l := w.ledger(s, o, nil)
	revoked := make(chan struct{})
	o.Handle(outbox.KindRevoke, "rocketchat", func(context.Context, outbox.Job) error { close(revoked); return nil })
	must(t, l.Record(t.Context(), entry("laptop", "a")))
	w.clock.Advance(day)
	start(t, o)
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error)
	go func() { done <- l.Run(ctx) }()
	await(t, "the revocation", revoked)
	cancel()
	if err := <-done; err != nil {
		t.Errorf("Run() = %v, want nil when its context ends", err)
	}
}

// D23: a dump of the store shows neither tokens nor who holds them.
func TestDumpShowsNothing(t *testing.T) {
	w := newWorld(t)
	l, o := replica(w, "old")
	must(t, l.Record(t.Context(), entry("laptop", "a")))
	must(t, l.Revoke(t.Context(), entry("laptop", "b")))
	all, err := w.engine.AllHash(t.Context(), "d:ledger:"+w.adaID())
	must(t, err)
	dump := fmt.Sprintf("%s %q", w.adaID(), all)
	for _, set := range []string{"d:ledgerdue:due", "d:outbox:revocations"} {
		entries, err := w.engine.ListIndex(t.Context(), set, time.Unix(0, 0), morning.Add(expiry), 10)
		must(t, err)
		if len(entries) != 1 {
			t.Fatalf("%d members in %s, want 1", len(entries), set)
		}
		dump += fmt.Sprintf(" %q", entries)
	}
	for _, fact := range []string{secret, "subject-of-ada", "account-of-ada", "rocketchat", "laptop", "sid of"} {
		if strings.Contains(dump, fact) {
			t.Errorf("the dump shows %q:\n%s", fact, dump)
		}
	}
	drain(t, o)
}

// The budget of a session is 1.8 KiB all in; these are the bytes the ledger adds, the server's overhead apart.
func TestEntryIsSmall(t *testing.T) {
	w := newWorld(t)
	l, _ := replica(w, "old")
	e := entry(strings.Repeat("k", 43), strings.Repeat("t", 43-len(secret)))
	e.UserID, e.SID = strings.Repeat("u", 17), strings.Repeat("s", 36)
	must(t, l.Record(t.Context(), e))
	size := len(w.adaID())
	all, err := w.engine.AllHash(t.Context(), "d:ledger:"+w.adaID())
	must(t, err)
	for field, value := range all {
		size += len(field) + len(value) + len(w.adaID()) + 1 + len(field)
	}
	if size > 256 {
		t.Errorf("an entry takes %d bytes, want at most 256", size)
	}
}

func TestEntriesLogWithoutTheirToken(t *testing.T) {
	var out strings.Builder
	log := slog.New(slog.NewJSONHandler(&out, nil))
	log.Info("x", "entry", entry("laptop", "a"), "job", outbox.RevokeJob{Token: secret}, "raw", outbox.Job{Payload: json.RawMessage(`"` + secret + `"`)})
	if strings.Contains(out.String(), secret) {
		t.Errorf("the log holds the token: %s", &out)
	}
}
