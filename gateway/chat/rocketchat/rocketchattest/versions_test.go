package rocketchattest_test

import (
	"net/http"
	"testing"

	"github.com/google/go-cmp/cmp"

	"chatgate/gateway/chat/rocketchat/rocketchattest"
)

// said is how a refusal reads.
type said struct {
	Status    int
	Error     any // a text, or a number
	ErrorType any
}

func refusal(a answer) said { return said{a.status, a.body["error"], a.body["errorType"]} }

const (
	login  = "You must be logged in to do this."
	rights = "User does not have the permissions required for this action"
	query  = `Invalid query parameter provided: "x" [error-invalid-query]`
)

// What a caller may not decide on, since it differs: the texts of every kind of refusal, from 6.13 to the announced 9.0.
func TestRefusalsOnEveryVersion(t *testing.T) {
	for _, tc := range []struct {
		name string
		act  func(caller, person, nobody client) answer
		want map[string]said
	}{
		{
			"no credentials", func(_, _, nobody client) answer { return nobody.get("users.list") },
			map[string]said{"6.13": {401, nil, nil}, "7.13": {401, login, nil}, "8.3": {401, login, nil}, "8.8": {401, login, nil}, "9.0": {401, login, nil}},
		}, {
			"a permission that the route demands", func(_, person, _ client) answer { return person.get("settings/Site_Url") },
			map[string]said{
				"6.13": {401, "unauthorized", nil}, "7.13": {403, rights + " [error-unauthorized]", nil}, "8.3": {403, rights + " [error-unauthorized]", nil},
				"8.8": {403, rights + " [error-unauthorized]", nil}, "9.0": {403, rights + " [error-forbidden]", nil},
			},
		}, {
			"a permission that the handler asks for", func(_, person, _ client) answer { return person.post("users.logout", object{"userId": "EVE"}) },
			map[string]said{
				"6.13": {401, "unauthorized", nil}, "7.13": {403, "unauthorized", nil}, "8.3": {403, "unauthorized", nil},
				"8.8": {403, "unauthorized", nil}, "9.0": {403, "forbidden", nil},
			},
		}, {
			"a wrong password", func(_, _, nobody client) answer { return nobody.post("login", object{"user": "ada", "password": "no"}) },
			map[string]said{
				"6.13": {401, "Unauthorized", nil}, "7.13": {401, "Unauthorized", nil}, "8.3": {401, "Unauthorized", nil},
				"8.8": {401, "Unauthorized", nil}, "9.0": {401, "unauthorized", nil},
			},
		}, {
			"a token that is none", func(_, _, nobody client) answer { return nobody.post("login", object{"resume": "none"}) },
			map[string]said{"6.13": {401, 403.0, nil}, "7.13": {401, 403.0, nil}, "8.3": {401, 403.0, nil}, "8.8": {401, 403.0, nil}, "9.0": {401, "unauthorized", nil}},
		}, {
			"a deactivated person", func(_, _, nobody client) answer {
				return nobody.post("login", object{"user": "eve", "password": "eve"})
			},
			map[string]said{
				"6.13": {401, "error-user-is-not-activated", nil}, "7.13": {401, "error-user-is-not-activated", nil}, "8.3": {401, "error-user-is-not-activated", nil},
				"8.8": {401, "error-user-is-not-activated", nil}, "9.0": {401, "unauthorized", nil},
			},
		}, {
			"a query that is none", func(caller, _, _ client) answer { return caller.get("users.list?query=x") },
			map[string]said{"6.13": {400, query, "error-invalid-query"}, "7.13": {Status: 200}, "8.3": {Status: 200}, "8.8": {Status: 200}, "9.0": {Status: 200}},
		}, {
			"the parameter fields", func(caller, _, _ client) answer { return caller.get("users.info?userId=EVE&fields={}") },
			map[string]said{
				"6.13": {Status: 200}, "7.13": {Status: 200}, "8.3": {Status: 200}, "8.8": {Status: 200},
				"9.0": {400, "must NOT have additional properties [invalid-params]", "invalid-params"},
			},
		}, {
			"an account that is none", func(caller, _, _ client) answer { return caller.get("users.info?userId=NONE") },
			map[string]said{
				"6.13": {400, "User not found.", nil}, "7.13": {400, "User not found.", nil}, "8.3": {400, "User not found.", nil},
				"8.8": {400, "User not found.", nil}, "9.0": {400, "User not found.", nil},
			},
		},
	} {
		for version, want := range tc.want {
			t.Run(tc.name+" in "+version, func(t *testing.T) {
				s, adaID := workspace(version)
				s.AddUser(rocketchattest.User{ID: "EVE", Username: "eve", Password: "eve", Inactive: true})
				got := tc.act(admin(t, s), anonymous(t, s).as(adaID, s.AddLoginToken(adaID)), anonymous(t, s))
				if diff := cmp.Diff(want, refusal(got)); diff != "" {
					t.Errorf("it said (-want +got):\n%s", diff)
				}
			})
		}
	}
}

// The whole way of a gateway on releases long gone: look up, create, mint, resume, log out.
func TestOlderVersionsWork(t *testing.T) {
	for _, version := range []string{"3.0", "3.6", "5.4", "6.5"} {
		t.Run(version, func(t *testing.T) {
			s, adaID := workspace(version)
			caller := admin(t, s)
			if got := anonymous(t, s).get("/api/info").ok()["version"]; got != version {
				t.Errorf("version %v, want %s", got, version)
			}
			if got := caller.get(`users.list?query={"emails.address":"ada@example.org"}`).ok()["total"]; got != 1.0 {
				t.Errorf("%v accounts have Ada's address, want 1", got)
			}
			caller.post("users.create", newUser(nil)).ok()
			token := mint(caller, version, adaID).at("data", "authToken").(string)
			anonymous(t, s).post("login", object{"resume": token}).ok()
			anonymous(t, s).as(adaID, token).post("logout", object{}).ok()
			if s.Alive(token) {
				t.Error("the token outlived the logout")
			}
		})
	}
}

func TestNoSecondFactorByRESTBefore36(t *testing.T) {
	for version, status := range map[string]int{"3.5": http.StatusOK, "3.6": http.StatusBadRequest} {
		s, adaID := workspace(version)
		service, _ := s.ServiceAccount()
		caller := anonymous(t, s).as(service, s.AddPAT(service, false))
		got := caller.post("users.update", object{"userId": adaID, "data": object{"name": "Ada"}})
		if got.status != status {
			t.Errorf("users.update of %s = %d, want %d: %v", version, got.status, status, got.body)
		}
	}
}
