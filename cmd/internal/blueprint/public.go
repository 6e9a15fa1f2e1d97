package blueprint

import (
	"net/url"
	"slices"
	"strings"
)

// publicHosts are providers at which anybody can have an account, by the hosts of their issuers.
func publicHosts() []string {
	return []string{
		"access.line.me", "accounts.firefox.com", "accounts.google.com", "api.id.me", "api.login.yahoo.com", "appleid.apple.com",
		"auth.atlassian.com", "codeberg.org", "discord.com", "facebook.com", "github.com", "gitlab.com", "id.twitch.tv", "kauth.kakao.com",
		"limited.facebook.com", "linkedin.com", "login.live.com", "login.salesforce.com", "login.yahoo.com", "orcid.org",
		"secure.login.gov", "slack.com",
	}
}

// microsoftHosts sign in for the tenant that the first segment of an issuer's path names.
func microsoftHosts() []string {
	return []string{
		"login.microsoftonline.com", "login.microsoftonline.us", "login.partner.microsoftonline.cn", "login.windows.net",
		"login.microsoft.com", "sts.windows.net",
	}
}

// publicTenants are nobody's own: everybody's at Microsoft, every organisation's, and that of personal accounts by its name
// and by its id.
func publicTenants() []string {
	return []string{"common", "organizations", "consumers", "9188040d-6c67-4c5b-b112-36a304b66dad"}
}

// isPublic says whether anybody can have an account at an issuer, however its address is spelt. It knows the large ones; that
// a provider of one's own lets people register, nothing tells.
func isPublic(issuer string) bool {
	u, err := url.Parse(issuer)
	if err != nil {
		return false
	}
	host := strings.TrimSuffix(strings.ToLower(u.Hostname()), ".")
	if slices.Contains(microsoftHosts(), host) {
		tenant, _, _ := strings.Cut(strings.TrimLeft(u.Path, "/"), "/")
		return slices.Contains(publicTenants(), strings.ToLower(tenant))
	}
	return slices.Contains(publicHosts(), strings.TrimPrefix(host, "www."))
}
