package rocketchattest

import (
	"cmp"
	"slices"
)

// Team is a team and who is in it, by user id.
type Team struct {
	ID      string
	Name    string
	Members []string
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
	team, err := s.changeTeam(c.caller, body.TeamID, body.TeamName, "add-team-member", "edit-team-member")
	if err != nil {
		return nil, err
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

// teamsRemoveMember takes an active account out; one that is not a member is refused without a reason.
func (s *Server) teamsRemoveMember(c *call) (reply, error) {
	var body struct {
		TeamID   string   `json:"teamId"`
		TeamName string   `json:"teamName"`
		UserID   string   `json:"userId" schema:"required"`
		Rooms    []string `json:"rooms"`
	}
	if err := bind(c.body, &body); err != nil {
		return nil, err
	}
	team, err := s.changeTeam(c.caller, body.TeamID, body.TeamName, "edit-team-member")
	if err != nil {
		return nil, err
	}
	if a := s.people.byID(body.UserID); a == nil || a.Inactive {
		return nil, failure("invalid-user")
	}
	i := slices.Index(team.Members, body.UserID)
	if i < 0 {
		return nil, unexplained()
	}
	team.Members = slices.Delete(team.Members, i, i+1)
	return reply{}, nil
}

func (s *Server) teamsInfo(c *call) (reply, error) {
	team := s.team(c.query.Get("teamId"), c.query.Get("teamName"))
	if team == nil {
		return nil, failure("Team not found")
	}
	return reply{"teamInfo": reply{"_id": team.ID, "name": team.Name, "type": 1, "roomId": team.mainRoom()}}, nil
}

// changeTeam finds a team for a caller who has one of the permissions.
func (s *Server) changeTeam(caller *account, id, name string, permissions ...string) (*Team, error) {
	team := s.team(id, name)
	if team == nil {
		return nil, failure("team-does-not-exist")
	}
	if !slices.ContainsFunc(permissions, func(p string) bool { return s.may(caller, p) }) {
		return nil, s.can.denied()
	}
	return team, nil
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
