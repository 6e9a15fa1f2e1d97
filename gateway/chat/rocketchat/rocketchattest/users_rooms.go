package rocketchattest

import (
	"encoding/json"
	"maps"
	"slices"
)

// asksForRooms says whether a call of users.info wants the rooms of an account, by the parameter of the version, and may
// see them.
func (s *Server) asksForRooms(c *call) bool {
	asked := c.query.Get("includeUserRooms") == "true"
	if s.can.query { // 6.x had them among the fields
		var fields map[string]int
		asked = json.Unmarshal([]byte(c.query.Get("fields")), &fields) == nil && fields["userRooms"] == 1
	}
	return asked && s.may(c.caller, "view-other-user-channels")
}

// roomsOf lists what an account is a member of. The members of a team are in its main room.
func (s *Server) roomsOf(a *account) []reply {
	rooms := []reply{}
	for _, id := range slices.Sorted(maps.Keys(s.rooms)) {
		if room := s.rooms[id]; slices.Contains(room.Members, a.ID) {
			rooms = append(rooms, reply{"rid": room.ID, "name": room.Name, "t": room.kind()})
		}
	}
	for _, id := range slices.Sorted(maps.Keys(s.teams)) {
		if t := s.teams[id]; slices.Contains(t.Members, a.ID) {
			rooms = append(rooms, reply{"rid": t.mainRoom(), "name": t.Name, "t": "p"})
		}
	}
	return rooms
}

// mainRoom is the id of the room that every team has.
func (t *Team) mainRoom() string { return t.ID + ".room" }
