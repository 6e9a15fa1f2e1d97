package chat

import (
	"fmt"
	"net"
	"net/url"
	"strings"

	"golang.org/x/net/idna"
)

// Origin is scheme, host and port as a browser sends them (RFC 6454, Section 6.2): lower case, no default port, no
// path, no trailing slash or dot. Origins are compared as strings, so only the one spelling is taken from a
// configuration.
type Origin string

// UnmarshalText takes an origin as an operator writes it, and refuses every spelling a browser would not send.
func (o *Origin) UnmarshalText(text []byte) error {
	canonical, err := ParseOrigin(string(text))
	if err != nil {
		return err
	}
	*o = canonical
	return nil
}

// ParseOrigin reads an origin. The error says what was expected.
func ParseOrigin(text string) (Origin, error) {
	refuse := func(why string) (Origin, error) {
		return "", fmt.Errorf("must be an https origin such as https://chat.example.org, %s: got %q", why, text)
	}
	u, err := url.Parse(text)
	switch {
	case err != nil:
		return refuse("written as a URL")
	case u.Scheme != "https" && u.Scheme != "http":
		return refuse("with its scheme")
	case u.Host == "" || u.User != nil:
		return refuse("with a host and no user")
	case u.Path != "" || u.RawQuery != "" || u.Fragment != "" || u.ForceQuery || strings.HasSuffix(text, "#"):
		return refuse("without path, query, fragment or final slash")
	case strings.HasSuffix(u.Hostname(), "."):
		return refuse("without a final dot")
	}
	host := strings.ToLower(u.Hostname())
	if net.ParseIP(host) == nil {
		if host, err = idna.Lookup.ToASCII(host); err != nil {
			return refuse("with a valid host name")
		}
	}
	if strings.Contains(host, ":") {
		host = "[" + host + "]"
	}
	if port := u.Port(); port != "" && !isDefaultPort(u.Scheme, port) {
		host += ":" + port
	}
	canonical := Origin(u.Scheme + "://" + host)
	if string(canonical) != text {
		return refuse(fmt.Sprintf("spelt as browsers send it (%s)", canonical))
	}
	return canonical, nil
}

func isDefaultPort(scheme, port string) bool {
	return scheme == "https" && port == "443" || scheme == "http" && port == "80"
}

// Secure says whether the origin is https, or http on this very machine, which only development allows.
func (o Origin) Secure(development bool) bool {
	u, err := url.Parse(string(o))
	if err != nil {
		return false
	}
	return u.Scheme == "https" || development && loopback(u.Hostname())
}

func loopback(host string) bool {
	if ip := net.ParseIP(host); ip != nil {
		return ip.IsLoopback()
	}
	return host == "localhost" || strings.HasSuffix(host, ".localhost")
}
