package app_test

import (
	"strings"
	"testing"

	"chatgate/cmd/internal/app"
	"chatgate/oidc/oidctest"
)

func TestDoctorSaysWhatSignOutsReach(t *testing.T) { // S54, S106, S108, S113
	leave := func(names ...string) func(*oidctest.Faults) {
		return func(f *oidctest.Faults) {
			f.Discovery = func(d map[string]any) {
				for _, name := range names {
					delete(d, name)
				}
			}
		}
	}
	for _, tc := range []struct {
		name   string
		faults func(*oidctest.Faults)
		source func(string) string
		about  string
		level  app.Level
		want   string
	}{
		{"a back channel", nil, nil, "sign-out there", app.Well,
			"register https://sso.example.org/logout/backchannel there as the gateway's back-channel logout URI, if you have not"},
		{"a logout page", nil, nil, "sign-out here", app.Well, "goes on to the provider's logout page"},
		{"neither channel", leave("backchannel_logout_supported", "frontchannel_logout_supported"), nil, "sign-out there", app.Well, "does not say"},
		{"no logout page", leave("end_session_endpoint"), nil, "sign-out here", app.Well, "stay signed in there"},
		{"a front channel alone", func(f *oidctest.Faults) {
			f.Discovery = func(d map[string]any) {
				delete(d, "backchannel_logout_supported")
				d["frontchannel_logout_supported"], d["frontchannel_logout_session_supported"] = true, true
			}
		}, nil, "sign-out there", app.Well,
			"register https://sso.example.org/logout/frontchannel there as the gateway's front-channel logout URI, with issuer and session, if you have not"},
		{"re-checks as they come", nil, nil, "re-checks", app.Well, "offline_access"},
		{"no re-checks", nil, func(s string) string { return s + "session: {recheck: 0s}\n" }, "re-checks", app.Warning, "session.recheck is 0s"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			c := newClinic(nil)
			if tc.faults != nil {
				c.provider.Set(tc.faults)
			}
			if tc.source != nil {
				c.source = tc.source(c.source)
			}
			for _, f := range c.examine(t) {
				if f.About == "provider corp" && f.Name == tc.about {
					if f.Level != tc.level || !strings.Contains(sentence(f), tc.want) {
						t.Errorf("Doctor() says %+v, want %s with %q", f, tc.level, tc.want)
					}
					return
				}
			}
			t.Errorf("Doctor() says nothing of %s", tc.about)
		})
	}
}
