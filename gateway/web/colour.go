package web

import (
	"encoding/hex"
	"fmt"
	"math"
	"strings"
)

// Colour is a colour of sRGB as a stylesheet writes it, #rrggbb.
type Colour string

// UnmarshalText takes this one spelling.
func (c *Colour) UnmarshalText(text []byte) error {
	if _, err := parseColour(Colour(text)); err != nil {
		return err
	}
	*c = Colour(text)
	return nil
}

// What chatgate.css puts behind links and buttons.
var (
	dayGrounds   = []rgb{{0xff, 0xff, 0xff}, {0xf3, 0xf5, 0xf8}} // --card and --page
	nightGrounds = []rgb{{0x1b, 0x21, 0x2b}, {0x12, 0x16, 0x1d}}
)

// textContrast is what text needs against what is behind it (WCAG 2.2, success criterion 1.4.3). Outlines need 3, which
// is less.
const textContrast = 4.5

// themeStyles lays an accent over that of chatgate.css. Links are written in it and buttons are filled with it, so it
// goes towards black by day and towards white by night until it can be read. Then a button's text, which has the colour
// of the ground, can be read too.
func themeStyles(accent rgb) []byte {
	day := readable(accent, black, dayGrounds)
	night := readable(accent, white, nightGrounds)
	return fmt.Appendf(nil, `:root { --accent: %s; --accent-strong: %s; --on-accent: %s; }
@media (prefers-color-scheme: dark) {
  :root { --accent: %s; --accent-strong: %s; --on-accent: %s; }
}
`, day, day.mix(black, 0.2), white, night, night.mix(white, 0.35), nightGrounds[1])
}

// readable goes from c towards end in steps of a hundredth until c can be read on every ground. The grounds are so
// light or so dark that end itself can.
func readable(c, end rgb, grounds []rgb) rgb {
	for step := range 100 {
		mixed := c.mix(end, float64(step)/100)
		if mixed.readableOn(grounds) {
			return mixed
		}
	}
	return end
}

type rgb [3]uint8

var black, white = rgb{}, rgb{255, 255, 255}

func parseColour(c Colour) (rgb, error) {
	digits, ok := strings.CutPrefix(string(c), "#")
	channels, err := hex.DecodeString(digits)
	if !ok || err != nil || len(channels) != len(rgb{}) {
		return rgb{}, fmt.Errorf("must be a colour such as #2459b3, got %q", c)
	}
	return rgb(channels), nil
}

func (c rgb) String() string { return fmt.Sprintf("#%02x%02x%02x", c[0], c[1], c[2]) }

// mix is the colour that lies the given share, from 0 to 1, of the way to other.
func (c rgb) mix(other rgb, share float64) (mixed rgb) {
	for i := range c {
		mixed[i] = uint8(math.Round(float64(c[i])*(1-share) + float64(other[i])*share))
	}
	return mixed
}

func (c rgb) readableOn(grounds []rgb) bool {
	for _, ground := range grounds {
		if contrast(c, ground) < textContrast {
			return false
		}
	}
	return true
}

// contrast is the contrast ratio of WCAG 2.2, from 1 to 21.
func contrast(a, b rgb) float64 {
	la, lb := a.luminance(), b.luminance()
	return (max(la, lb) + 0.05) / (min(la, lb) + 0.05)
}

// luminance is the relative luminance of WCAG 2.2, from 0 to 1.
func (c rgb) luminance() float64 {
	return 0.2126*linear(c[0]) + 0.7152*linear(c[1]) + 0.0722*linear(c[2])
}

func linear(channel uint8) float64 {
	v := float64(channel) / 255
	if v <= 0.04045 {
		return v / 12.92
	}
	return math.Pow((v+0.055)/1.055, 2.4)
}
