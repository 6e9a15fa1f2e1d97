package gateway

import (
	"errors"
	"net/url"
	"path"
	"slices"
	"strings"

	"chatgate/gateway/chat"
)

// origins knows where a sign-in may end.
type origins struct {
	own    string
	listed []chat.Origin
	chats  map[string]chat.Origin
}

func newOrigins(baseURL string, chats map[string]Chat) origins {
	o := origins{own: baseURL, chats: map[string]chat.Origin{}}
	for name, connector := range chats {
		returns := connector.Access().Return
		o.listed = append(o.listed, returns...)
		if len(returns) > 0 {
			o.chats[name] = returns[0]
		}
	}
	return o
}

// maxReturnURL bounds a return address (S15).
const maxReturnURL = 2 << 10

var errReturn = errors.New("return address is not allowed")

// check takes a return address as it came and gives back, byte for byte, what may stand in a Location header
// (S1-S16): a path of our own, or an absolute URL that begins with a listed origin, literally. Browsers read addresses
// in more ways than any parser of ours, so what has two readings is refused instead of interpreted: backslashes,
// control characters, anything outside ASCII, encoded slashes and dots, empty and dot segments, a second spelling of
// the origin.
func (o origins) check(target string) (string, error) {
	if len(target) > maxReturnURL || strings.ContainsFunc(target, unsafeInURL) {
		return "", errReturn
	}
	for _, origin := range o.listed {
		if rest, ok := strings.CutPrefix(target, string(origin)); ok && (rest == "" || plainPath(rest)) {
			return target, nil
		}
	}
	if plainPath(target) {
		return o.own + target, nil
	}
	return "", errReturn
}

// again checks an address that check gave out before, at the moment it is used (S13).
func (o origins) again(target string) (string, error) {
	if rest, ok := strings.CutPrefix(target, o.own+"/"); ok {
		target = "/" + rest
	}
	return o.check(target)
}

// of gives the address of a path at a chat, which is known by its name.
func (o origins) of(name, at string) (string, error) {
	origin, ok := o.chats[name]
	if !ok {
		return "", errReturn
	}
	if at == "" {
		at = "/"
	}
	if !plainPath(at) {
		return "", errReturn
	}
	return o.check(string(origin) + at)
}

// unsafeInURL is true for bytes that RFC 3986 does not allow, and for the backslash, which browsers read as a slash.
func unsafeInURL(r rune) bool {
	return r <= ' ' || r >= 0x7f || strings.ContainsRune("\\\"<>^`{|}", r)
}

// plainPath accepts a path that every reader resolves to itself.
func plainPath(target string) bool {
	if !strings.HasPrefix(target, "/") {
		return false
	}
	u, err := url.Parse(target)
	if err != nil || u.Host != "" || u.Scheme != "" || u.User != nil {
		return false
	}
	raw := u.EscapedPath()
	if strings.ContainsFunc(u.Path, unsafeInPath) || encodesSyntax(raw) {
		return false
	}
	return path.Clean(u.Path) == strings.TrimSuffix(u.Path, "/") || u.Path == "/"
}

func unsafeInPath(r rune) bool { return r < ' ' || r == 0x7f || r == '\\' }

// encodesSyntax is true where a percent-encoding hides a character that a second decoding would act on.
func encodesSyntax(raw string) bool {
	lower := strings.ToLower(raw)
	return slices.ContainsFunc([]string{"%2f", "%5c", "%2e", "%25", "%00"}, func(s string) bool {
		return strings.Contains(lower, s)
	})
}
