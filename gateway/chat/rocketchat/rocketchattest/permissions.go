package rocketchattest

import "slices"

// defaultRoles are the permissions as shipped. No role has add-user-to-any-p-room.
func defaultRoles() map[string]map[string]bool {
	roles := map[string]map[string]bool{"moderator": {}, "guest": {}}
	grant(roles, "admin",
		"access-permissions", "add-team-member", "add-user-to-any-c-room", "add-user-to-joined-room",
		"api-bypass-rate-limit", "assign-admin-role", "assign-roles", "create-personal-access-tokens", "create-user",
		"edit-other-user-active-status", "edit-other-user-avatar", "edit-other-user-info", "edit-other-user-password",
		"edit-privileged-setting", "edit-team-member", "logout-other-user", "manage-moderation-actions", "remove-user",
		"user-generate-access-token", "view-d-room", "view-full-other-user-info", "view-other-user-channels",
		"view-privileged-setting", "view-room-administration", "view-statistics")
	grant(roles, "user", "add-user-to-joined-room", "create-personal-access-tokens", "view-d-room")
	grant(roles, "bot", "api-bypass-rate-limit", "view-d-room")
	grant(roles, "app", "api-bypass-rate-limit", "view-d-room")
	return roles
}

func grant(roles map[string]map[string]bool, role string, permissions ...string) {
	if roles[role] == nil {
		roles[role] = map[string]bool{}
	}
	for _, p := range permissions {
		roles[role][p] = true
	}
}

// Grant gives a role permissions, and creates the role when there is none of that id.
func (s *Server) Grant(role string, permissions ...string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	grant(s.roles, role, permissions...)
}

// Deny takes permissions from a role.
func (s *Server) Deny(role string, permissions ...string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, p := range permissions {
		delete(s.roles[role], p)
	}
}

// may reports whether one of the account's roles has the permission. Nobody may nothing.
func (s *Server) may(a *account, permission string) bool {
	return a != nil && slices.ContainsFunc(a.Roles, func(role string) bool { return s.roles[role][permission] })
}
