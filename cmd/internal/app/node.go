package app

import (
	"fmt"
	"strconv"
	"strings"

	"github.com/goccy/go-yaml/ast"
	"github.com/goccy/go-yaml/token"
)

// node is a value as the file has it, before it is given a Go type.
type node struct {
	kind    nodeKind
	at      position
	text    string  // of a scalar: unquoted, not yet expanded
	entries []entry // of a map, in file order, duplicates included
	items   []*node // of a list
}

// entry is one key of a map. A null key has no name.
type entry struct {
	name  string
	at    position
	value *node
}

type nodeKind int

const (
	kindNull nodeKind = iota
	kindText
	kindNumber
	kindBool
	kindList
	kindMap
)

// newNode copies the parser's tree into ours, which has one shape for each kind and a place for every value.
func newNode(n ast.Node) *node {
	out := &node{at: positionOf(n.GetToken())}
	switch n := n.(type) {
	case *ast.MappingNode:
		out.kind = kindMap
		for _, v := range n.Values {
			out.entries = append(out.entries, newEntry(v))
		}
	case *ast.MappingValueNode:
		out.kind, out.entries = kindMap, []entry{newEntry(n)}
	case *ast.SequenceNode:
		out.kind = kindList
		for _, v := range n.Values {
			out.items = append(out.items, newNode(v))
		}
	case *ast.StringNode:
		out.kind, out.text = kindText, n.Value
	case *ast.LiteralNode:
		out.kind, out.text = kindText, n.Value.Value
	case *ast.IntegerNode, *ast.FloatNode, *ast.InfinityNode, *ast.NanNode:
		out.kind, out.text = kindNumber, n.GetToken().Value
	case *ast.BoolNode:
		out.kind, out.text = kindBool, strconv.FormatBool(n.Value)
	}
	return out
}

// newEntry names a key by its text as written, so that 2026: and "2026": are the same key.
func newEntry(v *ast.MappingValueNode) entry {
	t := v.Key.GetToken()
	e := entry{at: positionOf(t), value: &node{at: positionOf(t)}}
	if t.Type != token.NullType {
		e.name = t.Value
	}
	if v.Value != nil {
		e.value = newNode(v.Value)
	}
	e.value.at = e.at // a value is looked for at its key
	return e
}

// describe says what a value is in half a sentence. What may be a secret is told by its kind alone.
func (n *node) describe(secret bool) string {
	const longest = 80
	text := n.text
	if len(text) > longest {
		text = strings.ToValidUTF8(text[:longest], "") + "…"
	}
	switch {
	case n.kind == kindList:
		return "a list"
	case n.kind == kindMap:
		return "a map"
	case n.kind == kindNull:
		return "nothing"
	case n.kind == kindText && secret:
		return "a text"
	case n.kind == kindText:
		return fmt.Sprintf("%q", text)
	case n.kind == kindNumber && secret:
		return "a number"
	default:
		return text
	}
}
