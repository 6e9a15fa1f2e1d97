package main

import (
	"strings"

	"chatgate/oidc/oidctest"
)

// demoPeople are known at the first provider of every world.
var demoPeople = []oidctest.User{
	{Username: "ada", Password: "ada", Subject: "5f1c2a", Name: "Ada Lovelace", Email: "ada@example.org", EmailVerified: true, Groups: []string{"staff"}},
	{Username: "bob", Password: "bob", Subject: "9d04e7", Name: "Bob Kahn", Email: "bob@example.org", EmailVerified: true, Groups: []string{"staff"}},
}

// partnerPeople are known at the second one.
var partnerPeople = []oidctest.User{
	{Username: "carol", Password: "carol", Subject: "c1", Name: "Carol Shaw", Email: "carol@partners.example", EmailVerified: true},
	{Username: "dave", Password: "dave", Subject: "d2", Name: "Dave Cutler", Email: "dave@partners.example", EmailVerified: true},
}

// partners goes on where the section of the first provider ends.
const partners = `
    title: Example Corp
    domains: [example.org]
  partners:
    title: Partners
    domains: [partners.example]
    issuer: {partners}
    client: {id: chatgate, secret: "{client}"}
`

// furtherProviders is what follows on the first provider, and the keys of those that Rocket.Chat lets in.
func (w *world) furtherProviders(cfg worldConfig) (section, members string) {
	if !cfg.Partners {
		return cfg.Providers, "corp"
	}
	return strings.Replace(partners, "{partners}", w.hosts["partners"].url(), 1) + cfg.Providers, "corp, partners"
}

func (w *world) buildProviders(cfg worldConfig, s worldSecrets) {
	w.Provider = w.openProvider("provider", cfg, s, append(demoPeople, cfg.People...), "ada / ada and bob / bob")
	if cfg.Partners {
		w.Partners = w.openProvider("partners", cfg, s, partnerPeople, "carol / carol and dave / dave")
	}
}

func (w *world) openProvider(role string, cfg worldConfig, s worldSecrets, people []oidctest.User, accounts string) *oidctest.Provider {
	p := oidctest.New(oidctest.Config{
		Issuer: w.hosts[role].url(), Now: cfg.Now,
		Clients: []oidctest.Client{{
			ID: "chatgate", Secret: s.Client,
			RedirectURIs:           []string{w.hosts["sso"].url() + "/login/callback"},
			PostLogoutRedirectURIs: []string{w.hosts["sso"].url() + "/logout/complete"},
		}},
		Users:  people,
		Notice: "Demo accounts: " + accounts,
	})
	w.hosts[role].handler = p
	return p
}
