package outbox_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"chatgate/gateway/outbox"
	"chatgate/store"
)

// D26: while the store is away nothing is said to be done.
func TestLedgerLeavesAnOutageToItsCaller(t *testing.T) {
	ctx := t.Context()
	w := newWorld(t)
	l, _ := replica(w, "old")
	must(t, l.Record(ctx, entry("laptop", "a")))
	must(t, w.engine.Engine.Close())
	for _, tc := range []struct {
		name string
		act  func() error
	}{
		{"Record", func() error { return l.Record(ctx, entry("laptop", "b")) }},
		{"Revoke", func() error { return l.Revoke(ctx, entry("laptop", "a")) }},
		{"RevokeSession", func() error { return l.RevokeSession(ctx, "corp", "subject-of-ada", "laptop", "") }},
		{"RevokeSubject", func() error { return l.RevokeSubject(ctx, "corp", "subject-of-ada", "") }},
		{"RevokeSID", func() error { return l.RevokeSID(ctx, "corp", "subject-of-ada", "sid of laptop") }},
		{"Move", func() error {
			return l.Move(ctx, "corp", "subject-of-ada", "laptop", outbox.Holder{Session: "x", End: until(morning.Add(day))})
		}},
		{"Forget", func() error { return l.Forget(ctx, entry("laptop", "a")) }},
		{"Sweep", func() error { return l.Sweep(ctx) }},
	} {
		t.Run(tc.name, func(t *testing.T) {
			err := tc.act()
			if !errors.Is(err, store.ErrUnavailable) || strings.Contains(err.Error(), secret) {
				t.Errorf("%s() = %v, want ErrUnavailable", tc.name, err)
			}
		})
	}
}

// D23: what another replica can open is asked for again; what nobody can open is not.
func TestEntryUnderAnUnknownKey(t *testing.T) {
	for _, held := range []bool{true, false} {
		t.Run(fmt.Sprintf("held by a live replica: %v", held), func(t *testing.T) {
			w := newWorld(t)
			ahead, o := replica(w, "new", "old")
			must(t, ahead.Record(t.Context(), entry("laptop", "sealed under new")))
			behind := w.ledger(w.store("old"), o, func(string) bool { return held })
			must(t, behind.Record(t.Context(), entry("laptop", "sealed under old")))

			err := behind.RevokeSubject(t.Context(), "corp", "subject-of-ada", "")
			if got := errors.Is(err, store.ErrUnknownKey); got != held {
				t.Errorf("RevokeSubject() = %v, want an unknown key: %v", err, held)
			}
			revokedAre(t, w, o, "sealed under old")

			w.clock.Advance(day)
			must(t, behind.Sweep(t.Context()))
			must(t, behind.Sweep(t.Context()))
			if n := w.log.count("ledger entries left alone"); n != 1 {
				t.Errorf("the unknown key was logged %d times, want once", n)
			}
			revokedAre(t, w, o)
			w.clock.Advance(day)
			must(t, ahead.Sweep(t.Context()))
			revokedAre(t, w, o, "sealed under new")
		})
	}
}

func TestSweepDropsWhatNothingOpens(t *testing.T) {
	w := newWorld(t)
	l, o := replica(w, "old")
	must(t, l.Record(t.Context(), entry("laptop", "a")))
	w.corruptLedger("old")
	must(t, l.RevokeSubject(t.Context(), "corp", "subject-of-ada", ""))
	w.clock.Advance(day)
	must(t, l.Sweep(t.Context()))
	revokedAre(t, w, o)
	if n := w.leftovers("old"); n != 0 {
		t.Errorf("%d entries and due members are left, want none", n)
	}
	if n := w.log.count("ledger entry dropped"); n != 1 {
		t.Errorf("%d lines about dropped entries, want 1:\n%s", n, w.log)
	}
}

// TestEntriesOutliveTheKeyTheyWereSealedUnder: a token that was given out before a rotation is revoked by a sign-out after
// it, when the old sealing key is gone (D23).
func TestEntriesOutliveTheKeyTheyWereSealedUnder(t *testing.T) {
	w := newWorld(t)
	before, _ := replica(w, "old")
	must(t, before.Record(t.Context(), entry("office", "one")))

	during := w.store("new", "old")
	ledger := w.ledger(during, w.outbox(during), nil)
	must(t, store.NewNames(during).Keep(t.Context())) // as the application does
	must(t, ledger.Reseal(t.Context()))

	after, o := replica(w, "new")
	must(t, after.RevokeSession(t.Context(), "corp", "subject-of-ada", "office", ""))
	must(t, o.Drain(t.Context()))
	if got := w.takeRevoked(); len(got) != 1 {
		t.Errorf("revoked %v, want the one token", got)
	}
}
