package rocketchat

import (
	"crypto/sha256"
	"encoding/hex"
	"strings"
	"unicode"

	"golang.org/x/text/unicode/norm"

	"chatgate/oidc"
)

const (
	maxUsername = 32
	suffixShort = 6
	suffixLong  = 16
)

// usernames are the names to try for a new account, best first. They are made of what the provider says by rules that
// every Rocket.Chat accepts; the further ones end in a part that only this identity has, the same at every try, so
// that a name that is taken never leads to somebody else's account (R29, S56).
func usernames(id oidc.Identity) []string {
	sum := sha256.Sum256([]byte(id.Provider + "\x00" + id.Subject))
	own := hex.EncodeToString(sum[:])
	base := ""
	for _, source := range []string{id.Username, id.Email, id.Name} {
		local, _, _ := strings.Cut(source, "@") // a principal name, or an address
		if base = plainName(local); base != "" {
			break
		}
	}
	if base == "" {
		return []string{"user-" + own[:suffixShort], "user-" + own[:suffixLong]}
	}
	return []string{base, suffixed(base, own[:suffixShort]), suffixed(base, own[:suffixLong])}
}

func suffixed(base, own string) string {
	return strings.TrimRight(base[:min(len(base), maxUsername-len(own)-1)], ".-_") + "-" + own
}

// plainName keeps ASCII letters in lower case, digits, dots, hyphens and underscores. Accents fall off their letters;
// a run of anything else becomes one dot.
func plainName(text string) string {
	var b strings.Builder
	for _, r := range strings.ToLower(norm.NFKD.String(text)) {
		switch {
		case r >= 'a' && r <= 'z', r >= '0' && r <= '9', r == '-', r == '_':
			b.WriteRune(r)
		case unicode.Is(unicode.Mn, r):
		case b.Len() > 0 && !strings.HasSuffix(b.String(), "."):
			b.WriteByte('.')
		}
	}
	name := strings.Trim(b.String(), ".-_")
	return strings.TrimRight(name[:min(len(name), maxUsername)], ".-_")
}
