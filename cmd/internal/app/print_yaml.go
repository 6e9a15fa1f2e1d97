package app

import (
	"bytes"
	"encoding/json"
	"io"
	"regexp"
	"strings"
)

// writeYAML writes a tree of nodes as block YAML, two spaces a level; short forms are kept for what is empty.
func writeYAML(w io.Writer, root *node) error {
	var b bytes.Buffer
	if len(root.entries) == 0 {
		b.WriteString("{}\n")
	}
	writeEntries(&b, root, "")
	_, err := w.Write(b.Bytes())
	return err
}

func writeEntries(b *bytes.Buffer, n *node, indent string) {
	for _, e := range n.entries {
		b.WriteString(indent + scalarYAML(&node{kind: kindText, text: e.name}) + ":")
		writeValue(b, e.value, indent)
	}
}

// writeValue writes what follows a colon, to the end of the line or in the lines below it.
func writeValue(b *bytes.Buffer, n *node, indent string) {
	switch {
	case len(n.entries) > 0:
		b.WriteString("\n")
		writeEntries(b, n, indent+"  ")
	case len(n.items) > 0:
		b.WriteString("\n")
		for _, item := range n.items {
			b.WriteString(indent + "  -")
			writeItem(b, item, indent+"    ")
		}
	default:
		b.WriteString(" " + scalarYAML(n) + "\n")
	}
}

// writeItem writes what follows a list's dash. A map's first key stands beside it.
func writeItem(b *bytes.Buffer, n *node, indent string) {
	if len(n.entries) == 0 {
		writeValue(b, n, strings.TrimSuffix(indent, "  "))
		return
	}
	var inner bytes.Buffer
	writeEntries(&inner, n, indent)
	b.WriteString(" " + strings.TrimPrefix(inner.String(), indent))
}

// plain is what needs no quotes: words, paths, URLs and durations that YAML cannot take for anything but text.
var plain = regexp.MustCompile(`^([A-Za-z/]([A-Za-z0-9_./:-]*[A-Za-z0-9_/-])?|([0-9]+(h|ms|m|s))+)$`)

// reserved are the words that some reader of YAML takes for true, false or null.
var reserved = map[string]bool{
	"true": true, "false": true, "yes": true, "no": true, "on": true, "off": true, "y": true, "n": true, "null": true,
}

// scalarYAML writes a scalar, or an empty map or list. Text in doubt is quoted as in JSON, which YAML includes.
func scalarYAML(n *node) string {
	switch n.kind {
	case kindMap:
		return "{}"
	case kindList:
		return "[]"
	case kindNull:
		return "null"
	case kindNumber, kindBool:
		return n.text
	}
	if plain.MatchString(n.text) && !reserved[strings.ToLower(n.text)] {
		return n.text
	}
	var b strings.Builder
	encoder := json.NewEncoder(&b)
	encoder.SetEscapeHTML(false)
	// A string always encodes, and a strings.Builder takes every write.
	_ = encoder.Encode(n.text)
	return strings.TrimSuffix(b.String(), "\n")
}
