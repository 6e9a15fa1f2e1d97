package oidc

import (
	"encoding/json"
	"math"
	"net/url"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"
)

// Bounds of what a claim may hold before it goes into sessions, logs and chats (S86, S135), in bytes.
const (
	maxSubject  = 255 // OpenID Connect Core 1.0, Section 2
	maxUsername = 128
	maxName     = 256
	maxEmail    = 254 // RFC 5321, Section 4.5.3.1.3, without the angle brackets
	maxPicture  = 2048
	maxGroup    = 512  // distinguished names are long
	maxGroups   = 1000 // entries
	maxCustom   = 256
	mostCustom  = 20 // claims
)

// claims is a decoded JSON object, its numbers as json.Number.
type claims map[string]any

// text is a top-level string, or empty.
func (c claims) text(name string) string {
	s, _ := c[name].(string)
	return s
}

// list is a top-level array of strings, or a single string as a list of one.
func (c claims) list(name string) []string {
	switch v := c[name].(type) {
	case string:
		return []string{v}
	case []any:
		var list []string
		for _, e := range v {
			if s, ok := e.(string); ok {
				list = append(list, s)
			}
		}
		return list
	}
	return nil
}

// time is a NumericDate (RFC 7519, Section 2). Numbers beyond the year 9999 are no dates.
func (c claims) time(name string) (time.Time, bool) {
	n, ok := c[name].(json.Number)
	if !ok {
		return time.Time{}, false
	}
	seconds, err := n.Float64()
	if err != nil || seconds < 0 || seconds > 253402300799 {
		return time.Time{}, false
	}
	whole, fraction := math.Modf(seconds)
	return time.Unix(int64(whole), int64(fraction*1e9)), true
}

// at follows a path into nested objects. A null is as good as an absent claim.
func (c claims) at(path Path) (any, bool) {
	if len(path) == 0 {
		return nil, false
	}
	var value any = map[string]any(c)
	for _, name := range path {
		object, ok := value.(map[string]any)
		if !ok {
			return nil, false
		}
		value = object[name]
	}
	return value, value != nil
}

// textAt is the string at a path, or empty.
func (c claims) textAt(path Path) string {
	v, _ := c.at(path)
	s, _ := v.(string)
	return s
}

// exact returns s when it may be compared or kept as it is: not longer than limit, valid, without control
// characters. Anything else becomes empty, never something similar.
func exact(s string, limit int) string {
	if len(s) > limit || !utf8.ValidString(s) || strings.ContainsFunc(s, unicode.IsControl) {
		return ""
	}
	return s
}

// display makes text fit to be shown: control characters and those that turn the writing direction are removed,
// and it is cut at limit.
func display(s string, limit int) string {
	s = strings.TrimSpace(strings.Map(func(r rune) rune {
		if unicode.IsControl(r) || unicode.Is(unicode.Bidi_Control, r) {
			return -1
		}
		return r
	}, s))
	if len(s) <= limit {
		return s
	}
	for limit > 0 && !utf8.RuneStart(s[limit]) {
		limit--
	}
	return strings.TrimSpace(s[:limit])
}

// mailbox returns an e-mail address of plain form: exactly one @ with something on both sides, no spaces. Whether
// its domain may enter is decided elsewhere (S51).
func mailbox(s string) string {
	s = exact(s, maxEmail)
	local, domain, _ := strings.Cut(s, "@")
	if local == "" || domain == "" || strings.Contains(domain, "@") || strings.ContainsFunc(s, unicode.IsSpace) {
		return ""
	}
	return s
}

// portrait returns an https address.
func portrait(s string) string {
	s = exact(s, maxPicture)
	if u, err := url.Parse(s); err != nil || u.Scheme != "https" || u.Host == "" || u.User != nil {
		return ""
	}
	return s
}
