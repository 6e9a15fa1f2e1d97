package rocketchattest

import (
	"encoding/json"
	"reflect"
	"slices"
)

// credentials is the body of login: a password with one of three names for its owner, or a token to resume.
type credentials struct {
	User     string  `json:"user"`
	Username string  `json:"username"`
	Email    string  `json:"email"`
	Password string  `json:"password"`
	Code     string  `json:"code"`
	Resume   *string `json:"resume"`
}

// Login is one attempt to log in by REST or on the page.
type Login struct {
	UserID    string // empty when refused
	Resumed   bool   // by a login token; otherwise by password
	Page      bool   // in the web client; otherwise by somebody who speaks REST, such as the mobile app
	UserAgent string
}

// Logins returns every attempt so far, oldest first.
func (s *Server) Logins() []Login {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.logins)
}

func (s *Server) login(c *call) (reply, error) {
	var body credentials
	if len(violations(c.body, reflect.TypeFor[credentials]())) > 0 || json.Unmarshal(c.body, &body) != nil {
		return nil, s.can.loginRefused(400, "Unrecognized options for login request", nil)
	}
	attempt := Login{Resumed: body.Resume != nil, Page: fromPage(c.Request), UserAgent: c.UserAgent()}
	a, token, err := s.logIn(body)
	if err == nil {
		attempt.UserID = a.ID
	}
	s.logins = append(s.logins, attempt)
	if err != nil {
		return nil, err
	}
	return s.loggedIn(a, token), nil
}

func (s *Server) logIn(body credentials) (*account, string, error) {
	if body.Resume != nil {
		return s.resume(*body.Resume)
	}
	return s.loginByPassword(body)
}

// resume accepts a login token and hands the very same one back. It never asks for a second factor.
func (s *Server) resume(token string) (*account, string, error) {
	a := s.people.find(func(a *account) bool { return s.livingToken(a, token) != nil })
	if a == nil {
		return nil, "", s.can.loginRefused(403, "You've been logged out by the server. Please log in again.", nil)
	}
	return a, token, s.mayLogin(a)
}

func (s *Server) loginByPassword(body credentials) (*account, string, error) {
	a := s.loginOwner(body)
	if a == nil || a.Password == "" || a.Password != body.Password {
		return nil, "", s.can.loginRefused("Unauthorized", "Unauthorized", nil)
	}
	if err := s.mayLogin(a); err != nil {
		return nil, "", err
	}
	if a.TOTP != "" && a.TOTP != body.Code {
		details := reply{"method": "totp", "codeGenerated": false, "availableMethods": []string{"totp"}}
		if body.Code != "" {
			return nil, "", s.can.loginRefused("totp-invalid", "TOTP Invalid", details)
		}
		return nil, "", s.can.loginRefused("totp-required", "TOTP Required", details)
	}
	return a, s.issue(a), nil
}

// loginOwner: user may be a username or an e-mail address.
func (s *Server) loginOwner(body credentials) *account {
	for _, name := range []string{body.User, body.Username} {
		if a := s.people.byUsername(name); name != "" && a != nil {
			return a
		}
	}
	if a := s.people.byEmail(body.User); a != nil {
		return a
	}
	return s.people.byEmail(body.Email)
}

// mayLogin is the hook validateLoginAttempt, common to both kinds of login.
func (s *Server) mayLogin(a *account) error {
	switch {
	case a.Type == "app":
		return s.can.loginRefused("error-app-user-is-not-allowed-to-login", "App user is not allowed to login", nil)
	case a.Inactive:
		return s.can.loginRefused("error-user-is-not-activated", "User is not activated", nil)
	case len(a.Roles) == 0:
		return s.can.loginRefused("error-user-has-no-roles", "User has no roles", nil)
	default:
		return nil
	}
}

func (s *Server) loggedIn(a *account, token string) reply {
	answer := reply{
		"status": "success",
		"data":   reply{"userId": a.ID, "authToken": token, "me": s.view(a, a)},
	}
	if s.can.success401 { // success came to login together with the 401 bodies
		answer["success"] = true
	}
	return answer
}

// logout destroys the token of the header and no other. Its answer has no "success" in any version.
func (s *Server) logout(c *call) (reply, error) {
	c.caller.dropToken(c.token.hash)
	return reply{"status": "success", "data": reply{"message": "You've been logged out!"}}, nil
}

func (s *Server) me(c *call) (reply, error) {
	return s.view(c.caller, c.caller), nil
}
