package rocketchat_test

import (
	"net/http"
	"testing"

	"chatgate/gateway/chat/chattest"
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

func TestConnector(t *testing.T) {
	chattest.Run(t, chattest.Setup{
		TokenKey: "loginToken",
		New: func(t *testing.T) chattest.Subject {
			w := newWorld(t, settings{})
			return chattest.Subject{
				Env: w.env, Connector: w.connector, Handler: w.handler, Identity: ada,
				Work: func() int { return len(w.server.Calls()) },
			}
		},
	})
}
