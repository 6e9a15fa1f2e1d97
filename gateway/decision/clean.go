package decision

import (
	"strings"

	"chatgate/gateway/audit"
)

const longestFact = 200 // characters

// clean makes text from elsewhere fit to stand in a record, and on a terminal (S135).
func clean(text string) string { return audit.Clean(text, longestFact) }

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
