package rocketchattest

import (
	"encoding/json"
	"net/url"
	"slices"
	"strconv"
	"strings"
)

// usersInfo looks one account up by exactly one key. Which keys there are depends on the version.
func (s *Server) usersInfo(c *call) (reply, error) {
	key, err := s.infoKey(c.query)
	if err != nil {
		return nil, err
	}
	value := c.query.Get(key)
	var a *account
	switch key {
	case "userId":
		a = s.people.byID(value)
	case "username":
		a = s.people.byUsername(value)
	case "email":
		if !s.may(c.caller, "view-full-other-user-info") {
			return nil, s.can.denied()
		}
		a = s.people.byEmail(value)
	}
	if a == nil {
		return nil, failure("User not found.")
	}
	seen := s.view(c.caller, a)
	if s.asksForRooms(c) {
		seen["rooms"] = s.roomsOf(a)
	}
	return reply{"user": seen}, nil
}

func (s *Server) infoKey(query url.Values) (string, error) {
	known := []string{"userId", "username", "importId"}
	if s.can.emailLookup {
		known = append(known, "email")
	}
	if s.can.importLookup {
		known = append(known, "freeSwitchExtension")
	}
	var found []string
	for _, key := range known {
		if query.Get(key) != "" {
			found = append(found, key)
		}
	}
	switch {
	case s.can.oneUserKey:
		return s.strictInfoKey(query, found)
	case len(found) == 0:
		return "", thrown("error-user-param-not-provided", `The required "userId" or "username" param was not provided`, nil)
	default:
		return found[0], nil
	}
}

func (s *Server) strictInfoKey(query url.Values, found []string) (string, error) {
	known := append(found, "includeUserRooms")
	if !s.can.queryGone {
		known = append(known, "fields") // without effect since 7.0
	}
	for key := range query {
		if !slices.Contains(known, key) {
			return "", thrown("invalid-params", "must NOT have additional properties", nil)
		}
	}
	if len(found) != 1 {
		return "", thrown("invalid-params", "must match exactly one schema in oneOf", nil)
	}
	return found[0], nil
}

// usersList lists everyone the parameters do not exclude. A parameter the version does not know is ignored, so that an
// old look-up by query against a new server finds all accounts rather than none.
func (s *Server) usersList(c *call) (reply, error) {
	matches := func(*account) bool { return true }
	if email := c.query.Get("email"); email != "" && s.can.emailLookup {
		if !s.may(c.caller, "view-full-other-user-info") {
			return nil, s.can.denied()
		}
		matches = func(a *account) bool { return strings.EqualFold(a.Email, email) }
	}
	if query := c.query.Get("query"); query != "" && s.queryAllowed() {
		filter, err := parseQuery(query)
		if err != nil {
			return nil, err
		}
		matches = filter
	}
	return s.listing(c, matches)
}

func (s *Server) queryAllowed() bool { return s.can.query || s.cfg.UnsafeQuery && !s.can.queryGone }

// parseQuery understands equality on the fields a look-up needs, out of all of MongoDB's language.
func parseQuery(text string) (func(*account) bool, error) {
	var query map[string]any
	if json.Unmarshal([]byte(text), &query) != nil {
		return nil, invalidQuery(text)
	}
	fields := map[string]func(*account) any{
		"_id":            func(a *account) any { return a.ID },
		"username":       func(a *account) any { return a.Username },
		"name":           func(a *account) any { return a.Name },
		"type":           func(a *account) any { return a.Type },
		"active":         func(a *account) any { return !a.Inactive },
		"emails.address": func(a *account) any { return a.Email },
	}
	for key, want := range query {
		_, isText := want.(string)
		_, isBool := want.(bool)
		if fields[key] == nil || !isText && !isBool {
			return nil, invalidQuery(text)
		}
	}
	return func(a *account) bool {
		for key, want := range query {
			if fields[key](a) != want {
				return false
			}
		}
		return true
	}, nil
}

func invalidQuery(text string) *refusal {
	return thrown("error-invalid-query", `Invalid query parameter provided: "`+text+`"`, nil)
}

// usersListByStatus searches substrings: an e-mail address is found inside a longer one, and callers must compare.
func (s *Server) usersListByStatus(c *call) (reply, error) {
	status := c.query.Get("status")
	if status != "" && status != "active" && status != "deactivated" {
		return nil, thrown("invalid-params", "must be equal to one of the allowed values", nil)
	}
	term := strings.ToLower(c.query.Get("searchTerm"))
	roles := append(c.query["roles"], c.query["roles[]"]...)
	emails := s.may(c.caller, "view-full-other-user-info")
	return s.listing(c, func(a *account) bool {
		return a.hasStatus(status) && a.hasType(c.query.Get("type")) && a.hasOneOf(roles) && a.contains(term, emails)
	})
}

func (a *account) hasStatus(status string) bool {
	return status == "" || a.Inactive == (status == "deactivated")
}

func (a *account) hasType(kind string) bool { return kind == "" || a.Type == kind }

func (a *account) hasOneOf(roles []string) bool {
	return len(roles) == 0 || slices.ContainsFunc(roles, func(r string) bool { return slices.Contains(a.Roles, r) })
}

func (a *account) contains(term string, emails bool) bool {
	return strings.Contains(strings.ToLower(a.Username), term) ||
		strings.Contains(strings.ToLower(a.Name), term) ||
		emails && strings.Contains(strings.ToLower(a.Email), term)
}

func (s *Server) listing(c *call, matches func(*account) bool) (reply, error) {
	found := []reply{}
	for _, a := range s.people.accounts {
		if matches(a) {
			found = append(found, s.view(c.caller, a))
		}
	}
	shown, answer, err := page(found, c.query)
	if err != nil {
		return nil, err
	}
	answer["users"] = shown
	return answer, nil
}

// Page sizes: API_Default_Count and API_Upper_Count_Limit.
const (
	defaultCount = 50
	upperCount   = 100
)

// page cuts out what count and offset ask for, and says so.
func page(all []reply, query url.Values) (shown []reply, answer reply, err error) {
	count, err := pageNumber(query, "count", defaultCount)
	if err != nil {
		return nil, nil, err
	}
	offset, err := pageNumber(query, "offset", 0)
	if err != nil {
		return nil, nil, err
	}
	if count == 0 || count > upperCount {
		count = upperCount
	}
	start := min(offset, len(all))
	shown = all[start:min(start+count, len(all))]
	return shown, reply{"count": len(shown), "offset": offset, "total": len(all)}, nil
}

func pageNumber(query url.Values, key string, otherwise int) (int, error) {
	if !query.Has(key) {
		return otherwise, nil
	}
	n, err := strconv.Atoi(query.Get(key))
	if err != nil || n < 0 {
		return 0, thrown("invalid-params", "must be number", nil)
	}
	return n, nil
}
