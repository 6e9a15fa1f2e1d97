package talktest

import (
	"fmt"
	"net/mail"
	"net/url"
	"slices"
	"strings"

	"golang.org/x/net/publicsuffix"
)

// field is one line of the shape Coral expects of a token's claims.
type field struct {
	name     string
	required bool
	fits     func(any) bool
	want     string
}

// misfit names the first claim that does not fit, or is empty. Claims that no field names are allowed; null is not a
// way to leave one out (G10).
func misfit(path string, claims map[string]any, fields []field) string {
	for _, f := range fields {
		v, present := claims[f.name]
		switch {
		case !present && f.required:
			return fmt.Sprintf("%q is required", path+f.name)
		case present && !f.fits(v):
			return fmt.Sprintf("%q must be %s", path+f.name, f.want)
		}
	}
	return ""
}

func must(f field) field { return f.requiredIf(true) }

func (f field) requiredIf(required bool) field {
	f.required = required
	return f
}

func stringField(name string) field {
	return field{name: name, want: "a string that is not empty", fits: isString}
}

func numberField(name string) field {
	return field{name: name, want: "a number", fits: func(v any) bool { _, ok := v.(float64); return ok }}
}

func boolField(name string) field {
	return field{name: name, want: "a boolean", fits: func(v any) bool { _, ok := v.(bool); return ok }}
}

func wordField(name string, words []string) field {
	return field{name: name, want: "one of " + strings.Join(words, ", "), fits: func(v any) bool {
		s, ok := v.(string)
		return ok && slices.Contains(words, s)
	}}
}

func stringsField(name string) field {
	return field{name: name, want: "an array of strings", fits: func(v any) bool {
		list, ok := v.([]any)
		return ok && !slices.ContainsFunc(list, func(item any) bool { return !isString(item) })
	}}
}

func uriField(name string) field {
	return field{name: name, want: "a URI", fits: func(v any) bool {
		s, _ := v.(string)
		u, err := url.Parse(s)
		return err == nil && u.IsAbs()
	}}
}

func emailField(name string) field {
	return field{name: name, want: "an address at a public domain", fits: func(v any) bool {
		s, _ := v.(string)
		return publicAddress(s)
	}}
}

func isString(v any) bool {
	s, ok := v.(string)
	return ok && s != ""
}

// publicAddress says whether s is a bare address whose domain ends in a public top-level domain. Coral's validator
// knows the list of those, so a company's "corp.local" is no address to it (G21).
func publicAddress(s string) bool {
	parsed, err := mail.ParseAddress(s)
	if err != nil || parsed.Address != s || parsed.Name != "" {
		return false
	}
	domain := s[strings.LastIndexByte(s, '@')+1:]
	dot := strings.LastIndexByte(domain, '.')
	if dot < 1 || dot == len(domain)-1 {
		return false
	}
	// A second label makes wildcard entries of the list, such as "*.ck", answer for their top level too.
	_, public := publicsuffix.PublicSuffix("x." + strings.ToLower(domain[dot+1:]))
	return public
}
