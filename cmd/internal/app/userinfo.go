package app

import (
	"regexp"
	"strings"
)

var (
	quotedText = regexp.MustCompile(`"(?:[^"\\]|\\.)*"`)
	userinfo   = regexp.MustCompile(`([A-Za-z][A-Za-z0-9+.-]*://)[^\s"]*@`)
)

const cut = "[redacted]@"

// withoutUserinfo cuts names and passwords of addresses out of what is told of a configuration: an address that has one is
// refused, and is shown to whoever reads the log or /readyz (S133). Of one that is quoted, other quotations of the same text may
// show parts, as those of package url do.
func withoutUserinfo(text string) string {
	var secrets []string
	for _, q := range quotedText.FindAllString(text, -1) {
		if secret, _, found := splitUserinfo(q); found {
			secrets = append(secrets, secret)
		}
	}
	text = quotedText.ReplaceAllStringFunc(text, func(q string) string {
		if secret, rest, found := splitUserinfo(q); found {
			scheme, _, named := strings.Cut(secret, "://")
			if named {
				scheme += "://"
			} else {
				scheme = ""
			}
			return `"` + scheme + cut + rest + `"`
		}
		for _, secret := range secrets {
			if inner := strings.Trim(q, `":`); inner != "" && strings.Contains(secret, inner) {
				return `"[redacted]"`
			}
		}
		return q
	})
	return userinfo.ReplaceAllString(text, "${1}"+cut)
}

// splitUserinfo divides a quoted value at its last @, where what is before it can be a name with a password.
func splitUserinfo(q string) (secret, rest string, found bool) {
	value := q[1 : len(q)-1]
	at := strings.LastIndexByte(value, '@')
	if at < 0 || !strings.Contains(value[:at], ":") {
		return "", "", false
	}
	return value[:at], value[at+1:], true
}

// discreetError shows an error without the passwords of addresses.
type discreetError struct{ err error }

func (e *discreetError) Error() string { return withoutUserinfo(e.err.Error()) }
func (e *discreetError) Unwrap() error { return e.err }
