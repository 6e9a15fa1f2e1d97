package app

import (
	"cmp"
	"fmt"
	"maps"
	"slices"

	"chatgate/gateway/chat"
	"chatgate/gateway/chat/talk"
)

// checkSites sees to what the sites of Talk and Coral must not have in common, and to claims that no provider has.
func (c *Config) checkSites(report func(key, problem string)) {
	issuers, corals := map[string]string{}, map[chat.Origin]string{}
	for _, name := range slices.Sorted(maps.Keys(c.Chats)) {
		site, ok := c.Chats[name].(*talk.Config)
		if !ok {
			continue
		}
		for _, claim := range site.Claims.Custom() {
			c.checkClaim("chats."+name+".claims", claim, report)
		}
		if _, signs := site.SigningKeys(); signs || site.Issuer != "" {
			c.checkIssuer(name, site, issuers, report)
		}
		if site.Profile != talk.Talk4 && site.URL != "" {
			c.checkCoral(name, site, corals, report)
		}
	}
}

// checkIssuer refuses two sites under one issuer: a token of the one would be judged by the keys of the other (G5).
func (c *Config) checkIssuer(name string, site *talk.Config, owners map[string]string, report func(key, problem string)) {
	issuer := cmp.Or(site.Issuer, string(c.BaseURL)+"/"+name)
	if owner, taken := owners[issuer]; taken {
		report("chats."+name+".issuer", fmt.Sprintf("must be its own: chats.%s has the same", owner))
		return
	}
	owners[issuer] = name
}

// checkCoral refuses two sections for one Coral, unless both say that it is meant: one person would become two accounts,
// and Coral refuses the second one (G18).
func (c *Config) checkCoral(name string, site *talk.Config, owners map[chat.Origin]string, report func(key, problem string)) {
	owner, taken := owners[site.URL]
	if !taken {
		owners[site.URL] = name
		return
	}
	if first, ok := c.Chats[owner].(*talk.Config); ok && site.Both && first.Both {
		return
	}
	report("chats."+name+".url", fmt.Sprintf(
		"must be its own: chats.%s has the same, and Coral refuses the second account of a person with DUPLICATE_EMAIL; bothIntegrations: true in both says that it is meant", owner))
}
