package audit

import (
	"log/slog"
	"strings"
	"unicode"
)

// longest is the most a value may hold, in characters; a subject has at most 255 (OpenID Connect Core 1.0, Section 2).
const longest = 256

// clean removes what could forge, break or disguise a line: control characters, line and paragraph separators, and
// format characters such as those that reverse the reading direction (S135, CVE-2020-36567). It replaces what is not
// UTF-8 and cuts what is too long.
func clean(s string) string {
	var b strings.Builder
	n := 0
	for _, r := range s { // bytes that are not UTF-8 arrive as U+FFFD
		if unicode.In(r, unicode.C, unicode.Zl, unicode.Zp) {
			continue
		}
		if n++; n > longest {
			b.WriteString("…")
			break
		}
		b.WriteRune(r)
	}
	return b.String()
}

func cleanAttr(a slog.Attr) slog.Attr {
	v := a.Value.Resolve()
	switch v.Kind() {
	case slog.KindBool, slog.KindDuration, slog.KindFloat64, slog.KindInt64, slog.KindTime, slog.KindUint64:
		return slog.Attr{Key: a.Key, Value: v}
	default:
		return slog.String(a.Key, clean(v.String()))
	}
}
