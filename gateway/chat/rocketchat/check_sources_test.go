package rocketchat

import (
	"net/http"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// TestSourcesOfAPolicy: a policy is read as browsers read it (Content Security Policy Level 3, Section 6.7.2).
func TestSourcesOfAPolicy(t *testing.T) {
	const self, page = "https://chat.example.org", "https://portal.example.org"
	for _, tt := range []struct {
		name, source, origin string
		want                 bool
	}{
		{"the origin itself", "https://portal.example.org", page, true},
		{"with a final slash", "https://portal.example.org/", page, true},
		{"in capitals", "HTTPS://Portal.Example.org", page, true},
		{"another host", "https://blog.example.org", page, false},
		{"a longer host", "https://portal.example.org", "https://portal.example.org.evil.example", false},
		{"a page of the host", "https://portal.example.org/intranet", page, false},
		{"everything", "*", page, true},
		{"every host", "https://*", page, true},
		{"every host below", "https://*.example.org", page, true},
		{"every host two below", "https://*.example.org", "https://a.b.example.org", true},
		{"not the domain itself", "https://*.portal.example.org", page, false},
		{"not a host that merely ends alike", "https://*.example.org", "https://badexample.org", false},
		{"an asterisk inside", "https://portal.*.org", page, false},
		{"a scheme", "https:", page, true},
		{"https where http is asked for", "http:", page, true},
		{"http where https is asked for", "https:", "http://portal.example.org", false},
		{"another scheme", "wss:", page, false},
		{"a host without a scheme", "portal.example.org", page, true},
		{"a host without a scheme, by http", "portal.example.org", "http://portal.example.org", false},
		{"the default port", "https://portal.example.org:443", page, true},
		{"another port", "https://portal.example.org:8443", page, false},
		{"a port that the source has not", "https://portal.example.org", "https://portal.example.org:8443", false},
		{"the same port", "https://portal.example.org:8443", "https://portal.example.org:8443", true},
		{"every port", "https://portal.example.org:*", "https://portal.example.org:8443", true},
		{"the sender", "'self'", self, true},
		{"the sender and somebody else", "'self'", page, false},
		{"the sender at another port", "'self'", "https://chat.example.org:8443", false},
		{"nobody", "'none'", page, false},
		{"no source at all", "https://", page, false},
	} {
		if got := listed([]string{tt.source}, self, tt.origin); got != tt.want {
			t.Errorf("%s: %s allows %s = %v, want %v", tt.name, tt.source, tt.origin, got, tt.want)
		}
	}
}

// TestEveryPolicyCounts: what one policy leaves out no other one brings back, and an empty list allows nobody.
func TestEveryPolicyCounts(t *testing.T) {
	const self = "https://chat.example.org"
	origins := []string{"https://a.example.org", "https://b.example.net"}
	for _, tt := range []struct {
		name     string
		policies []string
		want     []string
	}{
		{"none", nil, nil},
		{"one without frame-ancestors", []string{"default-src 'none'"}, nil},
		{"one that names both", []string{"default-src *; frame-ancestors https://*.example.org https://b.example.net"}, nil},
		{"two headers", []string{"frame-ancestors *", "frame-ancestors https://*.example.org"}, origins[1:]},
		{"two in one header", []string{"frame-ancestors https:, frame-ancestors https://b.example.net"}, origins[:1]},
		{"an empty list", []string{"frame-ancestors"}, origins},
	} {
		got := notFraming(http.Header{"Content-Security-Policy": tt.policies}, self, origins)
		if diff := cmp.Diff(tt.want, got); diff != "" {
			t.Errorf("%s (-want +got):\n%s", tt.name, diff)
		}
	}
}
