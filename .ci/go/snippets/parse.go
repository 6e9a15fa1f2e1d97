package main

import (
	"errors"
	"fmt"
	"strings"
)

const fence = "```"

type snippet struct {
	kind string // a key of kinds
	text string
	line int // where the block begins, counted from 1
}

// parse finds the blocks that a comment marks.
func parse(document string) ([]snippet, error) {
	var snippets []snippet
	lines := strings.Split(document, "\n")
	for i, line := range lines {
		kind, marked := marker(line)
		if !marked {
			continue
		}
		if kinds[kind] == nil {
			return nil, fmt.Errorf("line %d: nobody knows what ci:%s is", i+1, kind)
		}
		text, ok := block(lines[i+1:])
		if !ok {
			return nil, fmt.Errorf("line %d: a code block must follow ci:%s", i+1, kind)
		}
		snippets = append(snippets, snippet{kind, text, i + 2})
	}
	if len(snippets) == 0 {
		return nil, errors.New("no block is marked to be run")
	}
	return snippets, nil
}

func marker(line string) (kind string, ok bool) {
	kind, ok = strings.CutPrefix(strings.TrimSpace(line), "<!-- ci:")
	if !ok {
		return "", false
	}
	return strings.CutSuffix(kind, " -->")
}

// block is what stands between the fences at the start of lines.
func block(lines []string) (text string, ok bool) {
	if len(lines) == 0 || !strings.HasPrefix(lines[0], fence) {
		return "", false
	}
	for i, line := range lines[1:] {
		if line == fence {
			return strings.Join(lines[1:i+1], "\n") + "\n", true
		}
	}
	return "", false
}
