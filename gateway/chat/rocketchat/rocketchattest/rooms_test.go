package rocketchattest_test

import (
	"net/http"
	"testing"

	"github.com/google/go-cmp/cmp"

	"chatgate/gateway/chat/rocketchat/rocketchattest"
)

func TestInvite(t *testing.T) {
	for _, tc := range []struct {
		name, route, room, userID string
		grant                     string // to the role admin
		errorType                 string
	}{
		{"an administrator to a channel", "channels.invite", "CHANNEL", "ADA", "", ""},
		{"somebody who is in it already", "channels.invite", "CHANNEL", "BOB", "", ""},
		{"an administrator to a group, which no role may by default", "groups.invite", "GROUP", "ADA", "", "error-not-allowed"},
		{"to a group with the permission", "groups.invite", "GROUP", "ADA", "add-user-to-any-p-room", ""},
		{"to a group as if it were a channel", "channels.invite", "GROUP", "ADA", "", "error-room-not-found"},
		{"to no room", "channels.invite", "NOWHERE", "ADA", "", "error-room-not-found"},
		{"nobody", "channels.invite", "CHANNEL", "NOBODY", "", "error-invalid-user"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			s := rocketchattest.New(rocketchattest.Config{})
			s.AddUser(rocketchattest.User{ID: "ADA", Username: "ada"})
			s.AddUser(rocketchattest.User{ID: "BOB", Username: "bob"})
			s.AddRoom(rocketchattest.Room{ID: "CHANNEL", Name: "engines", Members: []string{"BOB"}})
			s.AddRoom(rocketchattest.Room{ID: "GROUP", Name: "secrets", Private: true, Members: []string{"BOB"}})
			if tc.grant != "" {
				s.Grant("admin", tc.grant)
			}
			got := admin(t, s).post(tc.route, object{"roomId": tc.room, "userId": tc.userID})
			if tc.errorType != "" {
				got.refused(http.StatusBadRequest, tc.errorType)
				return
			}
			got.ok()
			want := []string{"BOB", "ADA"}
			if tc.userID == "BOB" {
				want = want[:1]
			}
			if room, _ := s.Room(tc.room); !cmp.Equal(want, room.Members) {
				t.Errorf("members %v, want %v", room.Members, want)
			}
		})
	}
}

func TestMembersInvite(t *testing.T) {
	s, adaID := workspace("8.8.1")
	eve := s.AddUser(rocketchattest.User{Username: "eve"})
	group := s.AddRoom(rocketchattest.Room{Name: "secrets", Private: true, Members: []string{adaID}})
	body := object{"roomId": group, "userId": eve}
	anonymous(t, s).as(eve, s.AddLoginToken(eve)).post("groups.invite", body).refused(http.StatusBadRequest, "error-not-allowed")
	anonymous(t, s).as(adaID, s.AddLoginToken(adaID)).post("groups.invite", body).ok()
}

func TestRoles(t *testing.T) {
	s, adaID := workspace("8.8.1")
	s.Grant("chat-admins", "view-d-room")
	caller := admin(t, s)
	change := func(role string) object { return object{"roleId": role, "username": "ada"} }

	caller.post("roles.addUserToRole", change("chat-admins")).ok()
	if user, _ := s.User(adaID); !cmp.Equal([]string{"user", "chat-admins"}, user.Roles) {
		t.Errorf("roles %v, want user and chat-admins", user.Roles)
	}
	caller.post("roles.addUserToRole", change("chat-admins")).refused(http.StatusBadRequest, "error-user-already-in-role")
	caller.post("roles.removeUserFromRole", change("chat-admins")).ok()
	if user, _ := s.User(adaID); !cmp.Equal([]string{"user"}, user.Roles) {
		t.Errorf("roles %v, want user", user.Roles)
	}

	caller.post("roles.addUserToRole", change("king")).refused(http.StatusBadRequest, "error-invalid-role-properties")
	caller.post("roles.addUserToRole", object{"roleId": "bot", "username": "nobody"}).refused(http.StatusBadRequest, "error-invalid-user")
	caller.post("roles.removeUserFromRole", object{"roleId": "admin", "username": "gateway.bot"}).
		refused(http.StatusBadRequest, "error-admin-required")
	s.Deny("admin", "assign-admin-role")
	caller.post("roles.addUserToRole", change("admin")).refused(http.StatusBadRequest, "error-action-not-allowed")
	s.Deny("admin", "access-permissions")
	caller.post("roles.addUserToRole", change("bot")).refused(http.StatusForbidden, "")

	if roles := caller.get("roles.list").ok()["roles"].([]any); len(roles) != 7 {
		t.Errorf("%d roles, want the six shipped ones and chat-admins", len(roles))
	}
}
