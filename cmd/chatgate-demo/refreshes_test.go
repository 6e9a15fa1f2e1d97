package main

import (
	"net/http"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"chatgate/cmd/internal/app"
	"chatgate/oidc/oidctest"
	"chatgate/store/storetest/redistest"
)

// later is when a re-check is due for sure: after 15 minutes.
const later = 16 * time.Minute

// movable is everybody's clock in a world.
type movable struct{ ahead atomic.Int64 }

func (m *movable) now() time.Time          { return time.Now().Add(time.Duration(m.ahead.Load())) }
func (m *movable) forward(d time.Duration) { m.ahead.Add(int64(d)) }

// TestTwoHundredCallsOnADueSessionAskTheProviderOnce: three replicas on one real Redis, and a browser that asks all of them
// at once when the session is due (S70).
func TestTwoHundredCallsOnADueSessionAskTheProviderOnce(t *testing.T) {
	const calls = 200
	clock := &movable{}
	w := start(t, worldConfig{Redis: redistest.Start(t).Addr, Providers: withRefreshTokens, Extra: noLimits, Now: clock.now})
	replicas := []http.Handler{w.App.Server().Handler(), w.replica(t, app.Lends{Now: clock.now}), w.replica(t, app.Lends{Now: clock.now})}
	v := w.visitor(t)
	v.signIn("/login", "ada")
	if got := v.rocketChatToken(); got.status != http.StatusOK {
		t.Fatalf("token = %d %s", got.status, got.body)
	}
	before := w.Provider.Calls(oidctest.PathToken)
	clock.forward(later)
	var together sync.WaitGroup
	for i := range calls {
		together.Go(func() {
			if got := v.at(replicas[i%len(replicas)]).rocketChatToken(); got.status != http.StatusOK {
				t.Errorf("a call on a session that is due = %d %s, want 200", got.status, got.body)
			}
		})
	}
	together.Wait()
	eventually(t, "the provider was asked", func() bool { return w.Provider.Calls(oidctest.PathToken) > before })
	if asked := w.Provider.Calls(oidctest.PathToken) - before; asked != 1 {
		t.Errorf("the provider was asked %d times, want once", asked)
	}
}

// TestAProviderThatIsDownKeepsASession: only its word that somebody is out ends one, at both chats (S71, S54).
func TestAProviderThatIsDownKeepsASession(t *testing.T) {
	clock := &movable{}
	w := start(t, worldConfig{Redis: redistest.Start(t).Addr, Providers: withRefreshTokens, Now: clock.now})
	v := w.visitor(t)
	v.signIn("/login", "ada")
	token, _ := v.rocketChatToken().json(t)["loginToken"].(string)
	var asked atomic.Int64
	answer := func(with http.HandlerFunc) {
		counted := func(rw http.ResponseWriter, r *http.Request) {
			asked.Add(1)
			with(rw, r)
		}
		w.Provider.Set(func(f *oidctest.Faults) { f.Answers = map[string]http.HandlerFunc{oidctest.PathToken: counted} })
	}
	answer(oidctest.Status(http.StatusBadGateway))
	clock.forward(later)
	eventually(t, "the provider was asked", func() bool { return asked.Load() > 0 })
	if got := v.rocketChatToken(); got.status != http.StatusOK || !w.RocketChat.Alive(token) {
		t.Errorf("with the provider down the call = %d %s, the login alive: %t", got.status, got.body, w.RocketChat.Alive(token))
	}
	answer(accountDisabled)
	clock.forward(later)
	eventually(t, "the person is out at the gateway", func() bool {
		return v.rocketChatToken().status == http.StatusUnauthorized && v.talkToken().status == http.StatusUnauthorized
	})
	eventually(t, "Rocket.Chat forgot the login", func() bool { return !w.RocketChat.Alive(token) })
}

// accountDisabled is a provider's answer for somebody who is not let in there any more.
func accountDisabled(rw http.ResponseWriter, _ *http.Request) {
	rw.Header().Set("Content-Type", "application/json")
	rw.WriteHeader(http.StatusBadRequest)
	_, _ = rw.Write([]byte(`{"error":"invalid_grant"}`))
}

// TestADisabledPersonsTokensAreDeadBeforeTheirTime: a refresh that the provider refuses closes Rocket.Chat, a Coral by single
// sign-on and a Talk 4, whose tokens are good for some minutes still (S54, S71, D20).
func TestADisabledPersonsTokensAreDeadBeforeTheirTime(t *testing.T) {
	clock := &movable{}
	w, c := everyChat(t, worldConfig{
		Redis: redistest.Start(t).Addr, Providers: withRefreshTokens, Extra: noLimits + "session: {recheck: 1m}\n", Now: clock.now,
	})
	e := w.signInEverywhere(t)
	e.isIn(t, w.App.Server().Handler(), c)
	w.Provider.Set(func(f *oidctest.Faults) { f.Answers = map[string]http.HandlerFunc{oidctest.PathToken: accountDisabled} })
	clock.forward(2 * time.Minute)
	eventually(t, "the person is out at the gateway", func() bool { return e.window.rocketChatToken().status == http.StatusUnauthorized })
	e.isForgotten(t, c)
	for chat, token := range map[string]string{"Coral": e.ssoToken, "Talk": e.fourToken} {
		var claims struct {
			Expires int64 `json:"exp"`
		}
		readClaims(t, token, &claims)
		if left := time.Unix(claims.Expires, 0).Sub(clock.now()); left < time.Minute {
			t.Errorf("the token for %s had %s left, so that its end says nothing", chat, left)
		}
	}
}
