package rocketchattest_test

import (
	"net/http"
	"strconv"
	"testing"
	"time"

	"chatgate/gateway/chat/rocketchat/rocketchattest"
)

func TestRateLimit(t *testing.T) {
	now := newClock()
	s := rocketchattest.New(rocketchattest.Config{Now: now.Now})
	adaID, eveID := s.AddUser(ada), s.AddUser(rocketchattest.User{Username: "eve"})
	person := anonymous(t, s).as(adaID, s.AddLoginToken(adaID))
	other := anonymous(t, s).as(eveID, s.AddLoginToken(eveID))

	reset := strconv.FormatInt(now.now.Add(time.Minute).UnixMilli(), 10)
	for left := 9; left >= 0; left-- {
		got := person.get("me")
		got.ok()
		if got.header.Get("X-RateLimit-Limit") != "10" || got.header.Get("X-RateLimit-Remaining") != strconv.Itoa(left) ||
			got.header.Get("X-RateLimit-Reset") != reset {
			t.Fatalf("headers %v, want 10, %d left, reset at %s", got.header, left, reset)
		}
	}
	now.Advance(18500 * time.Millisecond)
	for name, caller := range map[string]client{"the same person": person, "another person behind the same address": other} {
		t.Run(name+" is refused", func(t *testing.T) {
			got := caller.get("me")
			got.refused(http.StatusTooManyRequests, "")
			const want = "Error, too many requests. Please slow down. You must wait 42 seconds before trying this endpoint again. [error-too-many-requests]"
			if got.body["error"] != want {
				t.Errorf("error %q, want %q", got.body["error"], want)
			}
			if got.header.Get("Retry-After") != "" || got.header.Get("X-RateLimit-Remaining") != "0" {
				t.Errorf("headers %v, want nothing left and no Retry-After", got.header)
			}
		})
	}
	for name, act := range map[string]func(){
		"another address":    func() { other.with("X-Real-IP", "203.0.113.9").get("me").ok() },
		"another route":      func() { person.get("roles.list").ok() },
		"a privileged token": func() { admin(t, s).get("me").ok() },
	} {
		t.Run(name+" is not", func(*testing.T) { act() })
	}
	now.Advance(time.Minute)
	person.get("me").ok()
}

func TestRateLimitOfLogin(t *testing.T) {
	for version, bypass := range map[string]bool{"7.13": false, "8.8": true} {
		s, _ := workspace(version)
		privileged := admin(t, s)
		refused := false
		for range 11 {
			refused = privileged.post("login", object{"resume": "wrong"}).status == http.StatusTooManyRequests
		}
		if refused == bypass {
			t.Errorf("%s: eleventh login with a privileged caller's headers refused: %v, want %v", version, refused, !bypass)
		}
	}
}

func TestWhatIsNotLimited(t *testing.T) {
	for _, tc := range []struct {
		name   string
		change func(*rocketchattest.Server)
		call   func(client) answer
		want   int
	}{
		{"/api/info", nil, func(c client) answer { return c.get("/api/info") }, http.StatusOK},
		{"the page's own calls", nil, func(c client) answer { return c.with("X-Web-Client", "1").get("settings.public") }, http.StatusOK},
		{"refused credentials", nil, func(c client) answer { return c.get("me") }, http.StatusUnauthorized},
		{"anything once the limiter is off", func(s *rocketchattest.Server) { s.SetSetting("API_Enable_Rate_Limiter", false) },
			func(c client) answer { return c.get("settings.public") }, http.StatusOK},
		{"more calls once the setting allows them", func(s *rocketchattest.Server) { s.SetSetting("API_Enable_Rate_Limiter_Limit_Calls_Default", 20) },
			func(c client) answer { return c.get("settings.public") }, http.StatusOK},
	} {
		t.Run(tc.name, func(t *testing.T) {
			s, _ := workspace("8.8.1")
			if tc.change != nil {
				tc.change(s)
			}
			for range 12 {
				if got := tc.call(anonymous(t, s)); got.status != tc.want {
					t.Fatalf("status %d, want %d: %v", got.status, tc.want, got.body)
				}
			}
		})
	}
}
