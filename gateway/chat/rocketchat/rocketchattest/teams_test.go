package rocketchattest_test

import (
	"net/http"
	"testing"

	"github.com/google/go-cmp/cmp"

	"chatgate/gateway/chat/rocketchat/rocketchattest"
)

func TestTeams(t *testing.T) {
	s, adaID := workspace("8.8.1")
	team := s.AddTeam(rocketchattest.Team{Name: "engines"})
	members := []object{{"userId": adaID, "roles": []string{"member"}}}
	caller := admin(t, s)

	caller.post("teams.addMembers", object{"teamName": "engines", "members": members}).ok()
	caller.post("teams.addMembers", object{"teamId": team, "members": members}).ok()
	if got, _ := s.Team(team); !cmp.Equal([]string{adaID}, got.Members) {
		t.Errorf("members %v, want Ada once", got.Members)
	}
	caller.post("teams.removeMember", object{"teamName": "engines", "userId": adaID}).ok()
	if got, _ := s.Team(team); len(got.Members) != 0 {
		t.Errorf("members %v, want nobody", got.Members)
	}
	want := object{"teamInfo": object{"_id": team, "name": "engines", "type": 1.0, "roomId": team + ".room"}, "success": true}
	if diff := cmp.Diff(want, caller.get("teams.info?teamName=engines").ok()); diff != "" {
		t.Errorf("teams.info (-want +got):\n%s", diff)
	}
}

func TestTeamsRefuse(t *testing.T) {
	s, adaID := workspace("8.8.1")
	team := s.AddTeam(rocketchattest.Team{Name: "engines"})
	s.AddUser(rocketchattest.User{ID: "GONE", Username: "gone", Inactive: true})
	caller := admin(t, s)
	person := anonymous(t, s).as(adaID, s.AddLoginToken(adaID))
	for _, tc := range []struct {
		name   string
		got    answer
		status int
		text   any
	}{
		{"to a team that is none", caller.post("teams.addMembers", object{"teamName": "none", "members": []object{}}), 400, "team-does-not-exist"},
		{"nobody to a team", caller.post("teams.addMembers", object{"teamId": team, "members": []object{{"userId": "nobody"}}}), 400, "invalid-user"},
		{"by somebody who may not add", person.post("teams.addMembers", object{"teamId": team, "members": []object{}}), 403, "unauthorized"},
		{"out of a team that is none", caller.post("teams.removeMember", object{"teamName": "none", "userId": adaID}), 400, "team-does-not-exist"},
		{"out of a team without being in it", caller.post("teams.removeMember", object{"teamId": team, "userId": adaID}), 400, nil},
		{"a deactivated account out of a team", caller.post("teams.removeMember", object{"teamId": team, "userId": "GONE"}), 400, "invalid-user"},
		{"by somebody who may not remove", person.post("teams.removeMember", object{"teamId": team, "userId": adaID}), 403, "unauthorized"},
		{"about a team that is none", caller.get("teams.info?teamName=none"), 400, "Team not found"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			if tc.got.refused(tc.status, ""); tc.got.body["error"] != tc.text {
				t.Errorf("error %v, want %v", tc.got.body["error"], tc.text)
			}
		})
	}
	caller.post("teams.removeMember", object{"teamId": team}).refused(http.StatusBadRequest, "invalid-params")
}
