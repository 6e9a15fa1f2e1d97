package issuer_test

import (
	"math"
	"testing"
	"testing/quick"
	"time"
	"unicode/utf8"

	"chatgate/gateway/chat/chattest"
	"chatgate/gateway/session"
)

// Whatever a site says of a person, and whatever the client asks for: the ID token has the nonce that was asked for, one
// audience as a string, and an end in whole seconds. Each of them missing stops the process of Coral (G25).
func TestNoIDTokenThatStopsCoral(t *testing.T) {
	w := open(t, chattest.Options{})
	cookie := w.SignIn(ada())
	property := func(nonce, issuer, username string, audience []string, exp float64, later uint16) bool {
		if nonce == "" || len(nonce) > 512 || !utf8.ValidString(nonce) || math.IsNaN(exp) || math.IsInf(exp, 0) {
			return true
		}
		w.Clock.Advance(time.Duration(later) * time.Millisecond)
		w.say = func(session.Session) (any, error) {
			return claims{Issuer: issuer, Audience: audience, Expires: exp, Subject: "user-1", Username: username}, nil
		}
		got := claimsOf(t, w.bought(trade(w.codeFor(cookie, "nonce", nonce))).IDToken)
		end, ok := got["exp"].(float64)
		return got["nonce"] == nonce && got["aud"] == clientID && got["iss"] == w.config.Issuer &&
			ok && end == math.Trunc(end) && end > float64(w.Now().Unix())
	}
	if err := quick.Check(property, nil); err != nil {
		t.Error(err)
	}
}
