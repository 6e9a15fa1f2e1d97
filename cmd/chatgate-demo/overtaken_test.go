package main

import (
	"maps"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"chatgate/oidc/oidctest"
	"chatgate/store/storetest/redistest"
)

// gate stands before a server and can keep back its answer to a request, which is carried out by then.
type gate struct {
	behind http.Handler

	mu   sync.Mutex
	keep *kept
}

type kept struct {
	is              func(*http.Request) bool
	done, mayBeTold chan struct{}
}

// keepBack keeps back the answer to the next request that is one of those.
func (g *gate) keepBack(is func(*http.Request) bool) *kept {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.keep = &kept{is: is, done: make(chan struct{}), mayBeTold: make(chan struct{})}
	return g.keep
}

func (g *gate) ServeHTTP(rw http.ResponseWriter, r *http.Request) {
	k := g.keeps(r)
	if k == nil {
		g.behind.ServeHTTP(rw, r)
		return
	}
	answered := httptest.NewRecorder()
	g.behind.ServeHTTP(answered, r)
	close(k.done)
	select {
	case <-k.mayBeTold:
	case <-r.Context().Done():
	}
	maps.Copy(rw.Header(), answered.Header())
	rw.WriteHeader(answered.Code)
	_, _ = rw.Write(answered.Body.Bytes())
}

func (g *gate) keeps(r *http.Request) *kept {
	g.mu.Lock()
	defer g.mu.Unlock()
	k := g.keep
	if k == nil || !k.is(r) {
		return nil
	}
	g.keep = nil
	return k
}

// carriedOut waits until such a request has come and was carried out.
func (k *kept) carriedOut(t *testing.T, what string) {
	t.Helper()
	select {
	case <-k.done:
	case <-time.After(20 * time.Second):
		t.Fatalf("within 20 seconds there was no %s", what)
	}
}

func (k *kept) tell() { close(k.mayBeTold) }

// TestASignOutOvertakesWhatAnotherProcessHasUnderWay: one process has just had a refresh token of the provider and a login
// token of Rocket.Chat made, and has not heard yet, when the person leaves at the other. Neither token lives on, and nobody
// gets in by what they hold (S114, D21).
func TestASignOutOvertakesWhatAnotherProcessHasUnderWay(t *testing.T) {
	clock := &movable{}
	w, c := everyChat(t, worldConfig{Redis: redistest.Start(t).Addr, Providers: withRefreshTokens, Extra: noLimits, Now: clock.now})
	issued := noteTokens(w)
	refresh := c.atProvider.keepBack(func(r *http.Request) bool {
		return r.URL.Path == oidctest.PathToken && r.PostFormValue("grant_type") == "refresh_token"
	})
	mint := c.atRocketChat.keepBack(func(r *http.Request) bool { return strings.HasSuffix(r.URL.Path, "/users.createToken") })
	other := w.process(t, 0)
	v := w.visitor(t).at(other)
	v.signIn("/login", "ada")
	const due = 13*time.Minute + 35*time.Second // and hardly ever so late that a request waits for the refresh
	clock.forward(due)
	busy := w.process(t, due)
	held := v.replaying()

	var asked answer
	var asking sync.WaitGroup
	refresh.carriedOut(t, "refresh at the provider")
	asking.Go(func() { asked = held.at(busy).rocketChatToken() }) // last, since a call to Rocket.Chat may take 5 seconds
	mint.carriedOut(t, "login token made")
	fresh := issued.get("refresh_token")
	if left := v.signOut(); left.status != http.StatusOK {
		t.Fatalf("sign-out = %d %s", left.status, left.body)
	}
	refresh.tell()
	mint.tell()
	asking.Wait()

	if asked.status == http.StatusOK {
		t.Errorf("the call that was overtaken is answered with a login: %s", asked.body)
	}
	for name, replica := range map[string]http.Handler{"the busy process": busy, "the other process": other} {
		if got := held.replaying().at(replica).rocketChatToken(); got.status != http.StatusUnauthorized {
			t.Errorf("at %s the cookie brings %d %s, want 401", name, got.status, got.body)
		}
	}
	eventually(t, "Rocket.Chat has forgotten every login", func() bool { return logins(w, "ada") == 0 })
	eventually(t, "the provider was told to forget the new refresh token", func() bool { return c.revoked.has(fresh) })
	if refreshes(t, w, fresh) {
		t.Error("the new refresh token is good still")
	}
}
