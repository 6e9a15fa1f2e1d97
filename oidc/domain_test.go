package oidc_test

import (
	"strings"
	"testing"

	"chatgate/oidc"
)

func TestADomainHasOneSpelling(t *testing.T) {
	label := strings.Repeat("a", 49) + "."
	for _, test := range []struct{ name, domain, want string }{
		{"as it is", "example.org", "example.org"},
		{"in capital letters", "Example.ORG", "example.org"},
		{"in another script", "bücher.example", "xn--bcher-kva.example"},
		{"in characters that are composed", "bu\u0308cher.example", "xn--bcher-kva.example"},
		{"in wide characters", "ｅｘａｍｐｌｅ.org", "example.org"},
		{"with an at sign", "a@example.org", ""},
		{"with a wide at sign", "a＠example.org", ""},
		{"with a dot at its end", "example.org.", ""},
		{"with a dot at its beginning", ".example.org", ""},
		{"without a dot", "localhost", ""},
		{"that is too long", strings.Repeat(label, 5) + "example.org", ""},
		{"that is empty", "", ""},
	} {
		t.Run(test.name, func(t *testing.T) {
			if got, ok := oidc.FoldDomain(test.domain); ok != (test.want != "") || ok && got != test.want {
				t.Errorf("FoldDomain(%q) = %q, %t, want %q", test.domain, got, ok, test.want)
			}
		})
	}
}

func TestAHintThatMayGoOn(t *testing.T) {
	for hint, want := range map[string]bool{
		"": true, "ada@example.org": true, strings.Repeat("a", 256): true, strings.Repeat("a", 257): false,
		"ada\r\n": false, "\x00": false, "\xff": false,
	} {
		if got := oidc.FitHint(hint); got != want {
			t.Errorf("FitHint(%.20q) = %t, want %t", hint, got, want)
		}
	}
}
