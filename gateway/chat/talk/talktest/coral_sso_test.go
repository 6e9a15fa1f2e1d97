package talktest_test

import (
	"testing"
	"time"

	"github.com/golang-jwt/jwt/v5"
	"github.com/google/go-cmp/cmp"

	"chatgate/gateway/chat/talk/talktest"
)

const (
	ssoKID    = "6f1c2a9e4b7d08f3a1"
	ssoSecret = "ssosec_5d41402abc4b2a76b9719d911017c5925d41402abc4b2a76b9719d911017c592dead"
)

func ssoIntegration() *talktest.SSOIntegration {
	return &talktest.SSOIntegration{Enabled: true, AllowRegistration: true, Secrets: map[string]string{ssoKID: ssoSecret}}
}

// ssoClaims is an SSO token Coral takes.
func ssoClaims() claims {
	return claims{
		"jti": "sso-1", "iat": start.Unix(), "exp": start.Add(15 * time.Minute).Unix(),
		"user": map[string]any{"id": "u-ada", "email": "ada@example.org", "username": "Ada Lovelace"},
	}
}

// person is ssoClaims with one claim of the user changed.
func person(name string, value any) claims {
	return ssoClaims().with("user", map[string]any(claims(ssoClaims()["user"].(map[string]any)).with(name, value)))
}

func anonymous(missing string) claims {
	return ssoClaims().with("user", map[string]any(claims(ssoClaims()["user"].(map[string]any)).without(missing)))
}

func ssoToken(t *testing.T, c claims) string {
	t.Helper()
	return sign(t, jwt.SigningMethodHS256, []byte(ssoSecret), ssoKID, c)
}

func TestSSOTokensByTheirClaims(t *testing.T) {
	tests := []struct {
		name   string
		claims claims
		want   string
	}{
		{"the claims of G15 are accepted", ssoClaims(), accepted},
		{"a number as user.id is refused", person("id", 7), tokenInvalid},
		{"a missing user.id is refused", anonymous("id"), tokenInvalid},
		{"a missing user.email is refused", anonymous("email"), tokenInvalid},
		{"an email Coral could not deliver to is accepted all the same", person("email", "a@corp.local"), accepted},
		{"a missing user.username is refused", anonymous("username"), tokenInvalid},
		{"any text is a username", person("username", "Zoë! 李"), accepted},
		{"a role in lower case is refused (G16)", person("role", "moderator"), tokenInvalid},
		{"an unknown role is refused (G16)", person("role", "EDITOR"), tokenInvalid},
		{"MODERATOR is a role", person("role", "MODERATOR"), accepted},
		{"MEMBER is a role", person("role", "MEMBER"), accepted},
		{"null as badges is refused", person("badges", nil), tokenInvalid},
		{"no badges are accepted", person("badges", []string{}), accepted},
		{"a number among the badges is refused", person("badges", []any{1}), tokenInvalid},
		{"a url that is no URI is refused", person("url", "account"), tokenInvalid},
		{"an avatar that is no URI is refused", person("avatar", "a.png"), tokenInvalid},
		{"no exp is accepted: such a token never ends", ssoClaims().without("exp"), accepted},
		{"expired in this very second is expired", ssoClaims().with("exp", start.Unix()), tokenInvalid},
		{"an nbf ahead is refused", ssoClaims().with("nbf", start.Unix()+5), tokenInvalid},
		{"a number as jti is refused", ssoClaims().with("jti", 1), tokenInvalid},
		{"iss, aud and sub are not read", ssoClaims().with("iss", "x").with("aud", "y").with("sub", "z"), accepted},
		{"a token without a user is refused", ssoClaims().without("user"), tokenInvalid},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			coral := newCoral(t, talktest.CoralConfig{SSO: ssoIntegration()})
			_, err := coral.Verify(t.Context(), ssoToken(t, tt.claims))
			if got := verdict(err); got != tt.want {
				t.Errorf("Verify() = %s (%v), want %s", got, err, tt.want)
			}
		})
	}
}

func TestSSOTokensByTheirSignature(t *testing.T) {
	hs256 := func(secret, kid string) string {
		return sign(t, jwt.SigningMethodHS256, []byte(secret), kid, ssoClaims())
	}
	one := map[string]string{ssoKID: ssoSecret}
	two := map[string]string{ssoKID: ssoSecret, "older": "ssosec_older"}
	tests := []struct {
		name    string
		secrets map[string]string
		token   string
		want    string
	}{
		{"the secret is used as text", one, hs256(ssoSecret, ssoKID), accepted},
		{"HS512 is refused", one, sign(t, jwt.SigningMethodHS512, []byte(ssoSecret), ssoKID, ssoClaims()), tokenInvalid},
		{"RS256 is refused", one, sign(t, jwt.SigningMethodRS256, rsaKey(), ssoKID, ssoClaims()), tokenInvalid},
		{"none is refused", one, sign(t, jwt.SigningMethodNone, jwt.UnsafeAllowNoneSignatureType, ssoKID, ssoClaims()), tokenInvalid},
		{"a wrong secret is refused", one, hs256("guess", ssoKID), tokenInvalid},
		{"with one secret an unknown kid does not matter", one, hs256(ssoSecret, "unknown"), accepted},
		{"with two secrets an unknown kid is refused", two, hs256(ssoSecret, "unknown"), tokenInvalid},
		{"with two secrets no kid tries both", two, hs256("ssosec_older", ""), accepted},
		{"with two secrets the kid picks one", two, hs256("ssosec_older", "older"), accepted},
		{"with two secrets the other one's kid is refused", two, hs256("ssosec_older", ssoKID), tokenInvalid},
		{"without secrets nothing is accepted", nil, hs256(ssoSecret, ssoKID), tokenInvalid},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			integration := ssoIntegration()
			integration.Secrets = tt.secrets
			coral := newCoral(t, talktest.CoralConfig{SSO: integration})
			_, err := coral.Verify(t.Context(), tt.token)
			if got := verdict(err); got != tt.want {
				t.Errorf("Verify() = %s (%v), want %s", got, err, tt.want)
			}
		})
	}
}

func TestSSOUserTakenFromTheClaims(t *testing.T) {
	coral := newCoral(t, talktest.CoralConfig{SSO: ssoIntegration()})
	c := ssoClaims().with("user", map[string]any{
		"id": "u-ada", "email": "Ada@Example.org", "username": "Ada L", "role": "MODERATOR", "badges": []string{"founder"},
		"url": "https://sso.example.org/", "avatar": "https://example.org/ada.PNG?s=80",
	})
	viewer, err := coral.Verify(t.Context(), ssoToken(t, c))
	if err != nil {
		t.Fatal(err)
	}
	want := talktest.User{
		ID: "u-ada", Username: "Ada L", Email: "ada@example.org", EmailVerified: true, Role: talktest.RoleModerator,
		Badges: []string{"founder"}, URL: "https://sso.example.org/", Avatar: "https://example.org/ada.PNG?s=80",
		Profiles: []talktest.Profile{{Type: talktest.ProfileSSO, ID: "u-ada", LastIssuedAt: start}},
	}
	if diff := cmp.Diff(want, viewer.User, cmp.Comparer(time.Time.Equal)); diff != "" {
		t.Errorf("viewer (-want +got):\n%s", diff)
	}
}

func TestSSOAvatarMustLookLikeAPicture(t *testing.T) {
	coral := newCoral(t, talktest.CoralConfig{SSO: ssoIntegration()})
	viewer, err := coral.Verify(t.Context(), ssoToken(t, person("avatar", "https://example.org/ada")))
	if err != nil || viewer.Avatar != "" {
		t.Errorf("Verify() = avatar %q, %v, want none", viewer.Avatar, err)
	}
}

func TestSSOUpdates(t *testing.T) {
	later := start.Unix() + 60
	tests := []struct {
		name         string
		second       claims
		wantUsername string
		wantRole     string
	}{
		{"a newer iat updates (G17)", person("username", "Countess").with("iat", later), "Countess", talktest.RoleStaff},
		{"an older iat is ignored (G17)", person("username", "Countess").with("iat", start.Unix()-60), "Ada Lovelace", talktest.RoleStaff},
		{"an equal iat is ignored (G17)", person("username", "Countess"), "Ada Lovelace", talktest.RoleStaff},
		{"a missing iat is ignored", person("username", "Countess").without("iat"), "Ada Lovelace", talktest.RoleStaff},
		{"a missing role keeps the role (G16)", ssoClaims().with("iat", later), "Ada Lovelace", talktest.RoleStaff},
		{"COMMENTER demotes (G16)", person("role", "COMMENTER").with("iat", later), "Ada Lovelace", talktest.RoleCommenter},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			coral := newCoral(t, talktest.CoralConfig{SSO: ssoIntegration()})
			if _, err := coral.Verify(t.Context(), ssoToken(t, person("role", "STAFF"))); err != nil {
				t.Fatal(err)
			}
			viewer, err := coral.Verify(t.Context(), ssoToken(t, tt.second))
			if err != nil {
				t.Fatal(err)
			}
			if viewer.Username != tt.wantUsername || viewer.Role != tt.wantRole {
				t.Errorf("viewer = %q, %s, want %q, %s", viewer.Username, viewer.Role, tt.wantUsername, tt.wantRole)
			}
		})
	}
}

func TestSSOLinking(t *testing.T) {
	local := talktest.User{ID: "local-1", Username: "boss", Email: "ada@example.org", Role: talktest.RoleAdmin}
	having := func(kind, profileID, userID, email string) talktest.User {
		return talktest.User{
			ID: userID, Username: "before", Email: email, Profiles: []talktest.Profile{{Type: kind, ID: profileID}},
		}
	}
	byID := having(talktest.ProfileLocal, "u-ada", "local-2", "old@example.org")
	sso := having(talktest.ProfileSSO, "u-before", "u-before", "ada@example.org")
	oidc := having(talktest.ProfileOIDC, "x", "oidc-1", "ada@example.org")
	const duplicate = "Forbidden DUPLICATE_EMAIL"
	tests := []struct {
		name    string
		version string
		present talktest.User
		want    string
		wantID  string
	}{
		{"9.9.0 logs in as the local administrator with that email (G9)", "9.9.0", local, accepted, "local-1"},
		{"9.9.0 finds a local profile by id first", "9.9.0", byID, accepted, "local-2"},
		{"9.9.0 links another id to the SSO user with that email", "9.9.0", sso, accepted, "u-before"},
		{"an OIDC user's email is a duplicate", "9.9.0", oidc, duplicate, ""},
		{"9.8.0 refuses a local user's email", "9.8.0", local, duplicate, ""},
		{"9.8.0 refuses another SSO user's email", "9.8.0", sso, duplicate, ""},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			coral := newCoral(t, talktest.CoralConfig{Version: tt.version, SSO: ssoIntegration()})
			before, err := coral.AddUser(tt.present)
			if err != nil {
				t.Fatal(err)
			}
			viewer, err := coral.Verify(t.Context(), ssoToken(t, ssoClaims()))
			if got := verdict(err); got != tt.want || viewer.ID != tt.wantID {
				t.Fatalf("Verify() = %q, %s, want %q, %s", viewer.ID, got, tt.wantID, tt.want)
			}
			if err == nil && (viewer.Username != "Ada Lovelace" || viewer.Role != before.Role) {
				t.Errorf("viewer = %q, %s, want the token's name and the account's role", viewer.Username, viewer.Role)
			}
			again, err := coral.Verify(t.Context(), ssoToken(t, ssoClaims()))
			if verdict(err) != tt.want || again.ID != tt.wantID {
				t.Errorf("second Verify() = %q, %v, want %q, %s", again.ID, err, tt.wantID, tt.want)
			}
		})
	}
}

func TestSSORegistrationOff(t *testing.T) {
	integration := ssoIntegration()
	integration.AllowRegistration = false
	coral := newCoral(t, talktest.CoralConfig{SSO: integration})
	viewer, err := coral.Verify(t.Context(), ssoToken(t, ssoClaims()))
	if err != nil || !viewer.Anonymous() {
		t.Errorf("Verify() = %+v, %v, want nobody", viewer, err)
	}
}

func TestSSOByRelease(t *testing.T) {
	const page = "https://sso.example.org/"
	noName := ssoClaims().with("user", map[string]any{"id": "u-ada", "email": "ada@example.org", "url": page})
	tests := []struct {
		name    string
		version string
		claims  claims
		want    string
	}{
		{"9.7.0 sends a person without a name to their account page", "9.7.0", noName, "Forbidden USERNAME_NOT_PROVIDED"},
		{"9.6.0 does not", "9.6.0", noName, tokenInvalid},
		{"6.0 has no MEMBER", "6.0.0", person("role", "MEMBER"), tokenInvalid},
		{"6.1 has", "6.1.0", person("role", "MEMBER"), accepted},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			coral := newCoral(t, talktest.CoralConfig{Version: tt.version, SSO: ssoIntegration()})
			_, err := coral.Verify(t.Context(), ssoToken(t, tt.claims))
			if got := verdict(err); got != tt.want {
				t.Errorf("Verify() = %s (%v), want %s", got, err, tt.want)
			}
		})
	}
}
