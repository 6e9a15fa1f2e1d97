package app_test

import (
	"strings"
	"testing"
)

// secondSite is another site beside the working configuration's, which is a coral-oidc called talk.
const secondSite = `  magazine:
    kind: talk
    access: {anyone: true}
`

func TestSitesThatGetInEachOthersWayStopTheStart(t *testing.T) { // G5, G18
	const oidc = "    profile: coral-oidc\n    client: {id: magazine}\n"
	const sso = "    profile: coral-sso\n    ssoSecrets: {k: ssosec_0123456789abcdef0123456789abcdef}\n"
	const own, same = "    url: https://magazine.example.org\n", "    url: https://comments.example.org\n"
	const both = "    bothIntegrations: true\n"
	for _, tc := range []struct{ name, second, first, want string }{
		{"two sites of their own", secondSite + oidc + own, "", ""},
		{"an issuer that is another site's by its name", secondSite + oidc + own + "    issuer: https://sso.example.org/talk\n", "",
			"chats.talk.issuer: must be its own: chats.magazine has the same"},
		{"one Coral by both integrations", secondSite + sso + same, "", "chats.talk.url: must be its own: chats.magazine has the same"},
		{"one Coral twice by one", secondSite + oidc + same, "", "DUPLICATE_EMAIL; bothIntegrations: true in both"},
		{"one Coral by both, as one section says", secondSite + sso + same + both, "", "chats.talk.url: must be its own"},
		{"one Coral by both, as both say", secondSite + sso + same + both, both, ""},
		{"a Talk 4 beside a Coral", secondSite + "    profile: talk4\n" + same, "", ""},
		{"a name from a claim that no provider has", secondSite + oidc + own + "    claims: {username: [name, nickname]}\n", "",
			`chats.magazine.claims: must name a claim in claims.custom of a provider, got "nickname"`},
		{"names from claims that everybody has", secondSite + oidc + own + "    claims: {username: [name, email], picture: picture}\n", "", ""},
	} {
		t.Run(tc.name, func(t *testing.T) {
			const profile = "    profile: coral-oidc\n"
			source := strings.Replace(working, profile, profile+tc.first, 1) + tc.second
			_, err := parse(t, source)
			if tc.want == "" && err != nil {
				t.Errorf("the configuration is refused: %v", err)
			}
			if tc.want != "" && (err == nil || !strings.Contains(err.Error(), tc.want)) {
				t.Errorf("the configuration is refused with %v, want %q", err, tc.want)
			}
		})
	}
}
