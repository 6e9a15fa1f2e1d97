package web_test

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

var (
	// physical are properties and values that stay where they are when a language is written from the right.
	physical = regexp.MustCompile(`(?:^|[\s;{])((?:margin|padding|border)-(?:left|right)|left|right|float|clear)\s*:|text-align:\s*(?:left|right)`)
	// fixed are lengths that make a page wider than a phone of 320 px: the card's own is min(100%, …).
	fixed  = regexp.MustCompile(`(?:^|[\s;{])(?:min-)?(?:inline-size|width):\s*(?:[0-9]{3,}px|[2-9][0-9](?:\.[0-9]+)?r?em)`)
	moving = regexp.MustCompile(`(?:animation|transition):\s+[^n\s;]`)
)

// B-27: one stylesheet serves both directions, the smallest phone, and readers whom movement makes ill.
func TestTheStylesheetFitsEveryReader(t *testing.T) {
	text, err := os.ReadFile(filepath.Join("asset", "chatgate.css"))
	if err != nil {
		t.Fatal(err)
	}
	css := string(text)
	if m := physical.FindString(css); m != "" {
		t.Errorf("the stylesheet has %q, want the logical property", m)
	}
	if m := fixed.FindString(css); m != "" {
		t.Errorf("the stylesheet has %q, which is wider than 320 px", m)
	}
	_, still, _ := strings.Cut(css, "@media (prefers-reduced-motion: reduce) {")
	still, _, _ = strings.Cut(still, "\n}")
	if moves, stills := len(moving.FindAllString(css, -1)), strings.Count(still, "none"); moves == 0 || stills != moves {
		t.Errorf("%d things move and %d of them stand still for whoever asks for it, want all", moves, stills)
	}
}
