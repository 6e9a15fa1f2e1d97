package chattest_test

import (
	"testing"

	"chatgate/gateway/chat/chattest"
	"chatgate/oidc"
)

func TestEnvSignsPeopleIn(t *testing.T) {
	e := chattest.NewEnv(t, chattest.Options{})
	ada := oidc.Identity{Provider: "corp", Subject: "ada"}
	cookie := e.SignIn(ada)

	if got := e.Replica().Session(cookie).Identity; got.Subject != "ada" {
		t.Errorf("another replica reads the session of %q, want ada", got.Subject)
	}
	again := e.SignInAgain(cookie, ada)
	if again.Value == cookie.Value {
		t.Error("a second sign-in kept the first one's cookie")
	}
	e.SignOut(again)
}
