package rocketchattest_test

import (
	"net/http"
	"net/url"
	"testing"

	"github.com/google/go-cmp/cmp"

	"chatgate/gateway/chat/rocketchat/rocketchattest"
)

var iframe = rocketchattest.Iframe{
	Enabled: true, URL: "https://sso.example.org/rocketchat/frame", APIURL: "https://sso.example.org/rocketchat/token", APIMethod: "GET",
}

func TestPublicSettings(t *testing.T) {
	two := []any{
		object{"_id": "Accounts_Iframe_api_method", "value": "GET"},
		object{"_id": "Accounts_iframe_enabled", "value": true},
	}
	byID := "settings.public?_id=Accounts_iframe_enabled,Accounts_Iframe_api_method,Enable_CSP"
	byQuery := "settings.public?query=" + url.QueryEscape(`{"_id":{"$in":["Accounts_iframe_enabled","Accounts_Iframe_api_method","Enable_CSP"]}}`)
	for _, tc := range []struct {
		name, version, path string
		total               int
	}{
		{"7.0 by id", "7.0", byID, 2},
		{"7.0 ignores a query", "7.0", byQuery, 11},
		{"6.13 by query", "6.13", byQuery, 2},
		{"6.13 ignores ids", "6.13", byID, 11},
	} {
		t.Run(tc.name, func(t *testing.T) {
			s := rocketchattest.New(rocketchattest.Config{Version: tc.version, Iframe: iframe})
			got := anonymous(t, s).get(tc.path).ok()["settings"].([]any)
			if len(got) != tc.total {
				t.Errorf("%d settings, want %d: %v", len(got), tc.total, got)
			}
			if diff := cmp.Diff(two, got); tc.total == 2 && diff != "" {
				t.Errorf("settings (-want +got):\n%s", diff)
			}
		})
	}
	s := rocketchattest.New(rocketchattest.Config{Version: "6.13"})
	anonymous(t, s).get("settings.public?query=x").refused(http.StatusBadRequest, "error-invalid-query")
}

func TestSettings(t *testing.T) {
	s, adaID := workspace("8.8.1")
	caller := admin(t, s)
	person := anonymous(t, s).as(adaID, s.AddPAT(adaID, true))

	caller.post("settings/Site_Name", object{"value": "Engines"}).ok()
	if got := caller.get("settings/Site_Name").ok(); got["value"] != "Engines" || got["_id"] != "Site_Name" {
		t.Errorf("setting %v, want Engines", got)
	}
	for name, got := range map[string]answer{
		"reading one that is none": caller.get("settings/Site_Nam"),
		"writing one that is none": caller.post("settings/Site_Nam", object{"value": 1}),
	} {
		if diff := cmp.Diff(object{"success": false}, got.body); got.status != http.StatusBadRequest || diff != "" {
			t.Errorf("%s: %d, want 400 without a text (-want +got):\n%s", name, got.status, diff)
		}
	}
	person.get("settings/Site_Name").refused(http.StatusForbidden, "")
	person.post("settings/Site_Name", object{"value": 1}).refused(http.StatusForbidden, "")
}

func TestTheEnvironmentForcesSettings(t *testing.T) {
	s := rocketchattest.New(rocketchattest.Config{
		Iframe: iframe, Overwritten: map[string]any{"Accounts_iframe_enabled": false},
	})
	caller := admin(t, s)
	caller.post("settings/Accounts_iframe_enabled", object{"value": true}).ok()
	s.SetSetting("Accounts_iframe_enabled", true)
	if got := caller.get("settings/Accounts_iframe_enabled").ok()["value"]; got != false {
		t.Errorf("Accounts_iframe_enabled is %v, want it to stay false", got)
	}
}

func TestServiceConfigurations(t *testing.T) {
	s := rocketchattest.New(rocketchattest.Config{LoginServices: []rocketchattest.LoginService{{Service: "corp", ClientID: "rc"}}})
	got := anonymous(t, s).get("service.configurations").ok()
	want := object{"configurations": []any{object{"service": "corp", "clientId": "rc"}}, "success": true}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("configurations (-want +got):\n%s", diff)
	}
}
