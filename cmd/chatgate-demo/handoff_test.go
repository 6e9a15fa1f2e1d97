package main

import (
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	"chatgate/cmd/internal/app"
	"chatgate/store/storetest/redistest"
)

// TestAHandOffThatCameByALinkBindsNothing: whoever holds the secret gets the sign-in that is bound to the id, so nothing
// that another site can make a browser do may bind one (B-08).
func TestAHandOffThatCameByALinkBindsNothing(t *testing.T) {
	w := start(t, worldConfig{Redis: redistest.Start(t).Addr})
	a := w.Addresses()
	foreign := func(headers ...string) func(*visitor, url.Values) answer {
		return func(v *visitor, f url.Values) answer { return v.form(a.Gateway+"/login/start", f, headers...) }
	}
	link := func(path string) func(*visitor, url.Values) answer {
		return func(v *visitor, f url.Values) answer {
			_, page := v.open(a.Gateway + path + "?" + f.Encode())
			return page
		}
	}
	for _, tc := range []struct {
		name  string
		plant func(*visitor, url.Values) answer
		want  int
	}{
		{"a link to the start", link("/login/start"), http.StatusMethodNotAllowed},
		{"a link to the failed sign-in", link("/login/failed"), http.StatusBadRequest},
		{"a form of another site", foreign("Origin", "https://evil.example", "Sec-Fetch-Site", "cross-site"), http.StatusForbidden},
		{"a form of the chat itself", foreign("Origin", a.RocketChat, "Sec-Fetch-Site", "cross-site"), http.StatusForbidden},
		{"a form whose origin is withheld", foreign("Origin", "null"), http.StatusForbidden},
		{"a form without an origin", foreign(), http.StatusForbidden},
		{"a form whose origin and metadata disagree", foreign("Origin", a.Gateway, "Sec-Fetch-Site", "cross-site"), http.StatusForbidden},
	} {
		for _, signedIn := range []bool{false, true} {
			t.Run(fmt.Sprintf("%s, signed in before: %t", tc.name, signedIn), func(t *testing.T) {
				victim, attacker := w.visitor(t), w.visitor(t).frame()
				if signedIn {
					victim.signIn("/login", "ada")
				}
				attacker.offer()
				if got := tc.plant(victim, url.Values{"handoff": {attacker.ID}, "mode": {inNewWindow}}); got.status != tc.want {
					t.Errorf("the victim's browser is answered %d, want %d", got.status, tc.want)
				}
				victim.signIn("/login?prompt=login", "ada")
				if got := attacker.redeem(); got.status != http.StatusAccepted {
					t.Errorf("the attacker's frame gets %d %s, want 202 for ever", got.status, got.body)
				}
			})
		}
	}
	t.Run("a link to the ordinary sign-in", func(t *testing.T) {
		victim, attacker := w.visitor(t), w.visitor(t).frame()
		attacker.offer()
		victim.signIn("/login?handoff="+attacker.ID+"&mode=window", "ada")
		if got := attacker.redeem(); got.status != http.StatusAccepted {
			t.Errorf("the attacker's frame gets %d %s, want 202 for ever", got.status, got.body)
		}
	})
	if made := w.RocketChat.Count("users.createToken"); made != 0 {
		t.Errorf("%d login tokens were made for nobody", made)
	}
	t.Run("while a form of our own page binds one", func(t *testing.T) { // or all of the above shows nothing
		f := w.visitor(t).frame()
		f.signIn(inNewWindow, "ada")
		f.redeemed()
	})
}

// TestAProvidersAnswerIsGoodInTheBrowserThatAsked: addresses that are copied from one browser to another sign nobody in,
// whoever copies them, and spoil nothing (B-09).
func TestAProvidersAnswerIsGoodInTheBrowserThatAsked(t *testing.T) {
	w := start(t, worldConfig{Redis: redistest.Start(t).Addr})
	signedOut := func(t *testing.T, v *visitor) {
		t.Helper()
		if got := v.rocketChatToken(); got.status != http.StatusUnauthorized {
			t.Errorf("the other browser's token call = %d %s, want 401", got.status, got.body)
		}
	}
	t.Run("the answer, opened in another browser", func(t *testing.T) {
		f, other := w.visitor(t).frame(), w.visitor(t)
		f.offer()
		back := f.window.callback(f.begin(inNewWindow), "ada")
		if _, page := other.open(back); page.status != http.StatusBadRequest {
			t.Errorf("the copied answer = %d %s, want 400", page.status, page.body)
		}
		signedOut(t, other)
		if got := f.redeem(); got.status != http.StatusAccepted {
			t.Errorf("the frame gets %d for it, want 202", got.status)
		}
		f.window.open(back)
		f.redeemed()
	})
	t.Run("the question, answered in another browser", func(t *testing.T) {
		attacker, victim := w.visitor(t).frame(), w.visitor(t)
		attacker.offer()
		if _, page := victim.open(victim.callback(attacker.begin(inNewWindow), "ada")); page.status != http.StatusBadRequest {
			t.Errorf("the victim's answer = %d %s, want 400", page.status, page.body)
		}
		signedOut(t, victim)
		if got := attacker.redeem(); got.status != http.StatusAccepted {
			t.Errorf("the attacker's frame gets %d %s, want 202", got.status, got.body)
		}
	})
	t.Run("an answer that was used", func(t *testing.T) { // B-19
		f, other := w.visitor(t).frame(), w.visitor(t)
		f.offer()
		back := f.window.callback(f.begin(inNewWindow), "ada")
		f.window.open(back)
		token := f.redeemed()
		for _, v := range []*visitor{f.window, other} {
			if _, page := v.open(back); page.status != http.StatusBadRequest || page.header.Get("Set-Cookie") != "" {
				t.Errorf("the used answer = %d, cookies %q; want 400 and none", page.status, page.header.Get("Set-Cookie"))
			}
		}
		signedOut(t, other)
		if got := f.redeem(); got.status != http.StatusGone {
			t.Errorf("redeemed again = %d %s, want 410", got.status, got.body)
		}
		if !w.RocketChat.Alive(token) {
			t.Error("the replay ended the login that it was for")
		}
	})
}

// TestOnlyListedPagesMayFrameUs: the hand-off's page is framed by the chat and by those who embed it, and no page says
// yes to anybody else (B-06).
func TestOnlyListedPagesMayFrameUs(t *testing.T) {
	w := start(t, worldConfig{})
	a := w.Addresses()
	f := w.visitor(t).frame()
	ancestors := func(page answer) string {
		for directive := range strings.SplitSeq(page.header.Get("Content-Security-Policy"), ";") {
			if list, ok := strings.CutPrefix(strings.TrimSpace(directive), "frame-ancestors "); ok {
				return list
			}
		}
		return "anybody"
	}
	listed := a.RocketChat + " " + w.hosts["portal"].url()
	for _, query := range []string{"", "?embedder=https://evil.example", "?embedder=" + url.QueryEscape("* https://evil.example"), "?client=electron"} {
		if got := ancestors(f.send(http.MethodGet, a.Gateway+"/rocketchat/frame"+query, "")); got != listed {
			t.Errorf("the frame%s is framed by %s, want %s", query, got, listed)
		}
	}
	f.offer()
	pages := map[string]answer{"go on": f.press(inNewWindow)}
	_, pages["done"] = f.window.open(f.window.callback(goesOn(t, pages["go on"]), "ada"))
	for name, path := range map[string]string{"account": "/", "sign out": "/logout", "failed": "/login/failed", "no such page": "/nothing"} {
		pages[name] = f.window.send(http.MethodGet, a.Gateway+path, "")
	}
	for name, page := range pages {
		if got := ancestors(page); got != "'none'" {
			t.Errorf("the page %q is framed by %s, want nobody", name, got)
		}
	}
}

// TestAnotherSitesFetchMakesNoToken: reading is what browsers keep a foreign page from; that nothing is made for it is up
// to us (B-03).
func TestAnotherSitesFetchMakesNoToken(t *testing.T) {
	w := start(t, worldConfig{})
	a := w.Addresses()
	f := w.visitor(t).frame()
	f.signIn(inNewWindow, "ada") // and has not redeemed it
	redeem := fmt.Sprintf(`{"id":%q,"secret":%q}`, f.ID, f.Secret)
	for _, route := range []struct{ method, path, body string }{
		{http.MethodPost, "/rocketchat/token", ""},
		{http.MethodGet, "/rocketchat/token", ""},
		{http.MethodPost, "/rocketchat/resume", `{"confirm":true}`},
		{http.MethodPost, "/rocketchat/handoff", `{}`},
		{http.MethodPost, "/rocketchat/handoff/redeem", redeem},
		{http.MethodPost, "/logout", ""},
	} {
		for name, headers := range map[string][]string{
			"another site":     {"Origin", "https://evil.example", "Sec-Fetch-Site", "cross-site", "Sec-Fetch-Mode", "cors"},
			"the comments":     {"Origin", a.Talk, "Sec-Fetch-Site", "cross-site", "Sec-Fetch-Mode", "cors"},
			"a withheld name":  {"Origin", "null", "Sec-Fetch-Site", "cross-site", "Sec-Fetch-Mode", "cors"},
			"an image":         {"Sec-Fetch-Site", "cross-site", "Sec-Fetch-Mode", "no-cors", "Sec-Fetch-Dest", "image"},
			"a window's visit": {"Sec-Fetch-Site", "none", "Sec-Fetch-Mode", "navigate", "Sec-Fetch-Dest", "document"},
		} {
			got := f.window.send(route.method, a.Gateway+route.path, route.body, headers...)
			if got.status != http.StatusForbidden || got.header.Get("Access-Control-Allow-Origin") != "" {
				t.Errorf("%s %s for %s = %d, readable by %q; want 403 for nobody to read",
					route.method, route.path, name, got.status, got.header.Get("Access-Control-Allow-Origin"))
			}
		}
	}
	if made := w.RocketChat.Count("users.createToken"); made != 0 {
		t.Errorf("%d login tokens were made", made)
	}
	f.redeemed() // it was there to be taken all the time
}

// TestOneHandOffGivesOneLoginOnAnyReplica: made at one replica and started at another, finished and redeemed at both
// (B-10, D28).
func TestOneHandOffGivesOneLoginOnAnyReplica(t *testing.T) {
	const rounds, together = 8, 20
	w := start(t, worldConfig{Redis: redistest.Start(t).Addr, People: people(rounds)})
	replicas := []http.Handler{w.App.Server().Handler(), w.replica(t, app.Lends{})}
	for round := range rounds {
		here := w.visitor(t).frame().at(replicas[round%2])
		here.offer()
		there := here.at(replicas[1-round%2])
		back := here.window.callback(there.begin(inNewWindow), numbered(round).Username)
		here.window.open(back)
		statuses, tokens := redeemTogether(here, there, together)
		if statuses[http.StatusOK] != 1 || statuses[http.StatusOK]+statuses[http.StatusGone]+statuses[http.StatusTooManyRequests] != together {
			t.Errorf("round %d: %d calls at once were answered %v, want one 200 and refusals", round, together, statuses)
		}
		if len(tokens) == 1 && !w.RocketChat.Alive(tokens[0]) {
			t.Errorf("round %d: the login that was handed over is dead", round)
		}
	}
	if made := w.RocketChat.Count("users.createToken"); made != rounds {
		t.Errorf("%d login tokens were made for %d sign-ins", made, rounds)
	}
}

// redeemTogether has frames ask for one hand-off so many times at once.
func redeemTogether(here, there *frame, times int) (statuses map[int]int, tokens []string) {
	var mu sync.Mutex
	var calls sync.WaitGroup
	statuses = map[int]int{}
	for i := range times {
		calls.Go(func() {
			got := []*frame{here, there}[i%2].redeem()
			mu.Lock()
			defer mu.Unlock()
			statuses[got.status]++
			if got.status == http.StatusOK {
				tokens = append(tokens, got.json(here.t)["loginToken"].(string))
			}
		})
	}
	calls.Wait()
	return statuses, tokens
}

// TestTheChatKeepsStillUntilTheFrameHasSpoken: after a sign-in in the same window the browser's cookies would sign the chat
// in, where an app that waits for the frame could not see it (B-16).
func TestTheChatKeepsStillUntilTheFrameHasSpoken(t *testing.T) {
	w := start(t, worldConfig{Redis: redistest.Start(t).Addr})
	heldBack := func(t *testing.T) *frame {
		t.Helper()
		f := w.visitor(t).frame()
		if end := f.signIn(inSameWindow, "ada"); end != w.Addresses().RocketChat+"/" {
			t.Fatalf("the window ends at %s, want the chat", end)
		}
		if got := f.window.rocketChatToken(); got.status != http.StatusUnauthorized || got.json(t)["code"] != "held" {
			t.Fatalf("the chat's own call = %d %s, want 401 held", got.status, got.body)
		}
		return f
	}
	t.Run("the frame redeems", func(t *testing.T) {
		f := heldBack(t)
		token := f.redeemed()
		if got := f.window.rocketChatToken(); got.status != http.StatusOK || got.json(t)["loginToken"] != token {
			t.Errorf("afterwards the chat's call = %d %s, want the frame's login", got.status, got.body)
		}
	})
	t.Run("nobody redeems", func(t *testing.T) {
		f := heldBack(t)
		ahead := func(d time.Duration) *visitor {
			return f.window.at(w.idleReplica(t, app.Lends{Now: func() time.Time { return time.Now().Add(d) }}))
		}
		if got := ahead(20 * time.Second).rocketChatToken(); got.status != http.StatusUnauthorized {
			t.Errorf("after 20 s the chat's call = %d, want 401", got.status)
		}
		if got := ahead(31 * time.Second).rocketChatToken(); got.status != http.StatusOK {
			t.Errorf("after 31 s the chat's call = %d %s, want 200", got.status, got.body)
		}
	})
}
