package rocketchat_test

import (
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"chatgate/gateway/chat"
	"chatgate/gateway/chat/chattest"
	"chatgate/gateway/chat/rocketchat"
	"chatgate/gateway/chat/rocketchat/rocketchattest"
	"chatgate/gateway/limit"
	"chatgate/gateway/session"
)

// later is long enough for a token not to be just given any more.
const later = 20 * time.Second

func TestResumeAfterSignOutInsideTheChat(t *testing.T) {
	tests := []struct {
		policy rocketchat.SignOutPolicy
		status int
		code   string
		after  int // what the token call answers from then on
	}{
		{rocketchat.StayOut, http.StatusUnauthorized, "signed_out_of_chat", http.StatusUnauthorized},
		{rocketchat.Resume, http.StatusOK, "", http.StatusOK},
		{rocketchat.Global, http.StatusUnauthorized, "signed_out_everywhere", http.StatusUnauthorized},
	}
	for _, tt := range tests {
		t.Run(string(tt.policy), func(t *testing.T) {
			w := newWorld(t, settings{config: func(c *rocketchat.Config) { c.OnChatSignOut = tt.policy }})
			cookie, token := w.signedIn(ada)
			w.server.RevokeToken(token)
			a := w.resume(cookie, automatic)
			w.want("resume", a, tt.status, tt.code)
			if a.loginToken() == token {
				t.Error("the revoked token was given once more (R11)")
			}
			if got := w.token(cookie); got.Status != tt.after || got.loginToken() == token {
				t.Errorf("token after that = %d %s, want %d and never the revoked one", got.Status, got.Text, tt.after)
			}
		})
	}
}

// TestContinue: only a press clears the mark, and it does so for good (R12, D13).
func TestContinue(t *testing.T) {
	w := newWorld(t, settings{})
	cookie, token := w.signedIn(ada)
	w.server.RevokeToken(token)
	w.resume(cookie, automatic)
	w.want("a second resume", w.resume(cookie, automatic), http.StatusUnauthorized, "signed_out_of_chat")

	a := w.resume(cookie, confirm)
	w.want("resume after a press", a, http.StatusOK, "")
	if a.Body["name"] != ada.Name || !w.server.Alive(a.loginToken()) {
		t.Errorf("resume after a press = %s, want a living token and the name", a.Text)
	}
	if got := w.token(cookie).loginToken(); got != a.loginToken() {
		t.Errorf("token = %q, want the one that the frame was given", got)
	}
}

// TestContinueEndsAHold: a press counts more than a tab's unfinished sign-in (B-16).
func TestContinueEndsAHold(t *testing.T) {
	w := newWorld(t, settings{})
	cookie := w.env.SignIn(ada)
	w.must(w.env.Sessions.Hold(t.Context(), w.env.Session(cookie), "rocketchat", w.env.Now().Add(30*time.Second)))
	w.want("resume", w.resume(cookie, automatic), http.StatusUnauthorized, "held")
	w.want("resume after a press", w.resume(cookie, confirm), http.StatusOK, "")
	w.want("token", w.token(cookie), http.StatusOK, "")
}

// TestResumeWithoutAToken: a session that was never given one gets it at once (D13).
func TestResumeWithoutAToken(t *testing.T) {
	w := newWorld(t, settings{})
	cookie := w.env.SignIn(ada)
	w.want("resume", w.resume(cookie, automatic), http.StatusOK, "")
	if calls := w.server.Count("me"); calls != 0 {
		t.Errorf("%d calls of me for a token that did not exist", calls)
	}
}

// TestResumeVerifies: as the person, and counted by that login alone (R10, R28, D12).
func TestResumeVerifies(t *testing.T) {
	w := newWorld(t, settings{})
	cookie, token := w.signedIn(ada)
	w.env.Clock.Advance(later)
	a := w.resume(cookie, automatic)
	w.want("resume", a, http.StatusOK, "")
	if a.loginToken() != token {
		t.Errorf("resume gave %q, want the living token", a.Text)
	}
	for _, call := range w.server.Calls() {
		if call.Route == "me" && !strings.HasPrefix(call.RealIP, "fd") {
			t.Errorf("me came from %s, want an address made of the token", call.RealIP)
		}
	}
}

// TestJustGiven: what the API handed out a moment ago is not posted by itself (D13).
func TestJustGiven(t *testing.T) {
	w := newWorld(t, settings{})
	cookie, token := w.signedIn(ada)
	w.want("resume at once", w.resume(cookie, automatic), http.StatusConflict, "just_given")
	w.env.Clock.Advance(later)
	w.want("resume later", w.resume(cookie, automatic), http.StatusOK, "")
	w.want("resume after that", w.resume(cookie, automatic), http.StatusConflict, "just_given")
	if got := w.resume(cookie, confirm).loginToken(); got != token {
		t.Errorf("a press gave %q, want the token", got)
	}
}

// TestJustGivenByAnotherReplica: the moment a token was made is known everywhere.
func TestJustGivenByAnotherReplica(t *testing.T) {
	w := newWorld(t, settings{})
	cookie := w.env.SignIn(ada)
	w.want("token", w.tokenAt(w.replica(), cookie), http.StatusOK, "")
	w.want("resume", w.resume(cookie, automatic), http.StatusConflict, "just_given")
}

// TestUnknown: when Rocket.Chat does not say, nothing happens without a press and the token is kept (D12).
func TestUnknown(t *testing.T) {
	faults := map[string]rocketchattest.Faults{
		"it is down":          {Down: true},
		"it limits calls":     {TooManyRequests: time.Minute},
		"it fails":            {Status: map[string]int{"me": 500}},
		"it answers a page":   {HTML: true},
		"it redirects":        {RedirectTo: "https://elsewhere.example/"},
		"a proxy refuses":     {Status: map[string]int{"me": 403}},
		"the route is absent": {Status: map[string]int{"me": 404}},
	}
	for name, fault := range faults {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t, settings{})
			cookie, token := w.signedIn(ada)
			w.env.Clock.Advance(later)
			w.server.SetFaults(fault)
			w.want("resume", w.resume(cookie, automatic), http.StatusConflict, "token_unverified")
			if got := w.resume(cookie, confirm).loginToken(); got != token {
				t.Errorf("a press gave %q, want the token that is known", got)
			}
		})
	}
}

// TestRefusedPastExpiry: nobody signed out, so it is made once more, and no third time (S89, R16).
func TestRefusedPastExpiry(t *testing.T) {
	w := newWorld(t, settings{
		session: session.Settings{Idle: 60 * 24 * time.Hour, Absolute: 60 * 24 * time.Hour},
	})
	cookie, token := w.signedIn(ada)
	w.server.SetSetting("Accounts_LoginExpiration", 1) // an administrator shortens it
	w.env.Clock.Advance(25 * time.Hour)
	a := w.resume(cookie, automatic)
	w.want("resume", a, http.StatusOK, "")
	if a.loginToken() == token || !w.server.Alive(a.loginToken()) {
		t.Errorf("resume past the token's time gave %q, want a new one", a.loginToken())
	}
	if made := w.server.Count("users.createToken"); made != 2 {
		t.Errorf("%d tokens were made, want 2", made)
	}
}

// TestTwoTabsAfterAPress: a tab that still holds the old token does not undo what another one did.
func TestTwoTabsAfterAPress(t *testing.T) {
	var w *world
	racing := &intercepting{route: "/api/v1/me"}
	w = newWorld(t, settings{transport: racing})
	cookie, token := w.signedIn(ada)
	w.env.Clock.Advance(later)
	w.server.RevokeToken(token)
	var other string
	racing.then = func() {
		racing.then = nil
		other = w.resume(cookie, confirm).loginToken()
	}
	a := w.resume(cookie, automatic)
	if a.loginToken() != other || other == "" {
		t.Errorf("resume = %s, want the token that the other tab was given", a.Text)
	}
	w.want("token", w.token(cookie), http.StatusOK, "")
}

func TestResumeRefusals(t *testing.T) {
	tests := []struct {
		name     string
		settings settings
		before   func(w *world, cookie *http.Cookie)
		body     string
		status   int
		code     string
	}{
		{name: "a body that is no JSON", body: "confirm", status: http.StatusBadRequest, code: "invalid_request"},
		{name: "no body", body: "", status: http.StatusBadRequest, code: "invalid_request"},
		{name: "a list", body: "[]", status: http.StatusBadRequest, code: "invalid_request"},
		{name: "null", body: "null", status: http.StatusBadRequest, code: "invalid_request"},
		{name: "a key of its own", body: `{"user":"bob"}`, status: http.StatusBadRequest, code: "invalid_request"},
		{name: "a word that is no boolean", body: `{"confirm":"yes"}`, status: http.StatusBadRequest, code: "invalid_request"},
		{
			name: "a body that is too large", body: `{"confirm":` + strings.Repeat(" ", 1<<10) + `true}`,
			status: http.StatusBadRequest, code: "invalid_request",
		},
		{
			name: "a deactivated account (S93)", body: automatic,
			before: func(w *world, cookie *http.Cookie) {
				w.token(cookie)
				w.server.Deactivate(w.people()[0].ID)
				w.resume(cookie, automatic) // its tokens went with it, which looks like a sign-out
				w.want("press", w.resume(cookie, confirm), http.StatusForbidden, "account_deactivated")
			},
			status: http.StatusForbidden, code: "account_deactivated",
		},
		{
			name: "a fourth time within a minute (R16)", body: automatic,
			settings: settings{limits: limit.Settings{ResumesPerSession: 3}},
			before: func(w *world, cookie *http.Cookie) {
				for range 3 {
					w.resume(cookie, automatic)
				}
			},
			status: http.StatusTooManyRequests, code: "too_many_requests",
		},
		{
			name: "rules that leave the person out (D7)", body: confirm,
			settings: settings{config: func(c *rocketchat.Config) { c.Access.Anyone = false; c.Access.Groups = []string{"board"} }},
			status:   http.StatusForbidden, code: "access_denied",
		},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			w := newWorld(t, tt.settings)
			cookie := w.env.SignIn(ada)
			if tt.before != nil {
				tt.before(w, cookie)
			}
			w.want("resume", w.resume(cookie, tt.body), tt.status, tt.code)
		})
	}
	t.Run("nobody signed in", func(t *testing.T) {
		w := newWorld(t, settings{})
		w.want("resume", w.resume(nil, automatic), http.StatusUnauthorized, "session_required")
	})
}

// TestResumesAreCounted: refused ones by their code, as token calls are.
func TestResumesAreCounted(t *testing.T) {
	count := func(w *world, result string, want float64) {
		t.Helper()
		if got := w.tokens(result); got != want {
			t.Errorf("chatgate_chat_tokens_total{result=%q} = %v, want %v", result, got, want)
		}
	}
	t.Run("one that was given", func(t *testing.T) {
		w := newWorld(t, settings{})
		w.resume(w.env.SignIn(ada), automatic)
		count(w, "resumed", 1)
	})
	t.Run("rules that leave the person out", func(t *testing.T) {
		w := newWorld(t, rules(chat.AccessRules{Groups: []string{"board"}}))
		w.resume(w.env.SignIn(ada), automatic)
		count(w, "access_denied", 1)
	})
	t.Run("more calls than a session may make", func(t *testing.T) {
		w := newWorld(t, settings{limits: limit.Settings{WarmCallsPerSession: 1}})
		cookie := w.env.SignIn(ada)
		w.token(cookie)
		w.want("resume", w.resume(cookie, automatic), http.StatusTooManyRequests, "too_many_requests")
		count(w, "too_many_requests", 1)
	})
	t.Run("nobody signed in", func(t *testing.T) {
		w := newWorld(t, settings{})
		w.resume(nil, automatic)
		count(w, "session_required", 1)
	})
}

// TestResumeIsForOurOwnPages: no other page may call it, the chat's own included (B-08, D13).
func TestResumeIsForOurOwnPages(t *testing.T) {
	w := newWorld(t, settings{})
	cookie := w.env.SignIn(ada)
	for _, origin := range []string{"", "null", chatURL, portalURL, chattest.BaseURL + ".evil.example"} {
		r := httptest.NewRequest(http.MethodPost, "/rocketchat/resume", strings.NewReader(automatic))
		r.AddCookie(cookie)
		if origin != "" {
			r.Header.Set("Origin", origin)
		}
		a := w.do(w.handler, r)
		w.want("resume from "+origin, a, http.StatusForbidden, "cross_site_request")
		if a.Header.Get("Access-Control-Allow-Origin") != "" {
			t.Errorf("resume from %q has CORS headers", origin)
		}
	}
	if calls := w.server.Calls(); len(calls) != 0 {
		t.Errorf("foreign pages caused %v", calls)
	}
}

// TestDeactivatedWhileSignedIn: an account may be switched off without its logins being ended (S93, R10).
func TestDeactivatedWhileSignedIn(t *testing.T) {
	inactive := &rewriting{route: "/api/v1/me", from: `"active":true`, to: `"active":false`}
	w := newWorld(t, settings{transport: inactive})
	cookie, _ := w.signedIn(ada)
	w.env.Clock.Advance(later)
	for _, body := range []string{automatic, confirm} {
		w.want("resume with "+body, w.resume(cookie, body), http.StatusForbidden, "account_deactivated")
	}
}

// TestAnswerOfSomebodyElse: what me says of another account says nothing of this one (S87).
func TestAnswerOfSomebodyElse(t *testing.T) {
	other := &rewriting{route: "/api/v1/me", from: `"_id":"`, to: `"_id":"not-`}
	w := newWorld(t, settings{transport: other})
	cookie, _ := w.signedIn(ada)
	w.env.Clock.Advance(later)
	w.want("resume", w.resume(cookie, automatic), http.StatusConflict, "token_unverified")
}

// rewriting changes what a route answers.
type rewriting struct {
	http.RoundTripper
	route, from, to string
}

func (r *rewriting) RoundTrip(request *http.Request) (*http.Response, error) {
	w, err := r.RoundTripper.RoundTrip(request)
	if err != nil || request.URL.Path != r.route {
		return w, err
	}
	defer func() { _ = w.Body.Close() }()
	body, err := io.ReadAll(w.Body)
	w.Body = io.NopCloser(strings.NewReader(strings.ReplaceAll(string(body), r.from, r.to)))
	return w, err
}

func (r *rewriting) over(t http.RoundTripper) { r.RoundTripper = t }
