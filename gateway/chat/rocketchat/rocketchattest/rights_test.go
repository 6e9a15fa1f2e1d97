package rocketchattest_test

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"chatgate/gateway/chat/rocketchat/rocketchattest"
)

// Who says that a permission is missing decides how it is said.
const (
	byRoute   = "the route, before its handler runs"
	byHandler = "the handler, in one word"
)

// withoutRights is how a missing permission reads on a version. Whatever else is said is an errorType, which no version
// has changed.
func withoutRights(version, by string) said {
	switch {
	case by != byRoute && by != byHandler:
		return said{Status: 400, ErrorType: by}
	case version == "6.13":
		return said{401, "unauthorized", nil}
	case by == byHandler && version == "9.0":
		return said{403, "forbidden", nil}
	case by == byHandler:
		return said{403, "unauthorized", nil}
	case version == "9.0":
		return said{403, rights + " [error-forbidden]", nil}
	default:
		return said{403, rights + " [error-unauthorized]", nil}
	}
}

// Every route that needs a permission, on every version that has it, for a caller without any.
func TestRightsOfEveryRoute(t *testing.T) {
	member := object{"roomId": "GENERAL", "userId": "ADA"}
	for _, tc := range []struct {
		route, by string
		body      object // nil: by GET
	}{
		{"users.list", byRoute, nil},
		{"users.listByStatus", byRoute, nil},
		{"users.info?email=ada@example.org", byHandler, nil},
		{"users.create", "error-action-not-allowed", newUser(nil)},
		{"users.update", "error-action-not-allowed", object{"userId": "ADA", "data": object{"name": "x"}}},
		{"users.setActiveStatus", byHandler, object{"userId": "ADA", "activeStatus": false}},
		{"users.setAvatar", byHandler, object{"userId": "ADA", "avatarUrl": "https://idp.example.org/ada.png"}},
		{"users.createToken", "error-not-authorized", object{"userId": "ADA"}},
		{"users.logout", byHandler, object{"userId": "ADA"}},
		{"users.generatePersonalAccessToken", "not-authorized", object{"tokenName": "x"}},
		{"users.removePersonalAccessToken", "not-authorized", object{"tokenName": "x"}},
		{"roles.addUserToRole", byRoute, object{"roleId": "bot", "username": "ada"}},
		{"roles.removeUserFromRole", byRoute, object{"roleId": "user", "username": "ada"}},
		{"channels.invite", "error-not-allowed", member},
		{"channels.kick", "error-not-allowed", member},
		{"groups.invite", "error-not-allowed", object{"roomId": "GROUP", "userId": "ADA"}},
		{"rooms.adminRooms", "error-not-authorized", nil},
		{"teams.addMembers", byHandler, object{"teamId": "TEAM", "members": []object{{"userId": "ADA"}}}},
		{"teams.removeMember", byHandler, object{"teamId": "TEAM", "userId": "ADA"}},
		{"settings/Site_Name", byRoute, nil},
		{"settings/Site_Name", byRoute, object{"value": "x"}},
	} {
		for _, version := range []string{"6.13", "7.13", "8.3", "8.8", "9.0"} {
			if absent(version, tc.route) {
				continue
			}
			t.Run(tc.route+" in "+version, func(t *testing.T) {
				caller := powerless(t, version)
				var got answer
				if tc.body == nil {
					got = caller.get(tc.route)
				} else {
					got = caller.post(tc.route, withSecret(tc.body, version, tc.route))
				}
				want, have := withoutRights(version, tc.by), refusal(got)
				if want.ErrorType != nil {
					have.Error = nil // the text names the matter, and tells no versions apart
				}
				if diff := cmp.Diff(want, have); diff != "" {
					t.Errorf("it said (-want +got):\n%s", diff)
				}
			})
		}
	}
}

// absent says which pairs there are not: a parameter of 8.4, and a permission that 8.0 to 8.6 forgot to ask for.
func absent(version, route string) bool {
	return strings.Contains(route, "email=") && (version < "8.4") ||
		route == "users.createToken" && version == "8.3"
}

// withSecret adds what users.createToken wants from 8.0 on.
func withSecret(body object, version, route string) object {
	if route == "users.createToken" && version >= "8" {
		return object{"userId": body["userId"], "secret": secret}
	}
	return body
}

// powerless is a service account that may nothing, in a workspace where there is something to do.
func powerless(t *testing.T, version string) client {
	s := rocketchattest.New(rocketchattest.Config{Version: version, CreateTokenEnv: true, CreateTokenSecret: secret})
	person := ada
	person.ID = "ADA"
	s.AddUser(person)
	s.AddRoom(rocketchattest.Room{ID: "GROUP", Name: "secrets", Private: true})
	s.AddTeam(rocketchattest.Team{ID: "TEAM", Name: "engines", Members: []string{"ADA"}})
	caller := admin(t, s)
	s.RestrictServiceAccount()
	return caller
}

// Without credentials every route but the four anonymous ones answers the same.
func TestCredentialsOfEveryRoute(t *testing.T) {
	for _, version := range []string{"6.13", "7.13", "8.3", "8.8", "9.0"} {
		s, _ := workspace(version)
		nobody := anonymous(t, s)
		want := refusal(nobody.get("me"))
		for _, route := range []string{
			"users.info", "users.list", "users.listByStatus", "users.getPersonalAccessTokens", "roles.list", "permissions.listAll",
			"channels.info", "groups.info", "rooms.adminRooms", "teams.info", "settings/Site_Name",
		} {
			if diff := cmp.Diff(want, refusal(nobody.get(route))); diff != "" {
				t.Errorf("GET %s in %s (-want +got):\n%s", route, version, diff)
			}
		}
		for _, route := range []string{
			"logout", "users.create", "users.update", "users.setActiveStatus", "users.setAvatar", "users.createToken", "users.logout",
			"users.logoutOtherClients", "users.removeOtherTokens", "users.generatePersonalAccessToken", "users.removePersonalAccessToken",
			"roles.addUserToRole", "roles.removeUserFromRole", "channels.invite", "channels.kick", "groups.invite", "groups.kick",
			"teams.addMembers", "teams.removeMember", "settings/Site_Name",
		} {
			if diff := cmp.Diff(want, refusal(nobody.post(route, object{}))); diff != "" {
				t.Errorf("POST %s in %s (-want +got):\n%s", route, version, diff)
			}
		}
	}
}
