package chat_test

import (
	"testing"

	"chatgate/gateway/chat"
	"chatgate/oidc"
)

func TestAnAddressLetsInItsOwnerAlone(t *testing.T) { // D7, S51
	rules := chat.AccessRules{Emails: []string{"boss@example.org", "kim@example.org", "jörg@example.org", "admin@example.org"}}
	for _, test := range []struct {
		name, email string
		want        bool
	}{
		{"the address", "boss@example.org", true},
		{"the address with capitals", "Boss@Example.ORG", true},
		{"a listed one beyond ASCII", "jörg@example.org", true},
		{"one with a long s, which is an s in upper case", "bo\u017fs@example.org", false},
		{"one with the Kelvin sign, which is a k in lower case", "\u212aim@example.org", false},
		{"one with a dotted capital I, which is an i in lower case", "adm\u0130n@example.org", false},
		{"one that is not listed", "bob@example.org", false},
	} {
		t.Run(test.name, func(t *testing.T) {
			err := rules.Allow(oidc.Identity{Email: test.email, EmailVerified: true})
			if got := err == nil; got != test.want {
				t.Errorf("Allow(%q) = %v, want let in: %v", test.email, err, test.want)
			}
		})
	}
}
