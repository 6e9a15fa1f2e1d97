package rocketchat_test

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"chatgate/gateway/chat"
	"chatgate/gateway/chat/rocketchat"
	"chatgate/gateway/chat/rocketchat/rocketchattest"
	"chatgate/gateway/limit"
)

func TestTokenRefusals(t *testing.T) {
	tests := []struct {
		name     string
		settings settings
		before   func(w *world, cookie *http.Cookie)
		status   int
		code     string
	}{
		{
			name:     "a provider the rules leave out (D7)",
			settings: rules(chat.AccessRules{Providers: []string{"other"}}),
			status:   http.StatusForbidden, code: "access_denied",
		},
		{
			name:     "no group of those listed (D7)",
			settings: rules(chat.AccessRules{Groups: []string{"board"}}),
			status:   http.StatusForbidden, code: "access_denied",
		},
		{
			name: "a hold while a frame completes a sign-in (B-16)",
			before: func(w *world, cookie *http.Cookie) {
				s := w.env.Session(cookie)
				w.must(w.env.Sessions.Hold(t.Context(), s, "rocketchat", w.env.Now().Add(30*time.Second)))
			},
			status: http.StatusUnauthorized, code: "held",
		},
		{
			name: "a mark of a sign-out inside the chat (R12)",
			before: func(w *world, cookie *http.Cookie) {
				w.must(w.env.Sessions.StayOut(t.Context(), w.env.Session(cookie), "rocketchat"))
			},
			status: http.StatusUnauthorized, code: "signed_out_of_chat",
		},
		{
			name:     "more calls than a session may make",
			settings: settings{limits: limit.Settings{WarmCallsPerSession: 1}},
			before:   func(w *world, cookie *http.Cookie) { w.token(cookie) },
			status:   http.StatusTooManyRequests, code: "too_many_requests",
		},
		{
			name:     "more calls than an address may make",
			settings: settings{limits: limit.Settings{WarmCallsPerAddress: 1}},
			before:   func(w *world, _ *http.Cookie) { w.token(nil) },
			status:   http.StatusTooManyRequests, code: "too_many_requests",
		},
		{
			name:     "more tokens than may be made for a session",
			settings: settings{limits: limit.Settings{MintsPerSession: 1}},
			before: func(w *world, cookie *http.Cookie) {
				w.server.SetFaults(rocketchattest.Faults{Down: true})
				w.token(cookie)
				w.server.SetFaults(rocketchattest.Faults{})
			},
			status: http.StatusTooManyRequests, code: "too_many_requests",
		},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			w := newWorld(t, tt.settings)
			cookie := w.env.SignIn(ada)
			if tt.before != nil {
				tt.before(w, cookie)
			}
			a := w.token(cookie)
			w.want("token", a, tt.status, tt.code)
			if got := a.Header.Get("Access-Control-Allow-Origin"); got != chatURL {
				t.Errorf("Access-Control-Allow-Origin = %q on a refusal, want %q (R2)", got, chatURL)
			}
			if got := w.server.Count("users.createToken"); tt.status != http.StatusTooManyRequests && got != 0 {
				t.Errorf("a refused call made %d tokens", got)
			}
		})
	}
}

// TestLimitsInTheAuditLog: one line for the first call of a window that a limit across replicas refuses, none for the
// limits that each replica counts by itself (S123, S142).
func TestLimitsInTheAuditLog(t *testing.T) {
	again := func(ask func(w *world, cookie *http.Cookie) answer) func(*world, *http.Cookie) {
		return func(w *world, cookie *http.Cookie) {
			for range 4 {
				if a := ask(w, cookie); a.Status != http.StatusTooManyRequests {
					w.t.Errorf("the call = %d %s, want 429", a.Status, a.Text)
				}
			}
		}
	}
	token := func(w *world, cookie *http.Cookie) answer { return w.token(cookie) }
	resume := func(w *world, cookie *http.Cookie) answer { return w.resume(cookie, automatic) }
	for _, tt := range []struct {
		name   string
		limits limit.Settings
		calls  func(*world, *http.Cookie)
		lines  int
	}{
		{"login tokens made for a session", limit.Settings{MintsPerSession: 1}, func(w *world, cookie *http.Cookie) {
			w.server.SetFaults(rocketchattest.Faults{Down: true})
			w.token(cookie)
			again(token)(w, cookie)
		}, 1},
		{"resumes of a session", limit.Settings{ResumesPerSession: 1}, func(w *world, cookie *http.Cookie) {
			w.resume(cookie, automatic)
			again(resume)(w, cookie)
		}, 1},
		{"warm calls of a session", limit.Settings{WarmCallsPerSession: 1}, func(w *world, cookie *http.Cookie) {
			w.token(cookie)
			again(token)(w, cookie)
			again(resume)(w, cookie)
		}, 0},
		{"warm calls of an address", limit.Settings{WarmCallsPerAddress: 1}, func(w *world, cookie *http.Cookie) {
			w.token(cookie)
			again(token)(w, cookie)
		}, 0},
	} {
		t.Run(tt.name, func(t *testing.T) {
			w := newWorld(t, settings{limits: tt.limits})
			tt.calls(w, w.env.SignIn(ada))
			if lines := strings.Count(w.env.Journal.String(), `"act":"limit_exceeded"`); lines != tt.lines {
				t.Errorf("%d audit lines for a limit that was exceeded four times, want %d:\n%s", lines, tt.lines, w.env.Journal)
			}
		})
	}
}

func rules(r chat.AccessRules) settings {
	return settings{config: func(c *rocketchat.Config) { c.Access = r }}
}
