package app_test

import (
	"strings"
	"testing"

	"chatgate/cmd/internal/app"
	"chatgate/gateway/chat/rocketchat/rocketchattest"
)

// setting is a workspace in which one setting is not what it must be.
func setting(id string, value any) func(*testing.T, *clinic) {
	return func(_ *testing.T, c *clinic) { c.chat.SetSetting(id, value) }
}

var wrongWorkspaces = []wrongSetUp{
	{
		name:   "a Rocket.Chat that is down",
		breaks: func(_ *testing.T, c *clinic) { c.chat.SetFaults(rocketchattest.Faults{Down: true}) },
		level:  app.Failure, want: []string{"api.url https://chat.example.org", "unavailable"},
	},
	{
		name: "a Rocket.Chat behind a redirect",
		breaks: func(_ *testing.T, c *clinic) {
			c.chat.SetFaults(rocketchattest.Faults{RedirectTo: "https://portal.example.org/"})
		},
		level: app.Failure, want: []string{"redirect", "api.url must be the address that answers itself"},
	},
	{
		name: "a release with a broken client (R32)", workspace: func(c *rocketchattest.Config) { c.Version = "7.9" },
		level: app.Warning, want: []string{"7.9", "7.11"},
	},
	{
		name: "iframe authentication switched off", breaks: setting("Accounts_iframe_enabled", false),
		level: app.Failure, want: []string{"Accounts_iframe_enabled must be true (is false)", "chatgate setup rocketchat"},
	},
	{
		name: "an iframe URL that is the API's", breaks: setting("Accounts_iframe_url", "https://sso.example.org/rocketchat/token"),
		level: app.Failure, want: []string{`Accounts_iframe_url must be https://sso.example.org/rocketchat/frame (is "https://sso.example.org/rocketchat/token")`},
	},
	{
		name: "no API URL", breaks: setting("Accounts_Iframe_api_url", ""),
		level: app.Failure, want: []string{`Accounts_Iframe_api_url must be https://sso.example.org/rocketchat/token (is "")`},
	},
	{
		name: "a method that no client knows", breaks: setting("Accounts_Iframe_api_method", "post"),
		level: app.Failure, want: []string{`Accounts_Iframe_api_method must be POST or GET (is "post")`},
	},
	{
		name: "a workspace at another address", breaks: setting("Site_Url", "http://chat.example.org"),
		level: app.Failure, want: []string{"url is https://chat.example.org", `Site_Url is "http://chat.example.org"`},
	},
	{
		name: "new people who wait for approval", breaks: setting("Accounts_ManuallyApproveNewUsers", true),
		level: app.Warning, want: []string{"Accounts_ManuallyApproveNewUsers", "edit-other-user-active-status"},
	},
}

var wrongAccounts = []wrongSetUp{
	{
		name: "a token that was removed (R31)",
		breaks: func(t *testing.T, c *clinic) {
			c.chat.RevokeToken(tokenOf(c))
		},
		level: app.Failure, want: []string{"api.userID and api.token are not accepted"},
	},
	{
		name:   "a token that asks for a second factor (R27)",
		breaks: func(t *testing.T, c *clinic) { c.useToken(t, c.chat.AddPAT(c.chat.Users()[0].ID, false)) },
		level:  app.Failure, want: []string{"Ignore Two Factor Authentication", "Accounts_TwoFactorAuthentication_Enforce_Password_Fallback", "api.token"},
	},
	{
		name:   "a login's token in place of a personal one",
		breaks: func(t *testing.T, c *clinic) { c.useToken(t, c.chat.AddLoginToken(c.chat.Users()[0].ID)) },
		level:  app.Failure, want: []string{"is no personal access token"},
	},
	{
		name:      "a release before 8.0 that makes no login tokens (R26)",
		workspace: func(c *rocketchattest.Config) { c.Version, c.CreateTokenEnv = "7.13", false },
		level:     app.Failure, want: []string{"CREATE_TOKENS_FOR_USERS=true", "user-generate-access-token"},
	},
	{
		name:      "another secret than Rocket.Chat's (R26)",
		workspace: func(c *rocketchattest.Config) { c.CreateTokenSecret = "another" },
		level:     app.Failure, want: []string{"CREATE_TOKENS_FOR_USERS_SECRET", "api.createTokenSecret"},
	},
	{
		name:   "no secret in the configuration (R26)",
		breaks: func(t *testing.T, c *clinic) { c.replace(t, ", createTokenSecret: create-token-secret", "") },
		level:  app.Failure, want: []string{"api.createTokenSecret is missing"},
		then: []string{"fail chat rocketchat, login tokens"},
	},
	{
		name:   "a permission that is missing",
		breaks: func(_ *testing.T, c *clinic) { c.chat.Deny("admin", "user-generate-access-token", "create-user") },
		level:  app.Failure, want: []string{"user-generate-access-token (making login tokens)", "create-user (making accounts)", "admin"},
	},
	{
		name:   "a service account that is counted (R28)",
		breaks: func(_ *testing.T, c *clinic) { c.chat.Deny("admin", "api-bypass-rate-limit") },
		level:  app.Failure, want: []string{"api-bypass-rate-limit"},
	},
	{
		name:   "a permission that only the profile needs",
		breaks: func(_ *testing.T, c *clinic) { c.chat.Deny("admin", "edit-other-user-info") },
		level:  app.Warning, want: []string{"edit-other-user-info"},
	},
	{
		name:   "a service account that may not look at its own tokens",
		breaks: func(_ *testing.T, c *clinic) { denyAll(c, "create-personal-access-tokens") },
		level:  app.Warning, want: []string{"create-personal-access-tokens", "Ignore Two Factor Authentication"},
	},
}

func denyAll(c *clinic, permission string) {
	for _, role := range []string{"admin", "user"} {
		c.chat.Deny(role, permission)
	}
}

// tokenOf is the token in the configuration.
func tokenOf(c *clinic) string {
	_, rest, _ := strings.Cut(c.source, "token: ")
	token, _, _ := strings.Cut(rest, ",")
	return token
}

func (c *clinic) useToken(t *testing.T, token string) {
	t.Helper()
	c.replace(t, tokenOf(c), token)
}
