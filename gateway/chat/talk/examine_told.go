package talk

import (
	"fmt"
	"strings"

	"chatgate/gateway/chat"
)

// tellSection says how the section answers what people have asked of such a set-up, so that whoever looks for a cause can
// pass on. Only one of it can be wrong.
func (c *connector) tellSection() []chat.Finding {
	well := func(name, text string) chat.Finding { return chat.Finding{Name: name, OK: true, Text: text} }
	found := []chat.Finding{c.tellPages()}
	if c.published() {
		found = append(found, well("issuer", fmt.Sprintf("%s is in every token of this site and in no other's", c.cfg.Issuer)))
	}
	return append(found, well("names", c.tellNames()))
}

// tellPages looks for a page that may read tokens: without one nobody is ever signed in by the script.
func (c *connector) tellPages() chat.Finding {
	const name = "token pages"
	pages := c.Access().Token
	if len(pages) == 0 && len(c.cfg.IssueClients) == 0 {
		return chat.Finding{Name: name, Minor: true, Text: "no page in embedOrigins has token: true, and there are no issueClients: nobody gets a token",
			Fix: "give token: true to the pages that show comments"}
	}
	return chat.Finding{Name: name, OK: true, Text: fmt.Sprintf(
		"%d may read tokens; %s/sdk/v1/chatgate.js hands them to the embed, renews them and drops them at a sign-out", len(pages), c.env.BaseURL)}
}

func (c *connector) tellNames() string {
	claims := "username, name"
	if len(c.cfg.Claims.Username) > 0 {
		claims = strings.Join(c.cfg.Claims.Username, ", ")
	}
	follow := map[Profile]string{
		CoralSSO:  "a name that is changed in Coral is overwritten by the next token",
		CoralOIDC: "Coral takes the first name and never another",
		Talk4:     "the plugin follows a name that changes, and a hook of your own is asked once",
	}[c.cfg.Profile]
	several := "several people may have one (uniqueNames: false)"
	if c.cfg.UniqueNames {
		several = "nobody has another's (uniqueNames: true)"
	}
	return fmt.Sprintf("from the claims %s; %s; %s", claims, follow, several)
}
