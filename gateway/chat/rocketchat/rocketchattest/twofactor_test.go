package rocketchattest_test

import (
	"crypto/sha256"
	"encoding/hex"
	"net/http"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"chatgate/gateway/chat/rocketchat/rocketchattest"
)

// root is an administrator without any second factor: the password stands in for one.
var root = rocketchattest.User{Username: "root", Name: "Root", Password: "root-password", Roles: []string{"admin"}}

func passwordCode() string {
	sum := sha256.Sum256([]byte(root.Password))
	return hex.EncodeToString(sum[:])
}

func TestFlaggedRoutes(t *testing.T) {
	for _, tc := range []struct {
		name      string
		cfg       rocketchattest.Config
		route     string
		body      object
		errorType string
	}{
		{"users.update", rocketchattest.Config{}, "users.update", object{"userId": "ADA", "data": object{"name": "x"}}, "totp-required"},
		{"changing a setting", rocketchattest.Config{}, "settings/Site_Name", object{"value": "x"}, "totp-required"},
		{"making a personal access token", rocketchattest.Config{}, "users.generatePersonalAccessToken", object{"tokenName": "x"}, "totp-required"},
		{"users.create is not", rocketchattest.Config{}, "users.create", newUser(nil), ""},
		{"users.createToken is not", rocketchattest.Config{CreateTokenSecret: secret}, "users.createToken", object{"userId": "ADA", "secret": secret}, ""},
		{"users.create is in some builds", rocketchattest.Config{TokenTwoFactor: true}, "users.create", newUser(nil), "totp-required"},
		{"users.createToken is in some builds", rocketchattest.Config{TokenTwoFactor: true, CreateTokenSecret: secret}, "users.createToken", object{"userId": "ADA", "secret": secret}, "totp-required"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			call := func(bypass bool) answer {
				s := rocketchattest.New(tc.cfg)
				person := ada
				person.ID = "ADA"
				s.AddUser(person)
				rootID := s.AddUser(root)
				return anonymous(t, s).as(rootID, s.AddPAT(rootID, bypass)).post(tc.route, tc.body)
			}
			if tc.errorType == "" {
				call(false).ok()
			} else {
				call(false).refused(http.StatusBadRequest, tc.errorType)
			}
			call(true).ok()
		})
	}
}

func TestSecondFactor(t *testing.T) {
	for _, tc := range []struct {
		name         string
		change       func(*rocketchattest.User)
		setting      string // switched off
		code, method string // headers
		errorType    string
		details      object
	}{
		{name: "the password is demanded from an account without a second factor",
			errorType: "totp-required", details: object{"method": "password", "codeGenerated": false, "availableMethods": []any{}}},
		{name: "the password's hash is accepted", code: passwordCode(), method: "password"},
		{name: "the password itself is not", code: root.Password, method: "password",
			errorType: "totp-invalid", details: object{"method": "password", "codeGenerated": false, "availableMethods": []any{}}},
		{name: "TOTP is demanded where it is set up", change: func(u *rocketchattest.User) { u.TOTP = "123456" },
			errorType: "totp-required", details: object{"method": "totp", "codeGenerated": false, "availableMethods": []any{"totp"}}},
		{name: "and accepted", change: func(u *rocketchattest.User) { u.TOTP = "123456" }, code: "123456", method: "totp"},
		{name: "and not replaced by the password", change: func(u *rocketchattest.User) { u.TOTP = "123456" }, code: passwordCode(), method: "password",
			errorType: "totp-invalid", details: object{"method": "totp", "codeGenerated": false, "availableMethods": []any{"totp"}}},
		{name: "nothing is demanded from an account without a password", change: func(u *rocketchattest.User) { u.Password = "" }},
		{name: "nor without the fallback", setting: "Accounts_TwoFactorAuthentication_Enforce_Password_Fallback"},
		{name: "nor when two-factor authentication is off", setting: "Accounts_TwoFactorAuthentication_Enabled"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			s := rocketchattest.New(rocketchattest.Config{})
			caller := root
			if tc.change != nil {
				tc.change(&caller)
			}
			if tc.setting != "" {
				s.SetSetting(tc.setting, false)
			}
			id := s.AddUser(caller)
			c := anonymous(t, s).as(id, s.AddPAT(id, false))
			if tc.code != "" {
				c = c.with("X-2fa-Code", tc.code).with("X-2fa-Method", tc.method)
			}
			got := c.post("settings/Site_Name", object{"value": "x"})
			if tc.errorType == "" {
				got.ok()
				return
			}
			got.refused(http.StatusBadRequest, tc.errorType)
			if diff := cmp.Diff(any(tc.details), got.body["details"]); diff != "" {
				t.Errorf("details (-want +got):\n%s", diff)
			}
		})
	}
}

func TestSecondFactorIsRemembered(t *testing.T) {
	now := newClock()
	s := rocketchattest.New(rocketchattest.Config{Now: now.Now})
	id := s.AddUser(root)
	c := anonymous(t, s).as(id, s.AddPAT(id, false))
	rename := object{"value": "x"}

	c.with("X-2fa-Code", passwordCode()).with("X-2fa-Method", "password").post("settings/Site_Name", rename).ok()
	now.Advance(29 * time.Minute)
	c.post("settings/Site_Name", rename).ok()
	c.with("User-Agent", "another").post("settings/Site_Name", rename).refused(http.StatusBadRequest, "totp-required")
	c.with("X-Real-IP", "203.0.113.9").post("settings/Site_Name", rename).refused(http.StatusBadRequest, "totp-required")
	anonymous(t, s).as(id, s.AddPAT(id, false)).post("settings/Site_Name", rename).refused(http.StatusBadRequest, "totp-required")
	now.Advance(time.Minute)
	c.post("settings/Site_Name", rename).refused(http.StatusBadRequest, "totp-required")
}

func TestNewAccountsAreNotAskedYet(t *testing.T) {
	now := newClock()
	s := rocketchattest.New(rocketchattest.Config{Now: now.Now})
	created := admin(t, s).post("users.create", newUser(object{"roles": []string{"admin"}}))
	created.ok()
	id, _ := created.at("user", "_id").(string)
	c := anonymous(t, s).as(id, s.AddLoginToken(id))
	c.post("settings/Site_Name", object{"value": "x"}).ok()
	now.Advance(30 * time.Minute)
	c.post("settings/Site_Name", object{"value": "x"}).refused(http.StatusBadRequest, "totp-required")
}
