package main

import (
	"net/http"
	"strings"
	"testing"

	"chatgate/gateway/chat/rocketchat/rocketchattest"
	"chatgate/oidc/oidctest"
)

func TestOneSignInOpensBothChats(t *testing.T) { // R1-R4, D9, G19, G29
	for _, version := range []string{"6.13.0", "7.13.0", "8.3.0", "8.8.1"} {
		t.Run("Rocket.Chat "+version, func(t *testing.T) {
			w := start(t, worldConfig{RocketChat: version})
			v := w.visitor(t)
			if got := v.rocketChatToken(); got.status != http.StatusUnauthorized {
				t.Fatalf("token before sign-in = %d, want 401", got.status)
			}
			if end := v.signIn("/login?chat=rocketchat&path=/home", "ada"); end != w.Addresses().RocketChat+"/home" {
				t.Errorf("sign-in ends at %s, want the chat", end)
			}
			chat := v.rocketChatToken()
			body := chat.json(t)
			token, _ := body["loginToken"].(string)
			if chat.status != http.StatusOK || !w.RocketChat.Alive(token) {
				t.Fatalf("token = %d %v, want a login token that Rocket.Chat takes", chat.status, body)
			}
			if _, forbidden := body["token"]; forbidden {
				t.Error("the answer has the key token")
			}
			if user, ok := w.RocketChat.User(body["userId"].(string)); !ok || user.Username != "ada" || user.Email != "ada@example.org" {
				t.Errorf("the account is %+v", user)
			}
			talk := v.talkToken().json(t)
			viewer, err := w.Coral.Verify(t.Context(), talk["token"].(string))
			if err != nil || viewer.User.Username != "ada" {
				t.Errorf("Coral takes the token for %+v, %v", viewer.User, err)
			}
			if calls := w.Provider.Calls(oidctest.PathToken); calls != 1 {
				t.Errorf("the provider was asked %d times, want one sign-in", calls)
			}
		})
	}
}

func TestSigningOutEndsBothChats(t *testing.T) { // R13, D11, D25, S90
	w := start(t, worldConfig{})
	v := w.visitor(t)
	v.signIn("/login", "ada")
	token := v.rocketChatToken().json(t)["loginToken"].(string)
	v.talkToken()

	gateway := w.Addresses().Gateway
	if out := v.send(http.MethodPost, gateway+"/logout", "", "Origin", gateway); out.status != http.StatusOK {
		t.Fatalf("POST /logout = %d", out.status)
	}
	if chat, talk := v.rocketChatToken(), v.talkToken(); chat.status != http.StatusUnauthorized || talk.status != http.StatusUnauthorized {
		t.Errorf("tokens after sign-out = %d and %d, want 401 for both", chat.status, talk.status)
	}
	eventually(t, "Rocket.Chat forgot the login token", func() bool { return !w.RocketChat.Alive(token) })
}

func TestAnotherPersonInTheSameBrowserGetsTheirOwn(t *testing.T) { // R14, D27
	w := start(t, worldConfig{})
	v := w.visitor(t)
	v.signIn("/login", "ada")
	first := v.rocketChatToken().json(t)
	w.Provider.EndSessions()
	v.signIn("/login?prompt=login", "bob")
	second := v.rocketChatToken().json(t)
	if first["userId"] == second["userId"] {
		t.Fatalf("both got the account %v", first["userId"])
	}
	eventually(t, "the first person's login token is dead", func() bool { return !w.RocketChat.Alive(first["loginToken"].(string)) })
	if !w.RocketChat.Alive(second["loginToken"].(string)) {
		t.Error("the second person's login token is dead too")
	}
}

func TestTwoBrowsersOfOnePersonHaveTokensOfTheirOwn(t *testing.T) { // R8, D10
	w := start(t, worldConfig{})
	office, home := w.visitor(t), w.visitor(t)
	office.signIn("/login", "ada")
	home.signIn("/login", "ada")
	one, two := office.rocketChatToken().json(t), home.rocketChatToken().json(t)
	if one["userId"] != two["userId"] || one["loginToken"] == two["loginToken"] {
		t.Errorf("accounts %v and %v, same token %v; want one account and two tokens", one["userId"], two["userId"], one["loginToken"] == two["loginToken"])
	}
}

func TestWhatGoesDownIsToldAndRecovers(t *testing.T) { // D26
	w := start(t, worldConfig{})
	v := w.visitor(t)

	w.Provider.Set(func(f *oidctest.Faults) {
		f.Answers = map[string]http.HandlerFunc{oidctest.PathToken: oidctest.Status(http.StatusBadGateway)}
	})
	begun := v.send(http.MethodGet, w.Addresses().Gateway+"/login", "")
	callback, err := w.Provider.SignIn(v.client, begun.header.Get("Location"), "ada", "ada")
	if err != nil {
		t.Fatal(err)
	}
	if _, page := v.open(callback.String()); page.status != http.StatusServiceUnavailable || !strings.Contains(page.body, "Sign-in is not available right now") {
		t.Errorf("with the provider down the callback = %d", page.status)
	}
	w.Provider.Set(func(f *oidctest.Faults) { f.Answers = nil })
	v.signIn("/login", "ada")

	w.RocketChat.SetFaults(rocketchattest.Faults{Down: true})
	if got := v.rocketChatToken(); got.status != http.StatusServiceUnavailable || got.json(t)["code"] != "chat_unavailable" {
		t.Errorf("with Rocket.Chat down the token call = %d %s", got.status, got.body)
	}
	w.RocketChat.SetFaults(rocketchattest.Faults{})
	eventually(t, "Rocket.Chat answers again", func() bool { return v.rocketChatToken().status == http.StatusOK })

	address := w.embedded.Addr()
	w.embedded.Close()
	if got := v.rocketChatToken(); got.status != http.StatusServiceUnavailable || got.header.Get("Access-Control-Allow-Origin") == "" {
		t.Errorf("with Redis down the token call = %d %s", got.status, got.body)
	}
	if got := v.send(http.MethodGet, w.Addresses().Admin+"/readyz", ""); got.status != http.StatusOK || got.json(t)["status"] != "degraded" {
		t.Errorf("with Redis down /readyz = %d %s, want 200 degraded", got.status, got.body)
	}
	if err := w.embedded.StartAddr(address); err != nil {
		t.Fatal(err)
	}
	eventually(t, "the session lives on", func() bool { return v.rocketChatToken().status == http.StatusOK })
}

func TestWhatIsDownAtTheStartIsToldAndRecovers(t *testing.T) { // D26
	for _, tc := range []struct {
		name  string
		spoil func(*world)
		heal  func(*testing.T, *world)
		check string
	}{
		{"the provider", func(w *world) {
			w.Provider.Set(func(f *oidctest.Faults) {
				f.Answers = map[string]http.HandlerFunc{oidctest.PathDiscovery: oidctest.Status(http.StatusBadGateway)}
			})
		}, func(_ *testing.T, w *world) {
			w.Provider.Set(func(f *oidctest.Faults) { f.Answers = nil })
		}, "provider corp"},
		{"Redis", func(w *world) { w.embedded.Close() }, func(t *testing.T, w *world) {
			t.Helper()
			if err := w.embedded.Restart(); err != nil {
				t.Fatal(err)
			}
		}, "store"},
		{"Rocket.Chat", func(w *world) {
			w.RocketChat.SetFaults(rocketchattest.Faults{Down: true})
		}, func(_ *testing.T, w *world) { w.RocketChat.SetFaults(rocketchattest.Faults{}) }, "chat rocketchat"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			w, _ := startBroken(t, worldConfig{}, tc.spoil)
			v := w.visitor(t)
			eventually(t, "/readyz answers 200 and tells what is down", func() bool {
				got := v.send(http.MethodGet, w.Addresses().Admin+"/readyz", "")
				checks, _ := got.json(t)["checks"].(map[string]any)
				found, told := checks[tc.check]
				return got.status == http.StatusOK && told && found != "ok"
			})
			if tc.check != "chat rocketchat" {
				page := v.send(http.MethodGet, w.Addresses().Gateway+"/login", "")
				if page.status != http.StatusServiceUnavailable || page.header.Get("Retry-After") == "" {
					t.Errorf("/login = %d, Retry-After %q; want 503 with one", page.status, page.header.Get("Retry-After"))
				}
			}
			tc.heal(t, w)
			eventually(t, "a person can sign in", func() bool {
				return w.visitor(t).send(http.MethodGet, w.Addresses().Gateway+"/login", "").status == http.StatusSeeOther
			})
			v.signIn("/login?prompt=login", "ada")
			eventually(t, "Rocket.Chat lets them in", func() bool { return v.rocketChatToken().status == http.StatusOK })
			eventually(t, "the comments do too", func() bool { return v.talkToken().status == http.StatusOK })
		})
	}
}
