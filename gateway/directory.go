package gateway

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"chatgate/oidc"
)

// directory knows at which provider the people of an e-mail domain sign in. It is a signpost: what an address opens is
// decided by what the provider then says of its person.
type directory map[string]string

// newDirectory refuses a domain that leads to two providers.
func newDirectory(providers map[string]*oidc.RelyingParty) (directory, error) {
	d := directory{}
	for _, key := range slices.Sorted(maps.Keys(providers)) {
		for _, domain := range providers[key].Domains() {
			if other, taken := d[domain]; taken && other != key {
				return nil, fmt.Errorf("providers.%s.domains: %q leads to providers.%s already", key, domain, other)
			}
			d[domain] = key
		}
	}
	return d, nil
}

// providerOf is the provider of an e-mail address, "" for an address of another domain and for what is no address.
func (d directory) providerOf(address string) string {
	local, domain, ok := strings.Cut(address, "@")
	if !ok || local == "" || strings.ContainsAny(address, " \t,;\"<>()") {
		return ""
	}
	folded, ok := oidc.FoldDomain(domain)
	if !ok {
		return ""
	}
	return d[folded]
}
