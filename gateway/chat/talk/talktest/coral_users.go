package talktest

import (
	"crypto/rand"
	"net/http"
	"slices"
	"strings"
	"time"
)

// Kinds of profile a Coral user may have.
const (
	ProfileOIDC  = "oidc"
	ProfileSSO   = "sso"
	ProfileLocal = "local"
)

// Coral's roles, from weakest to strongest. Releases before 6.1 have no RoleMember.
const (
	RoleCommenter = "COMMENTER"
	RoleMember    = "MEMBER"
	RoleStaff     = "STAFF"
	RoleModerator = "MODERATOR"
	RoleAdmin     = "ADMIN"
)

// Profile ties a user to one way of signing in.
type Profile struct {
	Type string
	ID   string
	// Issuer and Audience are kept of an OIDC profile only.
	Issuer, Audience string
	// LastIssuedAt is the "iat" of the newest SSO token that changed the user.
	LastIssuedAt time.Time
}

// User is Coral's record of a person. An empty Username is Coral's null: the stream asks the person for one.
type User struct {
	ID, Username  string
	Email         string
	EmailVerified bool
	Role          string
	Badges        []string
	URL, Avatar   string
	Profiles      []Profile
}

// Viewer is who Coral takes the bearer of a token for. Coral lets some tokens pass as nobody's: that is an answer
// with "viewer": null, not a refusal.
type Viewer struct{ User }

// Anonymous says whether the viewer is nobody.
func (v Viewer) Anonymous() bool { return v.ID == "" }

func viewerOf(u *User) Viewer { return Viewer{User: u.clone()} }

func (u *User) clone() User {
	c := *u
	c.Badges = slices.Clone(u.Badges)
	c.Profiles = slices.Clone(u.Profiles)
	return c
}

func (u *User) profile(kind string) *Profile {
	i := slices.IndexFunc(u.Profiles, func(p Profile) bool { return p.Type == kind })
	if i < 0 {
		return nil
	}
	return &u.Profiles[i]
}

// userTable is the users collection. Its owner guards it.
type userTable struct{ users []*User }

func (t *userTable) byID(id string) *User {
	return t.first(func(u *User) bool { return u.ID == id })
}

// byEmail finds the holder of an address who can sign in the given way.
func (t *userTable) byEmail(kind, email string) *User {
	return t.first(func(u *User) bool { return u.Email == email && email != "" && u.profile(kind) != nil })
}

func (t *userTable) byProfile(match func(Profile) bool) *User {
	return t.first(func(u *User) bool { return slices.ContainsFunc(u.Profiles, match) })
}

func (t *userTable) first(match func(*User) bool) *User {
	if i := slices.IndexFunc(t.users, match); i >= 0 {
		return t.users[i]
	}
	return nil
}

// add keeps addresses unique among users of every kind; usernames need not be.
func (t *userTable) add(u User) (*User, error) {
	u.Email = strings.ToLower(u.Email)
	if err := t.free(u.Email, nil); err != nil {
		return nil, err
	}
	if u.ID == "" {
		u.ID = rand.Text()
	}
	if u.Role == "" {
		u.Role = RoleCommenter
	}
	t.users = append(t.users, &u)
	return &u, nil
}

// free says whether nobody but owner holds the address.
func (t *userTable) free(email string, owner *User) error {
	taken := t.first(func(u *User) bool { return u != owner && email != "" && u.Email == email })
	if taken == nil {
		return nil
	}
	return &Refusal{
		Status: http.StatusForbidden, Code: CodeDuplicateEmail,
		Reason: "another user has this e-mail address",
	}
}
