package talktest

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
)

// Talk4User is Talk 4's record of a person.
type Talk4User struct {
	ID       string
	Username string
	// UsernameFixed means status SET: the person is not asked for another name and cannot change it.
	UsernameFixed bool
	DisplayName   string
	Profiles      []Talk4Profile
}

// Talk4Profile is one way of signing in. The pair is unique in Talk, but the look-up by token asks for ID alone. A
// local profile's ID is the e-mail address.
type Talk4Profile struct{ ID, Provider string }

func (u *Talk4User) viewer() Viewer {
	v := Viewer{User: User{ID: u.ID, Username: u.Username}}
	for _, p := range u.Profiles {
		if p.Provider == ProfileLocal {
			v.Email = p.ID
		}
		v.Profiles = append(v.Profiles, Profile{Type: p.Provider, ID: p.ID})
	}
	return v
}

func (u *Talk4User) clone() *Talk4User {
	c := *u
	c.Profiles = slices.Clone(u.Profiles)
	return &c
}

// errDuplicate is MongoDB's complaint about a profile that someone has already.
var errDuplicate = errors.New("E11000 duplicate key error")

// findOrCreateByIDToken finds a user whose id, or whose profile's id at any provider, is the token's. A subject that is
// an e-mail address, or that equals somebody's Facebook id, therefore takes that account over (G8).
func (t *Talk4) findOrCreateByIDToken(ctx context.Context, claims map[string]any, token string) (*Talk4User, error) {
	if user := t.find(t.userID(claims)); user != nil {
		return user, nil
	}
	if t.cfg.TokenUserNotFound == nil {
		return nil, nil
	}
	user, err := t.cfg.TokenUserNotFound(ctx, t, claims, token)
	if err != nil {
		return nil, fmt.Errorf("tokenUserNotFound: %w", err)
	}
	return user, nil
}

func (t *Talk4) find(id string) *Talk4User {
	t.mu.Lock()
	defer t.mu.Unlock()
	for _, u := range t.users {
		if id != "" && (u.ID == id || slices.ContainsFunc(u.Profiles, func(p Talk4Profile) bool { return p.ID == id })) {
			return u.clone()
		}
	}
	return nil
}

// UpsertExternalUser is the call hooks make: the user with that profile, or a new one under a username made from
// displayName.
func (t *Talk4) UpsertExternalUser(id, provider, displayName string) (*Talk4User, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	profile := Talk4Profile{ID: id, Provider: provider}
	if u := t.holder(profile); u != nil {
		return u.clone(), nil
	}
	username := sanitise(displayName)
	if username == "" {
		return nil, errors.New("save user: a username is required")
	}
	for t.usernameTaken(username) {
		username = fmt.Sprintf("%s_%d", sanitise(displayName), rand.IntN(1_000_000))
	}
	u := &Talk4User{
		ID: id, Username: username, UsernameFixed: true, DisplayName: displayName,
		Profiles: []Talk4Profile{profile},
	}
	t.users = append(t.users, u)
	return u.clone(), nil
}

// AddProfile is how a hook stores an e-mail address for notices, as provider "local". A pair that exists is an error.
func (t *Talk4) AddProfile(userID string, profile Talk4Profile) (*Talk4User, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.holder(profile) != nil {
		return nil, errDuplicate
	}
	i := slices.IndexFunc(t.users, func(u *Talk4User) bool { return u.ID == userID })
	if i < 0 {
		return nil, fmt.Errorf("add profile: no user %q", userID)
	}
	t.users[i].Profiles = append(t.users[i].Profiles, profile)
	return t.users[i].clone(), nil
}

// AddUser seeds a user.
func (t *Talk4) AddUser(u Talk4User) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.users = append(t.users, u.clone())
}

// Users lists everyone Talk knows, oldest first.
func (t *Talk4) Users() []Talk4User {
	t.mu.Lock()
	defer t.mu.Unlock()
	all := make([]Talk4User, len(t.users))
	for i, u := range t.users {
		all[i] = *u.clone()
	}
	return all
}

func (t *Talk4) holder(profile Talk4Profile) *Talk4User {
	i := slices.IndexFunc(t.users, func(u *Talk4User) bool { return slices.Contains(u.Profiles, profile) })
	if i < 0 {
		return nil
	}
	return t.users[i]
}

func (t *Talk4) usernameTaken(name string) bool {
	return slices.ContainsFunc(t.users, func(u *Talk4User) bool { return strings.EqualFold(u.Username, name) })
}

// sanitise trims, turns spaces into "_" and drops everything but ASCII letters and "_": digits go too, and a name
// without any ASCII letter may end up empty (G12).
func sanitise(displayName string) string {
	return strings.Map(func(r rune) rune {
		switch {
		case r == ' ':
			return '_'
		case r == '_', r >= 'a' && r <= 'z', r >= 'A' && r <= 'Z':
			return r
		default:
			return -1
		}
	}, strings.TrimSpace(displayName))
}
