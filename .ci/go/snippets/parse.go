package main

import (
	"fmt"
	"slices"
	"strings"
)

const fence = "```"

type snippet struct {
	kind string   // a key of kinds
	args []string // what the mark says beside the kind
	text string
	line int // where the block begins, counted from 1
}

// typed are the languages of blocks that a reader types or copies, so that they must be marked.
var typed = []string{"sh", "bash", "console", "yaml", "yml"}

// parse finds the blocks that a comment marks, and refuses those that nothing marks and a reader would type.
func parse(document string) ([]snippet, error) {
	var snippets []snippet
	lines := strings.Split(document, "\n")
	for i := 0; i < len(lines); i++ {
		if !isFence(lines[i]) {
			if _, _, marked := marker(lines[i]); marked && (i+1 == len(lines) || !isFence(lines[i+1])) {
				return nil, fmt.Errorf("line %d: a code block must follow the mark", i+1)
			}
			continue
		}
		text, ok := block(lines[i:])
		if !ok {
			return nil, fmt.Errorf("line %d: the block has no end", i+1)
		}
		var before string
		if i > 0 {
			before = lines[i-1]
		}
		kind, args, marked := marker(before)
		switch language := strings.TrimPrefix(strings.TrimSpace(lines[i]), fence); {
		case marked && kinds[kind] == nil:
			return nil, fmt.Errorf("line %d: nobody knows what ci:%s is", i, kind)
		case marked:
			snippets = append(snippets, snippet{kind, args, text, i + 1})
		case slices.Contains(typed, language):
			return nil, fmt.Errorf("line %d: nothing says how this block is tried: mark it", i+1)
		}
		i += strings.Count(text, "\n") + 1
	}
	return snippets, nil
}

func isFence(line string) bool { return strings.HasPrefix(strings.TrimSpace(line), fence) }

func marker(line string) (kind string, args []string, ok bool) {
	inner, ok := strings.CutPrefix(strings.TrimSpace(line), "<!-- ci:")
	if !ok {
		return "", nil, false
	}
	inner, ok = strings.CutSuffix(inner, "-->")
	words := strings.Fields(inner)
	if !ok || len(words) == 0 {
		return "", nil, false
	}
	return words[0], words[1:], true
}

// block is what stands between two fences, without the indentation that it shares with the first.
func block(lines []string) (text string, ok bool) {
	indentation, _, _ := strings.Cut(lines[0], fence)
	var out strings.Builder
	for _, line := range lines[1:] {
		line = strings.TrimPrefix(line, indentation)
		if line == fence {
			return out.String(), true
		}
		out.WriteString(line + "\n")
	}
	return "", false
}
