package talk

import (
	"net/mail"
	"regexp"
	"strings"
	"unicode"

	"golang.org/x/net/publicsuffix"

	"chatgate/gateway/chat"
	"chatgate/oidc"
)

// maxEmail is the longest address that goes into a token, in characters (G9).
const maxEmail = 100

// verifiedEmail is the address that Talk may take for the person's own, or nothing (G9, D8). Coral 9.9 and later sign a
// person in to whichever account has the address, an administrator's included, so one that nobody vouches for must
// never be said. Nor must one that another reader could take for somebody else's: outside ASCII characters stand for
// others, and lower case is another letter for some (a dotted capital I, the Kelvin sign).
func verifiedEmail(id oidc.Identity) string {
	email := chat.LowerASCII(id.Email)
	if !id.EmailVerified || len(email) > maxEmail || strings.ContainsFunc(email, func(r rune) bool { return r > unicode.MaxASCII }) {
		return ""
	}
	parsed, err := mail.ParseAddress(email)
	if err != nil || parsed.Address != email || parsed.Name != "" {
		return ""
	}
	return email
}

// plainAddress is what every mail validator agrees on: RFC 5321's dot-string and a domain of host name labels.
var plainAddress = regexp.MustCompile(
	"^[a-z0-9!#$%&'*+/=?^_`{|}~-]+(\\.[a-z0-9!#$%&'*+/=?^_`{|}~-]+)*" +
		`@([a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?\.)+([a-z]([a-z0-9-]{0,61}[a-z0-9])?)$`)

// maxLocalPart is RFC 5321's, Section 4.5.3.1.1, in bytes.
const maxLocalPart = 64

// public says whether Coral's OpenID Connect integration takes the address: plain, and below a public top-level domain.
// It refuses the token over any other, and at its own login ends its process (G21).
func public(email string) bool {
	if !plainAddress.MatchString(email) || strings.IndexByte(email, '@') > maxLocalPart {
		return false
	}
	top := email[strings.LastIndexByte(email, '.')+1:]
	// With a label before it a top-level domain that has none but wildcard entries is found too, as "ck" is.
	_, listed := publicsuffix.PublicSuffix("x." + top)
	return listed && top != "onion" // on the list of suffixes, and none of the public name system
}
