package audit

import (
	"log/slog"
	"strings"
	"unicode"
)

// longest is the most a value may hold, in characters; a subject has at most 255 (OpenID Connect Core 1.0, Section 2).
const longest = 256

// Clean makes text from elsewhere fit to be kept and to stand in a line: without what could forge, break or disguise one,
// which are control characters, line and paragraph separators, and format characters such as those that reverse the reading
// direction (S135, CVE-2020-36567). It replaces what is not UTF-8, and cuts after so many characters.
func Clean(text string, most int) string {
	var b strings.Builder
	n := 0
	for _, r := range text { // bytes that are not UTF-8 arrive as U+FFFD
		if unicode.In(r, unicode.C, unicode.Zl, unicode.Zp) {
			continue
		}
		if n++; n > most {
			b.WriteString("…")
			break
		}
		b.WriteRune(r)
	}
	return b.String()
}

func clean(text string) string { return Clean(text, longest) }

func cleanAttr(a slog.Attr) slog.Attr {
	v := a.Value.Resolve()
	switch v.Kind() {
	case slog.KindBool, slog.KindDuration, slog.KindFloat64, slog.KindInt64, slog.KindTime, slog.KindUint64:
		return slog.Attr{Key: a.Key, Value: v}
	default:
		return slog.String(a.Key, clean(v.String()))
	}
}
