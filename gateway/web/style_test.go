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

// stylesheets are ours: the shared one, and those of single pages.
func stylesheets(t *testing.T) map[string]string {
	t.Helper()
	found := map[string]string{}
	for _, pattern := range []string{"asset/*.css", "../page/*.css", "../*/page/*.css", "../handoff/web/*.css"} {
		names, err := filepath.Glob(filepath.FromSlash(pattern))
		if err != nil {
			t.Fatal(err)
		}
		for _, name := range names {
			text, err := os.ReadFile(name)
			if err != nil {
				t.Fatal(err)
			}
			found[filepath.Base(name)] = string(text)
		}
	}
	if len(found) < 4 {
		t.Fatalf("found %d stylesheets, want those of the account page, the chooser and the frame too", len(found))
	}
	return found
}

// B-27: the stylesheets serve both directions, the smallest phone, and readers whom movement makes ill.
func TestTheStylesheetFitsEveryReader(t *testing.T) {
	for name, css := range stylesheets(t) {
		if m := physical.FindString(css); m != "" {
			t.Errorf("%s has %q, want the logical property", name, m)
		}
		if m := fixed.FindString(css); m != "" {
			t.Errorf("%s has %q, which is wider than 320 px", name, m)
		}
		_, still, _ := strings.Cut(css, "@media (prefers-reduced-motion: reduce) {")
		still, _, _ = strings.Cut(still, "\n}")
		if moves, stills := len(moving.FindAllString(css, -1)), strings.Count(still, "none"); stills != moves {
			t.Errorf("%s: %d things move and %d of them stand still for whoever asks for it, want all", name, moves, stills)
		}
	}
}
