package web_test

import (
	"math"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"
)

// B-27: text has a contrast of 4.5:1 and outlines 3:1 (WCAG 2.2, success criteria 1.4.3 and 1.4.11), by day and night.
func TestContrast(t *testing.T) {
	text, err := os.ReadFile(filepath.Join("asset", "chatgate.css"))
	if err != nil {
		t.Fatal(err)
	}
	light, dark, ok := strings.Cut(string(text), "prefers-color-scheme: dark")
	if !ok {
		t.Fatal("the stylesheet has no dark colours")
	}
	dark, _, _ = strings.Cut(dark, "*, ::before")
	pairs := []struct {
		front, back string
		want        float64
	}{
		{"text", "card", 4.5}, {"text", "page", 4.5}, {"quiet", "card", 4.5}, {"quiet", "page", 4.5},
		{"accent", "card", 4.5}, {"accent-strong", "card", 4.5}, {"danger", "card", 4.5}, {"on-notice", "notice", 4.5},
		{"on-accent", "accent", 4.5}, {"on-accent", "accent-strong", 4.5}, {"outline", "card", 3}, {"accent", "page", 3},
	}
	for scheme, colours := range map[string]map[string]float64{"light": luminances(t, light), "dark": luminances(t, dark)} {
		for _, pair := range pairs {
			front, back := colours[pair.front], colours[pair.back]
			if got := (math.Max(front, back) + 0.05) / (math.Min(front, back) + 0.05); got < pair.want {
				t.Errorf("%s: --%s on --%s has a contrast of %.2f, want %.1f", scheme, pair.front, pair.back, got, pair.want)
			}
		}
	}
}

var colour = regexp.MustCompile(`--([a-z-]+): #([0-9a-f]{2})([0-9a-f]{2})([0-9a-f]{2});`)

// luminances reads the custom properties of a piece of the stylesheet as relative luminances.
func luminances(t *testing.T, css string) map[string]float64 {
	t.Helper()
	all := map[string]float64{}
	for _, m := range colour.FindAllStringSubmatch(css, -1) {
		all[m[1]] = 0.2126*linear(t, m[2]) + 0.7152*linear(t, m[3]) + 0.0722*linear(t, m[4])
	}
	if len(all) < 10 {
		t.Fatalf("found %d colours, want all of them", len(all))
	}
	return all
}

func linear(t *testing.T, hex string) float64 {
	t.Helper()
	n, err := strconv.ParseUint(hex, 16, 8)
	if err != nil {
		t.Fatal(err)
	}
	v := float64(n) / 255
	if v <= 0.04045 {
		return v / 12.92
	}
	return math.Pow((v+0.055)/1.055, 2.4)
}
