package rocketchat

import (
	"context"
	"errors"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"testing"
	"time"

	"chatgate/gateway/chat/chattest"
	"chatgate/store"
)

// answering is a client whose every call is answered by h, and the waits it made.
func answering(t *testing.T, h http.HandlerFunc) (*client, *chattest.Env, *[]time.Duration) {
	t.Helper()
	server := httptest.NewServer(h)
	t.Cleanup(server.Close)
	env := chattest.NewEnv(t, chattest.Options{Transport: &http.Transport{DisableKeepAlives: true}})
	c := newClient(API{URL: server.URL, Timeout: time.Second}, env.Env)
	var waits []time.Duration
	c.pause = func(_ context.Context, d time.Duration) error {
		waits = append(waits, d)
		return nil
	}
	return c, env, &waits
}

func deadline(t *testing.T, d time.Duration) context.Context {
	ctx, cancel := context.WithTimeout(t.Context(), d)
	t.Cleanup(cancel)
	return ctx
}

var get, post = call{name: "v1/me", method: http.MethodGet}, call{name: "v1/users.create", method: http.MethodPost}

// TestReadingAnswers: status and errorType decide; the members of a body have no fixed types (R30, S91).
func TestReadingAnswers(t *testing.T) {
	tests := []struct {
		name   string
		status int
		body   string
		want   func(error) bool
	}{
		{"a success", 200, `{"_id":"x","success":true}`, func(err error) bool { return err == nil }},
		{"a success with unknown members", 200, `{"new":{"a":[1]},"_id":"x"}`, func(err error) bool { return err == nil }},
		{"a page", 200, `<!doctype html>`, isUnavailable},
		{"nothing", 200, ``, isUnavailable},
		{"a failure of its own", 500, `{"success":false}`, isUnavailable},
		{"a proxy's failure", 502, `<html>`, isUnavailable},
		{"a code", 400, `{"success":false,"error":"x [error-field-unavailable]","errorType":"error-field-unavailable","details":[1]}`,
			func(err error) bool { return isRefusal(err, "error-field-unavailable") }},
		{"an error that is a number", 401, `{"status":"error","error":403,"message":"You've been logged out"}`,
			func(err error) bool { return !strangers(err) && !errors.Is(err, errUnavailable) }},
		{"unknown credentials before 7.0", 401, `{"status":"error","message":"You must be logged in to do this."}`, strangers},
		{"unknown credentials from 7.0 on", 401, `{"success":false,"error":"You must be logged in to do this."}`, strangers},
		{"a missing permission before 7.0", 401, `{"success":false,"error":"unauthorized"}`,
			func(err error) bool { return !strangers(err) && adviceFor(get, err) != "" }},
		{"a missing permission from 7.0 on", 403, `{"success":false,"error":"x [error-unauthorized]"}`,
			func(err error) bool { return adviceFor(get, err) != "" }},
		{"nobody found", 400, `{"success":false,"error":"User not found."}`, missing},
		{"a refusal without a body", 400, ``, isUnavailable},
		{"a proxy's refusal", 400, `<html>`, isUnavailable},
		{"a refusal without a word", 400, `{"success":false}`, func(err error) bool { return err != nil && !missing(err) }},
		{"a proxy's demand to sign in", 401, `<html>`, isUnavailable},
		{"somebody else's demand to sign in", 401, `{"message":"Unauthorized"}`,
			func(err error) bool { return err != nil && !strangers(err) }},
		{"a second factor (R27)", 400, `{"error":"TOTP Required [totp-required]","errorType":"totp-required"}`,
			func(err error) bool { return strings.Contains(adviceFor(get, err), "Ignore Two Factor Authentication") }},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			c, _, _ := answering(t, func(w http.ResponseWriter, _ *http.Request) {
				w.WriteHeader(tt.status)
				_, _ = w.Write([]byte(tt.body))
			})
			var into account
			if err := c.do(deadline(t, 10*time.Second), get, &into); !tt.want(err) {
				t.Errorf("do = %v", err)
			}
		})
	}
}

func isUnavailable(err error) bool { return errors.Is(err, errUnavailable) }

// TestRedirectsAreNotFollowed: the service account's token goes to no other host (S91, S129).
func TestRedirectsAreNotFollowed(t *testing.T) {
	elsewhere := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) {
		t.Error("a redirect was followed")
	}))
	defer elsewhere.Close()
	c, _, _ := answering(t, func(w http.ResponseWriter, r *http.Request) { http.Redirect(w, r, elsewhere.URL, http.StatusFound) })
	k := get
	k.as = &credentials{userID: "bot", token: "pat"}
	if err := c.do(t.Context(), k, new(account)); !isUnavailable(err) || !strings.Contains(err.Error(), "api.url") {
		t.Errorf("do = %v, want an error that names api.url", err)
	}
}

func TestAnswersAreBounded(t *testing.T) {
	c, _, _ := answering(t, func(w http.ResponseWriter, _ *http.Request) {
		_, _ = w.Write([]byte(`{"_id":"` + strings.Repeat("x", maxAnswer) + `"}`))
	})
	if err := c.do(t.Context(), get, new(account)); !isUnavailable(err) {
		t.Errorf("do = %v for an answer above the limit, want unavailable", err)
	}
}

// TestSlowAnswers: one call ends after its timeout however long its caller would wait (R35).
func TestSlowAnswers(t *testing.T) {
	release := make(chan struct{})
	c, _, _ := answering(t, func(_ http.ResponseWriter, r *http.Request) {
		select {
		case <-release:
		case <-r.Context().Done():
		}
	})
	defer close(release)
	c.timeout = 20 * time.Millisecond
	if err := c.do(t.Context(), get, new(account)); !isUnavailable(err) || !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("do = %v, want unavailable by its deadline", err)
	}
}

// TestLimitedCalls: a GET waits once when there is time, and nothing else is repeated (R28).
func TestLimitedCalls(t *testing.T) {
	const text = `{"success":false,"error":"Error, too many requests. You must wait 2 seconds before trying this endpoint again. [error-too-many-requests]"}`
	tests := []struct {
		name   string
		call   call
		time   time.Duration
		answer func(env *chattest.Env, w http.ResponseWriter)
		waits  int
		within [2]time.Duration
		calls  int
	}{
		{"the text says how long", get, time.Minute, func(_ *chattest.Env, w http.ResponseWriter) {
			w.WriteHeader(http.StatusTooManyRequests)
			_, _ = w.Write([]byte(text))
		}, 1, [2]time.Duration{2 * time.Second, 3 * time.Second}, 2},
		{"it is longer than anybody should wait", get, time.Minute, func(_ *chattest.Env, w http.ResponseWriter) {
			w.WriteHeader(http.StatusTooManyRequests)
			_, _ = w.Write([]byte(strings.Replace(text, "2 seconds", "3 seconds", 1)))
		}, 0, [2]time.Duration{}, 1},
		{"the header says when", get, time.Minute, func(env *chattest.Env, w http.ResponseWriter) {
			w.Header().Set("X-RateLimit-Reset", strconv.FormatInt(env.Clock.Now().Add(1500*time.Millisecond).UnixMilli(), 10))
			w.WriteHeader(http.StatusTooManyRequests)
		}, 1, [2]time.Duration{1500 * time.Millisecond, 2 * time.Second}, 2},
		{"nothing says how long", get, time.Minute, func(_ *chattest.Env, w http.ResponseWriter) {
			w.WriteHeader(http.StatusTooManyRequests)
		}, 1, [2]time.Duration{time.Second, 2 * time.Second}, 2},
		{"there is no time", get, 2 * time.Second, func(_ *chattest.Env, w http.ResponseWriter) {
			w.WriteHeader(http.StatusTooManyRequests)
			_, _ = w.Write([]byte(text))
		}, 0, [2]time.Duration{}, 1},
		{"the call may have happened", post, time.Minute, func(_ *chattest.Env, w http.ResponseWriter) {
			w.WriteHeader(http.StatusTooManyRequests)
			_, _ = w.Write([]byte(text))
		}, 0, [2]time.Duration{}, 1},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			calls := 0
			var env *chattest.Env
			c, e, waits := answering(t, func(w http.ResponseWriter, _ *http.Request) {
				calls++
				tt.answer(env, w)
			})
			env = e
			err := c.do(deadline(t, tt.time), tt.call, new(account))
			if _, ok := errors.AsType[*limitedError](err); !ok {
				t.Errorf("do = %v, want it to be limited", err)
			}
			if calls != tt.calls || len(*waits) != tt.waits {
				t.Errorf("%d calls and %d waits, want %d and %d", calls, len(*waits), tt.calls, tt.waits)
			}
			for _, waited := range *waits {
				if waited < tt.within[0] || waited > tt.within[1] {
					t.Errorf("waited %s, want between %s and %s", waited, tt.within[0], tt.within[1])
				}
			}
		})
	}
}

// TestBreaker: after five failures calls fail at once, and every three seconds one may try (R35).
func TestBreaker(t *testing.T) {
	calls, healthy := 0, false
	c, env, _ := answering(t, func(w http.ResponseWriter, _ *http.Request) {
		calls++
		if !healthy {
			w.WriteHeader(http.StatusBadGateway)
			return
		}
		_, _ = w.Write([]byte(`{}`))
	})
	for range 8 {
		if err := c.do(t.Context(), get, new(account)); !isUnavailable(err) {
			t.Fatalf("do = %v, want unavailable", err)
		}
	}
	if calls != breakAfter {
		t.Errorf("%d calls reached the server, want %d", calls, breakAfter)
	}
	env.Clock.Advance(breakFor)
	for range 3 {
		_ = c.do(t.Context(), get, new(account))
	}
	if calls != breakAfter+1 {
		t.Errorf("%d calls reached the server, want one to try", calls-breakAfter)
	}
	healthy = true
	env.Clock.Advance(breakFor)
	for range 3 {
		if err := c.do(t.Context(), get, new(account)); err != nil {
			t.Errorf("do = %v after the server healed, want nil", err)
		}
	}
}

// TestAbandonedCallsSayNothing: callers that leave neither break a server that works nor mend one that does not (R35).
func TestAbandonedCallsSayNothing(t *testing.T) {
	t.Run("of a server that works", func(t *testing.T) {
		c, _, _ := answering(t, func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write([]byte(`{}`)) })
		for range 2 * breakAfter {
			_ = c.do(gone(t), get, new(account))
		}
		if err := c.do(t.Context(), get, new(account)); err != nil {
			t.Errorf("do = %v after callers left, want nil", err)
		}
	})
	t.Run("of a server that is about to be given up", func(t *testing.T) {
		c, calls, _ := failing(t)
		for range breakAfter - 1 {
			_ = c.do(t.Context(), get, new(account))
		}
		_ = c.do(gone(t), get, new(account))
		for range 3 {
			_ = c.do(t.Context(), get, new(account))
		}
		if *calls != breakAfter {
			t.Errorf("%d calls reached the server, want %d", *calls, breakAfter)
		}
	})
	t.Run("of a server that was given up", func(t *testing.T) {
		c, calls, env := failing(t)
		for range breakAfter {
			_ = c.do(t.Context(), get, new(account))
		}
		env.Clock.Advance(breakFor)
		_ = c.do(gone(t), get, new(account)) // the one that was let through to see
		for range 3 {
			_ = c.do(t.Context(), get, new(account))
		}
		if *calls != breakAfter {
			t.Errorf("%d calls reached the server after one that was abandoned, want none", *calls-breakAfter)
		}
		env.Clock.Advance(breakFor)
		_ = c.do(t.Context(), get, new(account))
		if *calls != breakAfter+1 {
			t.Errorf("%d calls reached the server, want one to try again", *calls-breakAfter)
		}
	})
}

// gone is the context of a caller that has left.
func gone(t *testing.T) context.Context {
	ctx, leave := context.WithCancel(t.Context())
	leave()
	return ctx
}

// failing is a client of a server that answers nothing but failures, and how many calls reached it.
func failing(t *testing.T) (*client, *int, *chattest.Env) {
	t.Helper()
	calls := new(int)
	c, env, _ := answering(t, func(w http.ResponseWriter, _ *http.Request) {
		*calls++
		w.WriteHeader(http.StatusBadGateway)
	})
	return c, calls, env
}

// TestErrorsTellNoSecret: an error names the call, and neither its query nor its headers (R34).
func TestErrorsTellNoSecret(t *testing.T) {
	c, _, _ := answering(t, nil)
	c.base = "http://127.0.0.1:1/api/"
	err := c.do(t.Context(), call{
		name: "v1/users.info", method: http.MethodGet, query: map[string][]string{"email": {"ada@example.org"}},
		as: &credentials{userID: "bot", token: store.Secret("pat-secret")},
	}, new(account))
	if err == nil || strings.Contains(err.Error(), "ada@") || strings.Contains(err.Error(), "pat-secret") {
		t.Errorf("do = %v, want an error without the address and the token", err)
	}
}

func TestParseVersion(t *testing.T) {
	tests := []struct {
		text string
		want version
		ok   bool
	}{
		{"8.7", version{8, 7}, true},
		{"7.13.2", version{7, 13}, true},
		{"6.8.0-rc.1", version{6, 8}, true},
		{"", newest, false},
		{"develop", newest, false},
		{"8", newest, false},
	}
	for _, tt := range tests {
		if got, ok := parseVersion(tt.text); got != tt.want || ok != tt.ok {
			t.Errorf("parseVersion(%q) = %v, %v, want %v, %v", tt.text, got, ok, tt.want, tt.ok)
		}
	}
}
