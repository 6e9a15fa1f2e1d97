package session_test

import (
	"errors"
	"net/http/httptest"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"chatgate/gateway/session"
	"chatgate/oidc"
	"chatgate/store"
)

func TestReChecksThatAreSwitchedOffAskNobody(t *testing.T) { // of sessions that began while they were on
	h, p := living(t)
	b := browser{}
	s := h.signInToStay(t, p, b, ada)
	off := h.reopen(t, map[string][]byte{"one": key(1)}, "one", livingWith(p), func(c *session.Config) { c.Settings.Recheck = 0 })
	h.clock.advance(2 * every)
	must(t, off.RecheckDue(t.Context()))
	if _, err := off.read(t, b, ""); err != nil || p.count() != 0 {
		t.Errorf("Read() = %v, the provider was asked %d times", err, p.count())
	}
	h.clock.advance(s.Ends.Sub(h.clock.now()) + time.Second)
	must(t, off.RecheckDue(t.Context()))
	if diff := cmp.Diff([]oidc.Secret{"refresh-0"}, p.revoked); diff != "" {
		t.Errorf("revoked at the end (-want +got):\n%s", diff)
	}
}

func TestAProviderThatDoesNotAnswerHoldsUpNobodyElses(t *testing.T) { // S54, S131
	h, p := living(t)
	people := make([]oidc.Identity, 40)
	for i := range people {
		people[i] = oidc.Identity{Provider: "slow", Subject: string(rune('A' + i))}
		h.signInToStay(t, p, browser{}, people[i])
	}
	p.fail, p.during = oidc.ErrProvider, func() { h.clock.advance(3 * time.Second) } // too slow for others to wait
	h.clock.advance(every)
	must(t, h.RecheckDue(t.Context()))
	if n := p.count(); n > 8 { // the first few at once, before anybody knows
		t.Errorf("a provider that does not answer was asked %d times", n)
	}
	before := p.count()
	b := browser{}
	p.fail, p.during = nil, nil
	healthy := h.signInToStay(t, p, b, ada)
	h.clock.advance(every)
	p.good[ada.Subject], p.fail = "", nil
	must(t, h.RecheckDue(t.Context()))
	if diff := cmp.Diff([]string{healthy.Key}, h.follower.refused); diff != "" {
		t.Errorf("refused (-want +got):\n%s", diff)
	}
	if p.count() <= before+1 {
		t.Error("the provider that had failed was not asked again after the pause")
	}
}

func TestATroubledProviderIsTriedByOneOfThoseWhoWait(t *testing.T) {
	h, p := living(t)
	for i := range 20 {
		h.signInToStay(t, p, browser{}, oidc.Identity{Provider: "slow", Subject: string(rune('A' + i))})
	}
	p.fail, p.during = oidc.ErrProvider, func() { h.clock.advance(3 * time.Second) }
	h.clock.advance(every)
	must(t, h.RecheckDue(t.Context()))
	before := p.count()
	h.clock.advance(100 * time.Second) // those who were not asked are due again, those who were are not
	must(t, h.RecheckDue(t.Context()))
	if n := p.count() - before; n != 1 {
		t.Errorf("after the pause it was asked %d times, want once", n)
	}
}

func TestAProviderThatIsNotKnownYetPutsNobodyOff(t *testing.T) { // D26: a replica that has just started
	h, p := living(t)
	b := browser{}
	s := h.signInToStay(t, p, b, ada)
	h.clock.advance(every)
	p.fail = oidc.ErrNotReady
	must(t, h.RecheckDue(t.Context()))
	if now, err := h.ByKey(t.Context(), s.Key, ""); err != nil || !now.Due.Equal(s.Due) {
		t.Errorf("ByKey() = due %s, %v, want %s as before", now.Due, err, s.Due)
	}
	p.fail, p.groups = nil, []string{"staff"}
	h.clock.advance(10 * time.Second)
	must(t, h.RecheckDue(t.Context()))
	if now, err := h.read(t, b, ""); err != nil || len(now.Identity.Groups) != 1 {
		t.Errorf("Read() = %+v, %v, want the groups of the re-check", now.Identity, err)
	}
}

func TestASecondLookThatFailsIsTakenAtTheNextReCheck(t *testing.T) { // S54
	h, p := living(t)
	h.signInToStay(t, p, browser{}, ada)
	h.clock.advance(every)
	p.groups = []string{"staff"}
	h.follower.failAt = 2 // the look before the record is written succeeds, the one after it does not
	if err := h.RecheckDue(t.Context()); err == nil {
		t.Fatal("RecheckDue() = nil although a chat was not told")
	}
	told := len(h.follower.rechecked)
	h.clock.advance(every)
	must(t, h.RecheckDue(t.Context()))
	if len(h.follower.rechecked) == told {
		t.Error("the chats were not told again")
	}
}

func TestASessionWhoseTokensAreLostIsLeftInPeace(t *testing.T) {
	h, p := living(t)
	b := browser{}
	s := h.signInToStay(t, p, b, ada)
	must(t, store.NewBucket[oidc.Tokens](h.store.Passing("provider")).Delete(t.Context(), s.Key))
	h.clock.advance(2 * every)
	now, err := h.read(t, b, "")
	if err != nil || !now.Due.IsZero() || p.count() != 0 {
		t.Errorf("Read() = due %s, %v, the provider was asked %d times", now.Due, err, p.count())
	}
}

// A tab that another has overtaken ends what the browser has now.
func TestTheCookieOfAReplacedSessionSignsOutItsSuccessor(t *testing.T) { // D27
	h, b := open(t), browser{}
	h.signIn(t, b, ada)
	former := b.request()
	next := h.signIn(t, b, ada)
	got, err := h.Recognise(t.Context(), former)
	if err != nil || got.Key != next.Key {
		t.Errorf("Recognise() = %s, %v, want the successor", got.Label(), err)
	}
	if _, err := h.Read(t.Context(), httptest.NewRecorder(), former, ""); !errors.Is(err, session.ErrNone) {
		t.Errorf("Read() = %v: the former cookie signs somebody in", err)
	}
}

func TestAnEndingThatIsCutOffHasEndedSome(t *testing.T) { // S108: whoever is asked again goes on from there
	h := open(t)
	const sessions = 12
	for range sessions {
		h.signIn(t, browser{}, ada)
	}
	ended := 0
	h.follower.onEnd = func() { ended++ }
	h.follower.fail = nil
	h.follower.failAfter = 5
	if n, err := h.EndSubject(t.Context(), "corp", "ada-1"); n == 0 || err == nil {
		t.Errorf("EndSubject() = %d, %v, want some and an error", n, err)
	}
	h.follower.failAfter = 0
	if n, err := h.EndSubject(t.Context(), "corp", "ada-1"); n == 0 || n == sessions || err != nil {
		t.Errorf("EndSubject() again = %d, %v, want the rest", n, err)
	}
}

// A provider that fails for some, at once, is asked for all the others in time (S54).
func TestAFewWhoFailHoldUpNobodyElse(t *testing.T) {
	h, p := living(t)
	p.bad = map[string]bool{}
	for i := range 20 {
		id := oidc.Identity{Provider: "corp", Subject: "bad-" + string(rune('A'+i))}
		p.bad[id.Subject] = true
		h.signInToStay(t, p, browser{}, id)
	}
	good := make([]session.Session, 10)
	for i := range good {
		good[i] = h.signInToStay(t, p, browser{}, oidc.Identity{Provider: "corp", Subject: "good-" + string(rune('A'+i))})
	}
	for range 4 * 60 * 2 { // two hours, looked at every quarter of a minute
		h.clock.advance(15 * time.Second)
		must(t, h.RecheckDue(t.Context()))
		for _, s := range good {
			now, err := h.ByKey(t.Context(), s.Key, "")
			if errors.Is(err, session.ErrNone) {
				continue // idle
			}
			if since := h.clock.now().Sub(now.Rechecked); err != nil || since > every {
				t.Fatalf("%s was last asked for %s ago, %v", now.Identity.Subject, since, err)
			}
		}
	}
}

// TestAStartThatFailsHalfwayLeavesNothing: its session would own what the chats gave, and nobody has its cookie.
func TestAStartThatFailsHalfwayLeavesNothing(t *testing.T) {
	h, b := open(t), browser{}
	h.signIn(t, b, ada)
	h.follower.failMove = true
	if _, err := h.Start(t.Context(), httptest.NewRecorder(), b.request(), session.SignIn{Identity: ada}); err == nil {
		t.Fatal("Start() = nil although nothing could be moved")
	}
	h.follower.failMove = false
	h.signIn(t, b, ada)
	if known, err := h.OfSubject(t.Context(), "corp", "ada-1"); len(known) != 1 || err != nil {
		t.Errorf("%d sessions are left, %v, want one", len(known), err)
	}
}
