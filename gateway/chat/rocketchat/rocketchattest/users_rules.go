package rocketchattest

import (
	"regexp"
	"slices"
	"strings"
)

// acceptable checks names and addresses for an account, or for a new one when a is nil.
func (s *Server) acceptable(a *account, p profile) error {
	if p.Name != nil && *p.Name == "" {
		return fieldRequired("Name")
	}
	if p.Username != nil {
		if err := s.acceptableUsername(a, *p.Username); err != nil {
			return err
		}
	}
	if p.Email != nil {
		return s.acceptableEmail(a, *p.Email)
	}
	return nil
}

func (s *Server) acceptableUsername(a *account, username string) error {
	pattern, err := regexp.Compile("^" + s.text("UTF8_User_Names_Validation") + "$")
	if err != nil {
		return err
	}
	switch {
	case username == "":
		return fieldRequired("Username")
	case !pattern.MatchString(username):
		return thrown("error-input-is-not-a-valid-field", username+" is not a valid username",
			reply{"method": "insertOrUpdateUser", "input": username, "field": "Username"})
	case slices.ContainsFunc(s.list("Accounts_BlockedUsernameList"), func(b string) bool { return strings.EqualFold(b, username) }):
		return thrown("error-blocked-username", username+" is blocked and can't be used!", reply{"field": username})
	}
	return unavailable(s.people.byUsername(username), a, username)
}

var emailPattern = regexp.MustCompile(`^[^@\s]+@[^@\s]+$`)

func (s *Server) acceptableEmail(a *account, email string) error {
	_, domain, _ := strings.Cut(email, "@")
	allowed := s.list("Accounts_AllowedDomainsList")
	switch {
	case !emailPattern.MatchString(email):
		return thrown("error-invalid-email", "Invalid email "+email, reply{"function": "RocketChat.saveUser", "email": email})
	case len(allowed) > 0 && !slices.Contains(allowed, domain):
		return thrown("error-invalid-domain", "The email domain is not in whitelist", nil)
	}
	return unavailable(s.people.byEmail(email), a, email)
}

// unavailable tells which field is taken in nothing but details.field and the text, by its value.
func unavailable(owner, a *account, value string) error {
	if owner == nil || owner == a {
		return nil
	}
	return thrown("error-field-unavailable", value+" is already in use :(",
		reply{"method": "insertOrUpdateUser", "field": value})
}

func fieldRequired(field string) *refusal {
	return thrown("error-the-field-is-required", "The field "+field+" is required",
		reply{"method": "insertOrUpdateUser", "field": field})
}

func notAllowed(text, action string) *refusal {
	return thrown("error-action-not-allowed", text, reply{"method": "insertOrUpdateUser", "action": action})
}
