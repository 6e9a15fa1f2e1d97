package gateway

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/net/idna"

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
			folded, _ := foldDomain(domain) // the provider's own configuration has no other
			if other, taken := d[folded]; taken && other != key {
				return nil, fmt.Errorf("providers.%s.domains: %q leads to providers.%s already", key, domain, other)
			}
			d[folded] = key
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
	folded, ok := foldDomain(domain)
	if !ok {
		return ""
	}
	return d[folded]
}

// foldDomain gives a domain the one spelling in which it is compared: in ASCII and lower case. What has an @ in it, ends
// in a dot or is no domain has none (S51).
func foldDomain(domain string) (string, bool) {
	folded, err := idna.Lookup.ToASCII(domain)
	if err != nil || folded == "" || strings.HasSuffix(folded, ".") || strings.Contains(folded, "@") {
		return "", false
	}
	return strings.ToLower(folded), true
}

// maxHint bounds a hint in bytes, as package oidc does.
const maxHint = 256

// fitHint says whether a hint may go on to a provider (S31).
func fitHint(hint string) bool {
	return len(hint) <= maxHint && utf8.ValidString(hint) && !strings.ContainsFunc(hint, unicode.IsControl)
}
