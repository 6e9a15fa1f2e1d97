package talk

import (
	"strings"
	"unicode"

	"golang.org/x/text/cases"
	"golang.org/x/text/unicode/norm"
)

// folded is the same text for names that readers take for one another: in another case, in other widths, with characters
// between that nobody sees, or in letters of another script that look alike. It is for comparing, and shown to nobody.
func folded(name string) string {
	name = norm.NFKC.String(cases.Fold().String(norm.NFKC.String(name)))
	return strings.Map(func(r rune) rune {
		switch alike, found := lookalikes[r]; {
		case found:
			return alike
		case unicode.Is(unicode.Variation_Selector, r), unicode.Is(unicode.Other_Default_Ignorable_Code_Point, r), !unicode.IsGraphic(r):
			return -1
		case unicode.IsSpace(r):
			return '_' // spaces and underscores are one to Talk 4, and nearly so to readers
		default:
			return r
		}
	}, name)
}

// lookalikes are characters by the Latin letter that they pass for, in one case or the other: the ones of Unicode
// Technical Standard 39 that fonts make no difference for, in small letters. To take two letters for one costs a person a
// number behind the name; to take one for two would let somebody else go by it.
var lookalikes = map[rune]rune{
	// Digits and Latin letters.
	'0': 'o', '1': 'i', 'l': 'i', '|': 'i', 'ı': 'i', 'ɑ': 'a', 'ɡ': 'g', 'ʏ': 'y',
	// Cyrillic.
	'а': 'a', 'в': 'b', 'с': 'c', 'ԁ': 'd', 'е': 'e', 'һ': 'h', 'н': 'h', 'і': 'i', 'ӏ': 'i', 'ј': 'j', 'к': 'k', 'м': 'm',
	'о': 'o', 'р': 'p', 'ԛ': 'q', 'ѕ': 's', 'т': 't', 'ѵ': 'v', 'ԝ': 'w', 'х': 'x', 'у': 'y', 'ү': 'y',
	// Greek.
	'α': 'a', 'β': 'b', 'ε': 'e', 'η': 'h', 'ι': 'i', 'κ': 'k', 'μ': 'm', 'ν': 'v', 'ο': 'o', 'ρ': 'p', 'σ': 'o', 'τ': 't',
	'υ': 'y', 'χ': 'x', 'ζ': 'z',
	// Armenian.
	'օ': 'o', 'ս': 'u', 'հ': 'h', 'ց': 'g', 'զ': 'q', 'ո': 'n',
}
