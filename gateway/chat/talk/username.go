package talk

import (
	"cmp"
	"strings"
	"unicode"

	"golang.org/x/text/unicode/norm"
	"golang.org/x/text/unicode/rangetable"

	"chatgate/oidc"
)

// Lengths of usernames, in characters.
const (
	minCoralUsername = 3  // G20
	maxCoralUsername = 30 // G20
	maxUsername      = 64 // where the product has no bound of its own
)

// defaultNames are the claims of claims.username when that is left out.
var defaultNames = []string{"username", "name"}

// publicName is what a person is called in public, or nothing: the first of the chosen claims that has something to show.
// Of an e-mail address, as Entra's usernames are, only the part before the @ is used, because comments are for everyone
// to read.
func (c Claims) publicName(id oidc.Identity) string {
	claims := c.Username
	if claims == nil {
		claims = defaultNames
	}
	for _, claim := range claims {
		if name := beforeAt(visible(text(id, claim))); name != "" {
			return name
		}
	}
	return ""
}

// picture is the address of the person's picture, or nothing.
func (c Claims) picture(id oidc.Identity) string {
	return picture(text(id, cmp.Or(c.Picture, "picture")))
}

// text is one of an identity's claims. An e-mail address that nobody vouches for is as good as none (G9).
func text(id oidc.Identity, claim string) string {
	switch claim {
	case "username":
		return id.Username
	case "name":
		return id.Name
	case "email":
		return verifiedEmail(id)
	case "picture":
		return id.Picture
	default:
		return id.Custom[claim]
	}
}

// beforeAt cuts a name at the first at sign, in whatever width it is written.
func beforeAt(name string) string {
	if at := strings.IndexAny(name, "@\uff20\ufe6b"); at >= 0 {
		name = name[:at]
	}
	return strings.TrimSpace(name)
}

// visible drops what cannot be seen or turns the direction of what follows.
func visible(s string) string {
	return strings.Map(func(r rune) rune {
		if !unicode.IsGraphic(r) || r == unicode.ReplacementChar || unicode.Is(blank, r) {
			return -1
		}
		return r
	}, s)
}

// blank are characters that count as letters or symbols and show nothing: fillers, the Braille cell without a dot, and the
// musical note without a head.
var blank = rangetable.Merge(unicode.Other_Default_Ignorable_Code_Point, rangetable.New('\u2800', '\U0001d159'))

// anyUsername is for Coral's single sign-on, which needs a name and takes any (G15).
func anyUsername(called, userID string) string {
	return cmp.Or(cut(called, maxUsername), madeUp(userID))
}

// coralUsername is a name of ASCII letters, digits, "_" and ".", 3 to 30 of them; from another Coral makes an account
// without a name (G20). Accents are dropped, other characters become "_". A name of which nothing would be left is
// replaced.
func coralUsername(called, userID string) string {
	name := strings.Map(func(r rune) rune {
		switch {
		case unicode.Is(unicode.Mn, r):
			return -1
		case isASCIILetter(r), isDigit(r), r == '.':
			return r
		default:
			return '_'
		}
	}, norm.NFKD.String(called))
	if !strings.ContainsFunc(name, func(r rune) bool { return isASCIILetter(r) || isDigit(r) }) {
		return madeUp(userID)
	}
	name = cut(name, maxCoralUsername)
	return name + strings.Repeat("_", max(0, minCoralUsername-len(name)))
}

// talk4Username is a name with an ASCII letter in it: Talk 4 removes everything but letters and "_", and cannot save a
// person of whose name nothing is left (G12).
func talk4Username(called, userID string) string {
	name := cut(called, maxUsername)
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
