package talk

import (
	"strings"
	"unicode"

	"golang.org/x/text/cases"
	"golang.org/x/text/unicode/norm"
)

// folded is the same text for names that readers take for one another: in another case, in other widths, with characters
// between that nobody sees, with other accents, with more spaces, or in letters of another script that look alike. It is
// for comparing, and shown to nobody.
func folded(name string) string {
	name = norm.NFKD.String(cases.Fold().String(norm.NFKC.String(name)))
	name = strings.Map(func(r rune) rune {
		if unicode.Is(unicode.Cherokee, r) {
			r = unicode.ToUpper(r) // Unicode folds these to capitals, since they were there first; the library does not
		}
		switch alike, found := lookalikes[r]; {
		case found:
			return alike
		case isAccent(r), unicode.Is(unicode.Variation_Selector, r), unicode.Is(blank, r), !unicode.IsGraphic(r):
			return -1
		case unicode.IsSpace(r):
			return '_' // spaces and underscores are one to Talk 4, and nearly so to readers
		default:
			return r
		}
	}, name)
	// A page shows several spaces as one, and none at the end.
	words := strings.FieldsFunc(norm.NFC.String(name), func(r rune) bool { return r == '_' })
	return strings.Join(words, "_")
}

// isAccent says whether a character is a mark on a letter which is the same letter without it, or a line drawn through
// one. Marks that belong to a script, such as the vowels of Thai and Hindi, make other names, and so do the two of Kana.
func isAccent(r rune) bool {
	return unicode.Is(unicode.Mn, r) && unicode.Is(unicode.Inherited, r) && r != '\u3099' && r != '\u309a'
}

// lookalikes are characters by the Latin letter that they pass for, in one case or the other: the ones of Unicode
// Technical Standard 39 that fonts make no difference for, in small letters. To take two letters for one costs a person a
// number behind the name; to take one for two would let somebody else go by it.
var lookalikes = map[rune]rune{
	// Digits and Latin letters.
	'0': 'o', '1': 'i', 'l': 'i', '|': 'i', 'ı': 'i', 'ɑ': 'a', 'ɡ': 'g',
	// Latin letters with a stroke, and small capitals.
	'ƀ': 'b', 'đ': 'd', 'ħ': 'h', 'ł': 'i', 'ø': 'o', 'ŧ': 't',
	'ᴀ': 'a', 'ʙ': 'b', 'ᴄ': 'c', 'ᴅ': 'd', 'ᴇ': 'e', 'ꜰ': 'f', 'ɢ': 'g', 'ʜ': 'h', 'ɪ': 'i', 'ᴊ': 'j', 'ᴋ': 'k', 'ʟ': 'i', 'ᴍ': 'm',
	'ɴ': 'n', 'ᴏ': 'o', 'ᴘ': 'p', 'ꞯ': 'q', 'ʀ': 'r', 'ꜱ': 's', 'ᴛ': 't', 'ᴜ': 'u', 'ᴠ': 'v', 'ᴡ': 'w', 'ʏ': 'y', 'ᴢ': 'z',
	// Cyrillic.
	'а': 'a', 'в': 'b', 'с': 'c', 'ԁ': 'd', 'е': 'e', 'һ': 'h', 'н': 'h', 'і': 'i', 'ӏ': 'i', 'ј': 'j', 'к': 'k', 'м': 'm',
	'о': 'o', 'р': 'p', 'ԛ': 'q', 'ѕ': 's', 'т': 't', 'ѵ': 'v', 'ԝ': 'w', 'х': 'x', 'у': 'y', 'ү': 'y',
	// Greek.
	'α': 'a', 'β': 'b', 'ε': 'e', 'η': 'h', 'ι': 'i', 'κ': 'k', 'μ': 'm', 'ν': 'v', 'ο': 'o', 'ρ': 'p', 'σ': 'o', 'τ': 't',
	'υ': 'y', 'χ': 'x', 'ζ': 'z',
	// Armenian.
	'օ': 'o', 'ս': 'u', 'հ': 'h', 'ց': 'g', 'զ': 'q', 'ո': 'n',
	// Coptic.
	'ⲁ': 'a', 'ⲃ': 'b', 'ⲉ': 'e', 'ⲏ': 'h', 'ⲓ': 'i', 'ⲕ': 'k', 'ⲙ': 'm', 'ⲛ': 'n', 'ⲟ': 'o', 'ⲣ': 'p', 'ⲥ': 'c', 'ⲧ': 't',
	'ⲩ': 'y', 'ⲭ': 'x',
	// Cherokee, as capitals.
	'Ꭰ': 'd', 'Ꭱ': 'r', 'Ꭲ': 't', 'Ꭵ': 'i', 'Ꭹ': 'y', 'Ꭺ': 'a', 'Ꭻ': 'j', 'Ꭼ': 'e', 'Ꮃ': 'w', 'Ꮇ': 'm', 'Ꮋ': 'h', 'Ꮍ': 'y',
	'Ꮐ': 'g', 'Ꮒ': 'h', 'Ꮓ': 'z', 'Ꮢ': 'r', 'Ꮤ': 'w', 'Ꮥ': 's', 'Ꮩ': 'v', 'Ꮪ': 's', 'Ꮮ': 'i', 'Ꮯ': 'c', 'Ꮲ': 'p', 'Ꮶ': 'k',
	'Ꮷ': 'd', 'Ᏻ': 'g', 'Ᏼ': 'b',
	// Lisu, which has capitals alone.
	'ꓐ': 'b', 'ꓑ': 'p', 'ꓓ': 'd', 'ꓔ': 't', 'ꓖ': 'g', 'ꓗ': 'k', 'ꓙ': 'j', 'ꓚ': 'c', 'ꓜ': 'z', 'ꓝ': 'f', 'ꓟ': 'm', 'ꓠ': 'n',
	'ꓡ': 'i', 'ꓢ': 's', 'ꓣ': 'r', 'ꓦ': 'v', 'ꓧ': 'h', 'ꓪ': 'w', 'ꓫ': 'x', 'ꓬ': 'y', 'ꓮ': 'a', 'ꓰ': 'e', 'ꓲ': 'i', 'ꓳ': 'o',
	'ꓴ': 'u',
}
