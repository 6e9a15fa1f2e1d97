package rocketchattest

import (
	"maps"
	"slices"
)

// permissionsListAll tells any account which roles have which permission, as every client needs to know.
func (s *Server) permissionsListAll(*call) (reply, error) {
	holders := map[string][]string{}
	for _, role := range slices.Sorted(maps.Keys(s.roles)) {
		for permission, granted := range s.roles[role] {
			if granted {
				holders[permission] = append(holders[permission], role)
			}
		}
	}
	update := []reply{}
	for _, permission := range slices.Sorted(maps.Keys(holders)) {
		update = append(update, reply{"_id": permission, "roles": holders[permission]})
	}
	return reply{"update": update, "remove": []reply{}}, nil
}

// usersGetPersonalAccessTokens lists the caller's own tokens by their last six characters. Tokens are kept hashed here,
// so those of the others than the one in the header are not known.
func (s *Server) usersGetPersonalAccessTokens(c *call) (reply, error) {
	if !s.may(c.caller, "create-personal-access-tokens") {
		return nil, thrown("not-authorized", "Not Authorized", reply{"method": "personalAccessTokens:getTokens"})
	}
	own := c.Header.Get("X-Auth-Token")
	tokens := []reply{}
	for _, t := range c.caller.tokens {
		if !t.personal() {
			continue
		}
		last := "??????"
		if t == c.token {
			last = own[max(0, len(own)-6):]
		}
		tokens = append(tokens, reply{"name": t.name, "lastTokenPart": last, "bypassTwoFactor": t.bypass})
	}
	return reply{"tokens": tokens}, nil
}
