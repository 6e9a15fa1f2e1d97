package app

import (
	"bytes"
	"fmt"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/goccy/go-yaml/ast"
	"github.com/goccy/go-yaml/lexer"
	"github.com/goccy/go-yaml/parser"
	"github.com/goccy/go-yaml/token"
)

const (
	maxSource = 1 << 20 // bytes of one configuration file
	maxTokens = 30_000  // keys, values and punctuation marks; the YAML parser takes time quadratic in them
	maxDepth  = 32      // levels of maps and lists; the YAML parser recurses into them
)

// sourceError is why a text is no configuration at all. Nothing can be bound, so it is the only problem reported.
type sourceError struct {
	at   position
	text string
}

func (e *sourceError) Error() string { return e.text }

// parseSource reads one YAML document into nodes. An empty document is an empty map.
func parseSource(source []byte) (root *node, err error) {
	if err := checkBytes(source); err != nil {
		return nil, err
	}
	// The parser is known to index past its tokens on some malformed texts. A file must not be able to stop a
	// gateway that reloads its configuration, so that counts as a syntax error too.
	defer func() {
		if recover() != nil {
			root, err = nil, &sourceError{at: position{1, 1}, text: "is not valid YAML"}
		}
	}()
	text := string(bytes.TrimPrefix(source, []byte("\ufeff")))
	tokens := lexer.Tokenize(text)
	if err := checkTokens(tokens); err != nil {
		return nil, err
	}
	// Duplicate keys are found while binding, where all of them can be told with their path.
	file, err := parser.Parse(tokens, 0, parser.AllowDuplicateMapKey())
	if err != nil {
		return nil, syntaxProblem(err, text)
	}
	return document(file)
}

// checkBytes refuses what no text editor writes, before anything looks for structure in it.
func checkBytes(source []byte) error {
	if len(source) > maxSource {
		return &sourceError{text: fmt.Sprintf("is larger than %d KiB; is this the configuration file?", maxSource>>10)}
	}
	at := position{1, 1}
	for rest := source; len(rest) > 0; {
		r, size := utf8.DecodeRune(rest)
		switch {
		case r == utf8.RuneError && size == 1:
			return &sourceError{at: at, text: "is not UTF-8 text"}
		case r < ' ' && r != '\t' && r != '\n' && r != '\r':
			return &sourceError{at: at, text: fmt.Sprintf("holds the control character %U", r)}
		case r == '\n':
			at = position{at.line + 1, 1}
		default:
			at.column++
		}
		rest = rest[size:]
	}
	return nil
}

// unsupported says what to do about the parts of YAML that a configuration does not need. Without anchors and aliases
// a small file cannot stand for a huge one, and every value has one place to point at.
var unsupported = map[token.Type]string{
	token.AnchorType:     "a value that starts with & is an anchor in YAML, which is not supported: quote the value, or drop the anchor",
	token.AliasType:      "a value that starts with * is an alias in YAML, which is not supported: quote the value, or write it out",
	token.MergeKeyType:   "merge keys (<<) are not supported: write the keys out",
	token.TagType:        "a value that starts with ! is a tag in YAML, which is not supported: quote the value, or drop the tag",
	token.MappingKeyType: "a key that starts with ? is not supported: write key: value",
	token.DirectiveType:  "a line that starts with % is a directive in YAML, which is not supported: remove it",
}

// colonInValue is said of {username: ada password: x}, which the parser takes for one long user name.
const colonInValue = "is not valid YAML: a value that holds a colon and a space needs quotes; " +
	"or is a comma or a line end missing before the next key?"

// checkTokens refuses unsupported parts of YAML, what the parser is too lenient about, and what would keep it busy for
// long.
func checkTokens(tokens token.Tokens) error {
	if len(tokens) > maxTokens {
		return &sourceError{text: "holds too many keys and values; is this the configuration file?"}
	}
	var depth nesting
	for i, t := range tokens {
		text := unsupported[t.Type]
		switch {
		case text != "":
		case t.Type == token.StringType && strings.Contains(t.Value, ": ") && !startsBlock(tokens[:i]):
			text = colonInValue
		case depth.after(t) > maxDepth:
			text = fmt.Sprintf("is nested more than %d levels deep", maxDepth)
		default:
			continue
		}
		return &sourceError{at: positionOf(t), text: text}
	}
	return nil
}

// startsBlock reports whether the last of the tokens, comments aside, starts a block of text (| or >).
func startsBlock(tokens token.Tokens) bool {
	for _, t := range slices.Backward(tokens) {
		if t.Type != token.CommentType {
			return t.Type == token.LiteralType || t.Type == token.FoldedType
		}
	}
	return false
}

// nesting bounds from above how deeply tokens nest: by indentation, and by brackets within it.
type nesting struct {
	columns  []int // strictly increasing starts of the blocks that the current token may be inside
	brackets int
}

func (n *nesting) after(t *token.Token) int {
	switch t.Type {
	case token.SequenceStartType, token.MappingStartType:
		n.brackets++
	case token.SequenceEndType, token.MappingEndType:
		n.brackets = max(n.brackets-1, 0)
	}
	if n.brackets == 0 {
		column := t.Position.Column
		for len(n.columns) > 0 && n.columns[len(n.columns)-1] >= column {
			n.columns = n.columns[:len(n.columns)-1]
		}
		n.columns = append(n.columns, column)
	}
	return len(n.columns) + n.brackets
}

// document takes the one document out of a file.
func document(file *ast.File) (*node, error) {
	root := &node{kind: kindMap, at: position{1, 1}}
	for i, doc := range file.Docs {
		if i > 0 {
			return nil, &sourceError{
				at:   positionOf(doc.Start),
				text: "a second document starts here (---); a configuration file holds one",
			}
		}
		if doc.Body != nil {
			root = newNode(doc.Body)
		}
	}
	return root, nil
}

func positionOf(t *token.Token) position {
	if t == nil || t.Position == nil {
		return position{1, 1}
	}
	return position{t.Position.Line, t.Position.Column}
}
