package rocketchat

import (
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"
)

// Accounts say how people come to their accounts, and what these are kept like.
type Accounts struct {
	Create              bool             `yaml:"create" default:"true" doc:"Makes an account for a person who has none."`
	LinkBy              []Key            `yaml:"linkBy" default:"verifiedEmail" enum:"verifiedEmail,username" doc:"What proves that an existing account is the person's. username trusts that nobody can choose their own name at the provider."`
	LinkAdmins          bool             `yaml:"linkAdmins" default:"false" doc:"Links administrators' accounts like all others; otherwise only chatgate accounts link does."`
	Reactivate          bool             `yaml:"reactivate" default:"false" doc:"Switches a deactivated account on again when its person signs in, unless it is an administrator's."`
	Deactivate          DeactivatePolicy `yaml:"deactivate" default:"never" enum:"never,refused" doc:"Whose account is switched off: never anybody's; refused, of whom access lets in no more by what their provider says. Never an administrator's."`
	JoinDefaultChannels bool             `yaml:"joinDefaultChannels" default:"true" doc:"Puts new accounts into the workspace's default channels."`
	Sync                Sync             `yaml:"sync" doc:"What of a person's profile is carried over to their account after a sign-in."`

	Providers []string `yaml:"providers" doc:"Only people of these providers have their profile and groups carried over to their account; of all that may enter when left out."`

	Roles    Mapping `yaml:"roles" doc:"By group: the ids of the roles that its members are given, and lose with the group, such as chat-admins: [admin]."`
	Channels Mapping `yaml:"channels" doc:"By group: the names of the channels and private groups that its members are put into, and taken out of with the group."`
	Teams    Mapping `yaml:"teams" doc:"By group: the names of the teams that its members are put into, and taken out of with the group."`
}

// DeactivatePolicy says whose account is switched off without an operator.
type DeactivatePolicy string

// The policies for people who leave.
const (
	DeactivateNever   DeactivatePolicy = "never"
	DeactivateRefused DeactivatePolicy = "refused" // whom the access rules let in no more
)

// Key is what an existing account is found by.
type Key string

// The keys that accounts may be linked by.
const (
	VerifiedEmail Key = "verifiedEmail"
	Username      Key = "username"
)

// Sync says what of a profile is carried over. A username never is: people are mentioned and found by it.
type Sync struct {
	Name         bool              `yaml:"name" default:"true" doc:"The name that others see."`
	Email        bool              `yaml:"email" default:"true" doc:"The e-mail address, once the provider has verified it."`
	Avatar       bool              `yaml:"avatar" default:"false" doc:"The picture, where the provider has one at an https address that Rocket.Chat itself can reach."`
	CustomFields map[string]string `yaml:"customFields" doc:"By custom field of Rocket.Chat: the name of the claim it is filled from, as claims.custom of the provider has it."`
}

// Mapping gives the members of a group something of Rocket.Chat's.
type Mapping map[string][]string

// of is what somebody in these groups is to have, each once and in order. Groups that could not be read are none, so
// that a right is never kept for want of an answer (S53).
func (m Mapping) of(groups []string) []string {
	var all []string
	for _, group := range groups {
		all = append(all, m[group]...)
	}
	slices.Sort(all)
	return slices.Compact(all)
}

// names says whether the mapping has this at all. What it does not name is none of our business.
func (m Mapping) names(what string) bool {
	for _, list := range m {
		if slices.Contains(list, what) {
			return true
		}
	}
	return false
}

// believes says whether what a provider says of its people counts for their accounts.
func (a *Accounts) believes(provider string) bool {
	return len(a.Providers) == 0 || slices.Contains(a.Providers, provider)
}

func (a *Accounts) check(report func(key, problem string)) {
	if a.Providers != nil && len(a.Providers) == 0 {
		report("accounts.providers", "must not be empty: leave the key out, or list whose groups count")
	}
	a.Roles.check("accounts.roles", "must be ids of roles, such as moderator", isID, report)
	a.Channels.check("accounts.channels", "must be names of channels, without #", isRoomName, report)
	a.Teams.check("accounts.teams", "must be names of teams, without #", isRoomName, report)
	for _, field := range slices.Sorted(maps.Keys(a.Sync.CustomFields)) {
		key := "accounts.sync.customFields." + field
		if !fieldPattern.MatchString(field) {
			report(key, "must be the name of a custom field: letters, digits, - and _")
		}
		if a.Sync.CustomFields[field] == "" {
			report(key, "must name a claim of the providers' claims.custom")
		}
	}
}

var fieldPattern = regexp.MustCompile(`^[A-Za-z0-9_-]{1,64}$`)

// isRoomName is no more than a guard against slips: what names a workspace allows is a setting of its own.
func isRoomName(text string) bool {
	return text != "" && len(text) <= maxRoomName && !strings.ContainsAny(text, "# \t\n")
}

const maxRoomName = 255 // bytes

func (m Mapping) check(key, problem string, valid func(string) bool, report func(key, problem string)) {
	for _, group := range slices.Sorted(maps.Keys(m)) {
		if len(m[group]) == 0 {
			report(key+"."+group, "must not be empty: leave the group out, or list what its members get")
		}
		for i, what := range m[group] {
			if !valid(what) {
				report(fmt.Sprintf("%s.%s[%d]", key, group, i), fmt.Sprintf("%s, got %q", problem, what))
			}
		}
	}
}
