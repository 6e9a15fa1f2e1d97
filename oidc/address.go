package oidc

import (
	"net/netip"
	"net/url"
	"strings"
)

// isPlainURL reports whether s is an absolute http or https URL that names a place and carries nothing else.
func isPlainURL(s string) bool {
	u, err := url.Parse(s)
	return err == nil && isEndpoint(u) && u.RawQuery == "" && !u.ForceQuery
}

// isEndpoint is the looser rule for the provider's endpoints, which may have a query (RFC 6749, Section 3.1).
func isEndpoint(u *url.URL) bool {
	return (u.Scheme == "https" || u.Scheme == "http") && u.Hostname() != "" && u.User == nil && u.Fragment == "" && u.Opaque == ""
}

// origin is scheme, host and port, with the port left out where it is the scheme's own.
func origin(u *url.URL) string {
	host := strings.ToLower(u.Host)
	switch u.Scheme {
	case "https":
		host = strings.TrimSuffix(host, ":443")
	case "http":
		host = strings.TrimSuffix(host, ":80")
	}
	return u.Scheme + "://" + host
}

// isLoopback recognises this machine by name or address, without asking a name server.
func isLoopback(host string) bool {
	host = strings.TrimSuffix(strings.ToLower(host), ".")
	if host == "localhost" || strings.HasSuffix(host, ".localhost") {
		return true
	}
	addr, err := netip.ParseAddr(host)
	return err == nil && addr.Unmap().IsLoopback()
}

// isInside reports hosts no provider lives at for anyone but this machine and its link: the targets of server-side
// request forgery, the cloud's metadata service among them (S130).
func isInside(host string) bool {
	if isLoopback(host) {
		return true
	}
	addr, err := netip.ParseAddr(host)
	return err == nil && (addr.Unmap().IsLinkLocalUnicast() || addr.IsUnspecified() || addr.IsMulticast())
}
