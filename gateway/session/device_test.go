package session

import (
	"slices"
	"strings"
	"testing"
)

func TestDeviceOf(t *testing.T) {
	for _, c := range []struct{ name, userAgent, browser, system string }{
		{"Firefox on Windows",
			"Mozilla/5.0 (Windows NT 10.0; Win64; x64; rv:128.0) Gecko/20100101 Firefox/128.0",
			"Firefox", "Windows"},
		{"Firefox on Linux",
			"Mozilla/5.0 (X11; Linux x86_64; rv:128.0) Gecko/20100101 Firefox/128.0",
			"Firefox", "Linux"},
		{"Firefox on an iPhone",
			"Mozilla/5.0 (iPhone; CPU iPhone OS 17_4 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) FxiOS/128.0 Mobile/15E148 Safari/605.1.15",
			"Firefox", "iOS"},
		{"Chrome on macOS",
			"Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/126.0.0.0 Safari/537.36",
			"Chrome", "macOS"},
		{"Chrome on Android",
			"Mozilla/5.0 (Linux; Android 10; K) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/126.0.0.0 Mobile Safari/537.36",
			"Chrome", "Android"},
		{"Chrome on an iPad",
			"Mozilla/5.0 (iPad; CPU OS 17_4 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) CriOS/126.0 Mobile/15E148 Safari/604.1",
			"Chrome", "iOS"},
		{"Chrome on a Chromebook",
			"Mozilla/5.0 (X11; CrOS x86_64 14541.0.0) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/126.0.0.0 Safari/537.36",
			"Chrome", "ChromeOS"},
		{"Edge says that it is Chrome too",
			"Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/126.0.0.0 Safari/537.36 Edg/126.0.0.0",
			"Edge", "Windows"},
		{"Edge on Android",
			"Mozilla/5.0 (Linux; Android 10; HD1913) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/126.0 Mobile Safari/537.36 EdgA/126.0",
			"Edge", "Android"},
		{"Safari on macOS",
			"Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/17.4 Safari/605.1.15",
			"Safari", "macOS"},
		{"Opera",
			"Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/126.0.0.0 Safari/537.36 OPR/112.0.0.0",
			"Opera", "Linux"},
		{"Samsung Internet",
			"Mozilla/5.0 (Linux; Android 10; K) AppleWebKit/537.36 (KHTML, like Gecko) SamsungBrowser/25.0 Chrome/121.0 Mobile Safari/537.36",
			"Samsung Internet", "Android"},
		{"the desktop app, which is made with Electron",
			"Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Rocket.Chat/4.1.0 Chrome/126.0 Electron/31.0 Safari/537.36",
			"Rocket.Chat app", "Windows"},
		{"the mobile app", "RC Mobile; ios 17.4; v4.50.0 (57100)", "Rocket.Chat app", "iOS"},
		{"another Electron app",
			"Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/126.0 Electron/31.0 Safari/537.36",
			"Electron", "Linux"},
		{"a library", "Go-http-client/1.1", "", ""},
		{"no header", "", "", ""},
		{"markup", "<script>alert(1)</script>", "", ""},
		{"nothing is read behind the first 512 bytes", strings.Repeat("x", 512) + " (Windows NT 10.0) Firefox/128.0", "", ""},
		{"a letter cut in two by the end of what is read", strings.Repeat("x", 511) + "é Firefox/128.0", "", ""},
		{"bytes that are no text", "\xff\xfe\x00 Firefox/128.0 \xf0\x28", "Firefox", ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			if browser, system := deviceOf(c.userAgent); browser != c.browser || system != c.system {
				t.Errorf("deviceOf(%q) = %q, %q, want %q, %q", c.userAgent, browser, system, c.browser, c.system)
			}
		})
	}
}

func FuzzDeviceOf(f *testing.F) {
	f.Add("Mozilla/5.0 (Windows NT 10.0; Win64; x64; rv:128.0) Gecko/20100101 Firefox/128.0")
	f.Add("\xff\u202e<b>Chrome/1")
	known := func(signs []sign, word string) bool {
		return word == "" || slices.ContainsFunc(signs, func(m sign) bool { return m.word == word })
	}
	f.Fuzz(func(t *testing.T, userAgent string) {
		browser, system := deviceOf(userAgent)
		if !known(browserSigns, browser) || !known(systemSigns, system) {
			t.Errorf("deviceOf(%q) = %q, %q: words of its own", userAgent, browser, system)
		}
	})
}
