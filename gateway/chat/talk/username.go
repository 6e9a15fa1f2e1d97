package talk

import (
	"cmp"
	"strings"
	"unicode"

	"golang.org/x/text/unicode/norm"

	"chatgate/oidc"
)

// Lengths of usernames, in characters.
const (
	minCoralUsername = 3  // G20
	maxCoralUsername = 30 // G20
	maxUsername      = 64 // where the product has no bound of its own
)

// publicName is what a person is called in public: the username, else the name. Of a username that is an e-mail
// address, as Entra's are, only the part before the @ is used: comments are for everyone to read.
func publicName(id oidc.Identity) string {
	for _, name := range []string{id.Username, id.Name} {
		name, _, _ = strings.Cut(visible(name), "@")
		if name = strings.TrimSpace(name); name != "" {
			return name
		}
	}
	return ""
}

// visible drops what cannot be seen or turns the direction of what follows.
func visible(s string) string {
	return strings.Map(func(r rune) rune {
		if !unicode.IsGraphic(r) || r == unicode.ReplacementChar {
			return -1
		}
		return r
	}, s)
}

// anyUsername is for Coral's single sign-on, which needs a name and takes any (G15).
func anyUsername(id oidc.Identity, userID string) string {
	return cmp.Or(cut(publicName(id), maxUsername), madeUp(userID))
}

// coralUsername is a name of ASCII letters, digits, "_" and ".", 3 to 30 of them; from another Coral makes an account
// without a name (G20). Accents are dropped, other characters become "_". A name of which nothing would be left is
// replaced.
func coralUsername(id oidc.Identity, userID string) string {
	name := strings.Map(func(r rune) rune {
		switch {
		case unicode.Is(unicode.Mn, r):
			return -1
		case isASCIILetter(r), isDigit(r), r == '.':
			return r
		default:
			return '_'
		}
	}, norm.NFKD.String(publicName(id)))
	if !strings.ContainsFunc(name, func(r rune) bool { return isASCIILetter(r) || isDigit(r) }) {
		return madeUp(userID)
	}
	name = cut(name, maxCoralUsername)
	return name + strings.Repeat("_", max(0, minCoralUsername-len(name)))
}

// talk4Username is a name with an ASCII letter in it: Talk 4 removes everything but letters and "_", and cannot save a
// person of whose name nothing is left (G12).
func talk4Username(id oidc.Identity, userID string) string {
	name := cut(publicName(id), maxUsername)
	if !strings.ContainsFunc(name, isASCIILetter) {
		return madeUp(userID)
	}
	return name
}

const madeUpLetters = 8

// madeUp is the name of someone whose own cannot be used: the same at every sign-in, and as opaque as the user id.
func madeUp(userID string) string {
	letters := make([]byte, madeUpLetters)
	for i := range letters {
		letters[i] = 'a' + userID[i]%26
	}
	return "user_" + string(letters)
}

func cut(s string, limit int) string {
	runes := []rune(s)
	return strings.TrimSpace(string(runes[:min(limit, len(runes))]))
}

func isASCIILetter(r rune) bool { return r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' }

func isDigit(r rune) bool { return r >= '0' && r <= '9' }
