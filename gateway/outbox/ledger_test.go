package outbox_test

import (
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"chatgate/gateway/outbox"
	"chatgate/store"
)

const (
	day    = 24 * time.Hour
	expiry = 90 * day // Rocket.Chat's own default
)

// entry is a token of Ada's in Rocket.Chat, given this morning to the session named.
func entry(session, token string) outbox.Entry {
	return outbox.Entry{
		Provider: "corp", Subject: "subject-of-ada", Chat: "rocketchat",
		Session: session, SID: "sid of " + session, UserID: "account-of-ada", Token: store.Secret(secret + token),
		Expires: morning.Add(expiry), End: morning.Add(day),
	}
}

func with(e outbox.Entry, change func(*outbox.Entry)) outbox.Entry {
	change(&e)
	return e
}

// replica is a ledger with its outbox, which does revocations by noting them.
func replica(w *world, keys ...string) (*outbox.Ledger, *outbox.Outbox) {
	s := w.store(keys...)
	o := w.outbox(s)
	w.revoker(o, "rocketchat", "second")
	return w.ledger(s, o, nil), o
}

// tokens are token names as the chat sees them.
func tokens(names ...string) []string {
	var all []string
	for _, name := range names {
		all = append(all, secret+name)
	}
	return all
}

func revokedAre(t *testing.T, w *world, o *outbox.Outbox, names ...string) {
	t.Helper()
	drain(t, o)
	if diff := cmp.Diff(tokens(names...), w.takeRevoked()); diff != "" {
		t.Errorf("revoked tokens (-want +got):\n%s", diff)
	}
}

// D11, R13: every sign-out revokes the tokens it covers, and only those.
func TestSignOutRevokesWhatItCovers(t *testing.T) {
	ctx := t.Context()
	for _, tc := range []struct {
		name string
		act  func(l *outbox.Ledger) error
		want []string
	}{
		{"one session, all its chats", func(l *outbox.Ledger) error {
			return l.RevokeSession(ctx, "corp", "subject-of-ada", "laptop", "")
		}, []string{"laptop", "laptop2"}},
		{"one session, one chat", func(l *outbox.Ledger) error {
			return l.RevokeSession(ctx, "corp", "subject-of-ada", "laptop", "second")
		}, []string{"laptop2"}},
		{"a person, all sessions", func(l *outbox.Ledger) error {
			return l.RevokeSubject(ctx, "corp", "subject-of-ada", "")
		}, []string{"laptop", "laptop2", "phone"}},
		{"a person, one chat", func(l *outbox.Ledger) error {
			return l.RevokeSubject(ctx, "corp", "subject-of-ada", "rocketchat")
		}, []string{"laptop", "phone"}},
		{"one session at the provider", func(l *outbox.Ledger) error {
			return l.RevokeSID(ctx, "corp", "subject-of-ada", "sid of phone")
		}, []string{"phone"}},
		{"one token", func(l *outbox.Ledger) error {
			return l.Revoke(ctx, entry("laptop", "laptop"))
		}, []string{"laptop"}},
		{"a token that never reached the ledger", func(l *outbox.Ledger) error {
			return l.Revoke(ctx, entry("laptop", "orphan"))
		}, []string{"orphan"}},
		{"a session without tokens", func(l *outbox.Ledger) error {
			return l.RevokeSession(ctx, "corp", "subject-of-ada", "tablet", "")
		}, nil},
		{"the same subject at another provider", func(l *outbox.Ledger) error {
			return l.RevokeSubject(ctx, "partner", "subject-of-ada", "")
		}, nil},
	} {
		t.Run(tc.name, func(t *testing.T) {
			eachEngine(t, func(t *testing.T, w *world) {
				l, o := replica(w, "old")
				for _, e := range []outbox.Entry{
					entry("laptop", "laptop"),
					with(entry("laptop", "laptop2"), func(e *outbox.Entry) { e.Chat = "second" }),
					entry("phone", "phone"),
					with(entry("laptop", "bob"), func(e *outbox.Entry) { e.Subject = "bob" }),
				} {
					must(t, l.Record(ctx, e))
				}
				must(t, tc.act(l))
				revokedAre(t, w, o, tc.want...)
				must(t, tc.act(l))
				if len(tc.want) != 1 { // Revoke itself queues what it is given
					revokedAre(t, w, o)
				}
			})
		})
	}
}

func TestRevocationCarriesWhatTheChatNeeds(t *testing.T) {
	w := newWorld(t)
	s := w.store("old")
	o := w.outbox(s)
	l := w.ledger(s, o, nil)
	var got []outbox.RevokeJob
	o.Handle(outbox.KindRevoke, "rocketchat", decodeInto(&got))
	must(t, l.Record(t.Context(), entry("laptop", "a")))
	must(t, l.RevokeSubject(t.Context(), "corp", "subject-of-ada", ""))
	drain(t, o)
	must(t, l.Record(t.Context(), entry("laptop", "b")))
	w.clock.Advance(day)
	must(t, l.Sweep(t.Context()))
	drain(t, o)
	want := []outbox.RevokeJob{
		{Provider: "corp", Subject: "subject-of-ada", UserID: "account-of-ada", Token: secret + "a", Expires: morning.Add(expiry), Cause: outbox.CauseSignOut},
		{UserID: "account-of-ada", Token: secret + "b", Expires: morning.Add(expiry), Cause: outbox.CauseSessionEnd},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("jobs (-want +got):\n%s", diff)
	}
}

// D11: onExpiry is revoke by default, at the absolute end of the session, though its record is long gone.
func TestSweepRevokesAtTheEndOfTheSession(t *testing.T) {
	eachEngine(t, func(t *testing.T, w *world) {
		l, o := replica(w, "old")
		must(t, l.Record(t.Context(), entry("laptop", "a")))
		must(t, l.Record(t.Context(), with(entry("phone", "b"), func(e *outbox.Entry) { e.End = morning.Add(2 * day) })))
		must(t, l.Record(t.Context(), with(entry("tv", "c"), func(e *outbox.Entry) { e.Keep = true })))
		for _, step := range []struct {
			name    string
			advance time.Duration
			want    []string
		}{
			{"a second before the first end", day - time.Second, nil},
			{"at the first end", time.Second, []string{"a"}},
			{"at the second end", day, []string{"b"}},
			{"at the end of what the chat keeps by itself", expiry, nil},
		} {
			w.clock.Advance(step.advance)
			must(t, l.Sweep(t.Context()))
			t.Log(step.name)
			revokedAre(t, w, o, step.want...)
		}
	})
}

func TestKeptTokenIsStillRevokedBySignOut(t *testing.T) {
	w := newWorld(t)
	l, o := replica(w, "old")
	must(t, l.Record(t.Context(), with(entry("laptop", "a"), func(e *outbox.Entry) { e.Keep, e.End = true, time.Time{} })))
	w.clock.Advance(60 * day)
	must(t, l.Sweep(t.Context()))
	must(t, l.RevokeSubject(t.Context(), "corp", "subject-of-ada", ""))
	revokedAre(t, w, o, "a")
}

func TestExpiredTokenIsForgottenWithoutACall(t *testing.T) {
	w := newWorld(t)
	l, o := replica(w, "old")
	must(t, l.Record(t.Context(), with(entry("laptop", "a"), func(e *outbox.Entry) { e.Expires = morning.Add(time.Hour) })))
	w.clock.Advance(time.Hour)
	must(t, l.RevokeSubject(t.Context(), "corp", "subject-of-ada", ""))
	must(t, l.Sweep(t.Context()))
	revokedAre(t, w, o)
	if n := w.leftovers("old"); n != 0 {
		t.Errorf("%d entries and due members are left, want none", n)
	}
}

func TestForgottenTokenIsNotRevoked(t *testing.T) {
	w := newWorld(t)
	l, o := replica(w, "old")
	must(t, l.Record(t.Context(), entry("laptop", "a")))
	must(t, l.Forget(t.Context(), entry("laptop", "a")))
	must(t, l.RevokeSubject(t.Context(), "corp", "subject-of-ada", ""))
	w.clock.Advance(day)
	must(t, l.Sweep(t.Context()))
	revokedAre(t, w, o)
	if n := w.leftovers("old"); n != 0 {
		t.Errorf("%d entries and due members are left, want none", n)
	}
}

// A session that was given a second token, because a lock was lost, has both revoked.
func TestSecondTokenDoesNotHideTheFirst(t *testing.T) {
	w := newWorld(t)
	l, o := replica(w, "old")
	must(t, l.Record(t.Context(), entry("laptop", "a")))
	must(t, l.Record(t.Context(), entry("laptop", "b")))
	must(t, l.Record(t.Context(), entry("laptop", "b")))
	must(t, l.RevokeSession(t.Context(), "corp", "subject-of-ada", "laptop", "rocketchat"))
	revokedAre(t, w, o, "a", "b")
}

// D27: the same person signed in again in the same browser.
func TestMovedTokenFollowsItsNewSession(t *testing.T) {
	next := outbox.Holder{Session: "second", SID: "sid of second", End: until(morning.Add(2 * day))}
	ctx := t.Context()
	for _, tc := range []struct {
		name string
		act  func(w *world, l *outbox.Ledger) error
		want []string
	}{
		{"the former session's end leaves it", func(_ *world, l *outbox.Ledger) error {
			return l.RevokeSession(ctx, "corp", "subject-of-ada", "first", "")
		}, nil},
		{"the former session's end at the provider leaves it", func(_ *world, l *outbox.Ledger) error {
			return l.RevokeSID(ctx, "corp", "subject-of-ada", "sid of first")
		}, nil},
		{"the former absolute end leaves it", func(w *world, l *outbox.Ledger) error {
			w.clock.Advance(day)
			return l.Sweep(ctx)
		}, nil},
		{"the new session's end revokes it", func(_ *world, l *outbox.Ledger) error {
			return l.RevokeSession(ctx, "corp", "subject-of-ada", "second", "")
		}, []string{"a"}},
		{"the new session's end at the provider revokes it", func(_ *world, l *outbox.Ledger) error {
			return l.RevokeSID(ctx, "corp", "subject-of-ada", "sid of second")
		}, []string{"a"}},
		{"the new absolute end revokes it", func(w *world, l *outbox.Ledger) error {
			w.clock.Advance(2 * day)
			return l.Sweep(ctx)
		}, []string{"a"}},
	} {
		t.Run(tc.name, func(t *testing.T) {
			eachEngine(t, func(t *testing.T, w *world) {
				l, o := replica(w, "old")
				must(t, l.Record(ctx, entry("first", "a")))
				must(t, l.Record(ctx, with(entry("elsewhere", "other"), func(e *outbox.Entry) { e.End = morning.Add(9 * day) })))
				must(t, l.Move(ctx, "corp", "subject-of-ada", "first", next))
				must(t, tc.act(w, l))
				revokedAre(t, w, o, tc.want...)
			})
		})
	}
}

func TestRecordRefusesAnEntryThatCouldNotBeRevoked(t *testing.T) {
	for _, tc := range []struct {
		name   string
		change func(*outbox.Entry)
		want   string
	}{
		{"no provider", func(e *outbox.Entry) { e.Provider = "" }, "an identity"},
		{"no subject", func(e *outbox.Entry) { e.Subject = "" }, "an identity"},
		{"no chat", func(e *outbox.Entry) { e.Chat = "" }, "a chat"},
		{"no session", func(e *outbox.Entry) { e.Session = "" }, "a session"},
		{"no token", func(e *outbox.Entry) { e.Token = "" }, "a token"},
		{"expired", func(e *outbox.Entry) { e.Expires = morning }, "an expiry to come"},
		{"no end and not kept", func(e *outbox.Entry) { e.End = time.Time{} }, "the session's end"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			w := newWorld(t)
			l, _ := replica(w, "old")
			err := l.Record(t.Context(), with(entry("laptop", "a"), tc.change))
			if err == nil || !strings.Contains(err.Error(), tc.want) || strings.Contains(err.Error(), secret) {
				t.Errorf("Record() = %v, want an error about %q", err, tc.want)
			}
		})
	}
}

func TestRevokeSIDRefusesAnEmptySID(t *testing.T) {
	w := newWorld(t)
	l, o := replica(w, "old")
	must(t, l.Record(t.Context(), with(entry("laptop", "a"), func(e *outbox.Entry) { e.SID = "" })))
	if err := l.RevokeSID(t.Context(), "corp", "subject-of-ada", ""); err == nil {
		t.Error("RevokeSID took an empty sid, which every provider without sids shares")
	}
	revokedAre(t, w, o)
}
