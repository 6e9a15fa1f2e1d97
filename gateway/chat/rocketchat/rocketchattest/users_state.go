package rocketchattest

import (
	"net/url"
	"slices"
)

func (s *Server) usersSetActiveStatus(c *call) (reply, error) {
	var body struct {
		UserID            string `json:"userId" schema:"required"`
		ActiveStatus      bool   `json:"activeStatus" schema:"required"`
		ConfirmRelinquish bool   `json:"confirmRelinquish"`
	}
	if err := bind(c.body, &body); err != nil {
		return nil, err
	}
	if !s.may(c.caller, "edit-other-user-active-status") && !s.may(c.caller, "manage-moderation-actions") {
		return nil, s.can.denied()
	}
	a := s.people.byID(body.UserID)
	if a == nil {
		return nil, thrown("error-invalid-user", "Invalid user", nil)
	}
	if err := s.setActive(a, body.ActiveStatus, body.ConfirmRelinquish); err != nil {
		return nil, err
	}
	return reply{"user": reply{"_id": a.ID, "active": !a.Inactive}}, nil
}

// setActive refuses to take a room's last owner or the workspace's last administrator away.
func (s *Server) setActive(a *account, active, confirmRelinquish bool) error {
	if a.Federated {
		return thrown("error-user-is-federated", "User is federated", nil)
	}
	if active {
		a.Inactive = false
		return nil
	}
	if s.lastAdmin(a) {
		return notAllowed("Leaving the app without an active admin is not allowed", "Remove_last_admin")
	}
	removed, inherited := s.ownedAlone(a.ID)
	if len(removed)+len(inherited) > 0 && !confirmRelinquish {
		return thrown("user-last-owner", "", reply{"shouldBeRemoved": removed, "shouldChangeOwner": inherited})
	}
	s.relinquish(a.ID)
	a.deactivate()
	return nil
}

// relinquish gives the rooms that an account owns alone to the first other member, and removes those without one.
func (s *Server) relinquish(id string) {
	for roomID, room := range s.rooms {
		if !slices.Equal(room.Owners, []string{id}) {
			continue
		}
		heir := slices.IndexFunc(room.Members, func(member string) bool { return member != id })
		if heir < 0 {
			delete(s.rooms, roomID)
			continue
		}
		room.Owners = []string{room.Members[heir]}
	}
}

// usersSetAvatar takes a JSON address alone and does not download it; what the real server would find there is not
// this stand-in's to say.
func (s *Server) usersSetAvatar(c *call) (reply, error) {
	var body struct {
		AvatarURL string `json:"avatarUrl" schema:"required"`
		UserID    string `json:"userId"`
		Username  string `json:"username"`
	}
	if err := bind(c.body, &body); err != nil {
		return nil, err
	}
	a := c.caller
	if body.UserID+body.Username != "" {
		var err error
		if a, err = s.named(body.UserID, body.Username); err != nil {
			return nil, err
		}
	}
	if a == c.caller && !s.flag("Accounts_AllowUserAvatarChange") || a != c.caller && !s.may(c.caller, "edit-other-user-avatar") {
		return nil, s.can.denied()
	}
	u, err := url.Parse(body.AvatarURL)
	if err != nil || u.Host == "" || u.Scheme != "http" && u.Scheme != "https" {
		return nil, thrown("error-avatar-invalid-url", "Invalid avatar URL: "+body.AvatarURL, nil)
	}
	a.AvatarURL = body.AvatarURL
	return reply{}, nil
}
