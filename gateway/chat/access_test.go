package chat_test

import (
	"errors"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

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

func TestEachProviderMayHaveRulesOfItsOwn(t *testing.T) { // D7
	rules := chat.AccessRules{
		EmailDomains: []string{"example.org"},
		PerProvider: map[string]chat.ProviderRules{
			"corp":   {Groups: []string{"staff"}},
			"guests": {Anyone: true},
		},
	}
	person := func(provider string, groups ...string) oidc.Identity {
		return oidc.Identity{Provider: provider, Groups: groups, Email: "ada@example.org", EmailVerified: true}
	}
	elsewhere := person("guests")
	elsewhere.Email = "ada@example.com"
	for _, test := range []struct {
		name string
		id   oidc.Identity
		want chat.Reason
	}{
		{"one in the group that its provider's people need", person("corp", "staff"), ""},
		{"one in another group", person("corp", "sales"), chat.ReasonGroup},
		{"one without groups", person("corp"), chat.ReasonGroup},
		{"one of a provider whose people need none", person("guests"), ""},
		{"one whom the common rule leaves out", elsewhere, chat.ReasonEmail},
		{"one of a provider that is not named", person("other", "staff"), chat.ReasonProvider},
	} {
		var denied *chat.DeniedError
		err := rules.Allow(test.id)
		switch errors.As(err, &denied); {
		case test.want == "" && err != nil, test.want != "" && (denied == nil || denied.Reason != test.want):
			t.Errorf("%s: Allow() = %v, want reason %q", test.name, err, test.want)
		}
	}
	if !rules.Admits("corp") || rules.Admits("other") || rules.OnlyProvider() != "" {
		t.Error("the providers are not those that are named")
	}
	if one := (chat.AccessRules{PerProvider: map[string]chat.ProviderRules{"corp": {Anyone: true}}}); one.OnlyProvider() != "corp" {
		t.Errorf("OnlyProvider() = %q, want corp", one.OnlyProvider())
	}
}

func TestRulesThatSayNothingStopTheStart(t *testing.T) { // S52
	for _, test := range []struct {
		name  string
		check interface {
			Check(report func(key, problem string))
		}
		want []string
	}{
		{"none at all", &chat.AccessRules{}, []string{""}},
		{"no provider's", &chat.AccessRules{PerProvider: map[string]chat.ProviderRules{}}, []string{"perProvider"}},
		{"those of a provider that may not enter", &chat.AccessRules{
			Providers: []string{"corp"}, PerProvider: map[string]chat.ProviderRules{"guests": {Anyone: true}},
		}, []string{"perProvider.guests"}},
		{"a provider's that say nothing", &chat.ProviderRules{}, []string{""}},
		{"a provider's that are empty", &chat.ProviderRules{Groups: []string{}}, []string{"groups"}},
		{"a provider's with an empty entry", &chat.ProviderRules{Emails: []string{" "}}, []string{"emails"}},
		{"a provider's that contradict", &chat.ProviderRules{Groups: []string{"staff"}, Anyone: true}, []string{"anyone"}},
		{"an age of a second", &chat.AccessRules{Anyone: true, MaxAge: time.Second}, []string{"maxAge"}},
		{"a provider's alone", &chat.AccessRules{PerProvider: map[string]chat.ProviderRules{"corp": {Anyone: true}}}, nil},
	} {
		var keys []string
		test.check.Check(func(key, _ string) { keys = append(keys, key) })
		if diff := cmp.Diff(test.want, keys); diff != "" {
			t.Errorf("%s (-want +got):\n%s", test.name, diff)
		}
	}
}
