package app_test

import (
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"chatgate/cmd/internal/app"
)

// working is the smallest configuration with both chats. Tests replace one line of it.
const working = `baseURL: https://sso.example.org
sealing:
  current: "2026-11"
  keys: {"2026-11": "MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY="}
redis:
  standalone: {address: "cache:6379"}
providers:
  corp:
    issuer: https://idp.example.org/realms/corp
    client: {id: chatgate, secret: provider-secret}
chats:
  rocketchat:
    access: {providers: [corp], groups: [staff]}
    url: https://chat.example.org
    api: {url: "http://rocketchat.chat.svc:3000", allowHTTP: true, userID: admin-id, token: admin-token, createTokenSecret: create-secret}
  talk:
    profile: coral-oidc
    access: {providers: [corp], anyone: true}
    url: https://comments.example.org
    embedOrigins: {"https://news.example.org": {token: true}}
    client: {id: coral, secret: a-secret-of-coral-and-the-gateway}
`

func parse(t *testing.T, source string) (app.Loaded, error) {
	t.Helper()
	return app.Parse("chatgate.yaml", []byte(source), app.Chats(), nil)
}

func TestTheSmallestConfigurationOpens(t *testing.T) {
	loaded, err := parse(t, working)
	if err != nil {
		t.Fatal(err)
	}
	if err := app.Check(loaded.Config); err != nil {
		t.Errorf("Check() = %v", err)
	}
}

func TestAWrongConfigurationStopsTheStartWithItsPlace(t *testing.T) { // S52, S128, S140, D7
	for _, tc := range []struct {
		name, old, new string
		line           int
		want           string
	}{
		{"an unknown key", "baseURL:", "baseUrl:", 1, "baseURL"},
		{"an unknown key deep inside", "groups: [staff]", "group: [staff]", 13, "chats.rocketchat.access.group"},
		{"a duplicate key", "redis:\n", "redis: {}\nredis:\n", 6, "redis"},
		{"no YAML at all", "sealing:\n", "sealing: [\n", 0, ""},
		{"a public address with a path", "https://sso.example.org", "https://sso.example.org/gate", 1, "baseURL: must be an https origin"},
		{"a public address over http", "https://sso.example.org", "http://sso.example.org", 1, "baseURL: must be https"},
		{"a public address with a final slash", "https://sso.example.org", "https://sso.example.org/", 1, "baseURL"},
		{"a sealing key that is not there", `current: "2026-11"`, `current: "2027-01"`, 3, "sealing.current: must name one of sealing.keys"},
		{"a sealing key that is too short", "MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY=", "c2hvcnQ=", 4, "must have at least 32 random bytes"},
		{"a sealing key that is no base64", "MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY=", "not base64!", 4, "must be base64"},
		{"no Redis", "  standalone: {address: \"cache:6379\"}\n", "  keyPrefix: x\n", 5, "redis: must have one of standalone, sentinel and cluster"},
		{"two Redises", `standalone: {address: "cache:6379"}`, `{standalone: {address: "cache:6379"}, cluster: {addresses: ["a:1"]}}`, 0, "redis"},
		{"a Redis without a port", "cache:6379", "cache", 6, "redis.standalone.address: must be host:port"},
		{"a Redis and memory", `  standalone: {address: "cache:6379"}`, `  standalone: {address: "cache:6379"}` + "\n  memory: true", 7, "redis.memory: contradicts"},
		{"no provider", "  corp:\n    issuer: https://idp.example.org/realms/corp\n    client: {id: chatgate, secret: provider-secret}\n", "  {}\n", 7, "providers: must have at least one provider"},
		{"an e-mail domain of two providers", "providers:\n", "providers:\n  other: {issuer: https://other.example.org, client: {id: c, secret: s}, domains: [BÜCHER.example]}\n  third: {issuer: https://third.example.org, client: {id: c, secret: s}, domains: [xn--bcher-kva.example]}\n", 0, `providers.third.domains: must leave "xn--bcher-kva.example" to one provider: other has it too`},
		{"a provider over http", "https://idp.example.org/realms/corp", "http://idp.example.org/realms/corp", 9, "providers.corp.issuer: must be https"},
		{"a provider without a client", "client: {id: chatgate, secret: provider-secret}", "scopes: [openid]", 8, "providers.corp.client"},
		{"scopes without openid", "client: {id: chatgate, secret: provider-secret}", "client: {id: chatgate, secret: s}\n    scopes: [profile]", 11, "providers.corp.scopes: must contain openid"},
		{"an algorithm with a shared secret", "client: {id: chatgate, secret: provider-secret}", "client: {id: chatgate, secret: s}\n    algorithms: [HS256]", 11, "providers.corp.algorithms"},
		{"a provider called in capitals", "  corp:\n", "  Corp:\n", 8, "providers.Corp: must be called"},
		{"a chat called like a route of ours", "  talk:\n", "  session:\n    kind: talk\n", 16, "chats.session: must have another name"},
		{"a chat with a slash in its name", "  talk:\n", "  \"a/b\":\n    kind: talk\n", 16, "must be called by lower-case letters"},
		{"a chat of an unknown kind", "  talk:\n", "  matrix:\n", 16, "rocketchat"},
		{"rules of a provider that say nothing", "groups: [staff]", "perProvider: {corp: {}}", 13, "chats.rocketchat.access.perProvider.corp: must say who may enter"},
		{"rules of a provider that is not there", "groups: [staff]", "perProvider: {other: {anyone: true}}", 13, "chats.rocketchat.access.perProvider.other"},
		{"a chat without access", "    access: {providers: [corp], groups: [staff]}\n", "", 12, "access: must say who may enter"},
		{"an empty list of groups", "groups: [staff]", "groups: []", 13, "chats.rocketchat.access.groups: must not be empty"},
		{"access for a provider that is not there", "access: {providers: [corp], groups", "access: {providers: [crop], groups", 13, "chats.rocketchat.access.providers[0]: must be a key of providers"},
		{"accounts by a provider that is not there", "url: https://chat.example.org\n", "url: https://chat.example.org\n    accounts: {providers: [corp, crop]}\n", 15, `chats.rocketchat.accounts.providers[1]: must be a key of providers, got "crop"`},
		{
			"a custom field from a claim that no provider has", "url: https://chat.example.org\n",
			"url: https://chat.example.org\n    accounts: {sync: {customFields: {unit: depatment}}}\n", 15,
			`chats.rocketchat.accounts.sync.customFields.unit: must name a claim in claims.custom of a provider, got "depatment"; there are no claims`,
		},
		{"a chat's address with a final slash", "url: https://chat.example.org\n", "url: https://chat.example.org/\n", 14, "chats.rocketchat.url: must be an https origin"},
		{"a chat over http", "url: https://chat.example.org\n", "url: http://chat.example.org\n", 14, "chats.rocketchat.url: must be https"},
		{"an API over http that nobody allowed", "allowHTTP: true", "allowHTTP: false", 15, "chats.rocketchat.api.url"},
		{"an embedder that is no origin", "https://news.example.org", "news.example.org", 20, "embedOrigins"},
		{"an unknown profile", "profile: coral-oidc", "profile: coral", 17, "chats.talk.profile"},
		{"a token life beyond an hour", "profile: coral-oidc", "profile: coral-oidc\n    tokenLifetime: 2h", 18, "chats.talk.tokenLifetime"},
		{"a duration that is none", "profile: coral-oidc", "profile: coral-oidc\n    tokenLifetime: 15 minutes", 18, "chats.talk.tokenLifetime: must be a duration"},
		{"a policy that is none", "url: https://chat.example.org\n", "url: https://chat.example.org\n    onChatSignOut: stay\n", 15, "chats.rocketchat.onChatSignOut"},
		{"an environment variable that is not set", "secret: provider-secret", "secret: \"${env:CHATGATE_TEST_UNSET}\"", 10, "CHATGATE_TEST_UNSET"},
		{"a file that is not there", "secret: provider-secret", "secret: \"${file:/nowhere/at/all}\"", 10, "/nowhere/at/all"},
		{"two sites under one issuer", "    client: {id: coral, secret: a-secret-of-coral-and-the-gateway}\n", `    client: {id: coral, secret: a-secret-of-coral-and-the-gateway}
    issuer: https://sso.example.org/pinned
  magazine:
    kind: talk
    profile: talk4
    access: {anyone: true}
    url: https://magazine.example.org
    issuer: https://sso.example.org/pinned
`, 22, "chats.talk.issuer: must be its own: chats.magazine has the same"},
		{"roles by the groups of a provider that is not there", "    profile: coral-oidc\n", "    profile: coral-oidc\n    roleProviders: [corpo]\n", 18,
			`chats.talk.roleProviders[0]: must be a key of providers, got "corpo"`},
		{"a session that idles longer than it lives", "redis:\n", "session: {idle: 48h}\nredis:\n", 5, "session.absolute: must not be shorter than idle"},
		{"a trusted proxy that is everybody", "redis:\n", "trustedProxies: [0.0.0.0/0]\nredis:\n", 5, "trustedProxies[0]: must not be everybody"},
		{"a trusted proxy that is no network", "redis:\n", "trustedProxies: [proxy.local]\nredis:\n", 5, `trustedProxies[0]: must be a network such as 10.0.0.0/8, got "proxy.local"`},
		{"a trusted proxy that is one address", "redis:\n", "trustedProxies: [127.0.0.1]\nredis:\n", 5, `trustedProxies[0]: must be a network, got "127.0.0.1": write it as 127.0.0.1/32`},
		{"a trusted proxy that is one IPv6 address", "redis:\n", "trustedProxies: [\"fd00::7\"]\nredis:\n", 5, "write it as fd00::7/128"},
		{"a trusted proxy with a zone", "redis:\n", "trustedProxies: [\"fe80::7%eth0\"]\nredis:\n", 5, "trustedProxies[0]: must be a network such as"},
		{"a listener without a port", "redis:\n", "listen: {public: 127.0.0.1}\nredis:\n", 5, "listen.public: must be host:port or :port"},
		{"a listener with a port that there is not", "redis:\n", "listen: {public: \"127.0.0.1:99999\"}\nredis:\n", 5, "listen.public: must be host:port or :port"},
		{"a listener with a port by name", "redis:\n", "listen: {admin: \":metrics\"}\nredis:\n", 5, "listen.admin: must be host:port or :port"},
		{"both listeners at one address", "redis:\n", "listen: {admin: \":8080\"}\nredis:\n", 5, "listen.admin: must not be where listen.public is"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			source := strings.Replace(working, tc.old, tc.new, 1)
			if source == working {
				t.Fatalf("%q is not in the configuration", tc.old)
			}
			_, err := parse(t, source)
			var problems app.Errors
			if !errors.As(err, &problems) {
				t.Fatalf("Parse() = %v, want Errors", err)
			}
			if !strings.Contains(err.Error(), tc.want) {
				t.Errorf("Parse() says\n%v\nwant %q", err, tc.want)
			}
			atLine := func(p app.Problem) bool { return p.Line == tc.line }
			if tc.line != 0 && !slices.ContainsFunc(problems, atLine) {
				t.Errorf("no problem is at line %d:\n%v", tc.line, err)
			}
			if strings.Contains(err.Error(), "provider-secret") || strings.Contains(err.Error(), "admin-token") {
				t.Errorf("the message holds a secret:\n%v", err)
			}
		})
	}
}

func TestPrintMasksEverySecretAndFillsInDefaults(t *testing.T) { // S133
	secret := filepath.Join(t.TempDir(), "oidc")
	if err := os.WriteFile(secret, []byte("from-the-file\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	loaded, err := parse(t, strings.Replace(working, "secret: provider-secret", `secret: "${file:`+secret+`}"`, 1))
	if err != nil {
		t.Fatal(err)
	}
	var out strings.Builder
	if err := loaded.Print(&out); err != nil {
		t.Fatal(err)
	}
	for _, hidden := range []string{"from-the-file", "admin-token", "create-secret", "a-secret-of-coral-and-the-gateway", "MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY="} {
		if strings.Contains(out.String(), hidden) {
			t.Errorf("print shows the secret %q", hidden)
		}
	}
	for _, shown := range []string{"https://chat.example.org", "idle: 8h", "onChatSignOut: stay-out", "${file:" + secret + "}"} {
		if !strings.Contains(out.String(), shown) {
			t.Errorf("print lacks %q:\n%s", shown, out.String())
		}
	}
}

func TestAPresetStandsInTheEffectiveConfiguration(t *testing.T) {
	loaded, err := parse(t, strings.Replace(working, "secret: provider-secret}", "secret: provider-secret}\n    preset: dex\n    claims: {name: nickname}", 1))
	if err != nil {
		t.Fatal(err)
	}
	corp := loaded.Config.Providers["corp"]
	if !slices.Equal(corp.Scopes, []string{"openid", "profile", "email", "groups", "offline_access"}) {
		t.Errorf("scopes = %q, want dex's", corp.Scopes)
	}
	if corp.Claims.Name.String() != "nickname" || corp.Claims.Groups.String() != "groups" || corp.Claims.Picture.String() != "" {
		t.Errorf("claims = %+v, want dex's and the name as written", corp.Claims)
	}
}

func TestTheSchemaKnowsEverySection(t *testing.T) {
	raw, err := app.JSONSchema(app.Chats())
	if err != nil {
		t.Fatal(err)
	}
	var schema struct {
		Properties map[string]json.RawMessage `json:"properties"`
	}
	if err := json.Unmarshal(raw, &schema); err != nil {
		t.Fatal(err)
	}
	for _, section := range []string{"baseURL", "sealing", "redis", "session", "providers", "chats", "limits", "theme", "log"} {
		if _, ok := schema.Properties[section]; !ok {
			t.Errorf("the schema lacks %s", section)
		}
	}
}

func TestNetworksAreReadAndPrintedAsWritten(t *testing.T) {
	source := strings.Replace(working, "redis:\n", "trustedProxies: [10.0.0.0/8, \"fd00::/8\"]\nredis:\n", 1)
	loaded, err := parse(t, source)
	if err != nil {
		t.Fatal(err)
	}
	var out strings.Builder
	if err := loaded.Print(&out); err != nil {
		t.Fatal(err)
	}
	for _, network := range []string{"10.0.0.0/8", "fd00::/8"} {
		if !strings.Contains(out.String(), network) {
			t.Errorf("print lacks %s:\n%s", network, &out)
		}
	}
}

func TestMemoryNeedsNoSealingKey(t *testing.T) {
	source := strings.Replace(working, `  standalone: {address: "cache:6379"}`, "  memory: true", 1)
	from, to := strings.Index(source, "sealing:"), strings.Index(source, "redis:")
	loaded, err := parse(t, source[:from]+source[to:])
	if err != nil {
		t.Fatal(err)
	}
	if err := app.Check(loaded.Config); err != nil {
		t.Errorf("Check() = %v", err)
	}
}
