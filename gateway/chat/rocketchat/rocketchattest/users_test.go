package rocketchattest_test

import (
	"net/http"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"

	"chatgate/gateway/chat/rocketchat/rocketchattest"
)

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

// TestLastOwner: nobody is switched off over rooms that they own alone before that is confirmed. The names of those rooms
// are told in two lists, of which the first is of rooms that are removed.
func TestLastOwner(t *testing.T) {
	s, adaID := workspace("8.8.1")
	bobID := s.AddUser(rocketchattest.User{Username: "bob"})
	lonely := s.AddRoom(rocketchattest.Room{Name: "engines", Private: true, Owners: []string{adaID}, Members: []string{adaID}})
	shared := s.AddRoom(rocketchattest.Room{Name: "looms", Owners: []string{adaID}, Members: []string{adaID, bobID}})
	s.AddRoom(rocketchattest.Room{Name: "tables", Owners: []string{adaID, bobID}, Members: []string{adaID, bobID}})
	body := object{"userId": adaID, "activeStatus": false}

	got := admin(t, s).post("users.setActiveStatus", body)
	got.refused(http.StatusBadRequest, "user-last-owner")
	want := object{"shouldBeRemoved": []any{"engines"}, "shouldChangeOwner": []any{"looms"}}
	if diff := cmp.Diff(any(want), got.body["details"]); diff != "" {
		t.Errorf("details (-want +got):\n%s", diff)
	}

	body["confirmRelinquish"] = true
	admin(t, s).post("users.setActiveStatus", body).ok()
	if user, _ := s.User(adaID); !user.Inactive {
		t.Error("Ada is active, want her deactivated")
	}
	if _, there := s.Room(lonely); there {
		t.Error("the room without another member is there, want it removed")
	}
	if room, _ := s.Room(shared); !slices.Equal(room.Owners, []string{bobID}) {
		t.Errorf("the other room is owned by %v, want its other member", room.Owners)
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
