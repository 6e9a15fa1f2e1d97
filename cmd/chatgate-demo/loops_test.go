package main

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"chatgate/cmd/internal/app"
)

// chatPage is Rocket.Chat's page with our frame in it, as far as it calls us and with nobody in front of it. It asks for a
// token twice when it loads, and once more whenever a login is taken from it or refused. Where it is not let in it shows
// the frame, which resumes once by itself.
type chatPage struct {
	*frame
	login          string // what it is logged in with
	asked, resumed int
}

// patience is where a page that is still asking counts as one that asks for ever.
const patience = 50

// load begins anew, with what the browser has kept.
func (p *chatPage) load() {
	p.asked, p.resumed = 0, 0
	p.ask()
	p.ask()
	if p.login != "" && !p.w.RocketChat.Alive(p.login) {
		p.login = ""
		p.ask()
	}
}

// ask is one call of the API and what follows from it by itself.
func (p *chatPage) ask() {
	for p.asked < patience {
		p.asked++
		got := p.rocketChatToken()
		if got.status == http.StatusOK && p.accept(got) {
			return
		}
		if p.showFrame() || got.status != http.StatusOK {
			return
		}
		// A login that is refused is forgotten, and that is a reason to ask.
	}
}

// showFrame says whether the frame brought a login that the chat took.
func (p *chatPage) showFrame() bool {
	if p.login != "" {
		return true
	}
	p.resumed++
	got := p.post("/rocketchat/resume", `{}`)
	return got.status == http.StatusOK && p.accept(got)
}

func (p *chatPage) accept(got answer) bool {
	token, _ := got.json(p.t)["loginToken"].(string)
	if !p.w.RocketChat.Alive(token) {
		return false
	}
	p.login = token
	return true
}

// TestAnEndedLoginIsAskedForAFewTimesAndNoMore: whatever ended it, neither the chat nor the frame asks in a loop, the page
// may be loaded as often as one likes, and no more login tokens are made than the one that the policy allows (B-21, R12, R16).
func TestAnEndedLoginIsAskedForAFewTimesAndNoMore(t *testing.T) {
	const loads, mostAsked, mostResumed = 8, 4, 2
	w := start(t, worldConfig{Extra: "session: {idle: 40h, absolute: 40h}\n", People: people(8)})
	w.RocketChat.SetSetting("Accounts_LoginExpiration", 1) // day
	now := time.Now
	later := func() time.Time { return now().Add(25 * time.Hour) }
	signOut := func(p *chatPage) {
		p.window.signOut()
		eventually(t, "the login is dead", func() bool { return !w.RocketChat.Alive(p.login) })
	}
	leaveChat := func(p *chatPage) { w.RocketChat.RevokeToken(p.login) }
	for i, tc := range []struct {
		name, policy string
		end          func(*chatPage)
		clock        func() time.Time
		tokens       int // that are made anew
		in           bool
	}{
		{"signed out at the gateway", "stay-out", signOut, now, 0, false},
		{"signed out inside a chat that stays out", "stay-out", leaveChat, now, 0, false},
		{"signed out inside a chat that resumes", "resume", leaveChat, now, 1, true},
		{"signed out inside a chat that ends everything", "global", leaveChat, now, 0, false},
		{"expired at Rocket.Chat", "stay-out", func(p *chatPage) { w.RocketChat.ExpireToken(p.login) }, later, 1, true},
		{"deactivated by an administrator", "stay-out", func(p *chatPage) { w.RocketChat.Deactivate(accountOf(p)) }, now, 0, false},
		{"deactivated where the chat resumes", "resume", func(p *chatPage) { w.RocketChat.Deactivate(accountOf(p)) }, now, 0, false},
		{"deleted by an administrator", "stay-out", func(p *chatPage) { w.RocketChat.RemoveUser(accountOf(p)) }, now, 0, false},
	} {
		t.Run(tc.name, func(t *testing.T) {
			config := w.config
			w.config = strings.Replace(config, "  rocketchat:\n", "  rocketchat:\n    onChatSignOut: "+tc.policy+"\n", 1)
			replica := w.idleReplica(t, app.Lends{Now: tc.clock})
			w.config = config
			p := &chatPage{frame: w.visitor(t).frame()}
			p.signIn(inNewWindow, numbered(i).Username)
			p.login = p.redeemed()
			made := w.RocketChat.Count("users.createToken")

			tc.end(p)
			p.frame = p.at(replica)
			for load := range loads {
				if p.load(); p.asked > mostAsked || p.resumed > mostResumed {
					t.Errorf("load %d: the chat asked %d times and the frame %d times, want at most %d and %d", load, p.asked, p.resumed, mostAsked, mostResumed)
				}
			}
			if again := w.RocketChat.Count("users.createToken") - made; again != tc.tokens {
				t.Errorf("%d login tokens were made afterwards, want %d", again, tc.tokens)
			}
			if in := p.login != ""; in != tc.in {
				t.Errorf("in the end the chat is logged in: %t, want %t", in, tc.in)
			}
		})
	}
}

// accountOf is the account that a page is logged in to.
func accountOf(p *chatPage) string {
	id, _ := p.rocketChatToken().json(p.t)["userId"].(string)
	return id
}
