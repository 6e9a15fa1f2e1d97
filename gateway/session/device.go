package session

import "strings"

// maxUserAgent bounds, in bytes, what is read of a header that anybody can send.
const maxUserAgent = 512

// sign is a piece of a User-Agent header, in lower case, and the word that it stands for.
type sign struct{ piece, word string }

// browserSigns are looked for in this order: most browsers also say that they are Chrome and Safari.
var browserSigns = []sign{
	{"rocket.chat", "Rocket.Chat app"}, {"rc mobile", "Rocket.Chat app"},
	{"electron/", "Electron"},
	{"edg/", "Edge"}, {"edga/", "Edge"}, {"edgios/", "Edge"}, {"edge/", "Edge"},
	{"opr/", "Opera"}, {"opera/", "Opera"}, {"opt/", "Opera"},
	{"samsungbrowser/", "Samsung Internet"},
	{"firefox/", "Firefox"}, {"fxios/", "Firefox"},
	{"chrome/", "Chrome"}, {"crios/", "Chrome"}, {"chromium/", "Chrome"},
	{"safari/", "Safari"},
}

// systemSigns are looked for in this order: an iPhone says that it is like a Mac, and Android that it is Linux.
var systemSigns = []sign{
	{"iphone", "iOS"}, {"ipad", "iOS"}, {"ipod", "iOS"}, {"; ios ", "iOS"},
	{"windows", "Windows"},
	{"android", "Android"},
	{"cros ", "ChromeOS"},
	{"macintosh", "macOS"}, {"mac os x", "macOS"},
	{"linux", "Linux"}, {"x11", "Linux"},
}

// deviceOf says in plain words what a User-Agent header claims to be, so that people know their own sessions again. The
// words are from a closed set, and empty where the header says nothing that we know: what somebody made up reaches no
// page. It is a claim and decides nothing.
func deviceOf(userAgent string) (browser, system string) {
	said := strings.ToLower(userAgent[:min(maxUserAgent, len(userAgent))])
	return wordFor(browserSigns, said), wordFor(systemSigns, said)
}

func wordFor(signs []sign, said string) string {
	for _, m := range signs {
		if strings.Contains(said, m.piece) {
			return m.word
		}
	}
	return ""
}
