package app

import (
	"errors"
	"strings"

	"github.com/goccy/go-yaml"
)

// advice is added to the parser's own words where they alone would not help; the first message that fits counts.
var advice = []struct{ message, text string }{
	{"mapping value is not allowed in this context", "a value that holds a colon and a space needs quotes, and the keys of a map line up"},
	{"map key-value is pre-defined", "the value has ended before this; check quotes and indentation"},
	{"value is not allowed in this context", "check the indentation of this line"},
	{"non-map value is specified", "a key needs a colon and a space after it"},
	{"unexpected key name", "a key needs a colon and a space after it"},
	{"is a reserved character", "a value that starts with it needs quotes"},
	{"block sequence entries are not allowed in this context", "start the list on the line below its key"},
}

// syntaxProblem turns the parser's error into a place and a sentence. Some of its messages quote the text they are
// about, which may be a secret: they are cut where that begins.
func syntaxProblem(err error, source string) error {
	var syntax *yaml.SyntaxError
	if !errors.As(err, &syntax) {
		return &sourceError{at: position{1, 1}, text: "is not valid YAML"}
	}
	problem := &sourceError{at: position{1, 1}}
	if syntax.Token != nil {
		problem.at = positionOf(syntax.Token)
	}
	message, _, _ := strings.Cut(syntax.Message, `"`)
	problem.text = "is not valid YAML: " + strings.TrimRight(strings.ReplaceAll(message, "\t", `\t`), ": ")
	problem.text += hint(message, lineAt(source, problem.at.line), problem.at.column)
	return problem
}

// hint is what else to say about a syntax error, given the line it is in. A brace that belongs to a reference is met
// at its dollar or one character later.
func hint(message, line string, column int) string {
	runes := []rune(line)
	around := string(runes[min(max(column-2, 0), len(runes)):min(column+1, len(runes))])
	indent := line[:len(line)-len(strings.TrimLeft(line, " \t"))]
	switch {
	case strings.Contains(indent, "\t"):
		return "; indent with spaces, this line has a tab"
	case strings.Contains(around, "${"):
		return "; a reference inside { } or [ ] needs quotes, as in {secret: \"${env:NAME}\"}"
	}
	for _, a := range advice {
		if strings.Contains(message, a.message) {
			return "; " + a.text
		}
	}
	return ""
}

func lineAt(source string, line int) string {
	for ; line > 1; line-- {
		_, source, _ = strings.Cut(source, "\n")
	}
	first, _, _ := strings.Cut(source, "\n")
	return first
}
