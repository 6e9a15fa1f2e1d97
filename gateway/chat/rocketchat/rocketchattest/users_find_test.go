package rocketchattest_test

import (
	"fmt"
	"net/http"
	"net/url"
	"testing"

	"github.com/google/go-cmp/cmp"

	"chatgate/gateway/chat/rocketchat/rocketchattest"
)

// usernames reads users.info and listings alike.
func usernames(a answer) []string {
	names := []string{}
	if user, ok := a.ok()["user"].(object); ok {
		return append(names, user["username"].(string))
	}
	for _, user := range a.body["users"].([]any) {
		names = append(names, user.(object)["username"].(string))
	}
	return names
}

func TestFindingAccounts(t *testing.T) {
	query := func(document string) string { return "users.list?query=" + url.QueryEscape(document) }
	for _, tc := range []struct {
		name, version, path string
		want                []string // usernames
	}{
		{"8.4 finds by address whatever its case", "8.4", "users.info?email=Ada@EXAMPLE.org", []string{"ada"}},
		{"8.4 lists by address, exactly", "8.4", "users.list?email=ADA@example.org", []string{"ada"}},
		{"8.3 ignores the address in a listing and lists everyone", "8.3", "users.list?email=ada@example.org", []string{"ada", "adam", "gateway.bot"}},
		{"6.8 has listByStatus, which finds parts of addresses", "6.8", "users.listByStatus?searchTerm=ada@example.org", []string{"ada", "adam"}},
		{"listByStatus finds parts of names", "8.8", "users.listByStatus?searchTerm=lovelace", []string{"ada"}},
		{"listByStatus filters by activity", "8.8", "users.listByStatus?status=deactivated", []string{"adam"}},
		{"listByStatus filters by role", "8.8", "users.listByStatus?roles[]=admin", []string{"gateway.bot"}},
		{"listByStatus filters by type", "8.8", "users.listByStatus?type=bot", []string{}},
		{"6.8 finds by query", "6.8", query(`{"emails.address":"ada@example.org"}`), []string{"ada"}},
		{"a query compares exactly", "6.8", query(`{"emails.address":"ADA@example.org"}`), []string{}},
		{"7.13 ignores a query and lists everyone", "7.13", query(`{"emails.address":"ada@example.org"}`), []string{"ada", "adam", "gateway.bot"}},
		{"users.info by id", "8.8", "users.info?userId=ADA", []string{"ada"}},
		{"users.info by name whatever its case", "8.8", "users.info?username=ADA", []string{"ada"}},
		{"users.info of 7.13 takes the first of two keys", "7.13", "users.info?userId=ADA&username=adam", []string{"ada"}},
	} {
		t.Run(tc.name, func(t *testing.T) {
			s := rocketchattest.New(rocketchattest.Config{Version: tc.version})
			person := ada
			person.ID = "ADA"
			s.AddUser(person)
			s.AddUser(rocketchattest.User{Username: "adam", Name: "Adam", Email: "adam-ada@example.org", Inactive: true})
			if diff := cmp.Diff(tc.want, usernames(admin(t, s).get(tc.path))); diff != "" {
				t.Errorf("%s (-want +got):\n%s", tc.path, diff)
			}
		})
	}
}

func TestLookUpsThatAreRefused(t *testing.T) {
	for _, tc := range []struct {
		name, version, path string
		status              int
		errorType           string
	}{
		{"nobody of that id", "8.8", "users.info?userId=nobody", http.StatusBadRequest, ""},
		{"nobody of that address", "8.8", "users.info?email=nobody@example.org", http.StatusBadRequest, ""},
		{"two keys", "8.8", "users.info?userId=ADA&username=ada", http.StatusBadRequest, "invalid-params"},
		{"no key", "8.8", "users.info", http.StatusBadRequest, "invalid-params"},
		{"an unknown key", "8.8", "users.info?userId=ADA&expand=1", http.StatusBadRequest, "invalid-params"},
		{"an address before 8.4", "8.3", "users.info?email=ada@example.org", http.StatusBadRequest, "invalid-params"},
		{"an address before 8.0", "7.13", "users.info?email=ada@example.org", http.StatusBadRequest, "error-user-param-not-provided"},
		{"a query that is no JSON", "6.8", "users.list?query=x", http.StatusBadRequest, "error-invalid-query"},
		{"a query on a field it may not name", "6.8", "users.list?query=" + url.QueryEscape(`{"services.password":"x"}`), http.StatusBadRequest, "error-invalid-query"},
		{"a status that is none", "8.8", "users.listByStatus?status=asleep", http.StatusBadRequest, "invalid-params"},
		{"a count that is none", "8.8", "users.list?count=many", http.StatusBadRequest, "invalid-params"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			s := rocketchattest.New(rocketchattest.Config{Version: tc.version})
			person := ada
			person.ID = "ADA"
			s.AddUser(person)
			admin(t, s).get(tc.path).refused(tc.status, tc.errorType)
		})
	}
}

func TestQueriesByEnvironment(t *testing.T) {
	for version, want := range map[string]int{"7.13": 1, "8.8": 1, "9.0": 2} {
		s := rocketchattest.New(rocketchattest.Config{Version: version, UnsafeQuery: true})
		s.AddUser(ada)
		got := usernames(admin(t, s).get("users.list?query=" + url.QueryEscape(`{"username":"ada"}`)))
		if len(got) != want {
			t.Errorf("%s finds %v, want %d accounts", version, got, want)
		}
	}
}

func TestListingsComeInPages(t *testing.T) {
	s := rocketchattest.New(rocketchattest.Config{})
	for i := range 120 {
		s.AddUser(rocketchattest.User{Username: fmt.Sprintf("person%03d", i)})
	}
	for _, tc := range []struct {
		name, query  string
		count, first float64
		username     string
	}{
		{"50 by default", "", 50, 0, "person000"},
		{"as many as asked for", "&count=7&offset=20", 7, 20, "person020"},
		{"no more than 100", "&count=1000", 100, 0, "person000"},
		{"what is left at the end", "&count=50&offset=100", 20, 100, "person100"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			got := admin(t, s).get("users.listByStatus?searchTerm=person" + tc.query)
			names := usernames(got)
			want := object{"count": tc.count, "offset": tc.first, "total": 120.0, "success": true}
			delete(got.body, "users")
			if diff := cmp.Diff(want, got.body); diff != "" || names[0] != tc.username || len(names) != int(tc.count) {
				t.Errorf("%d names from %s on, want %v from %s on; (-want +got):\n%s", len(names), names[0], tc.count, tc.username, diff)
			}
		})
	}
}

func TestWhoMaySeeWhat(t *testing.T) {
	s, adaID := workspace("8.8.1")
	eveID := s.AddUser(rocketchattest.User{Username: "eve", Email: "eve@example.org"})
	eve := anonymous(t, s).as(eveID, s.AddLoginToken(eveID))

	if user := eve.get("users.info?userId=" + adaID).ok()["user"].(object); user["emails"] != nil || user["roles"] != nil {
		t.Errorf("Eve sees %v, want no addresses and no roles", user)
	}
	if me := eve.get("me").ok(); me["emails"] == nil {
		t.Errorf("Eve sees %v of herself, want her address too", me)
	}
	eve.get("users.info?email=ada@example.org").refused(http.StatusForbidden, "")
	eve.get("users.list?email=ada@example.org").refused(http.StatusForbidden, "")
	if got := usernames(eve.get("users.listByStatus?searchTerm=ada@example.org")); len(got) != 0 {
		t.Errorf("Eve finds %v by address, want nobody", got)
	}
	s.Deny("user", "view-d-room")
	eve.get("users.list").refused(http.StatusForbidden, "")
	eve.get("users.listByStatus").refused(http.StatusForbidden, "")
}

// Rooms of others are told in another way before 7.0, and to those with a permission alone.
func TestRoomsOfAnAccount(t *testing.T) {
	for version, query := range map[string]string{"6.13": `&fields={"userRooms":1}`, "8.8": "&includeUserRooms=true"} {
		t.Run(version, func(t *testing.T) {
			s, adaID := workspace(version)
			s.AddRoom(rocketchattest.Room{ID: "ENGINES", Name: "engines", Members: []string{adaID}})
			s.AddTeam(rocketchattest.Team{ID: "CREW", Name: "crew", Members: []string{adaID}})
			caller := admin(t, s)
			want := []any{
				object{"rid": "ENGINES", "name": "engines", "t": "c"},
				object{"rid": "CREW.room", "name": "crew", "t": "p"},
			}
			path := "users.info?userId=" + adaID
			if diff := cmp.Diff(want, caller.get(path+query).at("user", "rooms")); diff != "" {
				t.Errorf("rooms (-want +got):\n%s", diff)
			}
			if got := caller.get(path).at("user", "rooms"); got != nil {
				t.Errorf("rooms %v without having asked", got)
			}
			s.Deny("admin", "view-other-user-channels")
			if got := caller.get(path+query).at("user", "rooms"); got != nil {
				t.Errorf("rooms %v without the permission", got)
			}
		})
	}
}
