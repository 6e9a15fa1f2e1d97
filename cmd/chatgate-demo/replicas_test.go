package main

import (
	"io"
	"net/http"
	"net/http/httptest"
	"sync"
	"testing"

	"chatgate/gateway/chat/rocketchat/rocketchattest"
	"chatgate/store/storetest/redistest"
)

// TestFiveHundredFirstCallsAtOnceMakeOneAccount: two gateways on one real Redis, one person in two browsers, nobody has
// asked for a token yet.
func TestFiveHundredFirstCallsAtOnceMakeOneAccount(t *testing.T) { // R7, R8, R29, S88
	const calls = 500
	w := start(t, worldConfig{Redis: redistest.Start(t).Addr, Extra: "limits: {warmCallsPerSession: 0}\n"})
	other, err := w.openGateway(watched.log(nil))
	if err != nil {
		t.Fatal(err)
	}
	replicas := []http.Handler{w.App.Server().Handler(), other.Server().Handler()}
	browsers := []*visitor{w.visitor(t), w.visitor(t)}
	for _, b := range browsers {
		b.signIn("/login", "ada")
	}
	before := len(w.RocketChat.Users())

	answers := make([][]string, len(browsers))
	var mu sync.Mutex
	var together sync.WaitGroup
	for i := range calls {
		browser := i % len(browsers)
		together.Go(func() {
			recorder := httptest.NewRecorder()
			replicas[i/len(browsers)%len(replicas)].ServeHTTP(recorder, browsers[browser].tokenRequest())
			body, _ := io.ReadAll(recorder.Body)
			if recorder.Code != http.StatusOK {
				t.Errorf("answer = %d %s", recorder.Code, body)
			}
			mu.Lock()
			defer mu.Unlock()
			answers[browser] = append(answers[browser], string(body))
		})
	}
	together.Wait()

	if made := len(w.RocketChat.Users()) - before; made != 1 {
		t.Errorf("%d accounts were made, want 1", made)
	}
	if created, tokens := w.RocketChat.Count("users.create"), w.RocketChat.Count("users.createToken"); created != 1 || tokens != len(browsers) {
		t.Errorf("users.create was called %d times and users.createToken %d times, want 1 and %d", created, tokens, len(browsers))
	}
	for browser, all := range answers {
		for _, body := range all {
			if body != all[0] {
				t.Fatalf("browser %d was given two different answers", browser)
			}
		}
	}
	if answers[0][0] == answers[1][0] {
		t.Error("both browsers were given one token")
	}
}

// tokenRequest is Rocket.Chat's call as it arrives at a gateway.
func (v *visitor) tokenRequest() *http.Request {
	a := v.w.Addresses()
	request := httptest.NewRequest(http.MethodPost, a.Gateway+"/rocketchat/token", nil)
	request.Header.Set("Origin", a.RocketChat)
	for _, c := range v.client.Jar.Cookies(request.URL) {
		request.AddCookie(c)
	}
	return request
}

// TestASignOutReachesEveryReplica: the old cookie is refused by the other gateway at once (S63, S72).
func TestASignOutReachesEveryReplica(t *testing.T) {
	w := start(t, worldConfig{Redis: redistest.Start(t).Addr})
	other, err := w.openGateway(watched.log(nil))
	if err != nil {
		t.Fatal(err)
	}
	v := w.visitor(t)
	v.signIn("/login", "ada")
	request := v.tokenRequest()
	ask := func() int {
		recorder := httptest.NewRecorder()
		other.Server().Handler().ServeHTTP(recorder, request.Clone(t.Context()))
		return recorder.Code
	}
	if got := ask(); got != http.StatusOK {
		t.Fatalf("before sign-out the other replica answers %d", got)
	}
	gateway := w.Addresses().Gateway
	v.send(http.MethodPost, gateway+"/logout", "", "Origin", gateway)
	if got := ask(); got != http.StatusUnauthorized {
		t.Errorf("after sign-out the other replica answers %d, want 401", got)
	}
}

// TestRocketChatDownAtTheStart: the gateway starts, says what is wrong, and needs no restart (D26, S91).
func TestRocketChatDownAtTheStart(t *testing.T) {
	w := start(t, worldConfig{})
	w.RocketChat.SetFaults(rocketchattest.Faults{Down: true})
	v := w.visitor(t)
	v.signIn("/login", "ada")
	if got := v.rocketChatToken(); got.status != http.StatusServiceUnavailable {
		t.Errorf("token = %d %s, want 503", got.status, got.body)
	}
	if talk := v.talkToken(); talk.status != http.StatusOK {
		t.Errorf("the comments = %d, want them untouched", talk.status)
	}
	w.RocketChat.SetFaults(rocketchattest.Faults{})
	eventually(t, "Rocket.Chat answers", func() bool { return v.rocketChatToken().status == http.StatusOK })
}
