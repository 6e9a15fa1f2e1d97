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

// Team is a team and who is in it, by user id.
type Team struct {
	ID      string
	Name    string
	Members []string
}

func (r *Room) join(id string) {
	if !slices.Contains(r.Members, id) {
		r.Members = append(r.Members, id)
	}
}

func (r *Room) view() reply {
	kind := "c"
	if r.Private {
		kind = "p"
	}
	return reply{"_id": r.ID, "name": r.Name, "t": kind, "usersCount": len(r.Members)}
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

// AddTeam seeds a team and returns its id.
func (s *Server) AddTeam(t Team) (id string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	t.ID = cmp.Or(t.ID, newID())
	s.teams[t.ID] = &t
	return t.ID
}

// Team returns a team as it is now.
func (s *Server) Team(id string) (Team, bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	t, ok := s.teams[id]
	if !ok {
		return Team{}, false
	}
	seen := *t
	seen.Members = slices.Clone(t.Members)
	return seen, true
}

// ownedAlone lists the rooms that would be left without an owner.
func (s *Server) ownedAlone(id string) []reply {
	var owned []reply
	for _, r := range s.rooms {
		if slices.Equal(r.Owners, []string{id}) {
			owned = append(owned, reply{"rid": r.ID, "t": r.view()["t"], "userIsLastOwner": true})
		}
	}
	return owned
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
	var body struct {
		RoomID string `json:"roomId" schema:"required"`
		UserID string `json:"userId" schema:"required"`
	}
	if err := bind(c.body, &body); err != nil {
		return nil, err
	}
	room := s.rooms[body.RoomID]
	if room == nil || room.Private != private {
		return nil, thrown("error-room-not-found", `The required "roomId" or "roomName" param provided does not match any room`, nil)
	}
	member := slices.Contains(room.Members, c.caller.ID)
	if !s.may(c.caller, permission) && !(member && s.may(c.caller, "add-user-to-joined-room")) {
		return nil, thrown("error-not-allowed", "Not allowed", reply{"method": "addUsersToRoom"})
	}
	if _, err := s.named(body.UserID, ""); err != nil {
		return nil, err
	}
	room.join(body.UserID)
	return room, nil
}

type teamMember struct {
	UserID string   `json:"userId" schema:"required"`
	Roles  []string `json:"roles"`
}

func (s *Server) teamsAddMembers(c *call) (reply, error) {
	var body struct {
		TeamID   string       `json:"teamId"`
		TeamName string       `json:"teamName"`
		Members  []teamMember `json:"members" schema:"required"`
	}
	if err := bind(c.body, &body); err != nil {
		return nil, err
	}
	team := s.team(body.TeamID, body.TeamName)
	if team == nil {
		return nil, failure("team-does-not-exist")
	}
	if !s.may(c.caller, "add-team-member") {
		return nil, s.can.forbidden()
	}
	for _, m := range body.Members {
		if s.people.byID(m.UserID) == nil {
			return nil, failure("invalid-user")
		}
		if !slices.Contains(team.Members, m.UserID) {
			team.Members = append(team.Members, m.UserID)
		}
	}
	return reply{}, nil
}

// team finds a team by id, or by name when no id is given.
func (s *Server) team(id, name string) *Team {
	if id != "" {
		return s.teams[id]
	}
	for _, t := range s.teams {
		if t.Name == name {
			return t
		}
	}
	return nil
}
