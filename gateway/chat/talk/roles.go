package talk

import (
	"maps"
	"slices"

	"chatgate/oidc"
)

// granted are the role and the badges of an end user. Nothing is said of people of a provider whose groups do not count
// here, so that Coral keeps what it has of them.
func (c *Config) granted(id oidc.Identity) (Role, []string) {
	if len(c.RoleProviders) > 0 && !slices.Contains(c.RoleProviders, id.Provider) {
		return "", nil
	}
	return c.role(id.Groups), c.badges(id.Groups)
}

// StaffProviders are those of the configured providers whose groups make people staff here: each can, by what it says of
// its people. There are none where no group has such a role.
func (c *Config) StaffProviders(configured []string) []string {
	highest := c.role(slices.Collect(maps.Keys(c.Roles)))
	if slices.Index(ascending, highest) < slices.Index(ascending, Staff) {
		return nil
	}
	return slices.DeleteFunc(slices.Clone(configured), func(provider string) bool {
		return !c.Access.Admits(provider) ||
			len(c.RoleProviders) > 0 && !slices.Contains(c.RoleProviders, provider)
	})
}
