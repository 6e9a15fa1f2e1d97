package rocketchat_test

import (
	"bytes"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"chatgate/gateway/chat"
	"chatgate/gateway/chat/chattest"
	"chatgate/gateway/chat/rocketchat"
	"chatgate/gateway/chat/rocketchat/rocketchattest"
	"chatgate/gateway/limit"
	"chatgate/gateway/session"
	"chatgate/oidc"
)

func TestConnector(t *testing.T) {
	chattest.Run(t, chattest.Setup{
		TokenKey: "loginToken",
		New: func(t *testing.T) chattest.Subject {
			w := newWorld(t, settings{})
			return chattest.Subject{
				Env: w.env, Connector: w.connector, Handler: w.handler, Identity: ada,
				Work: func() int { return len(w.server.Calls()) },
			}
		},
	})
}

func TestFlowOnEveryVersion(t *testing.T) {
	for _, version := range versions {
		t.Run(version, func(t *testing.T) {
			w := newWorld(t, settings{version: version})
			cookie, token := w.signedIn(ada)
			if !w.server.Alive(token) {
				t.Error("the login token is none of Rocket.Chat's")
			}
			if again := w.token(cookie); again.loginToken() != token {
				t.Errorf("a second call gave %q, want the same token", again.Text)
			}
			w.server.RevokeToken(token) // signed out inside the chat
			w.want("resume", w.resume(cookie, automatic), http.StatusUnauthorized, "signed_out_of_chat")
			w.want("token", w.token(cookie), http.StatusUnauthorized, "signed_out_of_chat")
			w.want("resume after a press", w.resume(cookie, confirm), http.StatusOK, "")
			token = w.token(cookie).loginToken()
			w.env.SignOut(cookie)
			w.drain()
			if w.server.Alive(token) {
				t.Error("the login token outlived the sign-out")
			}
			w.want("token after sign-out", w.token(cookie), http.StatusUnauthorized, "session_required")
		})
	}
}

// TestAnswer: one key logs in, no other may (R3, R4, D9).
func TestAnswer(t *testing.T) {
	w := newWorld(t, settings{})
	a := w.token(w.env.SignIn(ada))
	want := map[string]any{"loginToken": a.loginToken(), "userId": w.people()[0].ID}
	if diff := cmp.Diff(want, a.Body); diff != "" || a.loginToken() == "" {
		t.Errorf("answer differs (-want +got):\n%s", diff)
	}
	if kind := a.Header.Get("Content-Type"); !strings.HasPrefix(kind, "application/json") {
		t.Errorf("Content-Type = %q, want application/json", kind)
	}
}

// TestWarmCall: one command of the store and no call to Rocket.Chat (R6, D22).
func TestWarmCall(t *testing.T) {
	w := newWorld(t, settings{limits: limit.Settings{WarmCallsPerSession: 1000, WarmCallsPerAddress: 1000, MintsPerSession: 10}})
	cookie, token := w.signedIn(ada)
	w.server.ResetCalls()
	before := w.env.Commands()
	for range 10 {
		if got := w.token(cookie).loginToken(); got != token {
			t.Fatalf("warm call gave %q, want the token that was made", got)
		}
	}
	if did := w.env.Commands() - before; did != 10 {
		t.Errorf("10 warm calls gave the store %d commands, want 10", did)
	}
	if calls := w.server.Calls(); len(calls) != 0 {
		t.Errorf("warm calls asked Rocket.Chat %v, want nothing", calls)
	}
}

// TestOneTokenForEachSession: signing one browser out must not sign out another (R8, D10).
func TestOneTokenForEachSession(t *testing.T) {
	w := newWorld(t, settings{})
	cookie, first := w.signedIn(ada)
	_, second := w.signedIn(ada)
	if first == second {
		t.Error("two sessions were given one token")
	}
	w.env.SignOut(cookie)
	w.drain()
	if w.server.Alive(first) || !w.server.Alive(second) {
		t.Error("signing out one session must end its own token and no other")
	}
	if people := w.people(); len(people) != 1 {
		t.Errorf("%d accounts for one person, want 1", len(people))
	}
}

// TestFirstCallsAtOnce: one account and one token per session, whoever asks at once and wherever (R7, R29, S88).
func TestFirstCallsAtOnce(t *testing.T) {
	const sessions, calls = 5, 500
	w := newWorld(t, settings{})
	replicas := []http.Handler{w.handler, w.replica()}
	var cookies []*http.Cookie
	for range sessions {
		cookies = append(cookies, w.env.SignIn(ada))
	}
	var mu sync.Mutex
	given := map[int]map[string]bool{}
	var all sync.WaitGroup
	for i := range calls {
		all.Go(func() {
			recorder := httptest.NewRecorder()
			replicas[i%2].ServeHTTP(recorder, tokenRequest(cookies[i%sessions]))
			mu.Lock()
			defer mu.Unlock()
			if given[i%sessions] == nil {
				given[i%sessions] = map[string]bool{}
			}
			given[i%sessions][recorder.Body.String()] = true
			if recorder.Code != http.StatusOK {
				t.Errorf("call %d = %d %s, want 200", i, recorder.Code, recorder.Body)
			}
		})
	}
	all.Wait()
	for s, answers := range given {
		if len(answers) != 1 {
			t.Errorf("session %d was given %d different answers, want 1", s, len(answers))
		}
	}
	if made := w.server.Count("users.createToken"); made != sessions {
		t.Errorf("%d tokens were made, want one for each of %d sessions", made, sessions)
	}
	if made := w.server.Count("users.create"); made != 1 {
		t.Errorf("users.create was called %d times, want once", made)
	}
}

// TestHeldEnds: a hold passes by itself.
func TestHeldEnds(t *testing.T) {
	w := newWorld(t, settings{})
	cookie := w.env.SignIn(ada)
	w.must(w.env.Sessions.Hold(t.Context(), w.env.Session(cookie), "rocketchat", w.env.Now().Add(30*time.Second)))
	w.env.Clock.Advance(31 * time.Second)
	w.want("token", w.token(cookie), http.StatusOK, "")
}

// TestTokenRights: an embedder reads tokens only with the right to (D29, R21).
func TestTokenRights(t *testing.T) {
	w := newWorld(t, settings{})
	cookie := w.env.SignIn(ada)
	for origin, want := range map[string]int{chatURL: 200, portalURL: 200, blogURL: 403} {
		r := tokenRequest(cookie)
		r.Header.Set("Origin", origin)
		if a := w.do(w.handler, r); a.Status != want {
			t.Errorf("token for %s = %d, want %d", origin, a.Status, want)
		}
	}
	want := chat.Access{
		Return: []chat.Origin{chatURL, blogURL, portalURL},
		Frame:  []chat.Origin{chatURL, blogURL, portalURL},
		Token:  []chat.Origin{chatURL, portalURL},
	}
	if diff := cmp.Diff(want, w.connector.Access()); diff != "" {
		t.Errorf("Access() differs (-want +got):\n%s", diff)
	}
}

// TestAnotherPersonInTheBrowser: the former person's token ends, and the API gives the new one's (R14, S87).
func TestAnotherPersonInTheBrowser(t *testing.T) {
	w := newWorld(t, settings{})
	cookie, adas := w.signedIn(ada)
	bob := oidc.Identity{Provider: "corp", Subject: "bob", Username: "bob", Email: "bob@example.org", EmailVerified: true}
	cookie = w.env.SignInAgain(cookie, bob)
	w.drain()
	a := w.token(cookie)
	if a.loginToken() == adas || w.server.Alive(adas) {
		t.Error("the former person's token was given to another, or lived on")
	}
	if user, _ := w.server.User(a.Body["userId"].(string)); user.Email != bob.Email {
		t.Errorf("the token is %q's, want bob's", user.Email)
	}
}

// TestSamePersonAgain: the token goes over to the new session (D11, D27).
func TestSamePersonAgain(t *testing.T) {
	w := newWorld(t, settings{})
	cookie, token := w.signedIn(ada)
	cookie = w.env.SignInAgain(cookie, ada)
	w.drain()
	if a := w.token(cookie); a.loginToken() != token || !w.server.Alive(token) {
		t.Errorf("after signing in again the token is %q, want the former one alive", a.Text)
	}
	w.env.SignOut(cookie)
	w.drain()
	if w.server.Alive(token) {
		t.Error("the moved token outlived the sign-out")
	}
}

// TestExpiry: at the absolute end of the session the ledger revokes, unless it is told to keep (D11).
func TestExpiry(t *testing.T) {
	for policy, alive := range map[rocketchat.ExpiryPolicy]bool{rocketchat.Revoke: false, rocketchat.Keep: true} {
		t.Run(string(policy), func(t *testing.T) {
			w := newWorld(t, settings{config: func(c *rocketchat.Config) { c.OnExpiry = policy }})
			_, token := w.signedIn(ada)
			w.env.Clock.Advance(25 * time.Hour)
			w.must(w.env.Ledger.Sweep(t.Context()))
			w.drain()
			if w.server.Alive(token) != alive {
				t.Errorf("after the session's end the token is alive: %v, want %v", !alive, alive)
			}
		})
	}
}

// TestCacheEndsBeforeTheToken: a token that Rocket.Chat is about to forget is not handed out (R9).
func TestCacheEndsBeforeTheToken(t *testing.T) {
	w := newWorld(t, settings{
		session: session.Settings{Idle: 60 * 24 * time.Hour, Absolute: 60 * 24 * time.Hour},
		server:  func(c *rocketchattest.Config) { c.Settings = map[string]any{"Accounts_LoginExpiration": 2} },
	})
	cookie, token := w.signedIn(ada)
	w.env.Clock.Advance(46 * time.Hour)
	if got := w.token(cookie).loginToken(); got != token {
		t.Errorf("with 2 hours to live the token is %q, want the same one", got)
	}
	w.env.Clock.Advance(90 * time.Minute)
	if got := w.token(cookie).loginToken(); got == token || got == "" {
		t.Errorf("with half an hour to live the token is %q, want a new one", got)
	}
}

// TestSessionEndsWhileMinting: the token is revoked and nobody gets it (D21).
func TestSessionEndsWhileMinting(t *testing.T) {
	var w *world
	ending := &intercepting{route: "/api/v1/users.createToken"}
	w = newWorld(t, settings{transport: ending})
	cookie := w.env.SignIn(ada)
	ending.then = func() { w.env.SignOut(cookie) }
	w.want("token", w.token(cookie), http.StatusUnauthorized, "session_required")
	w.drain()
	if user := w.people()[0]; len(w.server.LoginTokens(user.ID)) != 0 {
		t.Error("a token that was made while its session ended lives on")
	}
}

// intercepting does something right after a route has answered.
type intercepting struct {
	http.RoundTripper
	route string
	then  func()
}

func (i *intercepting) RoundTrip(r *http.Request) (*http.Response, error) {
	w, err := i.RoundTripper.RoundTrip(r)
	if r.URL.Path == i.route && i.then != nil {
		i.then()
	}
	return w, err
}

func (i *intercepting) over(t http.RoundTripper) { i.RoundTripper = t }

// TestNoTokenIsLogged: neither login tokens nor what makes them (R34, S92).
func TestNoTokenIsLogged(t *testing.T) {
	w := newWorld(t, settings{})
	cookie, token := w.signedIn(ada)
	w.resume(cookie, automatic)
	w.server.SetFaults(rocketchattest.Faults{Status: map[string]int{"logout": 500}})
	w.env.SignOut(cookie)
	w.drain()
	var metrics bytes.Buffer
	w.gather(&metrics)
	for where, text := range map[string]string{"the log": w.env.Journal.String(), "the metrics": metrics.String()} {
		for _, word := range []string{token, cookie.Value, ada.Email, ada.Name} {
			if strings.Contains(text, word) {
				t.Errorf("%s holds %q", where, word)
			}
		}
		w.noSecretIn(where, text)
	}
	for _, act := range []string{"account_created", "login_token_minted"} {
		if !strings.Contains(w.env.Journal.String(), `"act":"`+act+`"`) {
			t.Errorf("the audit log has no %s", act)
		}
	}
}
