package app_test

import (
	"net/http"
	"testing"

	"chatgate/cmd/internal/app"
	"chatgate/gateway/chat/talk/talktest"
)

// coralSection is a site by single sign-on, which needs no keys.
const coralSection = `  comments:
    kind: talk
    profile: coral-sso
    ssoSecrets: {kid-1: ssosec_0123456789abcdef0123456789abcdef}
    access: {providers: [corp], anyone: true}
    url: https://comments.example.org
    embedOrigins: {"https://news.example.org": {token: true}}
`

// newCoralClinic is a healthy installation with a Coral, and a token of its administrator.
func newCoralClinic(t *testing.T) (c *clinic, coral *talktest.Coral, admin string) {
	t.Helper()
	c = newClinic(nil)
	c.source += coralSection
	coral, err := talktest.NewCoral(talktest.CoralConfig{
		URL: "https://comments.example.org", AllowedOrigins: []string{"https://news.example.org"},
		SSO: &talktest.SSOIntegration{
			Enabled: true, AllowRegistration: true, TargetFilter: talktest.TargetFilter{Stream: true},
			Secrets: map[string]string{"kid-1": "ssosec_0123456789abcdef0123456789abcdef"},
		},
	})
	if err != nil {
		t.Fatal(err)
	}
	c.more = map[string]http.Handler{"comments.example.org": coral}
	c.hosts["comments.example.org"], c.hosts["news.example.org"] = "203.0.113.11", "203.0.113.12"
	user, err := coral.AddUser(talktest.User{Username: "boss", Email: "boss@example.org", Role: talktest.RoleAdmin})
	if err != nil {
		t.Fatal(err)
	}
	if admin, err = coral.OwnToken(user.ID); err != nil {
		t.Fatal(err)
	}
	return c, coral, admin
}

func TestDoctorNamesTheCauseAtACoral(t *testing.T) { // D5, D7, D11 of the reports, G17, G18
	sso := func(field string, value any) map[string]any {
		return map[string]any{"integrations": map[string]any{"sso": map[string]any{field: value}}}
	}
	for _, tt := range []struct {
		name     string
		variable string // has the administrator's token
		patch    map[string]any
		away     bool
		wrongSetUp
	}{
		{name: "nothing wrong", variable: "CORAL_ADMIN_TOKEN"},
		{name: "an integration that is off", variable: "CORAL_ADMIN_TOKEN_COMMENTS", patch: sso("enabled", false),
			wrongSetUp: wrongSetUp{level: app.Failure, want: []string{"sso.enabled must be true (is false)", "chatgate setup talk --chat comments"}}},
		{name: "an integration that is off, which nobody can see", patch: sso("enabled", false)},
		{name: "no registration", variable: "CORAL_ADMIN_TOKEN", patch: sso("allowRegistration", false),
			wrongSetUp: wrongSetUp{level: app.Failure, want: []string{"sso.allowRegistration must be true", "nobody new can comment"}}},
		{name: "both integrations", variable: "CORAL_ADMIN_TOKEN",
			patch:      map[string]any{"integrations": map[string]any{"oidc": map[string]any{"enabled": true}}},
			wrongSetUp: wrongSetUp{level: app.Failure, want: []string{"DUPLICATE_EMAIL"}}},
		{name: "a Coral that is away", away: true,
			wrongSetUp: wrongSetUp{level: app.Failure, want: []string{"https://comments.example.org does not answer"}}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			c, coral, admin := newCoralClinic(t)
			if tt.variable != "" {
				t.Setenv(tt.variable, admin)
			}
			if tt.patch != nil {
				if err := coral.Set(tt.patch); err != nil {
					t.Fatal(err)
				}
			}
			if tt.away {
				c.more = nil
			}
			found := c.examine(t)
			if len(tt.want) > 0 {
				assertCause(t, found, tt.wrongSetUp)
				return
			}
			for _, f := range found {
				if f.Level != app.Well {
					t.Errorf("Doctor() says %+v, want nothing wrong", f)
				}
			}
		})
	}
}

// TestTheTokenOfOneCoralIsNotSentToAnother: with two Corals a token has to say whose it is.
func TestTheTokenOfOneCoralIsNotSentToAnother(t *testing.T) {
	c, _, admin := newCoralClinic(t)
	tools, err := app.OpenTools(c.load(t, c.source), app.Lends{Engine: c.engine})
	if err != nil {
		t.Fatal(err)
	}
	t.Setenv("CORAL_ADMIN_TOKEN", admin)
	if got := tools.AdminToken("comments").Reveal(); got != admin {
		t.Error("the only Coral does not get the token")
	}
	const other = `  blog-comments:
    kind: talk
    profile: coral-oidc
    client: {id: blog}
    access: {anyone: true}
    url: https://blog-comments.example.org
`
	if tools, err = app.OpenTools(c.load(t, c.source+other), app.Lends{Engine: c.engine}); err != nil {
		t.Fatal(err)
	}
	if got := tools.AdminToken("comments").Reveal(); got != "" {
		t.Error("one of two Corals gets the token, which may be the other's")
	}
	t.Setenv("CORAL_ADMIN_TOKEN_BLOG_COMMENTS", "its-own")
	if got := tools.AdminToken("blog-comments").Reveal(); got != "its-own" {
		t.Error("a Coral does not get the token of its own")
	}
}
