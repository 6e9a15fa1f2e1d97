package rocketchattest_test

import (
	"net/http"
	"testing"

	"github.com/google/go-cmp/cmp"

	"chatgate/gateway/chat/rocketchat/rocketchattest"
)

func TestResumeReturnsTheSameToken(t *testing.T) {
	s, adaID := workspace("8.8.1")
	token := s.AddLoginToken(adaID)
	got := anonymous(t, s).post("login", object{"resume": token})
	got.ok()
	if got.at("data", "authToken") != token || got.at("data", "userId") != adaID || got.at("data", "me", "username") != "ada" {
		t.Errorf("data %v, want the same token, Ada's id and her profile", got.at("data"))
	}
	if len(s.LoginTokens(adaID)) != 1 {
		t.Errorf("%d tokens after a resume, want 1", len(s.LoginTokens(adaID)))
	}
}

func TestPasswordLogin(t *testing.T) {
	for _, tc := range []struct {
		name   string
		change func(*rocketchattest.User)
		body   object
		want   any // error of the 401; nil: accepted
	}{
		{"by username", nil, object{"user": "ada", "password": "ada-password"}, nil},
		{"by address in user", nil, object{"user": "ADA@example.org", "password": "ada-password"}, nil},
		{"by username under its own name", nil, object{"username": "ada", "password": "ada-password"}, nil},
		{"by address under its own name", nil, object{"email": "ada@example.org", "password": "ada-password"}, nil},
		{"with a wrong password", nil, object{"user": "ada", "password": "no"}, "Unauthorized"},
		{"of nobody", nil, object{"user": "nobody", "password": "ada-password"}, "Unauthorized"},
		{"of an account without a password", func(u *rocketchattest.User) { u.Password = "" }, object{"user": "ada", "password": ""}, "Unauthorized"},
		{"with a key nobody knows", nil, object{"user": "ada", "password": "ada-password", "remember": true}, 400.0},
		{"with an iframe token, of which there are none", nil, object{"iframe": true, "token": "x"}, 400.0},
		{"with no token to resume", nil, object{"resume": nil}, "Unauthorized"},
		{"with an empty token to resume", nil, object{"resume": ""}, 403.0},
		{"of an inactive account", func(u *rocketchattest.User) { u.Inactive = true }, object{"user": "ada", "password": "ada-password"}, "error-user-is-not-activated"},
		{"of an app", func(u *rocketchattest.User) { u.Type = "app" }, object{"user": "ada", "password": "ada-password"}, "error-app-user-is-not-allowed-to-login"},
		{"of an account without roles", func(u *rocketchattest.User) { u.Roles = []string{} }, object{"user": "ada", "password": "ada-password"}, "error-user-has-no-roles"},
		{"without the second factor", func(u *rocketchattest.User) { u.TOTP = "123456" }, object{"user": "ada", "password": "ada-password"}, "totp-required"},
		{"with a wrong second factor", func(u *rocketchattest.User) { u.TOTP = "123456" }, object{"user": "ada", "password": "ada-password", "code": "1"}, "totp-invalid"},
		{"with the second factor", func(u *rocketchattest.User) { u.TOTP = "123456" }, object{"user": "ada", "password": "ada-password", "code": "123456"}, nil},
	} {
		t.Run(tc.name, func(t *testing.T) {
			s := rocketchattest.New(rocketchattest.Config{})
			person := ada
			if tc.change != nil {
				tc.change(&person)
			}
			adaID := s.AddUser(person)
			got := anonymous(t, s).post("login", tc.body)
			if tc.want == nil {
				got.ok()
				token, _ := got.at("data", "authToken").(string)
				anonymous(t, s).as(adaID, token).get("me").ok()
				return
			}
			if got.status != http.StatusUnauthorized || got.body["error"] != tc.want {
				t.Errorf("login = %d %v, want 401 with error %v", got.status, got.body, tc.want)
			}
		})
	}
}

func TestResumeSkipsTheSecondFactor(t *testing.T) {
	s := rocketchattest.New(rocketchattest.Config{})
	person := ada
	person.TOTP = "123456"
	adaID := s.AddUser(person)
	anonymous(t, s).post("login", object{"resume": s.AddLoginToken(adaID)}).ok()
}

// Who logged in where tells the mobile app, which speaks REST, from the web client.
func TestLoginsAreRecorded(t *testing.T) {
	s, adaID := workspace("8.8.1")
	app := anonymous(t, s).with("User-Agent", "RC Mobile; ios 17.0; v4.60.0 (1)")
	app.post("login", object{"resume": s.AddLoginToken(adaID)}).ok()
	app.with("X-Web-Client", "1").post("login", object{"user": "ada", "password": ada.Password}).ok()
	anonymous(t, s).post("login", object{"resume": "wrong"})

	want := []rocketchattest.Login{
		{UserID: adaID, Resumed: true, UserAgent: "RC Mobile; ios 17.0; v4.60.0 (1)"},
		{UserID: adaID, Page: true, UserAgent: "RC Mobile; ios 17.0; v4.60.0 (1)"},
		{Resumed: true},
	}
	if diff := cmp.Diff(want, s.Logins()); diff != "" {
		t.Errorf("Logins() (-want +got):\n%s", diff)
	}
}
