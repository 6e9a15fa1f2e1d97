package rocketchat_test

import (
	"fmt"
	"net/http"
	"strings"
	"testing"

	"chatgate/gateway/chat/rocketchat"
	"chatgate/oidc"
)

// TestServiceAccountWithoutBypass: the limit that it runs into is the operator's to lift, and the person is told when to
// come back (R28).
func TestServiceAccountWithoutBypass(t *testing.T) {
	w := newWorld(t, settings{})
	w.server.Deny("admin", "api-bypass-rate-limit")
	w.server.Deny("user", "api-bypass-rate-limit")
	var last answer
	for i := range 11 {
		name := fmt.Sprint("person", i)
		last = w.token(w.env.SignIn(oidc.Identity{
			Provider: "corp", Subject: name, Username: name, Email: name + "@example.org", EmailVerified: true,
		}))
	}
	w.want("the eleventh person's token", last, http.StatusServiceUnavailable, "chat_unavailable")
	if wait := last.Header.Get("Retry-After"); wait != "60" {
		t.Errorf("Retry-After = %q, want what Rocket.Chat says, 60", wait)
	}
	if !strings.Contains(w.env.Journal.String(), "give the service account the permission api-bypass-rate-limit") {
		t.Errorf("the operator is not told the permission:\n%s", w.env.Journal)
	}
}

// TestACompanyThatSignsOutAtOnceIsOut: Rocket.Chat allows an address ten sign-outs a minute, and ours is one (R13, R28).
func TestACompanyThatSignsOutAtOnceIsOut(t *testing.T) {
	w := newWorld(t, settings{})
	var tokens []string
	for i := range 25 {
		name := fmt.Sprint("person", i)
		cookie, token := w.signedIn(oidc.Identity{
			Provider: "corp", Subject: name, Username: name, Email: name + "@example.org", EmailVerified: true,
		})
		tokens = append(tokens, token)
		w.env.SignOut(cookie)
	}
	w.drain()
	for i, token := range tokens {
		if w.server.Alive(token) {
			t.Errorf("the login of person%d lives on", i)
		}
	}
}

// TestClientAddressesAreKept: a Rocket.Chat that must not be told other addresses is not (R28).
func TestClientAddressesAreKept(t *testing.T) {
	w := newWorld(t, settings{config: func(c *rocketchat.Config) { c.API.ForwardClientIP = false }})
	cookie, _ := w.signedIn(ada)
	w.env.Clock.Advance(later)
	w.want("resume", w.resume(cookie, automatic), http.StatusOK, "")
	for _, call := range w.server.Calls() {
		if call.RealIP != "127.0.0.1" {
			t.Errorf("%s came from %s, want our own address", call.Route, call.RealIP)
		}
	}
}
