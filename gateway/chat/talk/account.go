package talk

import (
	"context"
	"errors"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"chatgate/gateway/decision"
	"chatgate/oidc"
)

// account is what Talk is to record of an end user. Empty fields are unknown.
type account struct {
	ID       string // opaque, the same for ever (G8)
	Username string // never empty
	Email    string // verified, in lower case
	Role     Role
	Badges   []string // nil where none are configured
	Picture  string
}

// errNoEmail says that Coral's single sign-on would need an e-mail address and there is none to vouch for.
var errNoEmail = decision.Because(decision.AddressMissing, errors.New("no verified e-mail address"))

// account makes the account of an identity by the rules of the site's profile, or says errNoEmail or errGivenAway. It fails
// while the key of user ids, or an alias, cannot be read.
func (c *connector) account(ctx context.Context, id oidc.Identity) (account, error) {
	userID, err := c.userID(ctx, id)
	if err != nil {
		return account{}, err
	}
	called := c.cfg.Claims.publicName(id)
	a := account{ID: userID, Email: verifiedEmail(id), Picture: c.cfg.Claims.picture(id)}
	switch c.cfg.Profile {
	case CoralSSO:
		if a.Email == "" {
			return account{}, errNoEmail
		}
		a.Username = anyUsername(called, userID)
		a.Role, a.Badges = c.cfg.granted(id)
	case CoralOIDC:
		a.Username = coralUsername(called, userID)
		if !public(a.Email) {
			a.Email = ""
		}
	case Talk4:
		a.Username = talk4Username(called, userID)
	}
	return a, nil
}

// userID is derived from the provider's key and the subject alone, so that a new name or address upstream changes
// nothing (G8); where an operator has said so it is that of who the person was at a provider that was replaced (D6).
func (c *connector) userID(ctx context.Context, id oidc.Identity) (string, error) {
	name, err := c.aliases.userID(ctx, person{Provider: id.Provider, Subject: id.Subject})
	if err != nil {
		return "", err
	}
	return c.cfg.numbered(name), nil
}

// numbered adds to an id what sets accounts apart from those of an earlier Coral under the same name, its generation, and
// those of a person whose account was deleted: Coral and Talk keep the document of a deleted account for ever.
func (c *Config) numbered(name string) string {
	name = numbered(name, ".", c.Generation)
	return numbered(name, "-", c.Deleted[name])
}

func numbered(name, by string, n uint) string {
	if n == 0 {
		return name
	}
	return name + by + strconv.FormatUint(uint64(n), 10)
}

// role is the highest that one of the groups is mapped to, or none. A role never comes from a claim of its own (G16).
func (c *Config) role(groups []string) Role {
	highest := -1
	for _, group := range groups {
		highest = max(highest, slices.Index(ascending, c.Roles[group]))
	}
	if highest < 0 {
		return ""
	}
	return ascending[highest]
}

// maxBadges keeps a token below what a request header holds.
const maxBadges = 10

// badges are those that the groups are mapped to, in order and each once; nil where the site has none, since Coral then
// keeps those that its staff gave.
func (c *Config) badges(groups []string) []string {
	if len(c.Badges) == 0 {
		return nil
	}
	worn := []string{}
	for _, group := range groups {
		if badge, mapped := c.Badges[group]; mapped {
			worn = append(worn, badge)
		}
	}
	slices.Sort(worn)
	worn = slices.Compact(worn)
	return worn[:min(maxBadges, len(worn))]
}

// plainHTTPS is an https address in the letters of RFC 3986. Coral refuses a whole token over an address with a space
// or an umlaut in it.
var plainHTTPS = regexp.MustCompile(
	`^https://[A-Za-z0-9.-]+(:[0-9]{1,5})?(/([A-Za-z0-9._~!$&'()*+,;=:@/-]|%[0-9A-Fa-f]{2})*)?(\?([A-Za-z0-9._~!$&'()*+,;=:@/?-]|%[0-9A-Fa-f]{2})*)?$`)

// maxPicture keeps a token below what a request header holds, in bytes.
const maxPicture = 1024

// picture returns the address where Talk can take it, else nothing. One that could have an e-mail address in it is left
// out, since pictures are for everyone to see (G9).
func picture(address string) string {
	if len(address) > maxPicture || !plainHTTPS.MatchString(address) || strings.Contains(address, "@") ||
		strings.Contains(address, "%40") {
		return ""
	}
	return address
}
