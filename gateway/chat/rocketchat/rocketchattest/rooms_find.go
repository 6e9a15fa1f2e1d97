package rocketchattest

import (
	"maps"
	"net/url"
	"slices"
	"strings"
)

// channelsInfo finds a channel by exactly its id or its name.
func (s *Server) channelsInfo(c *call) (reply, error) {
	room, err := s.roomOf(c.query)
	if err != nil {
		return nil, err
	}
	if room == nil || room.Private {
		return nil, roomNotFound()
	}
	return reply{"channel": room.view()}, nil
}

// groupsInfo shows a group to its members. Nobody else learns that there is one, administrators included: they have
// rooms.adminRooms.
func (s *Server) groupsInfo(c *call) (reply, error) {
	room, err := s.roomOf(c.query)
	if err != nil {
		return nil, err
	}
	if room == nil || !room.Private || !slices.Contains(room.Members, c.caller.ID) {
		return nil, roomNotFound()
	}
	return reply{"group": room.view()}, nil
}

// roomOf reads the two parameters that rooms are found by. It returns nil when they name none.
func (s *Server) roomOf(query url.Values) (*Room, error) {
	id, name := query.Get("roomId"), query.Get("roomName")
	if id == "" && name == "" {
		return nil, thrown("error-room-param-not-provided", `The parameter "roomId" or "roomName" is required`, nil)
	}
	if id != "" {
		return s.rooms[id], nil
	}
	for _, room := range s.rooms {
		if room.Name == name {
			return room, nil
		}
	}
	return nil, nil
}

// roomsAdminRooms lists rooms of every kind whose name contains the filter: callers must compare.
func (s *Server) roomsAdminRooms(c *call) (reply, error) {
	if !s.may(c.caller, "view-room-administration") {
		return nil, thrown("error-not-authorized", "Not Authorized", nil)
	}
	filter := strings.ToLower(c.query.Get("filter"))
	kinds := append(c.query["types"], c.query["types[]"]...)
	found := []reply{}
	for _, id := range slices.Sorted(maps.Keys(s.rooms)) {
		room := s.rooms[id]
		wanted := len(kinds) == 0 || slices.Contains(kinds, room.kind())
		if wanted && strings.Contains(strings.ToLower(room.Name), filter) {
			found = append(found, room.view())
		}
	}
	shown, answer, err := page(found, c.query)
	if err != nil {
		return nil, err
	}
	answer["rooms"] = shown
	return answer, nil
}
