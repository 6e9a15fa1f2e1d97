package talk

import (
	"fmt"
	"log/slog"
	"maps"
	"slices"
	"strings"
)

// advice is about a setting that is legal, and leads to trouble that people have reported.
type advice struct{ setting, text string }

// advise logs at the start what the doctor says too.
func (c *Config) advise(log *slog.Logger) {
	for _, a := range c.advice() {
		log.Warn("talk setting worth a second look", "setting", a.setting, "advice", a.text)
	}
}

func (c *Config) advice() []advice {
	var all []advice
	add := func(setting, text string) { all = append(all, advice{setting, text}) }
	if c.outrunsEnvironment() { // T-D2
		add("signingKeys", "Talk 4 knows the keys that stood in its environment when it was started, and signingKeys.rotateEvery replaces them by "+
			"itself: unpack the plugin, which reads them from here, or set rotateEvery to 0 and rotate by hand")
	}
	if c.Profile == CoralOIDC && c.TokenLifetime > advisedLife { // G22
		add("tokenLifetime", fmt.Sprintf("%s: tokens outlive a sign-out, since Coral takes one of profile coral-oidc until it expires; "+
			"15m or less is advised", c.TokenLifetime))
	}
	if len(c.Roles) > 0 && !slices.Contains(slices.Collect(maps.Values(c.Roles)), Commenter) { // G16
		add("roles", "roles never fall: Coral leaves a role as it is for a person in none of these groups; "+
			"map a group that everyone is in to COMMENTER")
	}
	if c.Profile == CoralSSO && !c.AdminLink && c.givesStaff() { // T-D12
		add("adminLink", "roles makes people staff, and Coral's administration has no form for single sign-on: adminLink: true gives them a way in")
	}
	for _, id := range slices.Sorted(maps.Keys(c.Deleted)) { // T-D8
		if strings.Contains(id, "@") || c.Deleted[id] == 0 {
			add("deleted", fmt.Sprintf("an entry for %s does nothing: it must be a user id of this site and a number above 0", deletedName(id)))
		}
	}
	return all
}

// deletedName names an entry of deleted. An address is somebody's, and stays out of logs.
func deletedName(id string) string {
	if strings.Contains(id, "@") {
		return "an e-mail address"
	}
	return onOneLine(id)
}

// outrunsEnvironment says whether keys change by themselves under a Talk 4 that reads them when it starts.
func (c *Config) outrunsEnvironment() bool {
	_, published := c.SigningKeys()
	return published && c.Profile == Talk4 && !c.Client.given() && len(c.Keys.Files) == 0 && c.Keys.RotateEvery > 0
}

func (c *Config) givesStaff() bool {
	return slices.ContainsFunc(slices.Collect(maps.Values(c.Roles)), func(r Role) bool { return slices.Contains(staff, r) })
}
