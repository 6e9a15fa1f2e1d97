package rocketchattest_test

import (
	"fmt"
	"net/http"
	"net/url"
	"testing"

	"github.com/google/go-cmp/cmp"

	"chatgate/gateway/chat/rocketchat/rocketchattest"
)

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

func TestCreate(t *testing.T) {
	s, _ := workspace("8.8.1")
	got := admin(t, s).post("users.create", newUser(object{
		"verified": true, "active": true, "roles": []string{"user", "bot"}, "customFields": object{"desk": "7"},
		"joinDefaultChannels": true, "requirePasswordChange": false, "sendWelcomeEmail": false,
	}))
	got.ok()
	id, _ := got.at("user", "_id").(string)
	if len(id) != 17 {
		t.Errorf("_id %q, want 17 characters", id)
	}
	user, _ := s.User(id)
	want := rocketchattest.User{
		ID: id, Username: "bob", Name: "Bob", Email: "bob@example.org", Verified: true, Password: "Str0ng-password!",
		Roles: []string{"user", "bot"}, Type: "user", CustomFields: map[string]any{"desk": "7"},
	}
	if diff := cmp.Diff(want, user); diff != "" {
		t.Errorf("created (-want +got):\n%s", diff)
	}
	if room, _ := s.Room("GENERAL"); len(room.Members) != 1 {
		t.Errorf("#general has %v, want the new account", room.Members)
	}
}

func TestCreateIsRefused(t *testing.T) {
	for _, tc := range []struct {
		name      string
		settings  map[string]any
		deny      string
		body      object
		errorType string
	}{
		{"a taken username", nil, "", newUser(object{"username": "ada"}), "error-field-unavailable"},
		{"a taken username in another case", nil, "", newUser(object{"username": "ADA"}), "error-field-unavailable"},
		{"a taken address in another case", nil, "", newUser(object{"email": "Ada@Example.org"}), "error-field-unavailable"},
		{"a username with a space", nil, "", newUser(object{"username": "bob b"}), "error-input-is-not-a-valid-field"},
		{"an empty username", nil, "", newUser(object{"username": ""}), "error-the-field-is-required"},
		{"an empty name", nil, "", newUser(object{"name": ""}), "error-the-field-is-required"},
		{"an empty password", nil, "", newUser(object{"password": ""}), "error-the-field-is-required"},
		{"an address that is none", nil, "", newUser(object{"email": "bob"}), "error-invalid-email"},
		{"a domain that is not allowed", map[string]any{"Accounts_AllowedDomainsList": "corp.example"}, "", newUser(nil), "error-invalid-domain"},
		{"a reserved username", map[string]any{"Accounts_BlockedUsernameList": "root, bob"}, "", newUser(nil), "error-blocked-username"},
		{"a role that is none", nil, "", newUser(object{"roles": []string{"king"}}), "error-action-not-allowed"},
		{"the role admin without assign-admin-role", nil, "assign-admin-role", newUser(object{"roles": []string{"admin"}}), "error-action-not-allowed"},
		{"anyone without create-user", nil, "create-user", newUser(nil), "error-action-not-allowed"},
		{"active without edit-other-user-active-status", nil, "edit-other-user-active-status", newUser(object{"active": true}), "error-action-not-allowed"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			s := rocketchattest.New(rocketchattest.Config{Settings: tc.settings})
			s.AddUser(ada)
			caller := admin(t, s)
			s.Deny("admin", tc.deny)
			caller.post("users.create", tc.body).refused(http.StatusBadRequest, tc.errorType)
			if got := len(s.Users()); got != 2 {
				t.Errorf("%d accounts after the refusal, want 2", got)
			}
		})
	}
}

func TestWhichFieldIsUnavailable(t *testing.T) {
	s, _ := workspace("8.8.1")
	got := admin(t, s).post("users.create", newUser(object{"email": "ADA@example.org"}))
	if field, text := got.at("details", "field"), got.body["error"]; field != "ADA@example.org" ||
		text != "ADA@example.org is already in use :( [error-field-unavailable]" {
		t.Errorf("field %v, error %v; want the value in both", field, text)
	}
}

func TestSeats(t *testing.T) {
	s := rocketchattest.New(rocketchattest.Config{Seats: 2})
	a := admin(t, s)
	a.post("users.create", newUser(nil)).ok()
	a.post("users.create", newUser(object{"username": "eve", "email": "eve@example.org"})).
		refused(http.StatusBadRequest, "error-license-user-limit-reached")
}

func TestManualApproval(t *testing.T) {
	s := rocketchattest.New(rocketchattest.Config{Settings: map[string]any{"Accounts_ManuallyApproveNewUsers": true}})
	a := admin(t, s)
	if got := a.post("users.create", newUser(nil)); got.at("user", "active") != false {
		t.Errorf("created %v, want it to wait for approval", got.ok())
	}
	if got := a.post("users.create", newUser(object{"username": "eve", "email": "eve@example.org", "active": true})); got.at("user", "active") != true {
		t.Errorf("created %v, want it active as asked", got.ok())
	}
}

func TestUpdate(t *testing.T) {
	s, adaID := workspace("8.8.1")
	admin(t, s).post("users.update", object{"userId": adaID, "data": object{"name": "Ada King", "email": "ADA@example.org"}}).ok()
	got, _ := s.User(adaID)
	want := ada
	want.ID, want.Name, want.Email, want.Type, want.Roles = adaID, "Ada King", "ADA@example.org", "user", []string{"user"}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("updated (-want +got):\n%s", diff)
	}
}

// What the workspace does not define is dropped, and what is not sent again is lost.
func TestCustomFields(t *testing.T) {
	for _, tc := range []struct {
		name       string
		definition any // of Accounts_CustomFields; nil: not set
		want       map[string]any
	}{
		{"every field until somebody says which", nil, map[string]any{"unit": "Engines", "desk": "4"}},
		{"those that are defined", `{"unit": {"type": "text"}, "floor": {"type": "text"}}`, map[string]any{"unit": "Engines"}},
		{"none, and nothing is lost", "", map[string]any{"floor": "2"}},
	} {
		t.Run(tc.name, func(t *testing.T) {
			s := rocketchattest.New(rocketchattest.Config{})
			if tc.definition != nil {
				s.SetSetting("Accounts_CustomFields", tc.definition)
			}
			id := s.AddUser(rocketchattest.User{Username: "eve", CustomFields: map[string]any{"floor": "2"}})
			update := func(data object) answer {
				return admin(t, s).post("users.update", object{"userId": id, "data": data})
			}
			update(object{"name": "Eve"}).ok()
			if eve, _ := s.User(id); !cmp.Equal(map[string]any{"floor": "2"}, eve.CustomFields) {
				t.Errorf("custom fields %v after an update of the name alone", eve.CustomFields)
			}
			update(object{"customFields": object{"unit": "Engines", "desk": "4"}}).ok()
			eve, _ := s.User(id)
			if diff := cmp.Diff(tc.want, eve.CustomFields); diff != "" {
				t.Errorf("custom fields (-want +got):\n%s", diff)
			}
		})
	}
	s, adaID := workspace("8.8.1")
	s.SetSetting("Accounts_CustomFields", "{")
	admin(t, s).post("users.update", object{"userId": adaID, "data": object{"customFields": object{"unit": "x"}}}).
		refused(http.StatusBadRequest, "error-invalid-customfield-json")
}

func TestUpdateIsRefused(t *testing.T) {
	for _, tc := range []struct {
		name, deny string
		data       object
		errorType  string
	}{
		{"somebody else's username", "", object{"username": "EVE"}, "error-field-unavailable"},
		{"somebody else's address", "", object{"email": "EVE@example.org"}, "error-field-unavailable"},
		{"without edit-other-user-info", "edit-other-user-info", object{"name": "x"}, "error-action-not-allowed"},
		{"a password without edit-other-user-password", "edit-other-user-password", object{"password": "x"}, "error-action-not-allowed"},
		{"activity without edit-other-user-active-status", "edit-other-user-active-status", object{"active": false}, "error-action-not-allowed"},
		{"roles without assign-roles", "assign-roles", object{"roles": []string{"bot"}}, "error-action-not-allowed"},
		{"a role that is none", "", object{"roles": []string{"king"}}, "error-action-not-allowed"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			s, adaID := workspace("8.8.1")
			s.AddUser(rocketchattest.User{Username: "eve", Email: "eve@example.org"})
			caller := admin(t, s)
			s.Deny("admin", tc.deny)
			caller.post("users.update", object{"userId": adaID, "data": tc.data}).refused(http.StatusBadRequest, tc.errorType)
		})
	}
	s, _ := workspace("8.8.1")
	admin(t, s).post("users.update", object{"userId": "nobody", "data": object{}}).refused(http.StatusBadRequest, "error-invalid-user")
}

func TestFederatedAccounts(t *testing.T) {
	s, _ := workspace("8.8.1")
	id := s.AddUser(rocketchattest.User{Username: "far", Federated: true})
	admin(t, s).post("users.update", object{"userId": id, "data": object{"name": "x"}}).
		refused(http.StatusBadRequest, "Edit_Federated_User_Not_Allowed")
	admin(t, s).post("users.setActiveStatus", object{"userId": id, "activeStatus": false}).
		refused(http.StatusBadRequest, "error-user-is-federated")
}

func TestLastOwner(t *testing.T) {
	s, adaID := workspace("8.8.1")
	room := s.AddRoom(rocketchattest.Room{Name: "engines", Private: true, Owners: []string{adaID}, Members: []string{adaID}})
	body := object{"userId": adaID, "activeStatus": false}

	got := admin(t, s).post("users.setActiveStatus", body)
	got.refused(http.StatusBadRequest, "user-last-owner")
	want := []any{object{"rid": room, "t": "p", "userIsLastOwner": true}}
	if diff := cmp.Diff(any(want), got.body["details"]); diff != "" {
		t.Errorf("details (-want +got):\n%s", diff)
	}

	body["confirmRelinquish"] = true
	admin(t, s).post("users.setActiveStatus", body).ok()
	if user, _ := s.User(adaID); !user.Inactive {
		t.Error("Ada is active, want her deactivated")
	}
}

func TestActiveStatusIsRefused(t *testing.T) {
	s, adaID := workspace("8.8.1")
	adminID, token := s.ServiceAccount()
	caller := anonymous(t, s).as(adminID, token)
	caller.post("users.setActiveStatus", object{"userId": adminID, "activeStatus": false}).
		refused(http.StatusBadRequest, "error-action-not-allowed")
	caller.post("users.setActiveStatus", object{"userId": "nobody", "activeStatus": false}).
		refused(http.StatusBadRequest, "error-invalid-user")
	anonymous(t, s).as(adaID, s.AddLoginToken(adaID)).
		post("users.setActiveStatus", object{"userId": adminID, "activeStatus": false}).refused(http.StatusForbidden, "")
	caller.post("users.setActiveStatus", object{"userId": adaID, "activeStatus": false}).ok()
	caller.post("users.setActiveStatus", object{"userId": adaID, "activeStatus": true}).ok()
}

func TestAvatar(t *testing.T) {
	s, adaID := workspace("8.8.1")
	eve := s.AddUser(rocketchattest.User{Username: "eve"})
	const picture = "https://pictures.example.org/ada.png"
	for _, tc := range []struct {
		name      string
		caller    client
		body      object
		status    int
		errorType string
	}{
		{"an administrator sets anyone's", admin(t, s), object{"userId": adaID, "avatarUrl": picture}, http.StatusOK, ""},
		{"a person sets their own", anonymous(t, s).as(eve, s.AddLoginToken(eve)), object{"avatarUrl": picture}, http.StatusOK, ""},
		{"a person may not set another's", anonymous(t, s).as(eve, s.AddLoginToken(eve)), object{"username": "ada", "avatarUrl": picture}, http.StatusForbidden, ""},
		{"an address that is none", admin(t, s), object{"userId": adaID, "avatarUrl": "ada.png"}, http.StatusBadRequest, "error-avatar-invalid-url"},
		{"nobody's", admin(t, s), object{"userId": "nobody", "avatarUrl": picture}, http.StatusBadRequest, "error-invalid-user"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			got := tc.caller.post("users.setAvatar", tc.body)
			if tc.status == http.StatusOK {
				got.ok()
				return
			}
			got.refused(tc.status, tc.errorType)
		})
	}
}
