package rocketchattest_test

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
)

func TestSchemas(t *testing.T) {
	for _, tc := range []struct {
		name, version, route string
		body                 object
		want                 string // in the error text; empty: accepted
	}{
		{"users.create as it should be", "8.8.1", "users.create", newUser(nil), ""},
		{"users.create with an unknown key", "8.8.1", "users.create", newUser(object{"isActive": true}), "additional properties"},
		{"users.create with a key in another case", "8.8.1", "users.create", newUser(object{"Verified": true}), "additional properties"},
		{"users.create without a name", "8.8.1", "users.create", without(newUser(nil), "name"), "required property 'name'"},
		{"users.create without an address", "8.8.1", "users.create", without(newUser(nil), "email"), "required property 'email'"},
		{"users.create without a password", "8.8.1", "users.create", without(newUser(nil), "password"), "required property 'password'"},
		{"users.create without a username", "8.8.1", "users.create", without(newUser(nil), "username"), "required property 'username'"},
		{"users.create with a number for a name", "8.8.1", "users.create", newUser(object{"name": 7}), "must be string"},
		{"users.create with a word for verified", "8.8.1", "users.create", newUser(object{"verified": "yes"}), "must be boolean"},
		{"users.create with one role that is no list", "8.8.1", "users.create", newUser(object{"roles": "user"}), "must be array"},
		{"users.create was as strict before", "6.8.0", "users.create", newUser(object{"isActive": true}), "additional properties"},

		{"users.update of one field", "8.8.1", "users.update", object{"userId": "ADA", "data": object{"name": "Ada"}}, ""},
		{"users.update with an unknown key", "8.8.1", "users.update", object{"userId": "ADA", "data": object{}, "user": 1}, "additional properties"},
		{"users.update with an unknown key in data", "8.8.1", "users.update", object{"userId": "ADA", "data": object{"joinDefaultChannels": true}}, "additional properties"},
		{"users.update in 7.0 already", "7.0.0", "users.update", object{"userId": "ADA", "data": object{"joinDefaultChannels": true}}, "additional properties"},
		{"users.update of 6.x tolerated that", "6.13.0", "users.update", object{"userId": "ADA", "data": object{"joinDefaultChannels": true}}, ""},
		{"users.update of 6.x still looked at types", "6.13.0", "users.update", object{"userId": "ADA", "data": object{"name": 7}}, "must be string"},
		{"users.update without data", "8.8.1", "users.update", object{"userId": "ADA"}, "required property 'data'"},
		{"users.update with an empty user id", "8.8.1", "users.update", object{"userId": "", "data": object{}}, "fewer than 1"},

		{"users.setActiveStatus as it should be", "8.8.1", "users.setActiveStatus", object{"userId": "ADA", "activeStatus": true}, ""},
		{"users.setActiveStatus with an unknown key", "8.8.1", "users.setActiveStatus", object{"userId": "ADA", "activeStatus": true, "x": 1}, "additional properties"},
		{"users.setActiveStatus without a status", "8.8.1", "users.setActiveStatus", object{"userId": "ADA"}, "required property 'activeStatus'"},

		{"users.createToken with the secret", "8.0.0", "users.createToken", object{"userId": "ADA", "secret": secret}, ""},
		{"users.createToken without the secret", "8.0.0", "users.createToken", object{"userId": "ADA"}, "required property 'secret'"},
		{"users.createToken by name from 8.0", "8.0.0", "users.createToken", object{"username": "ada", "secret": secret}, "additional properties"},
		{"users.createToken by name before", "7.13.0", "users.createToken", object{"username": "ada"}, ""},
		{"users.createToken with a secret before", "7.13.0", "users.createToken", object{"userId": "ADA", "secret": secret}, "additional properties"},

		{"roles.addUserToRole by id", "8.8.1", "roles.addUserToRole", object{"roleId": "bot", "username": "ada"}, ""},
		{"roles.addUserToRole by name from 8.0", "8.0.0", "roles.addUserToRole", object{"roleName": "bot", "username": "ada"}, "additional properties"},
		{"roles.addUserToRole by name before", "7.13.0", "roles.addUserToRole", object{"roleName": "bot", "username": "ada"}, ""},
		{"roles.removeUserFromRole without a username", "8.8.1", "roles.removeUserFromRole", object{"roleId": "bot"}, "required property 'username'"},
		{"roles.removeUserFromRole with an unknown key", "7.13.0", "roles.removeUserFromRole", object{"roleId": "bot", "username": "ada", "x": 1}, "additional properties"},

		{"channels.invite of several at once", "8.8.1", "channels.invite", object{"roomId": "GENERAL", "userIds": []string{"ADA"}}, "additional properties"},
		{"users.logout with an unknown key", "8.8.1", "users.logout", object{"username": "ada"}, "additional properties"},
		{"a personal access token without a name", "8.8.1", "users.generatePersonalAccessToken", object{}, "required property 'tokenName'"},
		{"a setting without a value", "8.8.1", "settings/Site_Name", object{}, "required property 'value'"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			s, _ := workspace(tc.version)
			person := ada
			person.ID, person.Username, person.Email = "ADA", "ada2", "ada2@example.org"
			s.AddUser(person)
			got := admin(t, s).post(tc.route, tc.body)
			if tc.want == "" {
				got.ok()
				return
			}
			got.refused(http.StatusBadRequest, "invalid-params")
			if text, _ := got.body["error"].(string); !strings.Contains(text, tc.want) {
				t.Errorf("error %q, want it to contain %q", text, tc.want)
			}
		})
	}
}

func TestBodiesThatAreNoJSONObjects(t *testing.T) {
	s, _ := workspace("8.8.1")
	userID, token := s.ServiceAccount()
	for _, tc := range []struct {
		name, contentType, body string
		status                  int
	}{
		{"an object without a content type is not read", "", `{"userId":"x","activeStatus":true}`, http.StatusBadRequest},
		{"a form is not read", "application/x-www-form-urlencoded", "userId=x&activeStatus=true", http.StatusBadRequest},
		{"a list", "application/json", `[1]`, http.StatusBadRequest},
		{"half an object", "application/json", `{"userId":`, http.StatusBadRequest},
		{"more than a megabyte", "application/json", `{"userId":"` + strings.Repeat("x", 1<<20) + `"}`, http.StatusRequestEntityTooLarge},
	} {
		t.Run(tc.name, func(t *testing.T) {
			r := httptest.NewRequest(http.MethodPost, "/api/v1/users.setActiveStatus", strings.NewReader(tc.body))
			r.Header.Set("Content-Type", tc.contentType)
			r.Header.Set("X-User-Id", userID)
			r.Header.Set("X-Auth-Token", token)
			w := httptest.NewRecorder()
			s.ServeHTTP(w, r)
			if w.Code != tc.status {
				t.Errorf("status %d, want %d: %s", w.Code, tc.status, w.Body)
			}
		})
	}
}
