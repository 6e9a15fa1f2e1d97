package rocketchat_test

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"chatgate/gateway/chat"
	"chatgate/gateway/chat/chattest"
	"chatgate/gateway/chat/rocketchat"
	"chatgate/gateway/chat/rocketchat/rocketchattest"
	"chatgate/oidc"
)

// waitingFrame is a frame that has a hand-off, and everything it sends.
type waitingFrame struct {
	w    *world
	id   string
	body string
}

func (w *world) waiting() waitingFrame {
	w.t.Helper()
	a := w.fromFrame("handoff", `{"embedder":"","top":""}`)
	if a.Status != http.StatusOK {
		w.t.Fatalf("handoff = %d %s", a.Status, a.Text)
	}
	body, err := json.Marshal(map[string]any{"id": a.Body["id"], "secret": a.Body["secret"]})
	w.must(err)
	return waitingFrame{w: w, id: a.Body["id"].(string), body: string(body)}
}

func (w *world) fromFrame(path, body string) answer {
	w.t.Helper()
	r := httptest.NewRequest(http.MethodPost, "/rocketchat/"+path, strings.NewReader(body))
	r.Header.Set("Origin", chattest.BaseURL)
	return w.do(w.handler, r)
}

// signIn finishes a login for the frame, in a browser whose former session cookie is given, and returns the new one.
func (f waitingFrame) signIn(former *http.Cookie, id oidc.Identity) *http.Cookie {
	f.w.t.Helper()
	cookie := f.w.env.SignInAgain(former, id)
	started, err := f.w.env.HandOffs.Start(f.w.t.Context(), f.id)
	f.w.must(err)
	f.w.must(f.w.env.HandOffs.Finish(f.w.t.Context(), started, f.w.env.Session(cookie).Key))
	return cookie
}

func (f waitingFrame) redeem() answer {
	f.w.t.Helper()
	f.w.env.Clock.Advance(time.Second)
	return f.w.fromFrame("handoff/redeem", f.body)
}

// childOf is the cookie that the redeem left in the frame's partition.
func childOf(t *testing.T, a answer) *http.Cookie {
	t.Helper()
	for _, c := range (&http.Response{Header: a.Header}).Cookies() {
		if c.Name == "__Host-chatgate-rocketchat" {
			return &http.Cookie{Name: c.Name, Value: c.Value}
		}
	}
	t.Fatalf("no child cookie among %v", a.Header.Values("Set-Cookie"))
	return nil
}

func TestTheFrameIsHandedTheSessionsOneToken(t *testing.T) { // B-13, R8, D10
	w := newWorld(t, settings{})
	f := w.waiting()
	cookie := f.signIn(nil, ada)
	handed := f.redeem()
	w.want("redeem", handed, http.StatusOK, "")
	child := childOf(t, handed)
	viaChild := w.token(child)
	w.want("the API with the child's cookie", viaChild, http.StatusOK, "")
	viaParent := w.token(cookie)
	if a, b, c := handed.loginToken(), viaChild.loginToken(), viaParent.loginToken(); a == "" || a != b || b != c {
		t.Errorf("three tokens %q %q %q, want one: it is the same browser", a, b, c)
	}
	if made := w.server.Count("users.createToken"); made != 1 {
		t.Errorf("%d tokens were made, want 1", made)
	}
	w.env.SignOut(cookie) // B-21
	w.want("the API with the child's cookie after the sign-out", w.token(child), http.StatusUnauthorized, "session_required")
}

func TestTheAPIIsSilentUntilTheFrameHasSpoken(t *testing.T) { // B-16, D14
	w := newWorld(t, settings{})
	f := w.waiting()
	cookie := f.signIn(nil, ada)
	w.must(w.env.Sessions.Hold(t.Context(), w.env.Session(cookie), "rocketchat", w.env.Now().Add(30*time.Second)))
	w.want("the API meanwhile", w.token(cookie), http.StatusUnauthorized, "held")
	w.want("redeem", f.redeem(), http.StatusOK, "")
	w.want("the API afterwards", w.token(cookie), http.StatusOK, "")
}

func TestASignInByTheFrameEndsAStayOut(t *testing.T) { // R12, D13
	w := newWorld(t, settings{})
	cookie, token := w.signedIn(ada)
	w.server.RevokeToken(token)
	w.env.Clock.Advance(time.Minute)
	w.want("resume by itself", w.resume(cookie, automatic), http.StatusUnauthorized, "signed_out_of_chat")
	f := w.waiting()
	f.signIn(cookie, ada)
	handed := f.redeem()
	w.want("redeem", handed, http.StatusOK, "")
	if handed.loginToken() == token {
		t.Error("the token that was signed out was handed over")
	}
}

func TestWhoMayNotEnterIsToldByTheFrame(t *testing.T) { // D7
	w := newWorld(t, settings{config: func(c *rocketchat.Config) { c.Access = chat.AccessRules{Groups: []string{"board"}} }})
	f := w.waiting()
	f.signIn(nil, ada)
	refused := f.redeem()
	w.want("redeem", refused, http.StatusForbidden, "access_denied")
	if refused.Header.Get("Set-Cookie") != "" || w.server.Count("users.createToken") != 0 {
		t.Error("it got a cookie or a token")
	}
}

func TestTheHandOffWaitsForAWorkspaceThatIsDown(t *testing.T) { // D28
	w := newWorld(t, settings{})
	f := w.waiting()
	f.signIn(nil, ada)
	w.server.SetFaults(rocketchattest.Faults{Down: true})
	w.want("redeem while it is down", f.redeem(), http.StatusServiceUnavailable, "chat_unavailable")
	w.server.SetFaults(rocketchattest.Faults{})
	w.env.Clock.Advance(time.Minute) // the breaker lets calls through again
	w.want("redeem when it is back", f.redeem(), http.StatusOK, "")
}
