package rocketchattest_test

import (
	"net/http"
	"regexp"
	"testing"
	"time"

	"chatgate/gateway/chat/rocketchat/rocketchattest"
)

func TestCreateTokenGates(t *testing.T) {
	const forPerson = "an ordinary person"
	for _, tc := range []struct {
		name      string
		cfg       rocketchattest.Config
		caller    string // empty: the administrator
		secret    string
		errorType string
	}{
		{"7.13 with the flag", rocketchattest.Config{Version: "7.13", CreateTokenEnv: true}, "", "", ""},
		{"6.8 with the flag", rocketchattest.Config{Version: "6.8", CreateTokenEnv: true}, "", "", ""},
		{"7.13 without the flag refuses even administrators", rocketchattest.Config{Version: "7.13", CreateTokenSecret: secret}, "", "", "error-not-authorized"},
		{"7.13 without the permission", rocketchattest.Config{Version: "7.13", CreateTokenEnv: true}, forPerson, "", "error-not-authorized"},
		{"8.3 with the secret", rocketchattest.Config{Version: "8.3", CreateTokenSecret: secret}, "", secret, ""},
		{"8.3 asks for no permission", rocketchattest.Config{Version: "8.3", CreateTokenSecret: secret}, forPerson, secret, ""},
		{"8.3 no longer reads the flag", rocketchattest.Config{Version: "8.3", CreateTokenEnv: true}, "", secret, "error-not-authorized"},
		{"8.3 with another secret", rocketchattest.Config{Version: "8.3", CreateTokenSecret: secret}, "", "guessed", "error-not-authorized"},
		{"8.8 with secret and permission", rocketchattest.Config{Version: "8.8", CreateTokenSecret: secret}, "", secret, ""},
		{"8.8 with the secret but no permission", rocketchattest.Config{Version: "8.8", CreateTokenSecret: secret}, forPerson, secret, "error-not-authorized"},
		{"8.8 with an empty secret that nobody configured", rocketchattest.Config{Version: "8.8"}, "", "", "error-not-authorized"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			s := rocketchattest.New(tc.cfg)
			adaID := s.AddUser(ada)
			caller := admin(t, s)
			if tc.caller != "" {
				eve := s.AddUser(rocketchattest.User{Username: "eve"})
				caller = anonymous(t, s).as(eve, s.AddLoginToken(eve))
			}
			body := object{"userId": adaID}
			if tc.cfg.Version >= "8" {
				body["secret"] = tc.secret
			}
			got := caller.post("users.createToken", body)
			if tc.errorType != "" {
				got.refused(http.StatusBadRequest, tc.errorType)
				return
			}
			got.ok()
			token, _ := got.at("data", "authToken").(string)
			if !regexp.MustCompile(`^[\w-]{43}$`).MatchString(token) || got.at("data", "userId") != adaID {
				t.Errorf("data %v, want Ada's id and 43 letters, digits, - and _", got.at("data"))
			}
			anonymous(t, s).as(adaID, token).get("me").ok()
		})
	}
}

func TestCreateTokenForNobody(t *testing.T) {
	for _, version := range []string{"7.13", "8.8"} {
		s, _ := workspace(version)
		mint(admin(t, s), version, "nobody").refused(http.StatusBadRequest, "error-invalid-user")
	}
}

func TestInactiveAccountsGetTokensThatNobodyCanResume(t *testing.T) {
	s, adaID := workspace("8.8.1")
	s.Deactivate(adaID)
	got := mint(admin(t, s), "8.8.1", adaID)
	got.ok()
	token, _ := got.at("data", "authToken").(string)

	login := anonymous(t, s).post("login", object{"resume": token})
	if login.status != http.StatusUnauthorized || login.body["error"] != "error-user-is-not-activated" {
		t.Errorf("resume = %d %v, want 401 error-user-is-not-activated", login.status, login.body)
	}
	if me := anonymous(t, s).as(adaID, token).get("me").ok(); me["active"] != false {
		t.Errorf("me says active %v, want false", me["active"])
	}
}

func TestLoginTokensExpire(t *testing.T) {
	const day = 24 * time.Hour
	for _, tc := range []struct {
		name  string
		days  any
		alive time.Duration
	}{
		{"after 90 days by default", nil, 90 * day},
		{"after what the setting says", 7, 7 * day},
		{"after 90 days when the setting makes no sense", -1, 90 * day},
	} {
		t.Run(tc.name, func(t *testing.T) {
			now := newClock()
			s := rocketchattest.New(rocketchattest.Config{Now: now.Now})
			if tc.days != nil {
				s.SetSetting("Accounts_LoginExpiration", tc.days)
			}
			adaID := s.AddUser(ada)
			token, pat := s.AddLoginToken(adaID), s.AddPAT(adaID, false)
			person := anonymous(t, s).as(adaID, token)

			now.Advance(tc.alive - time.Minute)
			person.get("me").ok() // using it does not prolong it
			now.Advance(time.Minute)
			person.get("me").refused(http.StatusUnauthorized, "")
			if got := anonymous(t, s).post("login", object{"resume": token}); got.body["error"] != 403.0 {
				t.Errorf("resume answers error %v, want the number 403", got.body["error"])
			}
			anonymous(t, s).as(adaID, pat).get("me").ok()
		})
	}
}

func TestFiftyLoginTokensAtMost(t *testing.T) {
	s, adaID := workspace("8.8.1")
	pat := s.AddPAT(adaID, false)
	oldest := s.AddLoginToken(adaID)
	second := s.AddLoginToken(adaID)
	for range 48 {
		mint(admin(t, s), "8.8.1", adaID).ok()
	}
	if !s.Alive(oldest) {
		t.Fatal("the first of 50 tokens is gone already")
	}
	mint(admin(t, s), "8.8.1", adaID).ok()
	if s.Alive(oldest) || !s.Alive(second) || !s.Alive(pat) {
		t.Errorf("oldest, second, personal alive: %v, %v, %v; want only the oldest gone", s.Alive(oldest), s.Alive(second), s.Alive(pat))
	}
	if got := len(s.LoginTokens(adaID)); got != 51 {
		t.Errorf("%d tokens, want 50 and the personal one", got)
	}
}

func TestWhatDestroysTokens(t *testing.T) {
	for _, tc := range []struct {
		name                string
		act                 func(s *rocketchattest.Server, person, admin client, adaID string)
		used, other, persnl bool // still alive
	}{
		{"logout ends the token it was sent with", func(_ *rocketchattest.Server, p, _ client, _ string) {
			p.post("logout", nil).ok()
		}, false, true, true},
		{"users.logout of oneself ends all", func(_ *rocketchattest.Server, p, _ client, _ string) {
			p.post("users.logout", object{}).ok()
		}, false, false, false},
		{"users.logout by an administrator ends all", func(_ *rocketchattest.Server, _, a client, id string) {
			a.post("users.logout", object{"userId": id}).ok()
		}, false, false, false},
		{"users.logoutOtherClients keeps its own and personal ones", func(_ *rocketchattest.Server, p, _ client, _ string) {
			p.post("users.logoutOtherClients", object{}).ok()
		}, true, false, true},
		{"users.removeOtherTokens acts on its caller", func(_ *rocketchattest.Server, _, a client, _ string) {
			a.post("users.removeOtherTokens", object{}).ok()
		}, true, true, true},
		{"deactivation ends all", func(_ *rocketchattest.Server, _, a client, id string) {
			a.post("users.setActiveStatus", object{"userId": id, "activeStatus": false}).ok()
		}, false, false, false},
		{"a password set by an administrator ends all", func(_ *rocketchattest.Server, _, a client, id string) {
			a.post("users.update", object{"userId": id, "data": object{"password": "n3w"}}).ok()
		}, false, false, false},
		{"another name ends none", func(_ *rocketchattest.Server, _, a client, id string) {
			a.post("users.update", object{"userId": id, "data": object{"name": "Ada King"}}).ok()
		}, true, true, true},
		{"revoking ends one", func(s *rocketchattest.Server, p, _ client, _ string) {
			s.RevokeToken(p.header["X-Auth-Token"])
		}, false, true, true},
		{"expiry ends one", func(s *rocketchattest.Server, p, _ client, _ string) {
			s.ExpireToken(p.header["X-Auth-Token"])
		}, false, true, true},
		{"removing the account ends all", func(s *rocketchattest.Server, _, _ client, id string) {
			s.RemoveUser(id)
		}, false, false, false},
	} {
		t.Run(tc.name, func(t *testing.T) {
			s, adaID := workspace("8.8.1")
			used, other, personal := s.AddLoginToken(adaID), s.AddLoginToken(adaID), s.AddPAT(adaID, true)
			tc.act(s, anonymous(t, s).as(adaID, used), admin(t, s), adaID)
			got := [3]bool{s.Alive(used), s.Alive(other), s.Alive(personal)}
			if want := [3]bool{tc.used, tc.other, tc.persnl}; got != want {
				t.Errorf("used, other, personal alive: %v, want %v", got, want)
			}
		})
	}
}

func TestLogoutAnswer(t *testing.T) {
	s, adaID := workspace("8.8.1")
	got := anonymous(t, s).as(adaID, s.AddLoginToken(adaID)).post("logout", nil)
	if _, ok := got.ok()["success"]; ok || got.body["status"] != "success" {
		t.Errorf("logout answers %v, want status success and no key success", got.body)
	}
}

func TestUsersLogoutOfOthersNeedsPermission(t *testing.T) {
	s, adaID := workspace("8.8.1")
	eve := s.AddUser(rocketchattest.User{Username: "eve"})
	anonymous(t, s).as(eve, s.AddLoginToken(eve)).post("users.logout", object{"userId": adaID}).refused(http.StatusForbidden, "")
	admin(t, s).post("users.logout", object{"userId": "nobody"}).refused(http.StatusBadRequest, "")
}

func TestPersonalAccessTokens(t *testing.T) {
	s, adaID := workspace("8.8.1")
	person := anonymous(t, s).as(adaID, s.AddPAT(adaID, true))
	got := person.post("users.generatePersonalAccessToken", object{"tokenName": "ci", "bypassTwoFactor": true})
	token, _ := got.ok()["token"].(string)
	anonymous(t, s).as(adaID, token).get("me").ok()

	person.post("users.generatePersonalAccessToken", object{"tokenName": "ci"}).refused(http.StatusBadRequest, "error-token-already-exists")
	person.post("users.removePersonalAccessToken", object{"tokenName": "ci"}).ok()
	if s.Alive(token) {
		t.Error("the removed token is alive")
	}
	person.post("users.removePersonalAccessToken", object{"tokenName": "ci"}).refused(http.StatusBadRequest, "error-token-does-not-exists")
	s.Deny("user", "create-personal-access-tokens")
	person.post("users.generatePersonalAccessToken", object{"tokenName": "more"}).refused(http.StatusBadRequest, "not-authorized")
	person.post("users.removePersonalAccessToken", object{"tokenName": "more"}).refused(http.StatusBadRequest, "not-authorized")
}
