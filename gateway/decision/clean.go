package decision

import (
	"strings"
	"unicode"
)

const longestFact = 200 // characters

// Clean makes text from elsewhere fit to stand in a record: without what could break or disguise a line on a terminal, and
// cut where it is long (S135).
func Clean(text string) string {
	var b strings.Builder
	n := 0
	for _, r := range text { // bytes that are not UTF-8 arrive as U+FFFD
		if unicode.In(r, unicode.C, unicode.Zl, unicode.Zp) {
			continue
		}
		if n++; n > longestFact {
			b.WriteString("…")
			break
		}
		b.WriteRune(r)
	}
	return b.String()
}

// List is several words as one fact.
func List(words []string) string {
	const most = 12
	if len(words) > most {
		return strings.Join(words[:most], ", ") + ", …"
	}
	return strings.Join(words, ", ")
}

// idAlphabet undoes what people make of an id: ids are in base32 (RFC 4648, Section 6), which has none of these digits
// because they are taken for letters.
var idAlphabet = strings.NewReplacer("0", "O", "1", "I", "8", "B", "-", "", " ", "", "\t", "", "\u00a0", "")

const longestID = 64

// canonical is the one spelling of a request's id.
func canonical(id string) string {
	id = strings.ToUpper(idAlphabet.Replace(strings.TrimSpace(id)))
	return id[:min(len(id), longestID)]
}
