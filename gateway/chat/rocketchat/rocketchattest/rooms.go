package rocketchattest

import (
	"cmp"
	"slices"
)

// generalRoom is the id of #general, the one channel every workspace has and every new account joins by default.
const generalRoom = "GENERAL"

// Room is a channel, or a group when Private. Owners and Members hold user ids.
type Room struct {
	ID      string
	Name    string
	Private bool
	Owners  []string
	Members []string
}

func (r *Room) join(id string) {
	if !slices.Contains(r.Members, id) {
		r.Members = append(r.Members, id)
	}
}

// drop takes an account out of the room, and its ownership with it.
func (r *Room) drop(id string) {
	is := func(other string) bool { return other == id }
	r.Members, r.Owners = slices.DeleteFunc(r.Members, is), slices.DeleteFunc(r.Owners, is)
}

// kind is "c" for a channel and "p" for a group.
func (r *Room) kind() string {
	if r.Private {
		return "p"
	}
	return "c"
}

func (r *Room) view() reply {
	return reply{"_id": r.ID, "name": r.Name, "t": r.kind(), "usersCount": len(r.Members)}
}

// AddRoom seeds a room and returns its id.
func (s *Server) AddRoom(r Room) (id string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	r.ID = cmp.Or(r.ID, newID())
	s.rooms[r.ID] = &r
	return r.ID
}

// Room returns a room as it is now.
func (s *Server) Room(id string) (Room, bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	r, ok := s.rooms[id]
	if !ok {
		return Room{}, false
	}
	seen := *r
	seen.Owners, seen.Members = slices.Clone(r.Owners), slices.Clone(r.Members)
	return seen, true
}

// ownedAlone are the names of the rooms that would be left without an owner: those that would be removed, since nobody else is
// in them, and those that another member would own.
func (s *Server) ownedAlone(id string) (removed, inherited []string) {
	removed, inherited = []string{}, []string{}
	for _, r := range s.rooms {
		switch {
		case !slices.Equal(r.Owners, []string{id}):
		case slices.ContainsFunc(r.Members, func(member string) bool { return member != id }):
			inherited = append(inherited, r.Name)
		default:
			removed = append(removed, r.Name)
		}
	}
	return removed, inherited
}

func (s *Server) channelsInvite(c *call) (reply, error) {
	room, err := s.invite(c, false, "add-user-to-any-c-room")
	if err != nil {
		return nil, err
	}
	return reply{"channel": room.view()}, nil
}

func (s *Server) groupsInvite(c *call) (reply, error) {
	room, err := s.invite(c, true, "add-user-to-any-p-room")
	if err != nil {
		return nil, err
	}
	return reply{"group": room.view()}, nil
}

// invite takes one user per call. Inviting a member is no error.
func (s *Server) invite(c *call, private bool, permission string) (*Room, error) {
	room, a, err := s.membership(c, private)
	if err != nil {
		return nil, err
	}
	member := slices.Contains(room.Members, c.caller.ID)
	if !s.may(c.caller, permission) && !(member && s.may(c.caller, "add-user-to-joined-room")) {
		return nil, thrown("error-not-allowed", "Not allowed", reply{"method": "addUsersToRoom"})
	}
	room.join(a.ID)
	return room, nil
}

func (s *Server) channelsKick(c *call) (reply, error) {
	room, err := s.kick(c, false)
	if err != nil {
		return nil, err
	}
	return reply{"channel": room.view()}, nil
}

// groupsKick answers without the room, unlike channelsKick. Only a member of a group can find it.
func (s *Server) groupsKick(c *call) (reply, error) {
	_, err := s.kick(c, true)
	return reply{}, err
}

// kick takes a member out, save the last of a room's owners.
func (s *Server) kick(c *call, private bool) (*Room, error) {
	room, a, err := s.membership(c, private)
	switch {
	case err != nil:
		return nil, err
	case private && !slices.Contains(room.Members, c.caller.ID):
		return nil, roomNotFound()
	case !s.may(c.caller, "remove-user") && !slices.Contains(room.Owners, c.caller.ID):
		return nil, thrown("error-not-allowed", "Not allowed", reply{"method": "removeUserFromRoom"})
	case !slices.Contains(room.Members, a.ID):
		return nil, thrown("error-user-not-in-room", "User is not in this room", reply{"method": "removeUserFromRoom"})
	case slices.Equal(room.Owners, []string{a.ID}):
		return nil, thrown("error-you-are-last-owner", "You are the last owner. Please set new owner before leaving the room.",
			reply{"method": "removeUserFromRoom"})
	}
	room.drop(a.ID)
	return room, nil
}

// membership finds the room and the account that an invitation or its opposite names.
func (s *Server) membership(c *call, private bool) (*Room, *account, error) {
	var body struct {
		RoomID string `json:"roomId" schema:"required"`
		UserID string `json:"userId" schema:"required"`
	}
	if err := bind(c.body, &body); err != nil {
		return nil, nil, err
	}
	room := s.rooms[body.RoomID]
	if room == nil || room.Private != private {
		return nil, nil, roomNotFound()
	}
	a, err := s.named(body.UserID, "")
	return room, a, err
}

func roomNotFound() *refusal {
	return thrown("error-room-not-found", `The required "roomId" or "roomName" param provided does not match any room`, nil)
}
