package main

import (
	"fmt"
	"net/http"
	"sync"
	"testing"
	"time"

	"chatgate/cmd/internal/app"
	"chatgate/gateway/chat/rocketchat/rocketchattest"
	"chatgate/oidc/oidctest"
	"chatgate/store/storetest/redistest"
)

// signOut leaves at the gateway.
func (v *visitor) signOut() answer {
	v.t.Helper()
	gateway := v.w.Addresses().Gateway
	return v.send(http.MethodPost, gateway+"/logout", "", "Origin", gateway)
}

// TestASignOutBeatsWhateverIsUnderWay: a frame redeems, the chat asks and the person leaves, all at once, at two replicas.
// Whoever wins, nothing that Rocket.Chat issued lives on, nobody gets in by what they hold, and the next sign-in works
// (B-21, D21, R13).
func TestASignOutBeatsWhateverIsUnderWay(t *testing.T) {
	const rounds = 24
	w := start(t, worldConfig{Redis: redistest.Start(t).Addr})
	replicas := []http.Handler{w.App.Server().Handler(), w.replica(t, app.Lends{})}
	outcomes := map[string]int{}
	made := 0
	moments := []func() bool{
		func() bool { return true },
		func() bool { return w.RocketChat.Count("users.createToken") > made }, // the token is being made
		func() bool { return logins(w, "ada") > 0 },                           // it was made, and may be on its way
	}
	var frames []*frame
	for round := range rounds {
		w.RocketChat.SetFaults(rocketchattest.Faults{Delay: time.Duration(round%4) * 5 * time.Millisecond})
		f := w.visitor(t).frame().at(replicas[round%2])
		frames = append(frames, f)
		f.signIn(inNewWindow, "ada")
		made = w.RocketChat.Count("users.createToken")
		redeemed, asked := leaveMeanwhile(f, replicas[(round/2)%2], moments[round%len(moments)])
		outcomes[fmt.Sprintf("redeem %d, token %d", redeemed.status, asked.status)]++
		nobodyIsIn(t, w, f, "ada")
	}
	w.RocketChat.SetFaults(rocketchattest.Faults{})
	for _, f := range frames {
		eventually(t, "a frame that lost the race stops waiting", func() bool { return f.redeem().status == http.StatusGone })
	}
	f := frames[0].tab()
	f.signIn(inNewWindow, "ada")
	if !w.RocketChat.Alive(f.redeemed()) {
		t.Error("the sign-in after all this gives a dead login")
	}
	t.Logf("%d rounds: %v", rounds, outcomes)
}

// leaveMeanwhile has a frame redeem, the chat ask and the person leave when the moment has come, all at once.
func leaveMeanwhile(f *frame, elsewhere http.Handler, moment func() bool) (redeemed, asked answer) {
	var asking, leaving sync.WaitGroup
	asking.Go(func() { redeemed = f.redeem() })
	asking.Go(func() { asked = f.window.at(elsewhere).rocketChatToken() })
	answered := make(chan struct{})
	leaving.Go(func() {
		look := time.NewTicker(time.Millisecond)
		defer look.Stop()
		for tooLate := false; !moment() && !tooLate; {
			select {
			case <-look.C:
			case <-answered:
				tooLate = true
			}
		}
		if left := f.window.at(elsewhere).signOut(); left.status != http.StatusOK {
			f.t.Errorf("sign-out = %d %s", left.status, left.body)
		}
	})
	asking.Wait()
	close(answered)
	leaving.Wait()
	return redeemed, asked
}

// nobodyIsIn: no login of the person lives, and no cookie of the browser brings another.
func nobodyIsIn(t *testing.T, w *world, f *frame, username string) {
	t.Helper()
	for who, v := range map[string]*visitor{"frame": f.visitor, "window": f.window} {
		if got := v.rocketChatToken(); got.status != http.StatusUnauthorized {
			t.Errorf("after the sign-out the %s's cookie brings %d %s, want 401", who, got.status, got.body)
		}
	}
	if got := f.post("/rocketchat/resume", `{"confirm":true}`); got.status != http.StatusUnauthorized {
		t.Errorf("after the sign-out the frame resumes with %d %s, want 401", got.status, got.body)
	}
	eventually(t, "Rocket.Chat has forgotten every login of "+username, func() bool { return logins(w, username) == 0 })
}

// logins is how many login tokens of a person Rocket.Chat takes.
func logins(w *world, username string) int {
	for _, u := range w.RocketChat.Users() {
		if u.Username == username {
			return len(w.RocketChat.LoginTokens(u.ID))
		}
	}
	return 0
}

// TestAReplicaThatDiesWhileSigningOutLeavesNoLogin: at whatever write it dies, and whether or not that write was carried
// out. Once the revocation is queued another replica finishes it by itself; what the dead one did not come to is done by
// pressing again (D25, S63, S90).
func TestAReplicaThatDiesWhileSigningOutLeavesNoLogin(t *testing.T) {
	redis := redistest.Start(t).Addr
	w := start(t, worldConfig{Redis: redis})
	for username, lost := range map[string]bool{"ada": false, "bob": true} {
		t.Run(fmt.Sprintf("its last answer lost: %t", lost), func(t *testing.T) {
			t.Parallel() // most of the time is waiting for the other replica to look
			for writes, died := 0, true; died; writes++ {
				died = t.Run(fmt.Sprintf("after %d writes", writes), func(t *testing.T) {
					died = dieSigningOut(t, w, newMortal(t, redis, writes, lost), username)
				}) && died
			}
		})
	}
}

// dieSigningOut has somebody leave at a replica that dies of it, and says whether it did.
func dieSigningOut(t *testing.T, w *world, engine *mortal, username string) (died bool) {
	t.Helper()
	v := w.visitor(t)
	v.signIn("/login", username)
	token, _ := v.rocketChatToken().json(t)["loginToken"].(string)
	left := v.at(w.idleReplica(t, app.Lends{Engine: engine})).signOut()
	if died = engine.dead(); died != (left.status == http.StatusServiceUnavailable) {
		t.Errorf("died %t, and the person was told %d", died, left.status)
	}
	if engine.hasQueued() {
		eventually(t, "another replica has revoked the login", func() bool { return !w.RocketChat.Alive(token) })
	} else if got := v.rocketChatToken(); got.status != http.StatusOK || !w.RocketChat.Alive(token) {
		t.Errorf("nothing was queued, and the token call = %d, the login alive: %t", got.status, w.RocketChat.Alive(token))
	}

	v.signOut()
	if got := v.rocketChatToken(); got.status != http.StatusUnauthorized {
		t.Errorf("after pressing again the token call = %d, want 401", got.status)
	}
	eventually(t, "no login is left", func() bool { return logins(w, username) == 0 })
	v.signIn("/login", username)
	if got := v.rocketChatToken(); got.status != http.StatusOK || !w.RocketChat.Alive(got.json(t)["loginToken"].(string)) {
		t.Errorf("signed in again the token call = %d %s", got.status, got.body)
	}
	v.signOut()
	eventually(t, "no login is left after the second visit", func() bool { return logins(w, username) == 0 })
	return died
}

// TestAReplicaThatDiesWhileHandingOverStopsNobody: the same poll succeeds at another replica, or where the hand-off was
// taken and its answer lost, one more press does, without the provider (D28).
func TestAReplicaThatDiesWhileHandingOverStopsNobody(t *testing.T) {
	redis := redistest.Start(t).Addr
	w := start(t, worldConfig{Redis: redis})
	for _, lost := range []bool{false, true} {
		for writes, died := 0, true; died; writes++ {
			died = t.Run(fmt.Sprintf("after %d writes, the next one's answer lost: %t", writes, lost), func(t *testing.T) {
				f := w.visitor(t).frame()
				f.signIn(inNewWindow, "ada")
				token := f.window.rocketChatToken().json(t)["loginToken"] // made before, so that no lock is left to run out

				engine := newMortal(t, redis, writes, lost)
				got := f.at(w.idleReplica(t, app.Lends{Engine: engine})).redeem()
				died = engine.dead()
				if died {
					unharmed(t, got)
					got = f.redeem()
				}
				if got.status == http.StatusGone { // it was taken, and its answer lost
					got = pressedAgain(t, f)
				}
				if got.status != http.StatusOK || got.json(t)["loginToken"] != token {
					t.Errorf("in the end the frame gets %d %s, want the login", got.status, got.body)
				}
				f.window.signOut()
				nobodyIsIn(t, w, f, "ada")
			}) && died
		}
	}
}

// pressedAgain is another hand-off of somebody who is signed in: the provider is not asked (D27).
func pressedAgain(t *testing.T, f *frame) answer {
	t.Helper()
	asked := f.w.Provider.Calls(oidctest.PathAuthorize)
	f.offer()
	if pressed := f.press(inNewWindow); pressed.status != http.StatusSeeOther || f.w.Provider.Calls(oidctest.PathAuthorize) != asked {
		t.Errorf("pressed again = %d, want 303 without the provider", pressed.status)
	}
	return f.redeem()
}

// unharmed: the answer says to come again and takes nothing away (S67).
func unharmed(t *testing.T, got answer) {
	t.Helper()
	if got.status != http.StatusServiceUnavailable || got.header.Get("Retry-After") == "" || got.header.Get("Set-Cookie") != "" {
		t.Errorf("answer = %d, Retry-After %q, Set-Cookie %q; want 503 with a time and no cookie",
			got.status, got.header.Get("Retry-After"), got.header.Get("Set-Cookie"))
	}
}

// TestTenSecondsWithoutRedisDelayASignInAndLoseNone: Redis is killed while frames wait, one whose sign-in is finished and
// one whose window is still at the provider, and comes back with what it had written down (D26, S67).
func TestTenSecondsWithoutRedisDelayASignInAndLoseNone(t *testing.T) {
	const away = 10 // seconds, and polls
	redis := redistest.Start(t, "--appendonly", "yes", "--appendfsync", "always")
	w := start(t, worldConfig{Redis: redis.Addr})
	finished, atProvider := w.visitor(t).frame(), w.visitor(t).frame()
	finished.signIn(inNewWindow, "ada")
	atProvider.offer()
	back := atProvider.window.callback(atProvider.begin(inNewWindow), "bob")
	if got := atProvider.redeem(); got.status != http.StatusAccepted {
		t.Fatalf("redeem = %d, want 202", got.status)
	}

	redis.Stop()
	seconds := time.NewTicker(time.Second) // a frame asks once a second
	defer seconds.Stop()
	for range away {
		unharmed(t, finished.redeem())
		unharmed(t, atProvider.redeem())
		<-seconds.C
	}
	unharmed(t, atProvider.window.send(http.MethodGet, back, ""))
	unharmed(t, finished.press(inNewWindow))
	redis.Restart(t)

	for _, f := range []*frame{finished, atProvider} {
		if f == atProvider {
			atProvider.window.open(back) // the person loads the page again
		}
		if token := f.received(); !w.RocketChat.Alive(token) {
			t.Error("the login that was handed over is dead")
		}
		if got := f.rocketChatToken(); got.status != http.StatusOK {
			t.Errorf("the frame's own cookie brings %d", got.status)
		}
	}
}
