package app

import (
	"fmt"
	"strings"
)

// suggestion ends a sentence about an unknown name: the known one it probably meant, otherwise all of them.
func suggestion(name string, known []string, noun string) string {
	if len(known) == 0 {
		return "there are no " + noun
	}
	if near, ok := nearest(name, known); ok {
		return fmt.Sprintf("did you mean %q?", near)
	}
	return fmt.Sprintf("the %s are %s", noun, strings.Join(known, ", "))
}

// nearest finds the known name that differs from name by the fewest edits, if one is near enough to be what was
// meant: a third of its letters may be wrong, and upper and lower case are the same letter.
func nearest(name string, known []string) (string, bool) {
	best, bestEdits := "", len(name)+1
	for _, candidate := range known {
		edits := distance(strings.ToLower(name), strings.ToLower(candidate))
		if edits < bestEdits && edits <= max(len(candidate)/3, 1) {
			best, bestEdits = candidate, edits
		}
	}
	return best, best != ""
}

// distance counts the insertions, deletions, substitutions and swaps of neighbours that turn a into b (optimal string
// alignment). Only the lengths of the texts bound the work, so texts of very different length are not compared.
func distance(a, b string) int {
	if diff := len(a) - len(b); diff > 8 || diff < -8 {
		return max(len(a), len(b))
	}
	before, last, row := make([]int, len(b)+1), make([]int, len(b)+1), make([]int, len(b)+1)
	for j := range last {
		last[j] = j
	}
	for i := 1; i <= len(a); i++ {
		row[0] = i
		for j := 1; j <= len(b); j++ {
			row[j] = min(last[j]+1, row[j-1]+1, last[j-1]+differs(a[i-1], b[j-1]))
			if i > 1 && j > 1 && a[i-1] == b[j-2] && a[i-2] == b[j-1] {
				row[j] = min(row[j], before[j-2]+1)
			}
		}
		before, last, row = last, row, before
	}
	return last[len(b)]
}

func differs(a, b byte) int {
	if a == b {
		return 0
	}
	return 1
}
