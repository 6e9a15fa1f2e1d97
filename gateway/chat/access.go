package chat

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"golang.org/x/net/idna"

	"chatgate/oidc"
)

// Access are a connector's three rights (D29).
type Access struct {
	// Return lists where a sign-in may end.
	Return []Origin
	// Frame lists who may frame the connector's page.
	Frame []Origin
	// Token lists whose scripts may read tokens.
	Token []Origin
}

// AccessRules say who may enter a chat. The keys present combine by AND; absent ones do not restrict. There is no
// default: a chat without rules stops the start, and letting everybody in has to be said (D7, S52).
type AccessRules struct {
	Providers    []string `yaml:"providers" doc:"Only people signed in at one of these providers."`
	Groups       []string `yaml:"groups" doc:"Only members of at least one of these groups, as the provider's groups claim names them."`
	EmailDomains []string `yaml:"emailDomains" doc:"Only people whose verified e-mail address is at one of these domains."`
	Emails       []string `yaml:"emails" doc:"Only people with one of these verified e-mail addresses."`
	Anyone       bool     `yaml:"anyone" doc:"Says on purpose that no further rule is meant."`

	MaxAge time.Duration `yaml:"maxAge" default:"0s" doc:"How long a sign-in counts for this chat before the person signs in again; 0s is as long as the session."`
}

// Check reports rules that are missing or empty: they never mean everyone.
func (a *AccessRules) Check(report func(key, problem string)) {
	lists := []struct {
		key    string
		values []string
	}{{"providers", a.Providers}, {"groups", a.Groups}, {"emailDomains", a.EmailDomains}, {"emails", a.Emails}}
	restricted := false
	for _, list := range lists {
		if list.values == nil {
			continue
		}
		restricted = true
		if len(list.values) == 0 {
			report(list.key, "must not be empty: leave the key out, or list who may enter")
		}
		if slices.ContainsFunc(list.values, func(v string) bool { return strings.TrimSpace(v) == "" }) {
			report(list.key, "must not have an empty entry")
		}
	}
	if a.Anyone && (a.Groups != nil || a.EmailDomains != nil || a.Emails != nil) {
		report("anyone", "contradicts groups, emailDomains or emails: leave one of them out")
	}
	if a.MaxAge != 0 && a.MaxAge < time.Minute {
		report("maxAge", "must be at least 1m, or 0s for as long as the session")
	}
	if !restricted && !a.Anyone {
		report("", "must say who may enter: providers, groups, emailDomains, emails, or anyone: true")
	}
}

// Reason is why someone may not enter. Reasons are stable, because they stand in audit lines; the person is told a
// phrase.
type Reason string

// The reasons for which rules refuse.
const (
	ReasonProvider Reason = "provider_not_allowed"
	ReasonGroup    Reason = "group_missing"
	ReasonEmail    Reason = "email_not_allowed"
	ReasonVerified Reason = "email_unverified"
)

// DeniedError says that the rules do not let an identity in.
type DeniedError struct{ Reason Reason }

func (e *DeniedError) Error() string { return fmt.Sprintf("access denied: %s", e.Reason) }

// Allow returns nil for an identity the rules let in, else a *DeniedError. A claim that is missing or of the wrong type
// has reached the identity as nothing, and nothing satisfies no rule (S53).
func (a *AccessRules) Allow(id oidc.Identity) error {
	if a.Providers != nil && !slices.Contains(a.Providers, id.Provider) {
		return &DeniedError{Reason: ReasonProvider}
	}
	if a.Groups != nil && !slices.ContainsFunc(id.Groups, func(g string) bool { return slices.Contains(a.Groups, g) }) {
		return &DeniedError{Reason: ReasonGroup}
	}
	if a.EmailDomains == nil && a.Emails == nil {
		return nil
	}
	if !id.EmailVerified || id.Email == "" {
		return &DeniedError{Reason: ReasonVerified}
	}
	if a.EmailDomains != nil && !domainListed(id.Email, a.EmailDomains) {
		return &DeniedError{Reason: ReasonEmail}
	}
	if a.Emails != nil && !slices.ContainsFunc(a.Emails, func(e string) bool { return LowerASCII(e) == LowerASCII(id.Email) }) {
		return &DeniedError{Reason: ReasonEmail}
	}
	return nil
}

// domainListed compares the part after the one @ after IDN and case folding; an address with another shape is at no
// domain (S51, CVE-2026-40574).
func domainListed(email string, domains []string) bool {
	local, domain, ok := strings.Cut(email, "@")
	if !ok || local == "" || strings.Contains(domain, "@") || strings.ContainsAny(email, " \t,;\"<>()") {
		return false
	}
	folded, err := idna.Lookup.ToASCII(domain)
	if err != nil || strings.HasSuffix(folded, ".") {
		return false
	}
	return slices.ContainsFunc(domains, func(d string) bool {
		want, err := idna.Lookup.ToASCII(d)
		return err == nil && want == folded
	})
}

// LowerASCII is text with the letters A to Z in lower case and nothing else changed. What is compared to decide on somebody
// is compared by it: by the rules of Unicode the lower case of a Kelvin sign is a k, and that of a dotted capital I an i, so
// that an address of somebody's own becomes another's.
func LowerASCII(text string) string {
	return strings.Map(func(r rune) rune {
		if r >= 'A' && r <= 'Z' {
			return r + ('a' - 'A')
		}
		return r
	}, text)
}
