package rocketchat_test

import (
	"errors"
	"net/http"
	"strings"
	"testing"

	"chatgate/gateway/chat"
	"chatgate/gateway/chat/rocketchat"
	"chatgate/gateway/chat/rocketchat/rocketchattest"
)

var adas = rocketchat.StatusRequest{Provider: "corp", Subject: "ada"}

// TestDeskDeactivatesAndActivates: an account that is switched off lets its person in no more, by any login that is out,
// and one that is switched on again does.
func TestDeskDeactivatesAndActivates(t *testing.T) { // S93
	for _, version := range versions {
		t.Run(version, func(t *testing.T) {
			w := newWorld(t, settings{version: version})
			_, token := w.signedIn(ada)
			account := w.people()[0].ID

			done, err := w.desk().Deactivate(t.Context(), adas)
			w.must(err)
			if done.Account.UserID != account || done.Link.Subject != "ada" || done.Already {
				t.Errorf("Deactivate = %+v, want ada's account %s", done, account)
			}
			if w.server.Alive(token) || !w.people()[0].Inactive {
				t.Error("the account, or a login of it, goes on")
			}
			w.want("token", w.token(w.env.SignIn(ada)), http.StatusForbidden, "account_deactivated")
			if done, err = w.desk().Deactivate(t.Context(), adas); err != nil || !done.Already {
				t.Errorf("the same once more = %+v, %v, want it done already", done, err)
			}

			done, err = w.desk().Activate(t.Context(), rocketchat.StatusRequest{UserID: account})
			w.must(err)
			if done.Already || w.people()[0].Inactive {
				t.Errorf("Activate = %+v, inactive %v", done, w.people()[0].Inactive)
			}
			w.want("token", w.token(w.env.SignIn(ada)), http.StatusOK, "")
			if done, err = w.desk().Activate(t.Context(), adas); err != nil || !done.Already {
				t.Errorf("the same once more = %+v, %v, want it done already", done, err)
			}
			for _, act := range []string{"account_deactivated", "account_reactivated"} {
				if w.count(act) != 1 || !strings.Contains(w.env.Journal.String(), `"act":"`+act+`","reason":"operator","actor":"operator"`) {
					t.Errorf("%d lines of %s, want one that tells of the operator", w.count(act), act)
				}
			}
		})
	}
}

// TestDeskLeavesAccountsOn: what is nobody's to switch off stays on, and the operator is told what would help.
func TestDeskLeavesAccountsOn(t *testing.T) { // S93
	user := func(change func(*rocketchattest.User)) func(*world) {
		return func(w *world) { w.seed("carol", change) }
	}
	tests := []struct {
		name  string
		seed  func(*world)
		r     func(carol, robot string) rocketchat.StatusRequest
		wants []string
	}{
		{
			name: "nobody's account", r: func(string, string) rocketchat.StatusRequest { return adas },
			wants: []string{`no account is linked to subject "ada" of provider corp`},
		},
		{
			name: "an id that is none", r: func(string, string) rocketchat.StatusRequest { return rocketchat.StatusRequest{UserID: "a b"} },
			wants: []string{"no such account"},
		},
		{
			name: "an account that is gone", r: func(string, string) rocketchat.StatusRequest { return rocketchat.StatusRequest{UserID: "gone"} },
			wants: []string{"no such account"},
		},
		{
			name: "an administrator's without --admin", seed: user(func(u *rocketchattest.User) { u.Roles = []string{"admin"} }),
			wants: []string{"carol is an administrator", "--admin"},
		},
		{
			name: "a bot's", seed: user(func(u *rocketchattest.User) { u.Type = "bot" }),
			wants: []string{"carol is of type bot"},
		},
		{
			name: "our own", r: func(_, robot string) rocketchat.StatusRequest {
				return rocketchat.StatusRequest{UserID: robot, Admin: true}
			},
			wants: []string{"service account"},
		},
		{
			name: "one of another server", seed: user(func(u *rocketchattest.User) { u.Federated = true }),
			wants: []string{"federation"},
		},
		{
			name: "the only owner of rooms", seed: func(w *world) {
				carol := w.seed("carol", nil)
				w.server.AddRoom(rocketchattest.Room{Name: "lonely\x1b", Owners: []string{carol}, Members: []string{carol}})
				w.server.AddRoom(rocketchattest.Room{Name: "shared", Owners: []string{carol}, Members: []string{carol, w.seed("dan", nil)}})
			},
			wants: []string{
				"carol alone owns rooms", "--relinquish", "lonely would be removed with all that was written there",
				"shared would be given to another member",
			},
		},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			w := newWorld(t, settings{})
			if tt.seed != nil {
				tt.seed(w)
			}
			r := rocketchat.StatusRequest{}
			for _, u := range w.people() {
				if u.Username == "carol" {
					r.UserID = u.ID
				}
			}
			if tt.r != nil {
				r = tt.r(r.UserID, w.config.API.UserID)
			}
			_, err := w.desk().Deactivate(t.Context(), r)
			refused, ok := errors.AsType[*chat.RefusedError](err)
			if !ok {
				t.Fatalf("Deactivate = %v, want a refusal", err)
			}
			for _, want := range tt.wants {
				if !strings.Contains(refused.Why, want) {
					t.Errorf("the refusal is %q, want %q in it", refused.Why, want)
				}
			}
			for _, u := range w.server.Users() {
				if u.Inactive {
					t.Errorf("%s was switched off", u.Username)
				}
			}
		})
	}
}

func TestDeskGivesUpRoomsWhenAsked(t *testing.T) {
	w := newWorld(t, settings{})
	w.signedIn(ada)
	account := w.people()[0].ID
	lonely := w.server.AddRoom(rocketchattest.Room{Name: "lonely", Owners: []string{account}, Members: []string{account}})
	r := adas
	r.Relinquish = true
	if _, err := w.desk().Deactivate(t.Context(), r); err != nil {
		t.Fatalf("Deactivate = %v", err)
	}
	if _, there := w.server.Room(lonely); there || !w.people()[0].Inactive {
		t.Error("the room is there, or the account is on")
	}
}

// TestDeskKeepsTheLastAdministrator: Rocket.Chat refuses, with the code of a missing permission, and is not taken for one.
func TestDeskKeepsTheLastAdministrator(t *testing.T) {
	w := newWorld(t, settings{})
	boss := w.seed("boss", func(u *rocketchattest.User) { u.Roles = []string{"admin"} })
	w.server.RestrictServiceAccount("view-full-other-user-info", "edit-other-user-active-status", "api-bypass-rate-limit")
	_, err := w.desk().Deactivate(t.Context(), rocketchat.StatusRequest{UserID: boss, Admin: true})
	if refused, ok := errors.AsType[*chat.RefusedError](err); !ok || !strings.Contains(refused.Why, "last active administrator") {
		t.Errorf("Deactivate = %v, want it to name the last administrator", err)
	}
	w.server.RestrictServiceAccount("view-full-other-user-info", "api-bypass-rate-limit")
	_, err = w.desk().Deactivate(t.Context(), rocketchat.StatusRequest{UserID: w.seed("carol", nil)})
	if err == nil || !strings.Contains(err.Error(), "this call takes edit-other-user-active-status") {
		t.Errorf("Deactivate without the permission = %v, want it named", err)
	}
}
