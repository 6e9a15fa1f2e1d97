package main

import (
	"net/http"
	"regexp"
	"slices"
	"sync"
	"testing"
	"time"

	"chatgate/gateway/chat/rocketchat/rocketchattest"
	"chatgate/oidc/oidctest"
	"chatgate/store/storetest/redistest"
)

// overdue is when no request is answered any more without a re-check.
const overdue = 20 * time.Minute

// anybodyInRocketChat is the rule of the demo, in the place of which this one lets in staff alone and makes moderators.
var anybodyInRocketChat = regexp.MustCompile(`(?m)^(  rocketchat:\n    access: )\{[^}]*\}`)

const staffInRocketChat = "${1}{groups: [staff]}\n    accounts: {roles: {leads: [moderator]}}"

// interrupted does something once, right before a call of Rocket.Chat's API is answered.
type interrupted struct {
	http.Handler

	mu   sync.Mutex
	path string
	do   func()
}

func (i *interrupted) before(path string, do func()) {
	i.mu.Lock()
	defer i.mu.Unlock()
	i.path, i.do = path, do
}

func (i *interrupted) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if do := i.due(r.URL.Path); do != nil {
		do()
	}
	i.Handler.ServeHTTP(w, r)
}

func (i *interrupted) due(path string) (do func()) {
	i.mu.Lock()
	defer i.mu.Unlock()
	if path == i.path {
		do, i.do, i.path = i.do, nil, ""
	}
	return do
}

// TestWhatTheProviderTakesAwayIsGoneInRocketChat: a re-check at a real provider takes a role, then the login, and outruns a
// login that is being made, while the comments stay open to whom they are open (S54, D21).
func TestWhatTheProviderTakesAwayIsGoneInRocketChat(t *testing.T) {
	clock, chat := &movable{}, &interrupted{}
	cfg := worldConfig{Redis: redistest.Start(t).Addr, Providers: withRefreshTokens, Now: clock.now}
	w, ready := startBroken(t, cfg, func(w *world) {
		w.config = anybodyInRocketChat.ReplaceAllString(w.config, staffInRocketChat)
		var err error
		if w.App, err = w.openGateway(watched.log(nil)); err != nil {
			t.Fatal(err)
		}
		chat.Handler = w.hosts["chat"].handler
		w.hosts["chat"].handler = chat
	})
	ready()
	groups := func(now ...string) {
		w.Provider.Set(func(f *oidctest.Faults) { f.IDToken = func(claims map[string]any) { claims["groups"] = now } })
	}

	groups("staff", "leads")
	ada := w.visitor(t)
	ada.signIn("/login", "ada")
	token, _ := ada.rocketChatToken().json(t)["loginToken"].(string)
	eventually(t, "ada moderates", func() bool { return slices.Contains(w.account(t, "ada").Roles, "moderator") })

	groups("staff")
	clock.forward(overdue)
	eventually(t, "ada does not moderate any more", func() bool { return !slices.Contains(w.account(t, "ada").Roles, "moderator") })
	if !w.RocketChat.Alive(token) {
		t.Error("with the role went the login of somebody who may still enter")
	}

	groups("guests")
	clock.forward(overdue)
	eventually(t, "Rocket.Chat forgot the login", func() bool { return !w.RocketChat.Alive(token) })
	if inChat, inComments := ada.rocketChatToken().status, ada.talkToken().status; inChat != http.StatusForbidden || inComments != http.StatusOK {
		t.Errorf("Rocket.Chat's login = %d and the comments' = %d, want 403 and 200", inChat, inComments)
	}

	groups("staff")
	bob := w.visitor(t)
	bob.signIn("/login", "bob")
	var meanwhile answer
	chat.before("/api/v1/users.createToken", func() {
		groups("guests")
		clock.forward(overdue)
		meanwhile = bob.rocketChatToken()
	})
	if late := bob.rocketChatToken(); late.status != http.StatusForbidden || meanwhile.status != http.StatusForbidden {
		t.Errorf("the login that was being made = %d %s, and a call meanwhile = %d, want 403", late.status, late.body, meanwhile.status)
	}
	eventually(t, "nobody is logged in as bob", func() bool { return len(w.RocketChat.LoginTokens(w.account(t, "bob").ID)) == 0 })
}

// account is somebody's account in Rocket.Chat.
func (w *world) account(t *testing.T, username string) rocketchattest.User {
	t.Helper()
	all := w.RocketChat.Users()
	i := slices.IndexFunc(all, func(u rocketchattest.User) bool { return u.Username == username })
	if i < 0 {
		t.Fatalf("Rocket.Chat has no account %q", username)
	}
	return all[i]
}
