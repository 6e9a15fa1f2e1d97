package rocketchattest

import (
	"crypto/subtle"
	"fmt"
	"slices"
)

// usersCreateToken mints a login token for another account without asking whether that account is active.
func (s *Server) usersCreateToken(c *call) (reply, error) {
	a, err := s.tokenTarget(c)
	if err != nil {
		return nil, err
	}
	if s.can.tokenPermission && a != c.caller && !s.may(c.caller, "user-generate-access-token") {
		return nil, notAuthorized()
	}
	return reply{"data": reply{"userId": a.ID, "authToken": s.issue(a)}}, nil
}

// tokenTarget applies the version's gate, which comes before the permission: an environment flag, later a secret.
func (s *Server) tokenTarget(c *call) (*account, error) {
	if s.can.tokenSecret {
		return s.tokenTargetBySecret(c)
	}
	var body struct {
		UserID   string `json:"userId"`
		Username string `json:"username"`
	}
	if err := bind(c.body, &body); err != nil {
		return nil, err
	}
	if !s.cfg.CreateTokenEnv {
		return nil, notAuthorized()
	}
	return s.named(body.UserID, body.Username)
}

func (s *Server) tokenTargetBySecret(c *call) (*account, error) {
	var body struct {
		UserID string `json:"userId" schema:"required"`
		Secret string `json:"secret" schema:"required"`
	}
	if err := bind(c.body, &body); err != nil {
		return nil, err
	}
	secret := s.cfg.CreateTokenSecret
	if secret == "" || subtle.ConstantTimeCompare([]byte(secret), []byte(body.Secret)) == 0 {
		return nil, notAuthorized()
	}
	return s.named(body.UserID, "")
}

func notAuthorized() *refusal {
	return thrown("error-not-authorized", "Not authorized", reply{"method": "createToken"})
}

// named finds an account by the id or username of a request body.
func (s *Server) named(id, username string) (*account, error) {
	a := s.people.byID(id)
	if id == "" {
		a = s.people.byUsername(username)
	}
	if a == nil {
		return nil, thrown("error-invalid-user", `The required "userId" or "username" param provided does not match any users`, nil)
	}
	return a, nil
}

// usersLogout ends every session of an account, personal access tokens included.
func (s *Server) usersLogout(c *call) (reply, error) {
	var body struct {
		UserID string `json:"userId"`
	}
	if err := bind(c.body, &body); err != nil {
		return nil, err
	}
	a := c.caller
	if body.UserID != "" && body.UserID != a.ID {
		if !s.may(c.caller, "logout-other-user") {
			return nil, s.can.denied()
		}
		if a = s.people.byID(body.UserID); a == nil {
			return nil, failure("User not found.")
		}
	}
	a.tokens = nil
	return reply{"message": fmt.Sprintf("User %s has been logged out!", a.ID)}, nil
}

// usersLogoutOtherClients keeps the caller's token and all personal access tokens.
func (s *Server) usersLogoutOtherClients(c *call) (reply, error) {
	s.keepOnly(c)
	expires := ""
	if !c.token.personal() {
		expires = s.expiry(c.token).UTC().Format(isoTime)
	}
	return reply{"token": c.Header.Get("X-Auth-Token"), "tokenExpires": expires}, nil
}

// usersRemoveOtherTokens acts on the caller alone, whatever its name suggests.
func (s *Server) usersRemoveOtherTokens(c *call) (reply, error) {
	s.keepOnly(c)
	return reply{}, nil
}

func (s *Server) keepOnly(c *call) {
	c.caller.tokens = slices.DeleteFunc(c.caller.tokens, func(t *loginToken) bool {
		return t != c.token && !t.personal()
	})
}

func (s *Server) usersGeneratePersonalAccessToken(c *call) (reply, error) {
	var body struct {
		TokenName       string `json:"tokenName" schema:"required"`
		BypassTwoFactor bool   `json:"bypassTwoFactor"`
	}
	if err := bind(c.body, &body); err != nil {
		return nil, err
	}
	if !s.may(c.caller, "create-personal-access-tokens") {
		return nil, thrown("not-authorized", "Not Authorized", nil)
	}
	if slices.ContainsFunc(c.caller.tokens, func(t *loginToken) bool { return t.personal() && t.name == body.TokenName }) {
		return nil, thrown("error-token-already-exists", "A token with this name already exists", nil)
	}
	token := newToken()
	c.caller.tokens = append(c.caller.tokens, &loginToken{
		hash: hashToken(token), name: body.TokenName, bypass: body.BypassTwoFactor,
	})
	return reply{"token": token}, nil
}

func (s *Server) usersRemovePersonalAccessToken(c *call) (reply, error) {
	var body struct {
		TokenName string `json:"tokenName" schema:"required"`
	}
	if err := bind(c.body, &body); err != nil {
		return nil, err
	}
	if !s.may(c.caller, "create-personal-access-tokens") {
		return nil, thrown("not-authorized", "Not Authorized", nil)
	}
	named := func(t *loginToken) bool { return t.personal() && t.name == body.TokenName }
	if !slices.ContainsFunc(c.caller.tokens, named) {
		return nil, thrown("error-token-does-not-exists", "Token does not exist", nil) // spelt so
	}
	c.caller.tokens = slices.DeleteFunc(c.caller.tokens, named)
	return reply{}, nil
}
