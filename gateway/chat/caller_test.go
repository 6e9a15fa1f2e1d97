package chat_test

import (
	"errors"
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/gin-gonic/gin"

	"chatgate/gateway/chat"
	"chatgate/gateway/chat/chattest"
	"chatgate/gateway/limit"
	"chatgate/gateway/problem"
)

// call is what a browser with a cookie asks, from httptest's address.
func call(cookie *http.Cookie) *gin.Context {
	c, _ := gin.CreateTestContext(httptest.NewRecorder())
	c.Request = httptest.NewRequest(http.MethodGet, "/board/token", nil)
	if cookie != nil {
		c.Request.AddCookie(cookie)
	}
	return c
}

func callers(t *testing.T, limits limit.Settings) (*chat.Callers, *chattest.Env) {
	t.Helper()
	e := chattest.NewEnv(t, chattest.Options{Name: "board", Limits: &limits})
	c, err := chat.NewCallers(e.Env)
	if err != nil {
		t.Fatal(err)
	}
	return c, e
}

func TestACallerIsFoundWithOneCommand(t *testing.T) { // D22, D31
	c, e := callers(t, limit.Settings{WarmCallsPerSession: 10, WarmCallsPerAddress: 10})
	cookie := e.SignIn(ada)
	before := e.Commands()
	who, err := c.Find(call(cookie))
	if err != nil || who.Session.Identity.Subject != "ada" || who.Address != "192.0.2.1" {
		t.Errorf("Find() = %q at %q, %v, want ada at 192.0.2.1", who.Session.Identity.Subject, who.Address, err)
	}
	if did := e.Commands() - before; did != 1 {
		t.Errorf("Find() gave the store %d commands, want 1", did)
	}
}

func TestCallersWithoutASessionAreRefused(t *testing.T) {
	c, e := callers(t, limit.Settings{})
	refused := func(what string, cookie *http.Cookie, code string) {
		t.Helper()
		who, err := c.Find(call(cookie))
		if told, ok := errors.AsType[*problem.Error](err); !ok || told.Code != code || who.Session.Key != "" {
			t.Errorf("%s: Find() = %v, want nobody and %s", what, err, code)
		}
	}
	refused("nobody signed in", nil, "session_required")
	cookie := e.SignIn(ada)
	if err := e.CloseStore(); err != nil {
		t.Fatal(err)
	}
	refused("the store is away (S67)", cookie, "store_unavailable")
}

func TestCallersAreLimitedByThisProcessAndNotAudited(t *testing.T) { // D31
	for _, test := range []struct {
		name     string
		limits   limit.Settings
		rule     string
		commands int64 // of the refused call
	}{
		{"an address that calls too often, before its session is looked at", limit.Settings{WarmCallsPerAddress: 1}, "warm_address", 0},
		{"a session that calls too often", limit.Settings{WarmCallsPerSession: 1}, "warm_session", 1},
	} {
		t.Run(test.name, func(t *testing.T) {
			c, e := callers(t, test.limits)
			cookie := e.SignIn(ada)
			if _, err := c.Find(call(cookie)); err != nil {
				t.Fatalf("Find() = %v for the first call, want nil", err)
			}
			before := e.Commands()
			_, err := c.Find(call(cookie))
			exceeded, ok := errors.AsType[*limit.Exceeded](err)
			if !ok || exceeded.Rule != test.rule || exceeded.First {
				t.Errorf("Find() = %+v, want %s exceeded, and nothing for the audit log", err, test.rule)
			}
			if did := e.Commands() - before; did != test.commands {
				t.Errorf("the refused call gave the store %d commands, want %d", did, test.commands)
			}
			if got := e.Journal.String(); got != "" {
				t.Errorf("the log is %s, want nothing", got)
			}
		})
	}
}
