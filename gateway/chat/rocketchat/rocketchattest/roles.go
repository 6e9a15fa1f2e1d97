package rocketchattest

import (
	"maps"
	"slices"
)

func (s *Server) rolesList(*call) (reply, error) {
	roles := []reply{}
	for _, id := range slices.Sorted(maps.Keys(s.roles)) {
		roles = append(roles, reply{"_id": id, "name": id, "scope": "Users"})
	}
	return reply{"roles": roles}, nil
}

func (s *Server) rolesAddUserToRole(c *call) (reply, error) {
	role, a, err := s.roleChange(c)
	if err != nil {
		return nil, err
	}
	if slices.Contains(a.Roles, role) {
		return nil, thrown("error-user-already-in-role", "User already in role", nil)
	}
	a.Roles = append(a.Roles, role)
	return reply{"role": reply{"_id": role, "name": role, "scope": "Users"}}, nil
}

func (s *Server) rolesRemoveUserFromRole(c *call) (reply, error) {
	role, a, err := s.roleChange(c)
	if err != nil {
		return nil, err
	}
	if role == "admin" && s.lastAdmin(a) {
		return nil, thrown("error-admin-required", "You need to have at least one admin", nil)
	}
	a.Roles = slices.DeleteFunc(a.Roles, func(id string) bool { return id == role })
	return reply{}, nil
}

// roleChange finds the role and the account that both role endpoints name.
func (s *Server) roleChange(c *call) (role string, a *account, err error) {
	role, username, err := s.bindRoleChange(c)
	if err != nil {
		return "", nil, err
	}
	if s.roles[role] == nil {
		return "", nil, thrown("error-invalid-role-properties", "The role properties are invalid.", nil)
	}
	if role == "admin" && !s.may(c.caller, "assign-admin-role") {
		return "", nil, notAllowed("Assigning admin is not allowed", "Assign_admin")
	}
	a = s.people.byUsername(username)
	if a == nil {
		return "", nil, thrown("error-invalid-user", "Invalid user", nil)
	}
	return role, a, nil
}

// bindRoleChange reads the body by the rules of the version: before 8.0 roleName could stand in for roleId. Here a
// role's name is its id.
func (s *Server) bindRoleChange(c *call) (role, username string, err error) {
	if s.can.roleByName {
		var body struct {
			RoleID   string `json:"roleId"`
			RoleName string `json:"roleName"`
			Username string `json:"username" schema:"required"`
			RoomID   string `json:"roomId"`
		}
		err = bind(c.body, &body)
		return body.RoleID + body.RoleName, body.Username, err
	}
	var body struct {
		RoleID   string `json:"roleId" schema:"required"`
		Username string `json:"username" schema:"required"`
		RoomID   string `json:"roomId"`
	}
	err = bind(c.body, &body)
	return body.RoleID, body.Username, err
}
