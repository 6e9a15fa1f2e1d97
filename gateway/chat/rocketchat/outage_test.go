package rocketchat_test

import (
	"context"
	"net/http"
	"strings"
	"testing"
	"time"

	"chatgate/gateway/chat/rocketchat"
	"chatgate/gateway/chat/rocketchat/rocketchattest"
)

// TestOutages: whatever Rocket.Chat does, the caller gets a clear refusal in bounded time, and the frame can show
// (R5, R35, S91).
func TestOutages(t *testing.T) {
	tests := map[string]rocketchattest.Faults{
		"it is down":          {Down: true},
		"it is slow":          {Delay: time.Minute},
		"it fails":            {Status: map[string]int{"*": 502}},
		"it limits calls":     {TooManyRequests: time.Minute},
		"it answers a page":   {HTML: true},
		"it redirects":        {RedirectTo: "https://elsewhere.example/"},
		"only minting fails":  {Status: map[string]int{"users.createToken": 500}},
		"only creating fails": {Status: map[string]int{"users.create": 500}},
	}
	for name, fault := range tests {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t, settings{config: func(c *rocketchat.Config) { c.API.Timeout = time.Second }})
			cookie := w.env.SignIn(ada)
			w.server.SetFaults(fault)
			begin := time.Now()
			a := w.token(cookie)
			w.want("token", a, http.StatusServiceUnavailable, "chat_unavailable")
			if a.Header.Get("Retry-After") == "" || a.Header.Get("Access-Control-Allow-Origin") != chatURL {
				t.Errorf("headers %v, want Retry-After and CORS", a.Header)
			}
			if took := time.Since(begin); took > 5*time.Second {
				t.Errorf("the refusal took %s", took)
			}
			w.server.SetFaults(rocketchattest.Faults{})
			w.env.Clock.Advance(time.Minute)
			w.want("token afterwards", w.token(cookie), http.StatusOK, "")
		})
	}
}

// TestWarmCallsSurviveOutages: who has a token does not notice (R6, D26).
func TestWarmCallsSurviveOutages(t *testing.T) {
	w := newWorld(t, settings{})
	cookie, token := w.signedIn(ada)
	w.server.SetFaults(rocketchattest.Faults{Down: true})
	if got := w.token(cookie).loginToken(); got != token {
		t.Errorf("token = %q while Rocket.Chat is down, want the cached one", got)
	}
}

// TestOperatorErrors: what only an operator can mend is no fault of the person, and the log says exactly what to do
// (R26, R27, R31).
func TestOperatorErrors(t *testing.T) {
	tests := []struct {
		name     string
		settings settings
		before   func(w *world)
		advice   []string
	}{
		{
			name:     "token minting is off before 8.0",
			settings: settings{version: "7.13", server: func(c *rocketchattest.Config) { c.CreateTokenEnv = false }},
			advice:   []string{"CREATE_TOKENS_FOR_USERS=true", "7.13", "user-generate-access-token"},
		},
		{
			name:     "another secret from 8.0 on",
			settings: settings{version: "8.3", server: func(c *rocketchattest.Config) { c.CreateTokenSecret = "other" }},
			advice:   []string{"CREATE_TOKENS_FOR_USERS_SECRET", "8.3", "api.createTokenSecret"},
		},
		{
			name:     "no secret at all",
			settings: settings{config: func(c *rocketchat.Config) { c.API.CreateTokenSecret = "" }},
			advice:   []string{"CREATE_TOKENS_FOR_USERS_SECRET"},
		},
		{
			name:     "the permission is missing from 8.7 on",
			settings: settings{version: "8.8"},
			before:   func(w *world) { w.server.Deny("admin", "user-generate-access-token") },
			advice:   []string{"user-generate-access-token"},
		},
		{
			name:   "the permission to create is missing",
			before: func(w *world) { w.server.Deny("admin", "create-user") },
			advice: []string{"lacks a permission"},
		},
		{
			name:     "the permission to search is missing before 7.0",
			settings: settings{version: "6.13"},
			before:   func(w *world) { w.server.Deny("admin", "view-d-room"); w.server.Deny("user", "view-d-room") },
			advice:   []string{"lacks a permission"},
		},
		{
			name:     "credentials that nobody accepts",
			settings: settings{config: func(c *rocketchat.Config) { c.API.Token = "gone" }},
			advice:   []string{"api.userID and api.token are not accepted"},
		},
		{
			name:     "a second factor is demanded",
			settings: settings{server: func(c *rocketchattest.Config) { c.TokenTwoFactor = true }},
			before:   func(w *world) { w.useToken(false) },
			advice:   []string{"Ignore Two Factor Authentication"},
		},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			w := newWorld(t, tt.settings)
			if tt.before != nil {
				tt.before(w)
			}
			a := w.token(w.env.SignIn(ada))
			w.want("token", a, http.StatusServiceUnavailable, "chat_unavailable")
			for _, words := range tt.advice {
				if !strings.Contains(w.env.Journal.String(), words) {
					t.Errorf("the log does not say %q:\n%s", words, w.env.Journal)
				}
				if strings.Contains(a.Text, words) {
					t.Errorf("the person was told %q, which is the operator's: %s", words, a.Text)
				}
			}
		})
	}
}

// useToken opens the connector anew with another token of the service account.
func (w *world) useToken(bypassesTwoFactor bool) {
	w.t.Helper()
	token := w.server.AddPAT(w.config.API.UserID, bypassesTwoFactor)
	w.config.API.Token = secretOf(token)
	w.handler = w.replica()
}

// TestRevocations: a revocation that fails is tried again until it is done, and a token that is dead already is done
// (R13, S90).
func TestRevocations(t *testing.T) {
	w := newWorld(t, settings{})
	cookie, token := w.signedIn(ada)
	w.server.SetFaults(rocketchattest.Faults{TooManyRequests: 30 * time.Second})
	w.env.SignOut(cookie)
	w.drain()
	if !w.server.Alive(token) {
		t.Fatal("the token was revoked by a server that limits all calls")
	}
	w.server.SetFaults(rocketchattest.Faults{})
	w.env.Clock.Advance(20 * time.Second)
	w.drain()
	if !w.server.Alive(token) {
		t.Error("the revocation did not wait as long as it was told (R28)")
	}
	w.env.Clock.Advance(time.Minute)
	w.drain()
	if w.server.Alive(token) {
		t.Error("the token lives after the server healed")
	}
	if !strings.Contains(w.env.Journal.String(), `"act":"login_token_revoked"`) {
		t.Error("the audit log does not say that the token was revoked")
	}
	w.wantNoJobs()
}

func TestRevocationOfADeadToken(t *testing.T) {
	w := newWorld(t, settings{})
	cookie, token := w.signedIn(ada)
	w.server.RevokeToken(token)
	w.env.SignOut(cookie)
	w.drain()
	w.wantNoJobs()
}

func (w *world) wantNoJobs() {
	w.t.Helper()
	n, err := w.env.Outbox.Depth(context.Background())
	if err != nil || n != 0 {
		w.t.Errorf("%d jobs wait (%v), want none", n, err)
	}
}
