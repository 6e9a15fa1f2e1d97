package rocketchat_test

import (
	"net/http"
	"testing"
)

func TestFlowOnEveryVersion(t *testing.T) {
	for _, version := range versions {
		t.Run(version, func(t *testing.T) {
			w := newWorld(t, settings{version: version})
			cookie, token := w.signedIn(ada)
			if !w.server.Alive(token) {
				t.Error("the login token is none of Rocket.Chat's")
			}
			w.env.SignOut(cookie)
			w.drain()
			if w.server.Alive(token) {
				t.Error("the login token outlived the sign-out")
			}
			w.want("token after sign-out", w.token(cookie), http.StatusUnauthorized, "session_required")
		})
	}
}
