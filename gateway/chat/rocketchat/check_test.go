package rocketchat_test

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"chatgate/gateway/chat"
	"chatgate/gateway/chat/chattest"
	"chatgate/gateway/chat/rocketchat"
	"chatgate/gateway/chat/rocketchat/rocketchattest"
)

// asMustBe are the iframe settings that lead to the gateway.
func asMustBe(c *rocketchattest.Config) {
	c.Iframe = rocketchattest.Iframe{
		Enabled: true, URL: chattest.BaseURL + "/rocketchat/frame", APIURL: chattest.BaseURL + "/rocketchat/token",
	}
}

func TestCheck(t *testing.T) {
	tests := []struct {
		name     string
		settings settings
		before   func(w *world)
		wrong    map[string]string // finding -> words in its text
	}{
		{name: "all is well", settings: settings{server: asMustBe}},
		{name: "all is well on an old release", settings: settings{version: "6.5", server: asMustBe}},
		{
			name:     "a release with a broken client (R32)",
			settings: settings{version: "7.9", server: asMustBe},
			wrong:    map[string]string{"version": "7.11"},
		},
		{
			name:  "settings that lead elsewhere (R32)",
			wrong: map[string]string{"iframe settings": "Accounts_iframe_url must be https://sso.example.org/rocketchat/frame"},
		},
		{
			name:     "no secret for a release that wants one (R26)",
			settings: settings{server: asMustBe, config: func(c *rocketchat.Config) { c.API.CreateTokenSecret = "" }},
			wrong:    map[string]string{"createTokenSecret": "CREATE_TOKENS_FOR_USERS_SECRET"},
		},
		{
			name:     "credentials that nobody accepts (R31)",
			settings: settings{server: asMustBe, config: func(c *rocketchat.Config) { c.API.Token = "gone" }},
			wrong:    map[string]string{"service account": "api.userID and api.token"},
		},
		{
			name:     "nobody there",
			settings: settings{server: asMustBe},
			before:   func(w *world) { w.server.SetFaults(rocketchattest.Faults{Down: true}) },
			wrong:    map[string]string{"reachable": "unavailable"},
		},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			w := newWorld(t, tt.settings)
			if tt.before != nil {
				tt.before(w)
			}
			found := w.connector.(chat.Checker).Check(t.Context())
			var want, got []string
			for name := range tt.wrong {
				want = append(want, name)
			}
			for _, f := range found {
				w.noSecretIn(f.Name, f.String())
				if f.OK {
					continue
				}
				got = append(got, f.Name)
				if !strings.Contains(f.String(), tt.wrong[f.Name]) {
					t.Errorf("%s says %q, want %q in it", f.Name, f.String(), tt.wrong[f.Name])
				}
			}
			if diff := cmp.Diff(want, got); diff != "" {
				t.Errorf("findings that are not OK differ (-want +got):\n%s", diff)
			}
		})
	}
}
