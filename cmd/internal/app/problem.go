package app

import (
	"cmp"
	"fmt"
	"slices"
	"strconv"
	"strings"
)

// maxProblems is how many mistakes one run reports; a file with more is easier to mend in rounds.
const maxProblems = 20

// Problem is one thing wrong with a configuration file.
type Problem struct {
	File   string // as given to Decode
	Line   int    // 1-based; 0 when the problem has no place in the file
	Column int    // 1-based, in characters; 0 when Line is
	Path   string // dotted key from the top, such as chats.rocketchat.url; empty for the file as a whole
	Text   string // a sentence that follows "Path: ", such as `must be a duration such as 8h, got "8 hours"`
}

// String renders the problem on one line the way compilers do, so that editors and terminals can jump to it.
func (p Problem) String() string {
	var b strings.Builder
	b.WriteString(p.File)
	if p.Line > 0 {
		fmt.Fprintf(&b, ":%d:%d", p.Line, p.Column)
	}
	if p.Path != "" {
		b.WriteString(": " + oneLine(p.Path))
	}
	b.WriteString(": " + oneLine(p.Text))
	return b.String()
}

// oneLine keeps a key or a message with control characters from forging lines of its own in the report.
func oneLine(s string) string {
	if !strings.ContainsFunc(s, func(r rune) bool { return r < ' ' || r == 0x7f }) {
		return s
	}
	quoted := strconv.Quote(s)
	return quoted[1 : len(quoted)-1]
}

// Errors is everything wrong with a configuration file, in the order of the file. Decode returns it.
type Errors []Problem

// Error prints one problem per line.
func (e Errors) Error() string {
	lines := make([]string, len(e))
	for i, p := range e {
		lines[i] = p.String()
	}
	return strings.Join(lines, "\n")
}

// ordered sorts problems by their place, and replaces those past maxProblems by a line that counts them.
func (e Errors) ordered() Errors {
	slices.SortStableFunc(e, func(a, b Problem) int {
		return cmp.Or(cmp.Compare(a.Line, b.Line), cmp.Compare(a.Column, b.Column))
	})
	if len(e) <= maxProblems {
		return e
	}
	rest := Problem{File: e[0].File, Text: fmt.Sprintf("and %d more problems", len(e)-maxProblems)}
	return append(e[:maxProblems:maxProblems], rest)
}

// position is a place in the source, both parts counted from 1.
type position struct{ line, column int }

// String is the position in a sentence.
func (p position) String() string { return fmt.Sprintf("at %d:%d", p.line, p.column) }

// join appends a relative key to a path: chats + rocketchat.url, or trustedProxies + [0].
func join(path, key string) string {
	if path == "" || key == "" || key[0] == '[' {
		return path + key
	}
	return path + "." + key
}

// indexed is the path of one element of a list.
func indexed(path string, i int) string { return path + "[" + strconv.Itoa(i) + "]" }

// withParents yields a path and then every path above it, nearest first, the whole file ("") last. Keys may contain
// dots, so some of the paths it yields do not exist; looking them up finds nothing.
func withParents(path string) func(yield func(string) bool) {
	return func(yield func(string) bool) {
		for path != "" {
			if !yield(path) {
				return
			}
			path = path[:max(strings.LastIndexAny(path, ".["), 0)]
		}
		yield("")
	}
}
