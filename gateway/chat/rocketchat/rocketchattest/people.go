package rocketchattest

import (
	"cmp"
	"crypto/rand"
	"slices"
	"strings"
	"time"
)

// User is an account as a test seeds it and looks at it.
type User struct {
	ID        string // 17 characters; made up when empty
	Username  string
	Name      string
	Email     string
	Verified  bool   // the e-mail address
	Password  string // empty: no password, so no password login and no password fallback
	TOTP      string // the code two-factor authentication accepts; empty: not set up
	Roles     []string
	Type      string // default "user"; "bot", "app"
	Inactive  bool
	Federated bool

	CustomFields map[string]any
	AvatarURL    string
}

// account is a User and what the server knows beside it.
type account struct {
	User
	created     time.Time
	tokens      []*loginToken // oldest first; personal access tokens among them
	mustSetAnew bool          // requirePasswordChange
}

// directory holds the accounts in the order of their creation.
type directory struct{ accounts []*account }

func (d *directory) find(match func(*account) bool) *account {
	if i := slices.IndexFunc(d.accounts, match); i >= 0 {
		return d.accounts[i]
	}
	return nil
}

func (d *directory) byID(id string) *account {
	return d.find(func(a *account) bool { return a.ID == id })
}

// byUsername ignores case, as uniqueness does.
func (d *directory) byUsername(username string) *account {
	return d.find(func(a *account) bool { return strings.EqualFold(a.Username, username) })
}

// byEmail ignores case. No address belongs to nobody.
func (d *directory) byEmail(email string) *account {
	return d.find(func(a *account) bool { return email != "" && strings.EqualFold(a.Email, email) })
}

// AddUser seeds an account that is long past the days of its creation, and returns its id. It is not held to the rules
// of users.create: a test may seed what the server itself would refuse.
func (s *Server) AddUser(u User) (id string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if u.Roles == nil {
		u.Roles = []string{"user"}
	}
	return s.add(u, s.cfg.Now().AddDate(-1, 0, 0)).ID
}

func (s *Server) add(u User, created time.Time) *account {
	u.ID = cmp.Or(u.ID, newID())
	u.Type = cmp.Or(u.Type, "user")
	a := &account{User: u.clone(), created: created}
	s.people.accounts = append(s.people.accounts, a)
	return a
}

// serviceAccount is the username of the account ServiceAccount makes.
const serviceAccount = "gateway.bot"

// ServiceAccount returns the credentials a gateway is configured with: an administrator's id and a personal access token
// that bypasses two-factor authentication. Every call returns another token of the one account.
func (s *Server) ServiceAccount() (userID, token string) {
	s.mu.Lock()
	a := s.service()
	s.mu.Unlock()
	return a.ID, s.AddPAT(a.ID, true)
}

func (s *Server) service() *account {
	if a := s.people.byUsername(serviceAccount); a != nil {
		return a
	}
	return s.add(User{
		Username: serviceAccount, Name: "Gateway", Email: "gateway@rocketchat.invalid", Verified: true,
		Password: rand.Text(), Roles: []string{"admin", "user"},
	}, s.cfg.Now().AddDate(-1, 0, 0))
}

// ServiceRole is what RestrictServiceAccount makes of the service account.
const ServiceRole = "gateway"

// RestrictServiceAccount takes the service account's roles away and gives it one with these permissions alone. Grant and
// Deny change that role from then on.
func (s *Server) RestrictServiceAccount(permissions ...string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.roles, ServiceRole)
	grant(s.roles, ServiceRole, permissions...)
	s.service().Roles = []string{ServiceRole}
}

// Users returns all accounts, oldest first.
func (s *Server) Users() []User {
	s.mu.Lock()
	defer s.mu.Unlock()
	users := make([]User, len(s.people.accounts))
	for i, a := range s.people.accounts {
		users[i] = a.clone()
	}
	return users
}

// User returns one account.
func (s *Server) User(id string) (User, bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	a := s.people.byID(id)
	if a == nil {
		return User{}, false
	}
	return a.clone(), true
}

// RemoveUser deletes an account, and its tokens with it.
func (s *Server) RemoveUser(id string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.people.accounts = slices.DeleteFunc(s.people.accounts, func(a *account) bool { return a.ID == id })
}

// Deactivate does what an administrator's click does: all tokens of the account die with it.
func (s *Server) Deactivate(id string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if a := s.people.byID(id); a != nil {
		a.deactivate()
	}
}

func (a *account) deactivate() {
	a.Inactive = true
	a.tokens = nil
}

func (u User) clone() User {
	u.Roles = slices.Clone(u.Roles)
	return u
}

// newID makes an _id of Rocket.Chat's length.
func newID() string { return rand.Text()[:17] }

// lastAdmin reports whether the account is the only active administrator.
func (s *Server) lastAdmin(a *account) bool {
	return s.isAdmin(a) && s.people.find(func(other *account) bool { return other != a && s.isAdmin(other) }) == nil
}

func (s *Server) isAdmin(a *account) bool { return !a.Inactive && slices.Contains(a.Roles, "admin") }

// view is the account as the caller may see it: e-mail addresses and roles of others need view-full-other-user-info.
func (s *Server) view(caller, a *account) reply {
	v := reply{
		"_id": a.ID, "username": a.Username, "name": a.Name, "type": a.Type, "active": !a.Inactive,
		"status": "offline", "nameInsensitive": strings.ToLower(a.Name),
	}
	if a.AvatarURL != "" {
		v["avatarOrigin"] = "url"
	}
	if caller != a && !s.may(caller, "view-full-other-user-info") {
		return v
	}
	v["roles"] = a.Roles
	v["createdAt"] = a.created.UTC().Format(isoTime)
	if a.Email != "" {
		v["emails"] = []reply{{"address": a.Email, "verified": a.Verified}}
	}
	if a.CustomFields != nil {
		v["customFields"] = a.CustomFields
	}
	if a.mustSetAnew {
		v["requirePasswordChange"] = true
	}
	return v
}

// isoTime is how JavaScript prints a Date.
const isoTime = "2006-01-02T15:04:05.000Z"
