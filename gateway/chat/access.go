package chat

import (
	"fmt"
	"maps"
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

	PerProvider map[string]ProviderRules `yaml:"perProvider" doc:"Further rules for people of each provider by its key; with it, nobody of another provider enters."`

	MaxAge time.Duration `yaml:"maxAge" default:"0s" doc:"How long a sign-in counts for this chat before the person signs in again; 0s is as long as the session."`
}

// ProviderRules are rules for people of one provider. They combine like those of AccessRules, and with them.
type ProviderRules struct {
	Groups       []string `yaml:"groups" doc:"Only members of at least one of these groups, as this provider's groups claim names them."`
	EmailDomains []string `yaml:"emailDomains" doc:"Only people whose verified e-mail address is at one of these domains."`
	Emails       []string `yaml:"emails" doc:"Only people with one of these verified e-mail addresses."`
	Anyone       bool     `yaml:"anyone" doc:"Says on purpose that no further rule is meant."`
}

// Check reports rules that are missing or empty.
func (p *ProviderRules) Check(report func(key, problem string)) {
	if !checkRules(p.lists(), p.Anyone, report) && !p.Anyone {
		report("", "must say who may enter: groups, emailDomains, emails, or anyone: true")
	}
}

func (p *ProviderRules) lists() []ruleList {
	return []ruleList{{"groups", p.Groups}, {"emailDomains", p.EmailDomains}, {"emails", p.Emails}}
}

type ruleList struct {
	key    string
	values []string
}

// own are the rules that hold for people of every provider.
func (a *AccessRules) own() *ProviderRules {
	return &ProviderRules{Groups: a.Groups, EmailDomains: a.EmailDomains, Emails: a.Emails, Anyone: a.Anyone}
}

// Check reports rules that are missing or empty: they never mean everyone.
func (a *AccessRules) Check(report func(key, problem string)) {
	restricted := checkRules(append(a.own().lists(), ruleList{"providers", a.Providers}), a.Anyone, report)
	if a.PerProvider != nil && len(a.PerProvider) == 0 {
		report("perProvider", "must not be empty: leave the key out, or say who of which provider may enter")
	}
	for key := range a.PerProvider {
		if a.Providers != nil && !slices.Contains(a.Providers, key) {
			report("perProvider."+key, "contradicts providers, which does not name it: leave one of them out")
		}
	}
	if a.MaxAge != 0 && a.MaxAge < time.Minute {
		report("maxAge", "must be at least 1m, or 0s for as long as the session")
	}
	if !restricted && !a.Anyone && a.PerProvider == nil {
		report("", "must say who may enter: providers, groups, emailDomains, emails, perProvider, or anyone: true")
	}
}

// checkRules reports lists that are empty or have empty entries, and says whether there is one at all.
func checkRules(lists []ruleList, anyone bool, report func(key, problem string)) (restricted bool) {
	contradicted := false
	for _, list := range lists {
		if list.values == nil {
			continue
		}
		restricted = true
		contradicted = contradicted || list.key != "providers"
		if len(list.values) == 0 {
			report(list.key, "must not be empty: leave the key out, or list who may enter")
		}
		if slices.ContainsFunc(list.values, func(v string) bool { return strings.TrimSpace(v) == "" }) {
			report(list.key, "must not have an empty entry")
		}
	}
	if anyone && contradicted {
		report("anyone", "contradicts groups, emailDomains or emails: leave one of them out")
	}
	return restricted
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
	if !a.Admits(id.Provider) {
		return &DeniedError{Reason: ReasonProvider}
	}
	if err := a.own().allow(id); err != nil || a.PerProvider == nil {
		return err
	}
	rules := a.PerProvider[id.Provider]
	return rules.allow(id)
}

// providers are those that the rules name, nil where they name none.
func (a *AccessRules) providers() []string {
	if a.Providers == nil && a.PerProvider != nil {
		return slices.Sorted(maps.Keys(a.PerProvider))
	}
	return a.Providers
}

// OnlyProvider is the one whose people may enter, or nothing where there are several or all may.
func (a *AccessRules) OnlyProvider() string {
	if named := a.providers(); len(named) == 1 {
		return named[0]
	}
	return ""
}

// Admits says whether anybody of a provider may enter.
func (a *AccessRules) Admits(provider string) bool {
	_, named := a.PerProvider[provider]
	return (a.PerProvider == nil || named) && (a.Providers == nil || slices.Contains(a.Providers, provider))
}

// asked are the rules that decide on an identity which is refused.
func (a *AccessRules) asked(id oidc.Identity) *ProviderRules {
	if own := a.own(); own.allow(id) != nil || a.PerProvider == nil {
		return own
	}
	rules := a.PerProvider[id.Provider]
	return &rules
}

func (p *ProviderRules) allow(id oidc.Identity) error {
	if p.Groups != nil && !slices.ContainsFunc(id.Groups, func(g string) bool { return slices.Contains(p.Groups, g) }) {
		return &DeniedError{Reason: ReasonGroup}
	}
	if p.EmailDomains == nil && p.Emails == nil {
		return nil
	}
	if !id.EmailVerified || id.Email == "" {
		return &DeniedError{Reason: ReasonVerified}
	}
	if p.EmailDomains != nil && !domainListed(id.Email, p.EmailDomains) {
		return &DeniedError{Reason: ReasonEmail}
	}
	if p.Emails != nil && !slices.ContainsFunc(p.Emails, func(e string) bool { return LowerASCII(e) == LowerASCII(id.Email) }) {
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
