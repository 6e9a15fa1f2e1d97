package main

import (
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"

	"chatgate/store/storetest/redistest"
)

// TestTwoTabsThatSignInAtOnceBothFinish: whichever window is done first and whichever frame asks first, both get the login
// of the same person (B-20).
func TestTwoTabsThatSignInAtOnceBothFinish(t *testing.T) {
	w := start(t, worldConfig{Redis: redistest.Start(t).Addr})
	for _, steps := range [][]string{
		{"finish 0", "finish 1", "redeem 0", "redeem 1"},
		{"finish 0", "finish 1", "redeem 1", "redeem 0"},
		{"finish 1", "finish 0", "redeem 0", "redeem 1"},
		{"finish 1", "finish 0", "redeem 1", "redeem 0"},
		{"finish 0", "redeem 0", "finish 1", "redeem 1"},
		{"finish 1", "redeem 1", "finish 0", "redeem 0"},
	} {
		t.Run(strings.Join(steps, ", "), func(t *testing.T) {
			first := w.visitor(t).frame()
			tabs := []*frame{first, first.tab()}
			ways, tokens := make([]string, 2), make([]string, 2)
			for i, tab := range tabs {
				tab.offer()
				ways[i] = tab.begin(inNewWindow)
			}
			for _, step := range steps {
				act, i := step[:len(step)-2], int(step[len(step)-1]-'0')
				if act == "redeem" {
					tokens[i] = tabs[i].redeemed()
				} else {
					first.window.open(first.window.callback(ways[i], "ada"))
				}
			}
			sameLiveLogin(t, w, first, tokens)
		})
	}
}

// sameLiveLogin: all tokens are one, it is alive, and the chat's next call brings it too.
func sameLiveLogin(t *testing.T, w *world, f *frame, tokens []string) {
	t.Helper()
	if len(slices.Compact(slices.Clone(tokens))) != 1 || !w.RocketChat.Alive(tokens[0]) {
		t.Errorf("the tabs' logins: the same %t, alive %t", tokens[0] == tokens[1], w.RocketChat.Alive(tokens[0]))
	}
	if got := f.rocketChatToken(); got.status != http.StatusOK || got.json(t)["loginToken"] != tokens[0] {
		t.Errorf("the chat's next call = %d, want the same login", got.status)
	}
}

// TestTwoTabsThatFinishInTheSameInstant: neither loses its login to the other (B-20). Each may have one of its own, because
// neither window came with the other's cookie.
func TestTwoTabsThatFinishInTheSameInstant(t *testing.T) {
	const rounds = 12
	w := start(t, worldConfig{Redis: redistest.Start(t).Addr, People: people(rounds)})
	for round := range rounds {
		first := w.visitor(t).frame()
		tabs, tokens := []*frame{first, first.tab()}, make([]string, 2)
		var both sync.WaitGroup
		for i, tab := range tabs {
			tab.offer()
			back := first.window.callback(tab.begin(inNewWindow), numbered(round).Username)
			both.Go(func() {
				first.window.open(back)
				tokens[i] = tab.received()
			})
		}
		both.Wait()
		for i, token := range tokens {
			if !w.RocketChat.Alive(token) {
				t.Errorf("round %d: tab %d was given a dead login", round, i)
			}
		}
		if got := first.rocketChatToken(); got.status != http.StatusOK || !w.RocketChat.Alive(got.json(t)["loginToken"].(string)) {
			t.Errorf("round %d: the chat's next call = %d %s", round, got.status, got.body)
		}
	}
}

// TestAnotherPersonsSignInEndsTheFormerOnesFrames: in one browser, from the frame (D27, R14).
func TestAnotherPersonsSignInEndsTheFormerOnesFrames(t *testing.T) {
	w := start(t, worldConfig{Redis: redistest.Start(t).Addr})
	f := w.visitor(t).frame()
	f.signIn(inNewWindow, "ada")
	adas := f.redeemed()
	if got := f.rocketChatToken(); got.status != http.StatusOK {
		t.Fatalf("the frame's own cookie brings %d", got.status)
	}

	next := f.tab()
	next.offer()
	way := next.begin(inNewWindow, "prompt", "select_account")
	w.Provider.EndSessions()
	next.window.open(next.window.callback(way, "bob"))
	if got := f.rocketChatToken(); got.status != http.StatusUnauthorized {
		t.Errorf("the former person's frame cookie brings %d, want 401", got.status)
	}
	if got := f.post("/rocketchat/resume", `{"confirm":true}`); got.status != http.StatusUnauthorized {
		t.Errorf("the former person's frame resumes with %d, want 401", got.status)
	}
	bobs := next.redeemed()
	eventually(t, "the former person's login is dead", func() bool { return !w.RocketChat.Alive(adas) })
	if adas == bobs || !w.RocketChat.Alive(bobs) {
		t.Errorf("the next person's login: another one %t, alive %t", adas != bobs, w.RocketChat.Alive(bobs))
	}
}
