package rocketchattest_test

import (
	"net/http"
	"testing"

	"github.com/google/go-cmp/cmp"

	"chatgate/gateway/chat/rocketchat/rocketchattest"
)

func TestCredentials(t *testing.T) {
	s, adaID := workspace("8.8.1")
	token := s.AddLoginToken(adaID)
	other := s.AddUser(rocketchattest.User{Username: "eve"})
	nobody := anonymous(t, s)

	for _, tc := range []struct {
		name   string
		caller client
	}{
		{"no headers at all", nobody},
		{"a token without its user id", nobody.with("X-Auth-Token", token)},
		{"a user id without a token", nobody.with("X-User-Id", adaID)},
		{"a token of somebody else", nobody.as(other, token)},
		{"the stored hash instead of the token", nobody.as(adaID, s.LoginTokens(adaID)[0].Hash)},
		{"a token that never was", nobody.as(adaID, "x"+token[1:])},
	} {
		t.Run(tc.name, func(t *testing.T) {
			got := tc.caller.get("me")
			want := object{
				"status": "error", "message": "You must be logged in to do this.",
				"success": false, "error": "You must be logged in to do this.",
			}
			if diff := cmp.Diff(want, got.body); got.status != http.StatusUnauthorized || diff != "" {
				t.Errorf("me = %d, want 401 with (-want +got):\n%s", got.status, diff)
			}
		})
	}
	if got := nobody.as(adaID, token).get("me").ok()["username"]; got != "ada" {
		t.Errorf("me with both headers is %v, want ada", got)
	}
}

func TestRefusalsByVersion(t *testing.T) {
	for _, tc := range []struct {
		name, version                string
		unauthenticated, badLogin    object
		permissionStatus             int
		permissionMissing, badResume object
	}{
		{
			name: "6.13 has no success in a 401 and answers 401 for a missing permission", version: "6.13.0",
			unauthenticated:   object{"status": "error", "message": "You must be logged in to do this."},
			badLogin:          object{"status": "error", "error": "Unauthorized", "message": "Unauthorized"},
			permissionStatus:  http.StatusUnauthorized,
			permissionMissing: object{"success": false, "error": "unauthorized"},
			badResume:         object{"status": "error", "error": 403.0, "message": "You've been logged out by the server. Please log in again."},
		}, {
			name: "7.13 has both and answers 403", version: "7.13.0",
			unauthenticated:   object{"status": "error", "message": "You must be logged in to do this.", "success": false, "error": "You must be logged in to do this."},
			badLogin:          object{"status": "error", "error": "Unauthorized", "message": "Unauthorized", "success": false},
			permissionStatus:  http.StatusForbidden,
			permissionMissing: object{"success": false, "error": "User does not have the permissions required for this action [error-unauthorized]"},
			badResume:         object{"status": "error", "error": 403.0, "message": "You've been logged out by the server. Please log in again.", "success": false},
		}, {
			name: "9.0 says less", version: "9.0.0",
			unauthenticated:   object{"success": false, "error": "You must be logged in to do this."},
			badLogin:          object{"success": false, "error": "unauthorized"},
			permissionStatus:  http.StatusForbidden,
			permissionMissing: object{"success": false, "error": "User does not have the permissions required for this action [error-forbidden]"},
			badResume:         object{"success": false, "error": "unauthorized"},
		},
	} {
		t.Run(tc.name, func(t *testing.T) {
			s, adaID := workspace(tc.version)
			nobody := anonymous(t, s)
			person := nobody.as(adaID, s.AddLoginToken(adaID))

			check := func(what string, got answer, status int, want object) {
				t.Helper()
				if diff := cmp.Diff(want, got.body); got.status != status || diff != "" {
					t.Errorf("%s: status %d, want %d; body (-want +got):\n%s", what, got.status, status, diff)
				}
			}
			check("without credentials", nobody.get("me"), http.StatusUnauthorized, tc.unauthenticated)
			check("wrong password", nobody.post("login", object{"user": "ada", "password": "wrong"}), http.StatusUnauthorized, tc.badLogin)
			check("bad token", nobody.post("login", object{"resume": "wrong"}), http.StatusUnauthorized, tc.badResume)
			check("no permission", person.get("settings/Site_Url"), tc.permissionStatus, tc.permissionMissing)
		})
	}
}

func TestUnknownRoute(t *testing.T) {
	s, _ := workspace("6.7.0")
	for _, tc := range []struct{ name, method, path string }{
		{"a route that never was", http.MethodGet, "users.everything"},
		{"a known route by another method", http.MethodPost, "me"},
		{"a route of a later version", http.MethodGet, "users.listByStatus"},
		{"info, which is not below v1", http.MethodGet, "info"},
		{"outside v1", http.MethodGet, "/api/v2/me"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			got := admin(t, s).do(tc.method, tc.path, nil)
			want := object{"success": false, "error": "Resource not found"}
			if diff := cmp.Diff(want, got.body); got.status != http.StatusNotFound || diff != "" {
				t.Errorf("%s %s = %d, want 404 with (-want +got):\n%s", tc.method, tc.path, got.status, diff)
			}
		})
	}
}

func TestInfo(t *testing.T) {
	s, adaID := workspace("8.8.1")
	for _, tc := range []struct {
		name   string
		caller client
		want   string
	}{
		{"a stranger learns major and minor", anonymous(t, s), "8.8"},
		{"so does an ordinary person", anonymous(t, s).as(adaID, s.AddLoginToken(adaID)), "8.8"},
		{"an administrator learns all of it", admin(t, s), "8.8.1"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			if got := tc.caller.get("/api/info").ok()["version"]; got != tc.want {
				t.Errorf("version %v, want %s", got, tc.want)
			}
		})
	}
}

func TestNewPanicsOnNoVersion(t *testing.T) {
	defer func() {
		if recover() == nil {
			t.Error("New accepted version latest")
		}
	}()
	rocketchattest.New(rocketchattest.Config{Version: "latest"})
}

func TestCallsAreRecorded(t *testing.T) {
	s, _ := workspace("8.8.1")
	nobody := anonymous(t, s)
	nobody.with("X-Real-IP", "203.0.113.9").get("me")
	nobody.get("/api/info")
	nobody.with("X-Web-Client", "1").post("login", object{"resume": "wrong"})
	nobody.get("settings/Site_Url")

	want := []rocketchattest.Call{
		{Route: "me", Method: "GET", RealIP: "203.0.113.9"},
		{Route: "info", Method: "GET", RealIP: "192.0.2.1"},
		{Route: "login", Method: "POST", RealIP: "192.0.2.1", Page: true},
		{Route: "settings/:_id", Method: "GET", RealIP: "192.0.2.1"},
	}
	if diff := cmp.Diff(want, s.Calls()); diff != "" {
		t.Errorf("Calls() (-want +got):\n%s", diff)
	}
	if me, login := s.Count("me"), s.Count("login"); me != 1 || login != 0 {
		t.Errorf("Count(me), Count(login) = %d, %d, want 1 and, the page not counted, 0", me, login)
	}
	s.ResetCalls()
	if got := s.Count("me"); got != 0 {
		t.Errorf("Count(me) = %d after ResetCalls, want 0", got)
	}
}
