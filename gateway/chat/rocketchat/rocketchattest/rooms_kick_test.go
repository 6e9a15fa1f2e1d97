package rocketchattest_test

import (
	"net/http"
	"testing"

	"github.com/google/go-cmp/cmp"

	"chatgate/gateway/chat/rocketchat/rocketchattest"
)

// rooms is a workspace with a channel, a group and a group of the service account's, in which Bob is and Ada is owner.
func rooms(t *testing.T) (s *rocketchattest.Server, caller client) {
	s = rocketchattest.New(rocketchattest.Config{})
	s.AddUser(rocketchattest.User{ID: "ADA", Username: "ada"})
	s.AddUser(rocketchattest.User{ID: "BOB", Username: "bob"})
	service, token := s.ServiceAccount()
	s.AddRoom(rocketchattest.Room{ID: "CHANNEL", Name: "engines", Members: []string{"ADA", "BOB"}, Owners: []string{"ADA"}})
	s.AddRoom(rocketchattest.Room{ID: "GROUP", Name: "secrets", Private: true, Members: []string{"ADA", "BOB"}, Owners: []string{"ADA"}})
	s.AddRoom(rocketchattest.Room{ID: "OURS", Name: "our-secrets", Private: true, Members: []string{service, "BOB"}})
	return s, anonymous(t, s).as(service, token)
}

func TestKick(t *testing.T) {
	for _, tc := range []struct {
		name, route, room, userID string
		errorType                 string
	}{
		{"a member of a channel", "channels.kick", "CHANNEL", "BOB", ""},
		{"a member of a group of the caller's", "groups.kick", "OURS", "BOB", ""},
		{"a member of a group that the caller cannot see", "groups.kick", "GROUP", "BOB", "error-room-not-found"},
		{"a member of a group as if it were a channel", "channels.kick", "OURS", "BOB", "error-room-not-found"},
		{"somebody who is not in it", "groups.kick", "OURS", "ADA", "error-user-not-in-room"},
		{"the last owner", "channels.kick", "CHANNEL", "ADA", "error-you-are-last-owner"},
		{"nobody", "channels.kick", "CHANNEL", "NOBODY", "error-invalid-user"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			s, caller := rooms(t)
			before, _ := s.Room(tc.room)
			got := caller.post(tc.route, object{"roomId": tc.room, "userId": tc.userID})
			after, _ := s.Room(tc.room)
			if tc.errorType != "" {
				got.refused(http.StatusBadRequest, tc.errorType)
				if diff := cmp.Diff(before, after); diff != "" {
					t.Errorf("the room changed (-before +after):\n%s", diff)
				}
				return
			}
			got.ok()
			if len(after.Members) != len(before.Members)-1 {
				t.Errorf("members %v, want one fewer than %v", after.Members, before.Members)
			}
		})
	}
}

func TestKickNeedsAPermissionOrTheRoom(t *testing.T) {
	s, caller := rooms(t)
	bob := anonymous(t, s).as("BOB", s.AddLoginToken("BOB"))
	bob.post("channels.kick", object{"roomId": "CHANNEL", "userId": "ADA"}).refused(http.StatusBadRequest, "error-not-allowed")
	s.Deny("admin", "remove-user")
	caller.post("channels.kick", object{"roomId": "CHANNEL", "userId": "BOB"}).refused(http.StatusBadRequest, "error-not-allowed")
	ada := anonymous(t, s).as("ADA", s.AddLoginToken("ADA"))
	ada.post("channels.kick", object{"roomId": "CHANNEL", "userId": "BOB"}).ok()
}

// A group can be found by its members, and by administrators in one listing alone.
func TestFindingRooms(t *testing.T) {
	for _, tc := range []struct{ name, path, want, errorType string }{
		{"a channel by name", "channels.info?roomName=engines", "CHANNEL", ""},
		{"a channel by id", "channels.info?roomId=CHANNEL", "CHANNEL", ""},
		{"a group as if it were a channel", "channels.info?roomName=our-secrets", "", "error-room-not-found"},
		{"no channel", "channels.info?roomName=none", "", "error-room-not-found"},
		{"without saying which", "channels.info", "", "error-room-param-not-provided"},
		{"a group of the caller's by name", "groups.info?roomName=our-secrets", "OURS", ""},
		{"a group that the caller is not in", "groups.info?roomName=secrets", "", "error-room-not-found"},
		{"a group without saying which", "groups.info", "", "error-room-param-not-provided"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			_, caller := rooms(t)
			got := caller.get(tc.path)
			if tc.errorType != "" {
				got.refused(http.StatusBadRequest, tc.errorType)
				return
			}
			got.ok()
			for _, key := range []string{"channel", "group"} {
				if got.body[key] != nil && got.at(key, "_id") != tc.want {
					t.Errorf("%s %v, want %s", key, got.at(key, "_id"), tc.want)
				}
			}
		})
	}
}

func TestAdministratorsListRooms(t *testing.T) {
	s, caller := rooms(t)
	listed := func(query string) []any {
		var ids []any
		for _, room := range caller.get("rooms.adminRooms" + query).ok()["rooms"].([]any) {
			ids = append(ids, room.(object)["_id"])
		}
		return ids
	}
	for query, want := range map[string][]any{
		"":                            {"CHANNEL", "GENERAL", "GROUP", "OURS"},
		"?filter=secrets":             {"GROUP", "OURS"},
		"?filter=engines&types[]=p":   nil,
		"?types=c&filter=ENGINES":     {"CHANNEL"},
		"?types[]=p&offset=1&count=5": {"OURS"},
	} {
		if diff := cmp.Diff(want, listed(query)); diff != "" {
			t.Errorf("rooms.adminRooms%s (-want +got):\n%s", query, diff)
		}
	}
	s.Deny("admin", "view-room-administration")
	caller.get("rooms.adminRooms").refused(http.StatusBadRequest, "error-not-authorized")
}
