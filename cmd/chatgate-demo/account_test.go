package main

import (
	"strings"
	"testing"

	"chatgate/oidc/oidctest"
)

// TestBrowserShowsTheAccount has a person for each walk that counts sessions.
func TestBrowserShowsTheAccount(t *testing.T) {
	people := []oidctest.User{{
		Username: "long", Password: "long", Subject: "77aa01", Name: strings.Repeat("Donaudampfschifffahrt", 9),
		Email: strings.Repeat("donaudampfschifffahrt", 3) + "@example.org", EmailVerified: true,
	}}
	for _, name := range []string{"carol", "dora", "erik", "fred", "gina"} {
		people = append(people, oidctest.User{
			Username: name, Password: name, Subject: "sub-" + name, Name: name, Email: name + "@example.org", EmailVerified: true,
		})
	}
	needParts(t, "chromium", "firefox-esr").browse(t, "account.test.mjs", worldConfig{
		Providers: `
  partners:
    title: Partners
    issuer: {provider}
    client: {id: chatgate, secret: "{client}"}
    domains: [partners.example]
`,
		Extra:  `session: {places: {"127.0.0.0/8": this machine, "::1/128": this machine}}`,
		People: people,
	})
}
