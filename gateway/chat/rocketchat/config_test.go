package rocketchat_test

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"chatgate/gateway/chat"
	"chatgate/gateway/chat/chattest"
	"chatgate/gateway/chat/rocketchat"
)

func validConfig() rocketchat.Config {
	return rocketchat.Config{
		Access: chat.AccessRules{Anyone: true}, URL: chatURL,
		API: rocketchat.API{UserID: "bot", Token: "token"},
	}
}

func accountsWith(change func(*rocketchat.Accounts)) func(*rocketchat.Config) {
	return func(c *rocketchat.Config) { change(&c.Accounts) }
}

func TestConfigRefuses(t *testing.T) {
	tests := []struct {
		name   string
		change func(*rocketchat.Config)
		key    string
	}{
		{"no url", func(c *rocketchat.Config) { c.URL = "" }, "url"},
		{"an API on http that is not allowed", func(c *rocketchat.Config) { c.API.URL = "http://chat:3000" }, "api.url"},
		{"an API with a final slash", func(c *rocketchat.Config) { c.API.URL = "https://chat.example.org/" }, "api.url"},
		{"an API with a user", func(c *rocketchat.Config) { c.API.URL = "https://a:b@chat.example.org" }, "api.url"},
		{"an API with a query", func(c *rocketchat.Config) { c.API.URL = "https://chat.example.org?x" }, "api.url"},
		{"an API of another scheme", func(c *rocketchat.Config) { c.API.URL = "ftp://chat.example.org" }, "api.url"},
		{"no user id", func(c *rocketchat.Config) { c.API.UserID = "" }, "api.userID"},
		{"a user id that is none", func(c *rocketchat.Config) { c.API.UserID = "a b" }, "api.userID"},
		{"no token", func(c *rocketchat.Config) { c.API.Token = "" }, "api.token"},
		{"a token with a line break", func(c *rocketchat.Config) { c.API.Token = "a\r\nb" }, "api.token"},
		{"a secret with a space", func(c *rocketchat.Config) { c.API.CreateTokenSecret = "a b" }, "api.createTokenSecret"},
		{"a password key that is short", func(c *rocketchat.Config) { c.API.PasswordKey = "short" }, "api.passwordKey"},
		{"passwords without a key", func(c *rocketchat.Config) { c.API.Tokens = rocketchat.Password }, "api.passwordKey"},
		{"a group without roles", accountsWith(func(a *rocketchat.Accounts) { a.Roles = rocketchat.Mapping{"staff": {}} }), "accounts.roles.staff"},
		{"a role that is no id", accountsWith(func(a *rocketchat.Accounts) { a.Roles = rocketchat.Mapping{"staff": {"user", "a b"}} }), "accounts.roles.staff[1]"},
		{"a channel with its #", accountsWith(func(a *rocketchat.Accounts) { a.Channels = rocketchat.Mapping{"staff": {"#news"}} }), "accounts.channels.staff[0]"},
		{"a channel without a name", accountsWith(func(a *rocketchat.Accounts) { a.Channels = rocketchat.Mapping{"staff": {""}} }), "accounts.channels.staff[0]"},
		{"a team with a space", accountsWith(func(a *rocketchat.Accounts) { a.Teams = rocketchat.Mapping{"staff": {"a b"}} }), "accounts.teams.staff[0]"},
		{"no provider that counts", accountsWith(func(a *rocketchat.Accounts) { a.Providers = []string{} }), "accounts.providers"},
		{"a custom field that is none", accountsWith(func(a *rocketchat.Accounts) {
			a.Sync.CustomFields = map[string]string{"a.b": "department"}
		}), "accounts.sync.customFields.a.b"},
		{"a custom field without a claim", accountsWith(func(a *rocketchat.Accounts) {
			a.Sync.CustomFields = map[string]string{"unit": ""}
		}), "accounts.sync.customFields.unit"},
		{
			"the chat among its embedders",
			func(c *rocketchat.Config) { c.EmbedOrigins = chat.EmbedOrigins{chatURL: {}} }, "embedOrigins",
		},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			c := validConfig()
			tt.change(&c)
			var keys []string
			c.Check(func(key, _ string) { keys = append(keys, key) })
			if diff := cmp.Diff([]string{tt.key}, keys); diff != "" {
				t.Errorf("keys reported differ (-want +got):\n%s", diff)
			}
			_, err := c.Open(chattest.NewEnv(t, chattest.Options{}).Env)
			if err == nil || !strings.HasPrefix(err.Error(), tt.key) {
				t.Errorf("Open = %v, want an error that names %s", err, tt.key)
			}
		})
	}
}

func TestConfigAccepts(t *testing.T) {
	for name, change := range map[string]func(*rocketchat.Config){
		"the least there can be":   func(*rocketchat.Config) {},
		"http where it is allowed": func(c *rocketchat.Config) { c.API.URL, c.API.AllowHTTP = "http://chat:3000", true },
		"an API below a path":      func(c *rocketchat.Config) { c.API.URL = "https://example.org/chat" },
		"mappings and custom fields": accountsWith(func(a *rocketchat.Accounts) {
			a.Roles = rocketchat.Mapping{"Chat Admins": {"admin", "livechat-agent"}}
			a.Channels, a.Teams = rocketchat.Mapping{"staff": {"news", "büro"}}, rocketchat.Mapping{"staff": {"analysts"}}
			a.Sync.CustomFields = map[string]string{"unit": "department"}
		}),
		"passwords with a key":       func(c *rocketchat.Config) { c.API.Tokens, c.API.PasswordKey = rocketchat.Password, passwordKey },
		"an embedder without rights": func(c *rocketchat.Config) { c.EmbedOrigins = chat.EmbedOrigins{blogURL: {}} },
	} {
		t.Run(name, func(t *testing.T) {
			c := validConfig()
			change(&c)
			c.Check(func(key, problem string) { t.Errorf("%s: %s", key, problem) })
		})
	}
}

// TestAddresses: the application checks each of them for https and for cookies that cross sites (B-29, R20).
func TestAddresses(t *testing.T) {
	c := validConfig()
	c.EmbedOrigins = chat.EmbedOrigins{blogURL: {}}
	want := map[string]chat.Origin{"url": chatURL, "embedOrigins." + blogURL: blogURL}
	if diff := cmp.Diff(want, c.Addresses()); diff != "" {
		t.Errorf("Addresses() differs (-want +got):\n%s", diff)
	}
	if c.AccessRules() != &c.Access {
		t.Error("AccessRules() are not the section's")
	}
}
