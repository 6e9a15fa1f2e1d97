package web_test

import (
	"fmt"
	"maps"
	"math"
	"math/rand/v2"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"chatgate/gateway/web"
)

// luminances are the relative luminances of the stylesheets' colours, by their names.
type luminances map[string]float64

// B-27: text has a contrast of 4.5:1 and outlines 3:1 (WCAG 2.2, success criteria 1.4.3 and 1.4.11), by day and night.
func TestContrast(t *testing.T) {
	checkContrast(t, "our colours", ourColours(t))
}

// B-27: that holds for whatever colour an operator likes.
func TestContrastOfEveryAccent(t *testing.T) {
	accents := []web.Colour{"#000000", "#ffffff", "#ff0000", "#00ff00", "#0000ff", "#ffff00", "#7f7f7f", "#f3f5f8", "#1B212B"}
	random := rand.New(rand.NewPCG(1, 2))
	for range 2000 {
		accents = append(accents, web.Colour(fmt.Sprintf("#%06x", random.IntN(1<<24))))
	}
	ours := ourColours(t)
	for _, accent := range accents {
		css, err := web.ThemeStyles(accent)
		if err != nil {
			t.Fatal(err)
		}
		theirs := colours(t, string(css))
		for scheme, all := range theirs {
			merged := maps.Clone(ours[scheme])
			maps.Copy(merged, all)
			theirs[scheme] = merged
		}
		checkContrast(t, string(accent), theirs)
	}
}

// An accent that can be read is left as it is: the operator's colour is theirs to choose.
func TestAReadableAccentIsKept(t *testing.T) {
	p := newPages(t, web.Config{Colour: "#00695C"})
	css := fetch(t, p, http.MethodGet, assetPath(t, p, "theme.css")).Body.String()
	if !strings.HasPrefix(css, ":root { --accent: #00695c; ") {
		t.Errorf("theme.css = %s, want the accent as it was given by day", css)
	}
	if strings.Count(css, "--accent: #00695c;") != 1 {
		t.Errorf("theme.css = %s, want a lighter one at night, where it could not be read", css)
	}
}

func checkContrast(t *testing.T, what string, schemes map[string]luminances) {
	t.Helper()
	pairs := []struct {
		front, back string
		want        float64
	}{
		{"text", "card", 4.5}, {"text", "page", 4.5}, {"quiet", "card", 4.5}, {"quiet", "page", 4.5},
		{"accent", "card", 4.5}, {"accent-strong", "card", 4.5}, {"danger", "card", 4.5}, {"on-notice", "notice", 4.5},
		{"on-accent", "accent", 4.5}, {"on-accent", "accent-strong", 4.5}, {"outline", "card", 3}, {"accent", "page", 3},
	}
	for scheme, colours := range schemes {
		for _, pair := range pairs {
			front, back := colours[pair.front], colours[pair.back]
			if got := (math.Max(front, back) + 0.05) / (math.Min(front, back) + 0.05); got < pair.want {
				t.Errorf("%s, %s: --%s on --%s has a contrast of %.2f, want %.1f", what, scheme, pair.front, pair.back, got, pair.want)
			}
		}
	}
}

// ourColours reads the embedded stylesheet.
func ourColours(t *testing.T) map[string]luminances {
	t.Helper()
	text, err := os.ReadFile(filepath.Join("asset", "chatgate.css"))
	if err != nil {
		t.Fatal(err)
	}
	head, _, _ := strings.Cut(string(text), "*, ::before")
	schemes := colours(t, head)
	for scheme, all := range schemes {
		if len(all) < 10 {
			t.Fatalf("found %d colours of the %s, want all of them", len(all), scheme)
		}
	}
	return schemes
}

var colour = regexp.MustCompile(`--([a-z-]+): #([0-9a-f]{2})([0-9a-f]{2})([0-9a-f]{2});`)

// colours reads the custom properties of a stylesheet, by day and by night.
func colours(t *testing.T, css string) map[string]luminances {
	t.Helper()
	day, night, ok := strings.Cut(css, "prefers-color-scheme: dark")
	if !ok {
		t.Fatalf("the stylesheet has no dark colours: %s", css)
	}
	schemes := map[string]luminances{"day": {}, "night": {}}
	for scheme, part := range map[string]string{"day": day, "night": night} {
		for _, m := range colour.FindAllStringSubmatch(part, -1) {
			schemes[scheme][m[1]] = 0.2126*linear(t, m[2]) + 0.7152*linear(t, m[3]) + 0.0722*linear(t, m[4])
		}
	}
	return schemes
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
