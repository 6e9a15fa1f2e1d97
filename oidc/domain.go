package oidc

import (
	"fmt"
	"slices"
	"strings"

	"golang.org/x/net/idna"
)

// maxDomain is the longest name there is (RFC 1035, Section 2.3.4).
const maxDomain = 253

// FoldDomain gives the domain of an e-mail address the one spelling in which it is compared: in lower case, other scripts in
// their ASCII form. What is no domain, has an @ in it, or begins or ends in a dot has none (S51).
func FoldDomain(domain string) (string, bool) {
	ascii, err := idna.Lookup.ToASCII(domain)
	return ascii, err == nil && len(ascii) <= maxDomain && strings.Contains(ascii, ".") &&
		!strings.HasPrefix(ascii, ".") && !strings.HasSuffix(ascii, ".")
}

func (c *Config) checkDomains(report func(key, problem string)) {
	var seen []string
	for i, domain := range c.Domains {
		key := fmt.Sprintf("domains[%d]", i)
		ascii, ok := FoldDomain(domain)
		switch {
		case !ok:
			report(key, fmt.Sprintf("must be a domain such as example.org, got %q", domain))
		case slices.Contains(seen, ascii):
			report(key, fmt.Sprintf("must stand there once, got %q again", domain))
		}
		seen = append(seen, ascii)
	}
}

// ASCIIDomains are the domains as they are compared, which is as FoldDomain spells them.
func (c *Config) ASCIIDomains() []string {
	domains := make([]string, 0, len(c.Domains))
	for _, domain := range c.Domains {
		if ascii, ok := FoldDomain(domain); ok {
			domains = append(domains, ascii)
		}
	}
	return domains
}

// Domains are those of the e-mail addresses of people who sign in at this provider, in lower case and ASCII: they tell
// which provider to offer, and admit nobody.
func (rp *RelyingParty) Domains() []string { return rp.cfg.ASCIIDomains() }
