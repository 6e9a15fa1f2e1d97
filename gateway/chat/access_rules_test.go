package chat_test

import (
	"testing"

	"chatgate/gateway/chat"
	"chatgate/oidc"
)

func TestADomainLetsInItsOwnAddressesAlone(t *testing.T) { // S50, S51
	rules := chat.AccessRules{EmailDomains: []string{"example.org", "bücher.example"}}
	for _, test := range []struct {
		name       string
		email      string
		unverified bool
		want       bool
	}{
		{name: "an address at the domain", email: "ada@example.org", want: true},
		{name: "one in capitals", email: "Ada@EXAMPLE.ORG", want: true},
		{name: "one at a name with an umlaut", email: "ada@bücher.example", want: true},
		{name: "the same name as the name system spells it", email: "ada@xn--bcher-kva.example", want: true},
		{name: "one that nobody has verified", email: "ada@example.org", unverified: true},
		{name: "no address", email: ""},
		{name: "a domain that ends alike", email: "ada@evilexample.org"},
		{name: "a sub-domain, which is not listed", email: "ada@mail.example.org"},
		{name: "a domain that begins alike", email: "ada@example.org.evil.example"},
		{name: "two at signs", email: "ada@evil.example@example.org"},
		{name: "a quoted at sign", email: `"ada@example.org"@evil.example`},
		{name: "two addresses", email: "ada@evil.example,example.org"},
		{name: "a final dot", email: "ada@example.org."},
		{name: "a space in front", email: " ada@example.org"},
		{name: "nobody at the domain", email: "@example.org"},
		{name: "the domain alone", email: "example.org"},
		{name: "a look-alike in another script", email: "ada@exаmple.org"},
		{name: "a comment", email: "ada(x)@example.org"},
	} {
		t.Run(test.name, func(t *testing.T) {
			err := rules.Allow(oidc.Identity{Email: test.email, EmailVerified: !test.unverified})
			if got := err == nil; got != test.want {
				t.Errorf("Allow(%q) = %v, want let in: %v", test.email, err, test.want)
			}
		})
	}
}

func TestRulesOnGroupsFailClosed(t *testing.T) { // S53, D7
	rules := chat.AccessRules{Providers: []string{"corp"}, Groups: []string{"staff", "editors"}}
	for _, test := range []struct {
		name     string
		provider string
		groups   []string
		want     bool
	}{
		{name: "one of the groups", provider: "corp", groups: []string{"everyone", "editors"}, want: true},
		{name: "none of the groups", provider: "corp", groups: []string{"everyone"}},
		{name: "a group in another case", provider: "corp", groups: []string{"Staff"}},
		{name: "a group with more in its name", provider: "corp", groups: []string{"staff2", "/staff", "staff "}},
		{name: "an empty list", provider: "corp", groups: []string{}},
		{name: "a claim that is missing or cannot be read", provider: "corp"},
		{name: "the group at another provider", provider: "guests", groups: []string{"staff"}},
	} {
		t.Run(test.name, func(t *testing.T) {
			err := rules.Allow(oidc.Identity{Provider: test.provider, Subject: "1", Groups: test.groups})
			if got := err == nil; got != test.want {
				t.Errorf("Allow(%q at %q) = %v, want let in: %v", test.groups, test.provider, err, test.want)
			}
		})
	}
}
