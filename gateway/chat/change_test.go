package chat_test

import (
	"encoding/json"
	"errors"
	"testing"

	"chatgate/gateway/chat"
)

func TestChangesAreShownOnOneLineAndWithoutSecrets(t *testing.T) { // S135
	hostile := json.RawMessage("\"a\u009b2J\u202eb\"\n")
	for _, tt := range []struct {
		name   string
		change chat.Change
		want   string
	}{
		{"a hostile value", chat.Change{Setting: "s", Was: hostile, Set: json.RawMessage(`"c"`)}, `s: "a2Jb" -> "c"`},
		{"a value that was not told", chat.Change{Setting: "s", Set: json.RawMessage("true")}, "s: not told -> true"},
		{"a secret", chat.Change{Setting: "s", Was: json.RawMessage(`"old"`), Set: json.RawMessage(`"new"`), Secret: true}, "s: (a secret) -> (a secret)"},
		{"a first secret", chat.Change{Setting: "s", Was: json.RawMessage("null"), Set: json.RawMessage(`"new"`), Secret: true}, "s: null -> (a secret)"},
		{"a secret that was not told", chat.Change{Setting: "s", Set: json.RawMessage(`"new"`), Secret: true}, "s: not told -> (a secret)"},
	} {
		if got := tt.change.String(); got != tt.want {
			t.Errorf("%s: String() = %q, want %q", tt.name, got, tt.want)
		}
	}
}

func TestOnlyWhatWasSeenIsAgreedTo(t *testing.T) {
	seen := chat.Change{Setting: "s", Was: json.RawMessage("1"), Set: json.RawMessage("2")}
	for _, tt := range []struct {
		name string
		now  []chat.Change
		want error
	}{
		{"the same change", []chat.Change{seen}, nil},
		{"another setting", []chat.Change{{Setting: "r", Was: seen.Was, Set: seen.Set}}, chat.ErrPlanChanged},
		{"another value before", []chat.Change{{Setting: "s", Was: json.RawMessage("3"), Set: seen.Set}}, chat.ErrPlanChanged},
		{"another value to be", []chat.Change{{Setting: "s", Was: seen.Was, Set: json.RawMessage("3")}}, chat.ErrPlanChanged},
		{"a change more", []chat.Change{seen, {Setting: "r"}}, chat.ErrPlanChanged},
		{"no change left", nil, chat.ErrPlanChanged},
	} {
		if err := chat.Agreed([]chat.Change{seen}, tt.now); !errors.Is(err, tt.want) {
			t.Errorf("%s: Agreed() = %v, want %v", tt.name, err, tt.want)
		}
	}
}

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
		if got := chat.SameValue(json.RawMessage(tt.a), json.RawMessage(tt.b)); got != tt.want {
			t.Errorf("%s: SameValue(%s, %s) = %v, want %v", tt.name, tt.a, tt.b, got, tt.want)
		}
	}
}
