package talk_test

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"chatgate/gateway/chat"
	"chatgate/gateway/chat/chattest"
	"chatgate/gateway/chat/talk"
	"chatgate/store"
)

// problems collects what Check reports, as "key: problem".
func problems(cfg talk.Config) []string {
	var all []string
	cfg.Check(func(key, problem string) { all = append(all, key+": "+problem) })
	slices.Sort(all)
	return all
}

func TestCheckAcceptsEachProfile(t *testing.T) {
	for _, cfg := range []talk.Config{
		site(talk.CoralSSO), site(talk.CoralOIDC), site(talk.Talk4),
		with(site(talk.Talk4), func(c *talk.Config) { c.SharedSecret = sharedSecret }),
		with(site(talk.CoralSSO), func(c *talk.Config) {
			c.SSOSecrets = map[string]store.Secret{"new": ssoSecret, "old": olderSecret}
			c.SSOCurrent = "new"
			c.Roles = map[string]talk.Role{"everyone": talk.Commenter, "moderators": talk.Moderator}
		}),
		with(site(talk.CoralOIDC), func(c *talk.Config) { c.Issuer = "https://sso.example.org/former" }),
	} {
		if got := problems(cfg); len(got) > 0 {
			t.Errorf("Check() of a good %s section reports %q, want nothing", cfg.Profile, got)
		}
	}
}

func TestCheckRefuses(t *testing.T) {
	for _, test := range []struct {
		name   string
		base   talk.Profile
		change func(*talk.Config)
		want   string
	}{
		{"a section without a profile", talk.CoralSSO, func(c *talk.Config) { c.Profile = "" },
			"profile: must say which tokens the site takes"},
		{"a section without the site's address", talk.CoralSSO, func(c *talk.Config) { c.URL = "" },
			"url: must be given"},
		{"a life below five minutes (G7)", talk.CoralSSO, func(c *talk.Config) { c.TokenLifetime = 5*time.Minute - 1 },
			"tokenLifetime: must be from 5m to 1h"},
		{"a life above an hour (G7)", talk.CoralSSO, func(c *talk.Config) { c.TokenLifetime = time.Hour + 1 },
			"tokenLifetime: must be from 5m to 1h"},
		{"single sign-on without a secret", talk.CoralSSO, func(c *talk.Config) { c.SSOSecrets = nil },
			"ssoSecrets: must hold the secret"},
		{"a secret below 256 bits (S103)", talk.CoralSSO, func(c *talk.Config) { c.SSOSecrets = map[string]store.Secret{"k": "short"} },
			"ssoSecrets.k: must be usable for HS256"},
		{"a key id that is a mark for one", talk.CoralSSO, func(c *talk.Config) { c.SSOSecrets = map[string]store.Secret{"<key id>": ssoSecret} },
			"ssoSecrets.<key id>: must be called by the key id that Coral shows"},
		{"several secrets without a word on which signs (G15)", talk.CoralSSO,
			func(c *talk.Config) { c.SSOSecrets = map[string]store.Secret{"a": ssoSecret, "b": olderSecret} },
			"ssoCurrent: must name the secret that signs"},
		{"a current secret that is none of them", talk.CoralSSO, func(c *talk.Config) { c.SSOCurrent = "other" },
			`ssoCurrent: must be a key id of ssoSecrets, got "other"`},
		{"a role that Coral does not know (G16)", talk.CoralSSO, func(c *talk.Config) { c.Roles = map[string]talk.Role{"staff": "admin"} },
			"roles.staff: must be one of COMMENTER"},
		{"a badge that nobody can see", talk.CoralSSO, func(c *talk.Config) { c.Badges = map[string]string{"staff": "\u200b"} },
			"badges.staff: must be a word or two"},
		{"a badge that is a story", talk.CoralSSO, func(c *talk.Config) { c.Badges = map[string]string{"staff": strings.Repeat("long ", 7)} },
			"badges.staff: must be a word or two"},
		{"badges where tokens carry none (G22)", talk.CoralOIDC, func(c *talk.Config) { c.Badges = map[string]string{"staff": "Staff"} },
			"badges: is for profile coral-sso, not for coral-oidc"},
		{"a claim without a name", talk.CoralSSO, func(c *talk.Config) { c.Claims.Username = []string{"name", ""} },
			"claims.username: must name claims"},
		{"an administration that Talk 4 does not open by a token", talk.Talk4, func(c *talk.Config) { c.AdminLink = true },
			"adminLink: is for profile coral-sso or coral-oidc"},
		{"OpenID Connect without a client id", talk.CoralOIDC, func(c *talk.Config) { c.Client = talk.Client{} },
			"client.id: must be given"},
		{"a shared secret outside ASCII (G11)", talk.Talk4, func(c *talk.Config) { c.SharedSecret = "a secret as long as it has to bé" },
			"sharedSecret: must be usable for HS256"},
		{"a short shared secret (G11)", talk.Talk4, func(c *talk.Config) { c.SharedSecret = "short" },
			"sharedSecret: must be usable for HS256"},
		{"two algorithms for Talk 4", talk.Talk4,
			func(c *talk.Config) { c.SharedSecret, c.Keys.Files = sharedSecret, []string{"key.pem"} },
			"sharedSecret: contradicts signingKeys"},
		{"both ways into one Coral (G18)", talk.CoralOIDC,
			func(c *talk.Config) { c.SSOSecrets = map[string]store.Secret{"k": ssoSecret} },
			"ssoSecrets: is for profile coral-sso, not for coral-oidc"},
		{"roles by the groups of nobody", talk.CoralSSO, func(c *talk.Config) { c.RoleProviders = []string{} },
			"roleProviders: must not be empty"},
		{"roles by the groups of some where tokens carry none", talk.CoralOIDC, func(c *talk.Config) { c.RoleProviders = []string{"corp"} },
			"roleProviders: is for profile coral-sso, not for coral-oidc"},
		{"roles where tokens carry none (G22)", talk.CoralOIDC, func(c *talk.Config) { c.Roles = map[string]talk.Role{"staff": talk.Staff} },
			"roles: is for profile coral-sso, not for coral-oidc"},
		{"a client without OpenID Connect", talk.CoralSSO, func(c *talk.Config) { c.Client.ID = "coral" },
			"client: is for profile coral-oidc or talk4, not for coral-sso"},
		{"an audience where tokens have none", talk.CoralSSO, func(c *talk.Config) { c.Audience = "talk" },
			"audience: is for profile talk4, not for coral-sso"},
		{"signing keys where a secret signs", talk.CoralSSO, func(c *talk.Config) { c.Keys.Files = []string{"key.pem"} },
			"signingKeys: is for profile coral-oidc or talk4, not for coral-sso"},
		{"an issuer where tokens have none", talk.CoralSSO, func(c *talk.Config) { c.Issuer = "https://sso.example.org/talk" },
			"issuer: is for profile coral-oidc or talk4"},
		{"an issuer with a final slash (G6)", talk.CoralOIDC, func(c *talk.Config) { c.Issuer = "https://sso.example.org/talk/" },
			"issuer: must be an https address"},
		{"an issuer with a query", talk.CoralOIDC, func(c *talk.Config) { c.Issuer = "https://sso.example.org/talk?" },
			"issuer: must be an https address"},
		{"an issuer with a user", talk.CoralOIDC, func(c *talk.Config) { c.Issuer = "https://me@sso.example.org/talk" },
			"issuer: must be an https address"},
		{"an issuer that is no address", talk.CoralOIDC, func(c *talk.Config) { c.Issuer = "talk" },
			"issuer: must be an https address"},
	} {
		t.Run(test.name, func(t *testing.T) {
			got := problems(with(site(test.base), test.change))
			if !slices.ContainsFunc(got, func(p string) bool { return strings.HasPrefix(p, test.want) }) {
				t.Errorf("Check() reports %q, want a problem that begins with %q", got, test.want)
			}
		})
	}
}

func TestCheckNeverQuotesASecret(t *testing.T) {
	for _, cfg := range []talk.Config{
		with(site(talk.CoralSSO), func(c *talk.Config) { c.SSOSecrets = map[string]store.Secret{"k": "hunter2"} }),
		with(site(talk.Talk4), func(c *talk.Config) { c.SharedSecret = "hunter2" }),
		with(site(talk.Talk4), func(c *talk.Config) { c.SSOSecrets = map[string]store.Secret{"k": "hunter2"} }),
	} {
		if got := strings.Join(problems(cfg), "\n"); strings.Contains(got, "hunter2") {
			t.Errorf("Check() reports %q, which has the secret in it", got)
		}
	}
}

func TestOpenRefuses(t *testing.T) {
	e := chattest.NewEnv(t, chattest.Options{Name: "talk"})
	for _, test := range []struct {
		name string
		cfg  talk.Config
		want string
	}{
		{"an issuer over http", with(site(talk.Talk4), func(c *talk.Config) { c.Issuer = "http://localhost/talk" }), "issuer: must be https"},
		{"a profile that signs, without keys", site(talk.CoralOIDC), "signing keys"},
	} {
		t.Run(test.name, func(t *testing.T) {
			_, err := test.cfg.Open(e.Env)
			if err == nil || !strings.Contains(err.Error(), test.want) {
				t.Errorf("Open() = %v, want an error about %q", err, test.want)
			}
		})
	}
}

func TestSigningKeysAreWantedWhereTheChatVerifiesSignatures(t *testing.T) {
	for _, test := range []struct {
		name string
		cfg  talk.Config
		want bool
	}{
		{"OpenID Connect", site(talk.CoralOIDC), true},
		{"Talk 4", site(talk.Talk4), true},
		{"Talk 4 with a shared secret", with(site(talk.Talk4), func(c *talk.Config) { c.SharedSecret = sharedSecret }), false},
		{"single sign-on", site(talk.CoralSSO), false},
	} {
		t.Run(test.name, func(t *testing.T) {
			if _, got := test.cfg.SigningKeys(); got != test.want {
				t.Errorf("SigningKeys() wants keys: %v, want %v", got, test.want)
			}
		})
	}
}

func TestAddressesAreTheSiteAndItsEmbedders(t *testing.T) {
	cfg := site(talk.CoralSSO)
	want := map[string]chat.Origin{
		"url": coralURL, "embedOrigins." + newsURL: newsURL, "embedOrigins." + blogURL: blogURL,
	}
	if diff := cmp.Diff(want, cfg.Addresses()); diff != "" {
		t.Errorf("Addresses() (-want +got):\n%s", diff)
	}
}

func TestAccessGivesEachRightToItsOwnList(t *testing.T) {
	e := chattest.NewEnv(t, chattest.Options{Name: "talk"})
	cfg := site(talk.CoralSSO)
	want := chat.Access{
		Return: []chat.Origin{coralURL, blogURL, newsURL},
		Frame:  []chat.Origin{blogURL, newsURL},
		Token:  []chat.Origin{newsURL},
	}
	if diff := cmp.Diff(want, e.Open(&cfg).Access()); diff != "" {
		t.Errorf("Access() (-want +got):\n%s", diff)
	}
}

func TestOpenAdvises(t *testing.T) {
	for _, test := range []struct {
		name, want string
		cfg        talk.Config
	}{
		{"a life of 15 minutes for tokens that nobody can revoke (G22)", "tokens outlive a sign-out",
			with(site(talk.CoralOIDC), func(c *talk.Config) { c.TokenLifetime = 16 * time.Minute })},
		{"a role to fall back to (G16)", "roles never fall",
			with(site(talk.CoralSSO), func(c *talk.Config) { c.Roles = map[string]talk.Role{"staff": talk.Staff} })},
	} {
		t.Run(test.name, func(t *testing.T) {
			w := open(t, test.cfg, chattest.Options{})
			if got := w.Journal.String(); !strings.Contains(got, test.want) {
				t.Errorf("the log of Open is %q, want %q in it", got, test.want)
			}
		})
	}
}
