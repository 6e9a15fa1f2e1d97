package rocketchat

import (
	"encoding/json"
	"testing"
)

// TestValuesOfASettingAreCompared: what is written otherwise is the same, and a text is never a boolean.
func TestValuesOfASettingAreCompared(t *testing.T) {
	for _, tt := range []struct {
		name, a, b string
		want       bool
	}{
		{"the same text", `"x"`, `"x"`, true},
		{"a letter that one of them escapes", `"https://x/?a&b"`, `"https://x/?a\u0026b"`, true},
		{"spaces around", ` true `, `true`, true},
		{"another boolean", `true`, `false`, false},
		{"a boolean in quotes", `"true"`, `true`, false},
		{"a number in quotes", `"90"`, `90`, false},
		{"one that was not told", ``, `""`, false},
	} {
		if got := sameValue(json.RawMessage(tt.a), json.RawMessage(tt.b)); got != tt.want {
			t.Errorf("%s: sameValue(%s, %s) = %v, want %v", tt.name, tt.a, tt.b, got, tt.want)
		}
	}
}
