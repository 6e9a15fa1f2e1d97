package issuer_test

import (
	"net/http"
	"testing"
	"time"

	"chatgate/gateway/chat/chattest"
	"chatgate/gateway/session"
)

// TestNothingIsGivenForLongerThanTheSignInCounts: neither the ID token nor the access token outlives the session, or the age
// that a sign-in may have for the site.
func TestNothingIsGivenForLongerThanTheSignInCounts(t *testing.T) { // D17
	for name, o := range map[string]chattest.Options{
		"the session's absolute end": {Session: session.Settings{Idle: time.Hour, Absolute: time.Hour}},
		"the site's age of sign-ins": {MaxAge: time.Hour},
	} {
		t.Run(name, func(t *testing.T) {
			w := open(t, o)
			cookie := w.SignIn(ada())
			over := w.Now().Add(time.Hour)
			w.Clock.Advance(58 * time.Minute)
			late := w.codeFor(cookie)
			w.Clock.Advance(30 * time.Second)
			bought := w.bought(trade(late))
			if exp := claimsOf(t, bought.IDToken)["exp"]; exp != float64(over.Unix()) || bought.ExpiresIn != 90 {
				t.Errorf("exp = %v and expires_in = %d, want %d and the 90 seconds that are left", exp, bought.ExpiresIn, over.Unix())
			}
			w.Clock.Advance(89 * time.Second)
			latest := w.codeFor(cookie)
			w.Clock.Advance(time.Second)
			if res := w.redeem(trade(latest)); res.StatusCode != http.StatusBadRequest {
				t.Errorf("a code at the end = %d, want 400", res.StatusCode)
			}
			if res := w.userinfo(bought.AccessToken); res.StatusCode != http.StatusUnauthorized {
				t.Errorf("userinfo at the end = %d, want 401", res.StatusCode)
			}
			returnTo(t, w.authorize(cookie, asking().Encode()))
			if res := w.authorize(cookie, asking("prompt", "none").Encode()); res.StatusCode != http.StatusUnauthorized {
				t.Errorf("prompt=none at the end = %d, want 401", res.StatusCode)
			}
		})
	}
}
