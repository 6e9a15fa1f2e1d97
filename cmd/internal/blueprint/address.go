package blueprint

import (
	"errors"
	"fmt"
	"net"
	"net/netip"
	"net/url"
	"regexp"
	"strconv"
	"strings"

	"chatgate/cmd/internal/app"
)

var (
	plainID       = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9._-]{0,127}$`)
	clientID      = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9._:/@-]{0,255}$`)
	domainPattern = regexp.MustCompile(`^([a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z0-9-]{2,63}$`)
	word          = regexp.MustCompile(`^[^\s"'\\$,\[\]{}]{1,128}$`)
	groupName     = regexp.MustCompile(`^[^\pC\pZ"'\\$,\[\]{}]+( +[^\pC\pZ"'\\$,\[\]{}]+)*$`)
	hostName      = regexp.MustCompile(`^[A-Za-z0-9._:-]{1,253}$`)
)

// errNoUser repeats nothing: a password may stand before the @.
var errNoUser = errors.New("must be an address without user and password")

// origin reads an address as a person types it: one final slash is forgiven.
func (s *sheet) origin(text string) (app.Origin, error) {
	if strings.Contains(text, "@") {
		return "", errNoUser
	}
	origin, err := app.ParseOrigin(strings.TrimSuffix(text, "/"))
	if err == nil && !origin.Secure(s.Development) {
		err = fmt.Errorf("must be https, got %q; http is for this machine with --development", text)
	}
	if err != nil {
		return "", err
	}
	return origin, nil
}

const discoveryPath = "/.well-known/openid-configuration"

// parseIssuer takes the address of the discovery document too, which is what people have at hand.
func (s *sheet) parseIssuer(text string) (string, error) {
	if strings.Contains(text, "@") {
		return "", errNoUser
	}
	issuer := strings.TrimSuffix(text, discoveryPath)
	u, err := url.Parse(issuer)
	switch {
	case err != nil, u.Scheme != "https" && u.Scheme != "http", !hostName.MatchString(u.Host):
		return "", fmt.Errorf("must be an https URL such as https://idp.example.org/realms/corp, got %q", text)
	case u.RawQuery != "", u.ForceQuery, u.Fragment != "", strings.ContainsAny(issuer, "#\"\\${}"):
		return "", fmt.Errorf("must be an address without query and fragment, got %q", text)
	case !app.Origin(u.Scheme + "://" + u.Host).Secure(s.Development):
		return "", fmt.Errorf("must be https, got %q; http is for this machine with --development", text)
	}
	return issuer, nil
}

// words are texts divided by commas or spaces, of which none has to be quoted in YAML that is quoted already.
func words(text string) ([]string, error) {
	list := strings.FieldsFunc(text, func(r rune) bool { return r == ',' || r == ' ' })
	if len(list) == 0 {
		return nil, errors.New("must name at least one")
	}
	for _, w := range list {
		if !word.MatchString(w) {
			return nil, fmt.Errorf("must be words without quotes, brackets and $, got %q", w)
		}
	}
	return list, nil
}

// longestName is how long a group's name may be, in bytes.
const longestName = 256

// names are texts divided by commas alone: in "Domain Users" the space belongs to the name.
func names(text string) ([]string, error) {
	var list []string
	for part := range strings.SplitSeq(text, ",") {
		name := strings.TrimSpace(part)
		switch {
		case name == "":
		case len(name) > longestName || !groupName.MatchString(name):
			return nil, fmt.Errorf("must be names without quotes, brackets and $, got %q", name)
		default:
			list = append(list, name)
		}
	}
	if len(list) == 0 {
		return nil, errors.New("must name at least one")
	}
	return list, nil
}

// The Redis that is taken for granted where none is named: a neighbour on the same machine, or in the same namespace.
const (
	nearRedis    = "127.0.0.1:6379"
	clusterRedis = "redis:6379"
)

func takeRedis(s *sheet, text string) error {
	if path, ok := strings.CutPrefix(text, "unix:"); ok {
		if !strings.HasPrefix(path, "/") || !word.MatchString(path) {
			return errors.New("must be unix:/path of the socket")
		}
		s.Redis, s.RedisTLS = text, false
		return nil
	}
	address, tls := strings.CutPrefix(text, "rediss://")
	address = strings.TrimPrefix(address, "redis://")
	if address != text {
		address = strings.TrimSuffix(address, "/")
	}
	if strings.Contains(address, "@") {
		return errors.New("must be without user and password: the password is asked for, or belongs in secrets/redis-password")
	}
	host, port, err := net.SplitHostPort(address)
	_, number := strconv.ParseUint(port, 10, 16)
	if err != nil || number != nil || !hostName.MatchString(host) {
		return fmt.Errorf("must be host:port, rediss://host:port or unix:/path, got %q", text)
	}
	s.Redis, s.RedisTLS = address, tls
	return nil
}

func takeProxies(s *sheet, text string) error {
	list, err := words(text)
	if err != nil {
		return err
	}
	var proxies []string
	for _, w := range list {
		var network app.Network
		if a, err := netip.ParseAddr(w); err == nil && a.Zone() == "" { // an address is a network of one
			w = netip.PrefixFrom(a, a.BitLen()).String()
		}
		if err := network.UnmarshalText([]byte(w)); err != nil {
			return err
		}
		proxies = append(proxies, network.String())
	}
	s.Proxies = proxies
	return nil
}
