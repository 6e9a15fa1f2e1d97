package talk

import (
	"fmt"
	"maps"
	"net/url"
	"slices"
	"strings"
	"time"

	"chatgate/gateway/keyring"
	"chatgate/store"
)

// shortestRotation leaves every key time to be published before it signs and after it has (G3).
const shortestRotation = 3 * time.Hour

// given says whether anything is said about the client.
func (c Client) given() bool { return c.ID != "" || c.Secret != "" || len(c.RedirectURIs) > 0 }

func (c *Config) checkClient(report func(key, problem string)) {
	if c.Client.ID == "" {
		report("client.id", "must be given: the client id that Coral's admin has for OpenID Connect, which is the tokens' audience")
	}
	c.checkLogin(report)
	c.checkRotation(report)
}

// checkLogin is about the product's own login at the gateway.
func (c *Config) checkLogin(report func(key, problem string)) {
	if c.Client.Secret != "" {
		checkCredential("client.secret", c.Client.Secret, report)
	}
	if len(c.Client.RedirectURIs) > 0 && c.Client.Secret == "" {
		report("client.secret", "must be given with client.redirectURIs: nobody can end a sign-in there without it")
	}
	for _, address := range c.Client.RedirectURIs {
		if u, err := url.Parse(address); err != nil || u.Scheme != "https" && u.Scheme != "http" || u.Host == "" || u.User != nil ||
			u.Fragment != "" || strings.HasSuffix(address, "#") || u.String() != address {
			report("client.redirectURIs", fmt.Sprintf("must be addresses without a fragment, such as https://comments.example.org/api/auth/oidc/callback, got %q", address))
		}
	}
}

func (c *Config) checkTalk4(report func(key, problem string)) {
	c.checkRotation(report)
	if c.Client.given() {
		c.checkTalk4Client(report)
	}
	if c.SharedSecret == "" {
		return
	}
	checkSecret("sharedSecret", c.SharedSecret, report)
	if len(c.Keys.Files) > 0 {
		report("sharedSecret", "contradicts signingKeys: Talk 4 knows one algorithm, so leave one of them out")
	}
}

// checkTalk4Client keeps the tokens of the sign-in window apart from those that pages push: by their audience alone they
// differ (P5).
func (c *Config) checkTalk4Client(report func(key, problem string)) {
	switch {
	case c.Client.ID == "" || c.Client.Secret == "":
		report("client", "must have an id and a secret: the plugin's sign-in window needs both")
	case c.Client.ID == c.Audience || c.Audience == "" && c.Client.ID == defaultAudience:
		report("client.id", "must differ from audience: a token of the sign-in window would be good for the whole of Talk")
	case c.SharedSecret != "":
		report("client", "contradicts sharedSecret: the plugin's sign-in window needs tokens that are signed with signing keys")
	}
	c.checkLogin(report)
}

func (c *Config) checkRotation(report func(key, problem string)) {
	if every := c.Keys.RotateEvery; every != 0 && every < shortestRotation {
		report("signingKeys.rotateEvery", fmt.Sprintf("must be 0 or at least 3h, got %s", every))
	}
}

// checkCredential asks of what a server proves itself with what is asked of a secret that signs.
func checkCredential(key string, secret store.Secret, report func(key, problem string)) {
	if keyring.CheckSharedSecret(secret) != nil {
		report(key, "must have 32 or more characters, all of them printable ASCII: openssl rand -hex 32 makes one")
	}
}

// checkAPI keeps people's tokens off networks that others listen to.
func (c *Config) checkAPI(report func(key, problem string)) {
	if c.API.URL == "" {
		return
	}
	u, err := url.Parse(c.API.URL)
	switch {
	case err != nil || u.Host == "" || u.User != nil || u.RawQuery != "" || u.Fragment != "" || u.Scheme != "https" && u.Scheme != "http":
		report("api.url", fmt.Sprintf("must be an address such as https://coral.comments.svc:3000, got %q", c.API.URL))
	case u.Scheme == "http" && !c.API.AllowHTTP:
		report("api.url", "must be https, unless api.allowHTTP says that nobody else listens to that network")
	}
}

// lastDay reads the end of an issuing client's secret.
func (i IssueClient) lastDay() (time.Time, error) { return time.Parse(time.DateOnly, i.Expires) }

func (c *Config) checkIssueClients(report func(key, problem string)) {
	for name, client := range c.IssueClients {
		checkCredential("issueClients."+name+".secret", client.Secret, report)
		if _, err := client.lastDay(); err != nil {
			report("issueClients."+name+".expires", fmt.Sprintf("must be a day such as 2027-06-30, got %q", client.Expires))
		}
		if name == "" || strings.ContainsFunc(name, func(r rune) bool { return r <= ' ' || r == ':' || r > '~' }) {
			report("issueClients."+name, "must be named in printable ASCII without spaces and colons")
		}
	}
}

// ownClaims are those that an identity has under any provider.
var ownClaims = []string{"username", "name", "email", "picture"}

// Custom are the names of claims.custom that the section refers to, in order.
func (c *Claims) Custom() []string {
	names := map[string]bool{}
	for _, name := range append(slices.Clone(c.Username), c.Picture) {
		if name != "" && !slices.Contains(ownClaims, name) {
			names[name] = true
		}
	}
	return slices.Sorted(maps.Keys(names))
}

func (c *Config) checkClaims(report func(key, problem string)) {
	if c.Claims.Username != nil && len(c.Claims.Username) == 0 || slices.Contains(c.Claims.Username, "") {
		report("claims.username", "must name claims, none of them empty: leave the key out for username and name")
	}
}
