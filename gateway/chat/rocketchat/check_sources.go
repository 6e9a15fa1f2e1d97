package rocketchat

import (
	"cmp"
	"net/http"
	"net/url"
	"regexp"
	"strings"
)

// ancestors are the frame-ancestors directives of an answer: of each policy, one, since a proxy may add its own and all
// of them count (Content Security Policy Level 3, Section 6.4.2).
func ancestors(h http.Header) [][]string {
	var found [][]string
	for _, header := range h.Values("Content-Security-Policy") {
		for policy := range strings.SplitSeq(header, ",") {
			for directive := range strings.SplitSeq(policy, ";") {
				if words := strings.Fields(directive); len(words) > 0 && strings.EqualFold(words[0], "frame-ancestors") {
					found = append(found, words[1:])
					break
				}
			}
		}
	}
	return found
}

// notFraming are those of the origins that some policy leaves out. Self is the origin that sent the policies.
func notFraming(h http.Header, self string, origins []string) []string {
	var out []string
	for _, origin := range origins {
		for _, sources := range ancestors(h) {
			if !listed(sources, self, origin) {
				out = append(out, origin)
				break
			}
		}
	}
	return out
}

// listed says whether one of the sources matches the origin (Content Security Policy Level 3, Section 6.7.2).
func listed(sources []string, self, origin string) bool {
	ours, err := url.Parse(self)
	if err != nil {
		return false
	}
	theirs, err := url.Parse(origin)
	if err != nil {
		return false
	}
	for _, source := range sources {
		if matches(strings.ToLower(source), ours, theirs) {
			return true
		}
	}
	return false
}

var (
	schemeSource = regexp.MustCompile(`^([a-z][a-z0-9+.-]*):$`)
	hostSource   = regexp.MustCompile(`^(?:([a-z][a-z0-9+.-]*)://)?(\*|(?:\*\.)?[a-z0-9_-]+(?:\.[a-z0-9_-]+)*)(?::(\d+|\*))?/?$`)
)

// matches compares one source, in lower case, with an origin. A source with a path names a page, which no origin is.
func matches(source string, self, origin *url.URL) bool {
	switch source {
	case "'self'":
		return schemeMatches(self.Scheme, origin.Scheme) && self.Host == origin.Host
	case "*":
		return true
	}
	if scheme := schemeSource.FindStringSubmatch(source); scheme != nil {
		return schemeMatches(scheme[1], origin.Scheme)
	}
	part := hostSource.FindStringSubmatch(source)
	return part != nil && schemeMatches(cmp.Or(part[1], self.Scheme), origin.Scheme) &&
		hostMatches(part[2], origin.Hostname()) && portMatches(part[3], origin)
}

// schemeMatches lets https stand where http is asked for.
func schemeMatches(wanted, scheme string) bool {
	return wanted == scheme || wanted == "http" && scheme == "https"
}

// hostMatches lets a leading asterisk stand for one label or more, and for no fewer.
func hostMatches(pattern, host string) bool {
	if domain, wild := strings.CutPrefix(pattern, "*"); wild {
		return strings.HasSuffix(host, domain)
	}
	return pattern == host
}

// portMatches takes a source without a port for the default one.
func portMatches(wanted string, origin *url.URL) bool {
	usual := map[string]string{"http": "80", "https": "443"}[origin.Scheme]
	return wanted == "*" || cmp.Or(wanted, usual) == cmp.Or(origin.Port(), usual)
}
