package main

import (
	"net/http"
	"testing"

	"chatgate/store/storetest/redistest"
)

// TestAnEndingReachesEveryProcess: two gateways that are processes of their own on one real Redis (S63, S72, S90).
func TestAnEndingReachesEveryProcess(t *testing.T) {
	w := start(t, worldConfig{Redis: redistest.Start(t).Addr})
	here, there := w.process(t, 0), w.process(t, 0)
	v := w.visitor(t)
	v.at(here).signIn("/login", "ada")
	token, _ := v.at(there).rocketChatToken().json(t)["loginToken"].(string)
	if !w.RocketChat.Alive(token) {
		t.Fatal("the other process gives no login")
	}
	v.at(here).signOut()
	if got := v.at(there).rocketChatToken(); got.status != http.StatusUnauthorized {
		t.Errorf("signed out at one process, the other says %d, want 401", got.status)
	}
	eventually(t, "Rocket.Chat forgot the login", func() bool { return !w.RocketChat.Alive(token) })
}
