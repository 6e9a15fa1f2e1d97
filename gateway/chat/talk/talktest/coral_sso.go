package talktest

import (
	"context"
	"errors"
	"maps"
	"net/http"
	"net/url"
	"path"
	"slices"
	"strings"
	"time"
)

// SSOIntegration is Coral's "single sign-on" setting. Secrets are used as the text they are, by kid; Coral makes them
// itself and never lets one be set from outside.
type SSOIntegration struct {
	Enabled           bool         `json:"enabled"`
	AllowRegistration bool         `json:"allowRegistration"`
	TargetFilter      TargetFilter `json:"targetFilter"`
	// Secrets are those to start with, one of Coral's making when empty. Current is the kid of the one that was not
	// rotated, the last by name when empty.
	Secrets map[string]string `json:"-"`
	Current string            `json:"-"`
}

// ssoVerifier accepts tokens signed HS256 with one of the integration's secrets.
type ssoVerifier struct{ coral *Coral }

func (v *ssoVerifier) integration() *SSOIntegration { return &v.coral.state.Load().sso }

// secrets are those that are good now, by kid.
func (v *ssoVerifier) secrets() map[string]string {
	good := map[string]string{}
	for _, s := range v.coral.state.Load().secrets {
		if s.active(v.coral.now()) {
			good[s.KID] = s.Secret
		}
	}
	return good
}

const usernameRequired = `SSO: "user.username" is required`

func (v *ssoVerifier) enabled() bool { return v.integration().Enabled }

func (v *ssoVerifier) misfit(claims map[string]any) string {
	outer := []field{stringField("jti"), numberField("exp"), numberField("iat"), must(field{
		name: "user", want: "an object", fits: func(v any) bool { _, ok := v.(map[string]any); return ok },
	})}
	if reason := misfit("", claims, outer); reason != "" {
		return "SSO: " + reason
	}
	inner := []field{
		must(stringField("id")), must(stringField("email")), must(stringField("username")),
		stringsField("badges"), wordField("role", v.roles()), uriField("url"), uriField("avatar"),
	}
	if reason := misfit("user.", claims["user"].(map[string]any), inner); reason != "" {
		return "SSO: " + reason
	}
	return ""
}

func (v *ssoVerifier) roles() []string {
	roles := []string{RoleCommenter, RoleStaff, RoleModerator, RoleAdmin}
	if v.coral.release.since(6, 1, 0) {
		roles = append(roles, RoleMember)
	}
	return roles
}

func (v *ssoVerifier) verify(_ context.Context, token string) (Viewer, error) {
	secrets, err := v.secretsFor(token)
	if err != nil {
		return Viewer{}, err
	}
	var claims map[string]any
	for _, secret := range secrets {
		if claims, err = verify(token, "HS256", []byte(secret), v.coral.now()); err == nil {
			return v.findOrCreate(claims)
		}
	}
	return Viewer{}, tokenInvalid(err)
}

// secretsFor heeds the header's kid only where there is a choice: a lone secret is tried whatever the kid says, an
// unknown kid among several is refused, and a token without one is tried against all.
func (v *ssoVerifier) secretsFor(token string) ([]string, error) {
	header, _, err := decode(token)
	if err != nil {
		return nil, tokenInvalid(err)
	}
	all := v.secrets()
	kid := text(header, "kid")
	if len(all) == 1 || kid == "" {
		return slices.Collect(maps.Values(all)), nil
	}
	secret, ok := all[kid]
	if !ok {
		return nil, tokenInvalid(errors.New("kid was specified but no matching keys were found"))
	}
	return []string{secret}, nil
}

// findOrCreate answers with nobody for a revoked token and for a stranger while registration is off.
func (v *ssoVerifier) findOrCreate(claims map[string]any) (Viewer, error) {
	v.coral.mu.Lock()
	defer v.coral.mu.Unlock()
	if v.coral.revokedLocked(claims) {
		return Viewer{}, nil
	}
	wanted := v.userFrom(claims)
	user := v.coral.users.byProfile(func(p Profile) bool { return p.Type == ProfileSSO && p.ID == wanted.ID })
	if user == nil {
		return v.admit(wanted)
	}
	if err := v.update(user, wanted, claims); err != nil {
		return Viewer{}, err
	}
	return viewerOf(user), nil
}

func (v *ssoVerifier) admit(wanted User) (Viewer, error) {
	if !v.integration().AllowRegistration {
		return Viewer{}, nil
	}
	if user := v.link(wanted); user != nil {
		return viewerOf(user), nil
	}
	if v.coral.users.byID(wanted.ID) != nil {
		return Viewer{}, &Refusal{Status: http.StatusForbidden, Code: CodeDuplicateUser, Reason: "another user has this id"}
	}
	user, err := v.coral.users.add(wanted)
	if err != nil {
		return Viewer{}, err
	}
	return viewerOf(user), nil
}

// link is what 9.9.0 brought: an address is proof enough to log in as whoever holds it, an administrator included,
// and to rename them. A gateway that lets an unverified address into a token gives those accounts away (G9).
func (v *ssoVerifier) link(wanted User) *User {
	if !v.coral.release.since(9, 9, 0) {
		return nil
	}
	user := v.coral.users.byProfile(func(p Profile) bool { return p.Type == ProfileLocal && p.ID == wanted.ID })
	if user == nil {
		user = v.coral.users.byEmail(ProfileLocal, wanted.Email)
	}
	if user == nil {
		user = v.coral.users.byEmail(ProfileSSO, wanted.Email)
	}
	if user == nil {
		return nil
	}
	user.Profiles = append(user.Profiles, wanted.Profiles...)
	user.Username = wanted.Username
	return user
}

// update takes a token's data over when its "iat" is newer than that of the last token that did. A token without a
// role leaves the role alone: only "COMMENTER" demotes (G16, G17).
func (v *ssoVerifier) update(user *User, wanted User, claims map[string]any) error {
	issued, ok := seconds(claims, "iat")
	profile := user.profile(ProfileSSO)
	if !ok || !profile.LastIssuedAt.Before(issued) {
		return nil
	}
	if err := v.coral.users.free(wanted.Email, user); err != nil {
		return err
	}
	profile.LastIssuedAt = issued
	user.Email, user.EmailVerified = wanted.Email, true
	user.Username, user.Badges = wanted.Username, wanted.Badges
	user.URL, user.Avatar = wanted.URL, wanted.Avatar
	if role := text(claims["user"].(map[string]any), "role"); role != "" {
		user.Role = role
	}
	return nil
}

// userFrom reads claims that have the right shape. Their e-mail counts as verified: Coral trusts the issuer.
func (v *ssoVerifier) userFrom(claims map[string]any) User {
	person := claims["user"].(map[string]any)
	u := User{
		ID: text(person, "id"), Username: text(person, "username"), Role: text(person, "role"),
		Email: strings.ToLower(text(person, "email")), EmailVerified: true,
		URL: text(person, "url"), Avatar: avatar(text(person, "avatar")),
		Profiles: []Profile{{Type: ProfileSSO, ID: text(person, "id"), LastIssuedAt: v.issuedAt(claims)}},
	}
	badges, _ := person["badges"].([]any)
	for _, b := range badges {
		u.Badges = append(u.Badges, b.(string))
	}
	if !v.coral.release.since(6, 0, 0) {
		u.URL = ""
	}
	if !v.coral.release.since(6, 3, 3) {
		u.Avatar = ""
	}
	return u
}

func (v *ssoVerifier) issuedAt(claims map[string]any) time.Time {
	if issued, ok := seconds(claims, "iat"); ok {
		return issued
	}
	return v.coral.now()
}

// avatar keeps an address whose path ends like a picture's.
func avatar(address string) string {
	u, err := url.Parse(address)
	if err != nil {
		return ""
	}
	switch strings.ToLower(path.Ext(u.Path)) {
	case ".jpg", ".jpeg", ".png", ".gif", ".webp":
		return address
	default:
		return ""
	}
}
