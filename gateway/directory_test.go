package gateway

import (
	"strings"
	"testing"

	"chatgate/oidc"
)

func TestOneDomainLeadsToOneProvider(t *testing.T) {
	party := func(key string, domains ...string) *oidc.RelyingParty {
		rp, err := oidc.New(oidc.Config{
			Issuer: "https://" + key + ".example.org", Client: oidc.ClientConfig{ID: "chatgate", Secret: "client-secret"}, Domains: domains,
		}, oidc.Env{Provider: key})
		if err != nil {
			t.Fatal(err)
		}
		return rp
	}
	for name, second := range map[string]string{
		"the same":              "example.org",
		"in capital letters":    "EXAMPLE.org",
		"in letters and ASCII":  "xn--bcher-kva.example",
		"in composed character": "bu\u0308cher.example",
	} {
		t.Run(name, func(t *testing.T) {
			_, err := newDirectory(map[string]*oidc.RelyingParty{"corp": party("corp", "example.org", "bücher.example"), "guests": party("guests", second)})
			if err == nil || !strings.Contains(err.Error(), "providers.guests.domains: ") {
				t.Errorf("newDirectory = %v, want an error that names the setting", err)
			}
		})
	}
}
