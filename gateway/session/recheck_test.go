package session_test

import (
	"context"
	"errors"
	"fmt"
	"net/http/httptest"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"chatgate/gateway/session"
	"chatgate/oidc"
	"chatgate/store"
)

const every = 15 * time.Minute

// asked is a provider with one refresh token at a time for each subject, each good once.
type asked struct {
	mu      sync.Mutex
	good    map[string]oidc.Secret
	groups  []string
	sid     string
	fail    error
	calls   int
	revoked []oidc.Secret
	during  func()          // runs while the provider has a call of ours
	strict  error           // what RevokeLater answers
	bad     map[string]bool // subjects for whom it fails, at once
}

func (p *asked) Refresh(_ context.Context, former oidc.Identity, t oidc.Tokens) (oidc.Identity, oidc.Tokens, error) {
	p.mu.Lock()
	p.calls++
	n, fail, during := p.calls, p.fail, p.during
	if p.bad[former.Subject] {
		fail = oidc.ErrProvider
	}
	good := p.good[former.Subject] == t.Refresh
	p.mu.Unlock()
	if during != nil {
		during()
	}
	switch {
	case fail != nil:
		return oidc.Identity{}, oidc.Tokens{}, fail
	case !good:
		return oidc.Identity{}, oidc.Tokens{}, &oidc.RefusedError{Reason: oidc.ReasonRefresh, Err: errors.New("invalid_grant")}
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	next := oidc.Secret(fmt.Sprintf("refresh-%d", n))
	p.good[former.Subject] = next
	former.Groups = p.groups
	if p.sid != "" {
		former.SID = p.sid
	}
	return former, oidc.Tokens{ID: "id", Access: "access", Refresh: next}, nil
}

func (p *asked) RevokeLater(_ context.Context, _ string, t oidc.Tokens) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.strict != nil {
		return p.strict
	}
	p.revoked = append(p.revoked, t.Refresh)
	return nil
}

func (p *asked) count() int {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.calls
}

// living is a house whose provider gives refresh tokens.
func living(t *testing.T) (*house, *asked) {
	p := &asked{good: map[string]oidc.Secret{}}
	return open(t, livingWith(p)), p
}

func livingWith(p *asked) func(*session.Config) {
	return func(c *session.Config) { c.Provider, c.Settings.Recheck = p, every }
}

func (h *house) signInToStay(t *testing.T, p *asked, b browser, id oidc.Identity) session.Session {
	t.Helper()
	p.mu.Lock()
	p.good[id.Subject] = "refresh-0"
	p.mu.Unlock()
	w := httptest.NewRecorder()
	s, err := h.Start(t.Context(), w, b.request(), session.SignIn{Identity: id, Tokens: oidc.Tokens{ID: "id", Refresh: "refresh-0", Access: "access"}})
	must(t, err)
	b.take(w)
	return s
}

func TestALivingSessionIsAskedForInTime(t *testing.T) { // S54
	h, p := living(t)
	b := browser{}
	h.signInToStay(t, p, b, ada)
	must(t, h.RecheckDue(t.Context()))
	if p.count() != 0 {
		t.Fatal("the provider was asked right after the sign-in")
	}
	p.groups = []string{"staff"}
	for round := 1; round <= 3; round++ {
		h.clock.advance(every)
		must(t, h.RecheckDue(t.Context()))
		must(t, h.RecheckDue(t.Context()))
		if p.count() != round {
			t.Fatalf("the provider was asked %d times in %d rounds", p.count(), round)
		}
	}
	s, err := h.read(t, b, "")
	if err != nil || len(s.Identity.Groups) != 1 || !s.Rechecked.Equal(h.clock.now()) {
		t.Errorf("Read() = %+v, %v, want the groups of the re-check and its time", s, err)
	}
	if diff := cmp.Diff(4, len(h.follower.rechecked)); diff != "" { // at each, and the first changed something: twice
		t.Errorf("calls of the follower (-want +got):\n%s", diff)
	}
	tokens, err := h.ProviderTokens(t.Context(), s)
	if err != nil || tokens.Refresh.Reveal() != "refresh-3" || tokens.Access != "" {
		t.Errorf("kept tokens = %s, access %s, %v", tokens.Refresh.Reveal(), tokens.Access.Reveal(), err)
	}
}

func TestManyWhoComeAtOnceToASessionThatIsOverdueAskOnce(t *testing.T) { // S70
	one, p := living(t)
	two := one.reopen(t, map[string][]byte{"one": key(1)}, "one", livingWith(p))
	b := browser{}
	one.signInToStay(t, p, b, ada)
	one.clock.advance(2 * every)
	p.groups = []string{"staff"}
	var calls sync.WaitGroup
	failed := make(chan error, 200)
	for i := range cap(failed) {
		replica := []*house{one, two}[i%2]
		calls.Go(func() {
			s, err := replica.Read(t.Context(), httptest.NewRecorder(), b.request(), "rocketchat")
			if err == nil && len(s.Identity.Groups) != 1 {
				err = errors.New("a caller did not get what the winner found out")
			}
			failed <- err
		})
	}
	calls.Wait()
	close(failed)
	for err := range failed {
		must(t, err)
	}
	if p.count() != 1 {
		t.Errorf("the provider was asked %d times, want once", p.count())
	}
}

func TestARefusedRefreshEndsTheSessionAndAFailedOneDoesNot(t *testing.T) { // S71, S47
	h, p := living(t)
	b := browser{}
	s := h.signInToStay(t, p, b, ada)
	p.fail = oidc.ErrProvider
	h.clock.advance(every)
	must(t, h.RecheckDue(t.Context()))
	if _, err := h.read(t, b, ""); err != nil {
		t.Fatalf("Read() with the provider down = %v", err)
	}
	before := p.count()
	h.clock.advance(2*time.Minute - time.Second)
	must(t, h.RecheckDue(t.Context()))
	if p.count() != before {
		t.Error("a provider that is down was asked again within two minutes")
	}
	h.clock.advance(time.Minute + time.Second)
	p.fail = &oidc.RefusedError{Reason: oidc.ReasonRefresh, Err: errors.New("invalid_grant")}
	must(t, h.RecheckDue(t.Context()))
	if _, err := h.read(t, b, ""); !errors.Is(err, session.ErrNone) {
		t.Errorf("Read() after invalid_grant = %v, want ErrNone", err)
	}
	if diff := cmp.Diff([]string{s.Key}, h.follower.refused); diff != "" {
		t.Errorf("told of (-want +got):\n%s", diff)
	}
	if len(h.follower.ended) == 0 {
		t.Error("the chats were not told")
	}
}

func TestASessionThatIdledAwayIsAskedForToo(t *testing.T) { // D11, S54: its chats may still be open
	h, p := living(t)
	b := browser{}
	s := h.signInToStay(t, p, b, ada)
	h.clock.advance(3 * time.Hour)
	p.good[ada.Subject] = "" // the account is disabled
	must(t, h.RecheckDue(t.Context()))
	if diff := cmp.Diff([]string{s.Key}, h.follower.refused); diff != "" {
		t.Errorf("told of (-want +got):\n%s", diff)
	}
}

func TestASignOutWinsOverARecheckThatIsRunning(t *testing.T) { // S114, D21
	h, p := living(t)
	b := browser{}
	s := h.signInToStay(t, p, b, ada)
	h.clock.advance(every)
	p.groups = []string{"staff"}
	p.during = func() { must(t, h.End(t.Context(), s)) }
	must(t, h.RecheckDue(t.Context()))
	if _, err := h.read(t, b, ""); !errors.Is(err, session.ErrNone) {
		t.Errorf("Read() = %v: the session came back", err)
	}
	if _, err := h.ProviderTokens(t.Context(), s); !errors.Is(err, store.ErrNotFound) {
		t.Errorf("ProviderTokens() = %v: the tokens came back", err)
	}
	if diff := cmp.Diff([]oidc.Secret{"refresh-0", "refresh-1"}, p.revoked); diff != "" {
		t.Errorf("revoked at the provider (-want +got):\n%s", diff)
	}
}

func TestALateResultTakesNobodysPlace(t *testing.T) { // S70
	h, p := living(t)
	b := browser{}
	s := h.signInToStay(t, p, b, ada)
	h.clock.advance(every)
	bucket := store.NewBucket[oidc.Tokens](h.store.Passing("provider"))
	p.during = func() { must(t, bucket.Put(t.Context(), s.Key, oidc.Tokens{Refresh: "of another lock"}, time.Hour)) }
	must(t, h.RecheckDue(t.Context()))
	tokens, err := h.ProviderTokens(t.Context(), s)
	if err != nil || tokens.Refresh != "of another lock" {
		t.Errorf("kept = %s, %v, want that of whoever holds the lock", tokens.Refresh.Reveal(), err)
	}
	p.during, p.good[ada.Subject] = nil, "of another lock"
	h.clock.advance(time.Minute)
	must(t, h.RecheckDue(t.Context()))
	if _, err := h.read(t, b, ""); err != nil {
		t.Errorf("Read() after the next re-check = %v", err)
	}
}

func TestASignInInTheSamePlaceLeavesTheGrantAlone(t *testing.T) { // D27: both may hang on one session at the provider
	h, p := living(t)
	b := browser{}
	s := h.signInToStay(t, p, b, ada)
	h.clock.advance(every)
	p.during = func() {
		p.during = nil
		h.signInToStay(t, p, b, ada)
	}
	must(t, h.RecheckDue(t.Context()))
	if len(p.revoked) != 0 {
		t.Errorf("revoked %d tokens of %s", len(p.revoked), s.Label())
	}
	if _, err := h.read(t, b, ""); err != nil {
		t.Errorf("Read() = %v", err)
	}
}

func TestASignOutHasTheGrantRevokedOnce(t *testing.T) {
	h, p := living(t)
	s := h.signInToStay(t, p, browser{}, ada)
	p.strict = errors.New("outbox is full")
	if err := h.End(t.Context(), s); err == nil {
		t.Error("End() = nil although nothing could be queued")
	}
	if _, err := h.ByKey(t.Context(), s.Key, ""); err != nil {
		t.Errorf("ByKey() = %v: the session ended without its grant", err)
	}
	p.strict = nil
	must(t, h.End(t.Context(), s))
	if diff := cmp.Diff([]oidc.Secret{"refresh-0"}, p.revoked); diff != "" {
		t.Errorf("revoked (-want +got):\n%s", diff)
	}
}

func TestAFollowerThatFailsIsToldAgain(t *testing.T) { // S54: a chat that must close is not forgotten
	h, p := living(t)
	b := browser{}
	h.signInToStay(t, p, b, ada)
	h.clock.advance(every)
	p.groups, h.follower.fail = []string{"staff"}, errors.New("outbox is full")
	if err := h.RecheckDue(t.Context()); err == nil {
		t.Error("RecheckDue() = nil although a chat was not told")
	}
	h.follower.fail = nil
	h.clock.advance(time.Minute)
	must(t, h.RecheckDue(t.Context()))
	s, err := h.read(t, b, "")
	if err != nil || len(s.Identity.Groups) != 1 {
		t.Errorf("Read() = %+v, %v, want the groups", s.Identity, err)
	}
}

func TestANewSIDIsFound(t *testing.T) { // S110
	h, p := living(t)
	b := browser{}
	h.signInToStay(t, p, b, ada)
	h.clock.advance(every)
	p.sid = "idp-8"
	must(t, h.RecheckDue(t.Context()))
	if n, err := h.EndSID(t.Context(), "corp", "idp-8"); n != 1 || err != nil {
		t.Errorf("EndSID() = %d, %v, want 1", n, err)
	}
}

func TestWithoutARefreshTokenNobodyIsAsked(t *testing.T) {
	h, p := living(t)
	b := browser{}
	h.signIn(t, b, ada)
	h.clock.advance(2 * every)
	must(t, h.RecheckDue(t.Context()))
	if _, err := h.read(t, b, ""); err != nil || p.count() != 0 {
		t.Errorf("Read() = %v, asked %d times", err, p.count())
	}
}

func TestTheGrantEndsWithTheSession(t *testing.T) { // D11: at the absolute end too
	for name, change := range map[string]func(*session.Config){
		"where it is asked for":     func(*session.Config) {},
		"where it is not asked for": func(c *session.Config) { c.Settings.Recheck = 0 },
	} {
		t.Run(name, func(t *testing.T) {
			p := &asked{good: map[string]oidc.Secret{}}
			h := open(t, livingWith(p), change)
			two := h.reopen(t, map[string][]byte{"one": key(1)}, "one", livingWith(p), change)
			s := h.signInToStay(t, p, browser{}, ada)
			h.clock.advance(s.Ends.Sub(h.clock.now()) - time.Second)
			must(t, h.RecheckDue(t.Context()))
			if len(p.revoked) != 0 {
				t.Fatal("revoked before the end")
			}
			last := p.good[ada.Subject]
			h.clock.advance(time.Minute)
			must(t, errors.Join(h.RecheckDue(t.Context()), two.RecheckDue(t.Context())))
			if diff := cmp.Diff([]oidc.Secret{last}, p.revoked); diff != "" {
				t.Errorf("revoked (-want +got):\n%s", diff)
			}
			if _, err := h.ProviderTokens(t.Context(), s); !errors.Is(err, store.ErrNotFound) {
				t.Errorf("ProviderTokens() = %v, want ErrNotFound", err)
			}
		})
	}
}

func TestEveryReCheckIsCountedByItsOutcome(t *testing.T) {
	p := &asked{good: map[string]oidc.Secret{}}
	var outcomes []session.Outcome
	h := open(t, livingWith(p), func(c *session.Config) {
		c.Rechecked = func(provider string, outcome session.Outcome) {
			if provider != ada.Provider {
				t.Errorf("a re-check at %q is told, want %q", provider, ada.Provider)
			}
			outcomes = append(outcomes, outcome)
		}
	})
	h.signInToStay(t, p, browser{}, ada)
	recheck := func() {
		t.Helper()
		h.clock.advance(every)
		must(t, h.RecheckDue(t.Context()))
	}
	recheck()
	p.fail = oidc.ErrProvider
	recheck()
	p.fail = &oidc.RefusedError{Reason: oidc.ReasonRefresh, Err: errors.New("invalid_grant")}
	recheck()
	if diff := cmp.Diff([]session.Outcome{session.Confirmed, session.Unanswered, session.GrantOver}, outcomes); diff != "" {
		t.Errorf("outcomes (-want +got):\n%s", diff)
	}
	if n, err := h.Count(t.Context()); n != 0 || err != nil {
		t.Errorf("Count() = %d, %v after the provider ended the grant, want 0", n, err)
	}
	h.signInToStay(t, p, browser{}, ada)
	if n, err := h.Count(t.Context()); n != 1 || err != nil {
		t.Errorf("Count() = %d, %v with one signed in, want 1", n, err)
	}
}
