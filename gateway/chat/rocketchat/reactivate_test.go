package rocketchat_test

import (
	"io"
	"net/http"
	"strings"
	"testing"

	"chatgate/gateway/chat/rocketchat"
	"chatgate/gateway/chat/rocketchat/rocketchattest"
)

func reactivating(c *rocketchat.Config) { c.Accounts.Reactivate = true }

// TestDeactivatedOnEveryVersion: a sign-in neither switches an account on nor makes another, unless the operator says so
// (R23, S93).
func TestDeactivatedOnEveryVersion(t *testing.T) {
	for _, version := range versions {
		t.Run(version, func(t *testing.T) {
			w := newWorld(t, settings{version: version})
			_, token := w.signedIn(ada)
			w.server.Deactivate(w.people()[0].ID)
			if w.server.Alive(token) {
				t.Error("the login outlived its account")
			}
			w.want("token", w.token(w.env.SignIn(ada)), http.StatusForbidden, "account_deactivated")
			if len(w.people()) != 1 || !w.people()[0].Inactive {
				t.Error("another account was made, or this one switched on")
			}

			w.config.Accounts.Reactivate = true
			w.handler = w.replica()
			w.want("token with reactivate", w.token(w.env.SignIn(ada)), http.StatusOK, "")
			if w.people()[0].Inactive || w.count("account_reactivated") != 1 {
				t.Errorf("switched on %v, %d times in the audit log", !w.people()[0].Inactive, w.count("account_reactivated"))
			}
		})
	}
}

// TestWhatIsNeverSwitchedOn: a sign-in brings back its person's own account, and none with rights beyond that.
func TestWhatIsNeverSwitchedOn(t *testing.T) {
	tests := []struct {
		name   string
		change func(*rocketchattest.User)
		code   string
	}{
		{"an administrator's account", func(u *rocketchattest.User) { u.Roles = []string{"user", "admin"} }, "account_deactivated"},
		{"a bot's account", func(u *rocketchattest.User) { u.Type = "bot" }, "account_deactivated"},
		{"an account that has not confirmed the address", func(u *rocketchattest.User) { u.Verified = false }, "account_refused"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			w := newWorld(t, settings{config: func(c *rocketchat.Config) { reactivating(c); c.Accounts.LinkAdmins = true }})
			account := adasAccount
			account.Inactive = true
			tt.change(&account)
			w.server.AddUser(account)
			w.want("token", w.token(w.env.SignIn(ada)), http.StatusForbidden, tt.code)
			if !w.people()[0].Inactive {
				t.Error("the account was switched on")
			}
		})
	}
	t.Run("another person's account", func(t *testing.T) {
		w := newWorld(t, settings{config: reactivating})
		w.signedIn(ada)
		w.server.Deactivate(w.people()[0].ID)
		namesake := ada
		namesake.Subject = "ada-2"
		w.want("token", w.token(w.env.SignIn(namesake)), http.StatusForbidden, "account_linked_to_another")
		if !w.people()[0].Inactive {
			t.Error("the account was switched on")
		}
	})
}

// TestReactivationIsConfirmed: Rocket.Chat may ask whether a room may lose its last owner, which it does not here.
func TestReactivationIsConfirmed(t *testing.T) {
	asking := &askingFirst{}
	w := newWorld(t, settings{config: reactivating, transport: asking})
	w.signedIn(ada)
	w.server.Deactivate(w.people()[0].ID)
	w.want("token", w.token(w.env.SignIn(ada)), http.StatusOK, "")
	if len(asking.bodies) != 2 || strings.Contains(asking.bodies[0], "confirm") || !strings.Contains(asking.bodies[1], `"confirmRelinquish":true`) {
		t.Errorf("asked with %v, want a confirmation when it was asked for, and not before", asking.bodies)
	}
}

// askingFirst is a Rocket.Chat that wants users.setActiveStatus to be confirmed.
type askingFirst struct {
	http.RoundTripper
	bodies []string
}

func (a *askingFirst) RoundTrip(r *http.Request) (*http.Response, error) {
	if r.URL.Path != "/api/v1/users.setActiveStatus" {
		return a.RoundTripper.RoundTrip(r)
	}
	body, err := io.ReadAll(r.Body)
	if err != nil {
		return nil, err
	}
	a.bodies = append(a.bodies, string(body))
	r.Body = io.NopCloser(strings.NewReader(string(body)))
	if strings.Contains(string(body), `"confirmRelinquish":true`) {
		return a.RoundTripper.RoundTrip(r)
	}
	return &http.Response{StatusCode: http.StatusBadRequest, Header: http.Header{}, Request: r, Body: io.NopCloser(strings.NewReader(
		`{"success":false,"error":"[user-last-owner]","errorType":"user-last-owner","details":[{"rid":"R","t":"p"}]}`))}, nil
}

func (a *askingFirst) over(t http.RoundTripper) { a.RoundTripper = t }

// TestReactivationWithoutPermission: the operator is told the permission, and the person that it is not their fault.
func TestReactivationWithoutPermission(t *testing.T) {
	w := newWorld(t, settings{config: reactivating})
	w.signedIn(ada)
	w.server.Deactivate(w.people()[0].ID)
	w.server.Deny("admin", "edit-other-user-active-status", "manage-moderation-actions")
	w.want("token", w.token(w.env.SignIn(ada)), http.StatusServiceUnavailable, "chat_unavailable")
	if !strings.Contains(w.env.Journal.String(), "this call takes edit-other-user-active-status") {
		t.Errorf("the operator is not told the permission:\n%s", w.env.Journal)
	}
}
