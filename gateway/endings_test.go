package gateway_test

import (
	"net/http"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"chatgate/gateway/chat"
	"chatgate/oidc/oidctest"
)

// staffWorld is a gateway whose board is for staff, and whose provider says of everybody what groups says.
func staffWorld(t *testing.T) (w *world, groups func(names ...string)) {
	t.Helper()
	w = open(t, options{rulesOfBoard: &chat.AccessRules{Groups: []string{"staff"}}, scopes: []string{"openid", "offline_access"}})
	return w, func(names ...string) {
		w.provider.Set(func(f *oidctest.Faults) { f.IDToken = func(c map[string]any) { c["groups"] = names } })
	}
}

func TestSigningInAnewCarriesNothingOverToWhoIsLeftOut(t *testing.T) { // S54, D27
	w, groups := staffWorld(t)
	groups("staff")
	b := w.signedIn()
	former, err := w.sessions.Recognise(t.Context(), b.request())
	w.must(err)
	w.must(w.sessions.PutToken(t.Context(), former, "board", []byte(`"login token"`), former.Ends))
	groups("guests")
	b.signIn("/login?prompt=login", "ada")
	if len(w.board.told.ended) == 0 || len(w.board.told.refused) == 0 {
		t.Errorf("tokens were taken back of %v, and closed to is %v", w.board.told.ended, w.board.told.refused)
	}
	now, err := w.sessions.Recognise(t.Context(), b.request())
	w.must(err)
	states, err := w.sessions.ChatStates(t.Context(), now)
	w.must(err)
	if now.Key == former.Key || len(states["board"].Token) != 0 {
		t.Errorf("the new session has the token %s", states["board"].Token)
	}
	if !w.logged(`"act":"chat_closed"`, `"reason":"group_missing"`) {
		t.Error("no audit line tells of it")
	}
}

func TestSigningInAnewTellsTheChatsWhatHasChanged(t *testing.T) { // S54
	w, groups := staffWorld(t)
	groups("staff", "chat-admins")
	b := w.signedIn()
	groups("staff")
	b.signIn("/login?prompt=login", "ada")
	if len(w.board.told.rechecked) == 0 || len(w.board.told.refused) != 0 {
		t.Errorf("told of %v, closed to %v", w.board.told.rechecked, w.board.told.refused)
	}
	// A connector that takes back what is too strong now looks for it at the new session.
	if diff := cmp.Diff([]string{"moved", "rechecked"}, w.board.told.order); diff != "" {
		t.Errorf("order (-want +got):\n%s", diff)
	}
}

func TestAChatStaysClosedAtEveryReCheck(t *testing.T) { // S54: what it was given in between is taken back at the next
	w, groups := staffWorld(t)
	groups("guests")
	b := w.signedIn()
	for range 2 {
		s, err := w.sessions.Recognise(t.Context(), b.request())
		w.must(err)
		w.must(w.sessions.PutToken(t.Context(), s, "board", []byte(`"given in between"`), s.Ends))
		w.clock.Advance(recheck)
		before := len(w.board.told.ended)
		w.must(w.sessions.RecheckDue(t.Context()))
		states, err := w.sessions.ChatStates(t.Context(), s)
		w.must(err)
		if len(w.board.told.ended) == before || len(states["board"].Token) != 0 {
			t.Errorf("taken back %d times, kept is %s", len(w.board.told.ended)-before, states["board"].Token)
		}
	}
	if len(w.board.told.refused) != 0 {
		t.Error("what is no news is told as if it were")
	}
}

func TestWhoeverKnowsTheNameOfAProvidersSessionKeepsNobodyOut(t *testing.T) { // S125, S113
	w := open(t, options{})
	b := w.signedIn()
	sid := b.sid()
	for range 3 {
		if answer := w.front(w.browser(), issuer, sid); answer.StatusCode != http.StatusOK {
			t.Fatalf("answered %d", answer.StatusCode)
		}
		w.clock.Advance(time.Second)
		if b.signIn("/login", "ada"); b.who() != "ada-1" || b.sid() != sid {
			t.Fatalf("the next sign-in, by the same session at the provider, makes %q", b.who())
		}
	}
}

func TestAFrontchannelLogoutOvertakesASignInOnItsWay(t *testing.T) { // S114
	w := open(t, options{})
	first := w.signedIn()
	sid := first.sid()
	w.front(w.browser(), issuer, sid)
	w.clock.Advance(time.Second)
	first.cookies = map[string]string{}
	back := first.callback("/login", "ada") // the session at the provider lives on
	w.front(w.browser(), issuer, sid)
	if got := first.do(http.MethodGet, back); got.StatusCode != http.StatusBadRequest || first.who() != "" {
		t.Errorf("the callback = %d as %q, want 400 as nobody", got.StatusCode, first.who())
	}
}
