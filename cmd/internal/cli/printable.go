package cli

import (
	"strings"
	"unicode"
)

// printable is text from elsewhere, such as Rocket.Chat, fit to stand in a line on a terminal: without control characters,
// line separators, and marks that change the direction of reading. Those could move the cursor, forge a line or hide one
// (S135).
func printable(text string) string {
	return strings.Map(func(r rune) rune {
		if !unicode.IsPrint(r) {
			return -1
		}
		return r
	}, text)
}

// printableLines is printable for our own text of several lines, which quotes others.
func printableLines(text string) string {
	lines := strings.Split(text, "\n")
	for i, line := range lines {
		lines[i] = printable(line)
	}
	return strings.Join(lines, "\n")
}
