package rocketchattest_test

import (
	"net/http"
	"testing"

	"chatgate/gateway/chat/rocketchat/rocketchattest"
)

// A service account of a role of its own can be refused one right after the other.
func TestRestrictedServiceAccount(t *testing.T) {
	s, adaID := workspace("8.8.1")
	caller := admin(t, s)
	s.RestrictServiceAccount("user-generate-access-token")
	mint(caller, "8.8.1", adaID).ok()
	caller.get("users.list").refused(http.StatusForbidden, "")

	s.Grant(rocketchattest.ServiceRole, "view-d-room")
	s.Deny(rocketchattest.ServiceRole, "user-generate-access-token")
	caller.get("users.list").ok()
	mint(caller, "8.8.1", adaID).refused(http.StatusBadRequest, "error-not-authorized")
}
