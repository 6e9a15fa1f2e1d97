package app

import (
	"fmt"
	"maps"
	"net/netip"
	"net/url"
	"os"
	"slices"
	"strings"

	"golang.org/x/net/http/httpproxy"
)

// examineProxies says which of the gateway's calls the environment here sends through a proxy, and which of those cannot
// be meant to go there. Calls of Redis never do.
func (t *Tools) examineProxies() Finding {
	f := Finding{About: "network", Name: "proxies", Level: Well, Text: "calls of providers and chats go straight"}
	if wrong := mistypedProxies(); len(wrong) > 0 {
		f.Level, f.Text = Warning, strings.Join(wrong, " and ")+" is no address of a proxy: calls go straight, or fail"
		f.Fix = "write it as http://proxy.example.org:3128, https:// or socks5://"
		return f
	}
	proxyOf := httpproxy.FromEnvironment().ProxyFunc()
	var through, inside []string
	for _, origin := range slices.Sorted(maps.Keys(t.app.cfg.called())) {
		u, err := url.Parse(origin)
		if err != nil {
			continue // no such address passes the configuration's checks
		}
		proxy, err := proxyOf(u)
		if err != nil || proxy == nil { // it errs under CGI alone, which this is not
			continue
		}
		through = append(through, fmt.Sprintf("%s (by %s://%s)", origin, proxy.Scheme, proxy.Host))
		if isInside(u.Hostname()) {
			inside = append(inside, u.Hostname())
		}
	}
	if len(through) > 0 {
		f.Text = "the environment sends through a proxy what calls " + strings.Join(through, ", ")
	}
	if len(inside) > 0 {
		f.Level, f.Fix = Warning, "a proxy hardly reaches hosts inside: add to NO_PROXY "+strings.Join(inside, ",")
	}
	return f
}

// mistypedProxies are the variables whose addresses lead to no proxy. Their values are not told: a password may be in them.
func mistypedProxies() []string {
	var wrong []string
	for _, name := range []string{"HTTP_PROXY", "http_proxy", "HTTPS_PROXY", "https_proxy"} {
		if value := os.Getenv(name); value != "" && !isProxy(value) {
			wrong = append(wrong, name)
		}
	}
	return wrong
}

// isProxy says whether a variable's value is the address of a proxy. A host and port without a scheme are one, by http.
func isProxy(value string) bool {
	if !strings.Contains(value, "://") {
		value = "http://" + value
	}
	u, err := url.Parse(value)
	return err == nil && slices.Contains([]string{"http", "https", "socks5", "socks5h"}, u.Scheme) && u.Hostname() != "" &&
		(u.Port() != "" || !strings.HasSuffix(u.Host, ":")) && (u.Path == "" || u.Path == "/")
}

// called are the origins that the gateway calls.
func (c *Config) called() map[string]bool {
	origins := map[string]bool{}
	add := func(address string) {
		if u, err := url.Parse(address); err == nil && u.Host != "" {
			origins[u.Scheme+"://"+u.Host] = true
		}
	}
	for key := range c.Providers {
		if c.Providers[key].DiscoveryURL != "" {
			add(c.Providers[key].DiscoveryURL)
		} else {
			add(c.Providers[key].Issuer)
		}
	}
	for name := range c.Chats {
		add(calledAt(c.Chats[name]))
	}
	return origins
}

// isInside recognises the hosts of a cluster or a private network by their names alone.
func isInside(host string) bool {
	if address, err := netip.ParseAddr(host); err == nil {
		return isPrivate(address)
	}
	if !strings.Contains(host, ".") {
		return true
	}
	return slices.ContainsFunc([]string{".svc", ".local", ".internal", ".localhost"}, func(suffix string) bool {
		return strings.HasSuffix(host, suffix)
	})
}
