package chat_test

import (
	"bufio"
	"errors"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"chatgate/gateway/chat"
)

func TestReadSubjects(t *testing.T) { // D6
	for _, tt := range []struct{ name, text, refused string }{
		{name: "two lines and an empty one", text: "a\tb\n\nc d\te\r\n"},
		{name: "no tab", text: "a b\n", refused: "line 1: must be the old subject"},
		{name: "three columns", text: "a\tb\tc\n", refused: "line 1: must be the old subject"},
		{name: "no new subject", text: "a\t\n", refused: "line 1: must be the old subject"},
		{name: "one old subject twice", text: "a\tb\na\tc\n", refused: "line 2: a subject stands twice"},
		{name: "two people made one", text: "a\tb\nc\tb\n", refused: "line 2: a subject stands twice"},
		{name: "a line without end", text: strings.Repeat("a", 20<<10), refused: "read map of subjects"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			got, err := chat.ReadSubjects(strings.NewReader(tt.text))
			if tt.refused != "" {
				if err == nil || !strings.Contains(err.Error(), tt.refused) {
					t.Errorf("ReadSubjects = %v, want %q", err, tt.refused)
				}
				return
			}
			want := []chat.Renamed{{Line: 1, Old: "a", New: "b"}, {Line: 3, Old: "c d", New: "e"}}
			if diff := cmp.Diff(want, got); diff != "" || err != nil {
				t.Errorf("ReadSubjects(%q) = %v (-want +got):\n%s", tt.text, err, diff)
			}
		})
	}
}

func TestTellLine(t *testing.T) {
	away := errors.New("away")
	var got []chat.ImportedLine
	told := func(l chat.ImportedLine) { got = append(got, l) }
	if err := chat.TellLine(told, 1, chat.ImportMoved, nil); err != nil {
		t.Error(err)
	}
	if err := chat.TellLine(told, 2, "", &chat.RefusedError{Why: "taken"}); err != nil {
		t.Error(err)
	}
	if err := chat.TellLine(told, 3, "", away); !errors.Is(err, away) || !strings.HasPrefix(err.Error(), "line 3: ") {
		t.Errorf("TellLine of an error = %v, want it with the line", err)
	}
	want := []chat.ImportedLine{{Number: 1, Outcome: chat.ImportMoved}, {Number: 2, Outcome: chat.ImportRefused, Why: "taken"}}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("told (-want +got):\n%s", diff)
	}
}

func TestEachLine(t *testing.T) {
	var got []chat.ImportedLine
	told := func(l chat.ImportedLine) { got = append(got, l) }
	take := func(line []byte) (chat.Outcome, error) {
		if string(line) == "taken" {
			return "", &chat.RefusedError{Why: "taken"}
		}
		return chat.ImportLinked, nil
	}
	err := chat.EachLine(strings.NewReader("one\n \t\ntaken\nfour\n"+strings.Repeat("a", 20<<10)+"\nsix\n"), told, take)
	if !errors.Is(err, bufio.ErrTooLong) || !strings.HasPrefix(err.Error(), "read line 5: ") {
		t.Errorf("EachLine of a line without end = %v, want it with the line", err)
	}
	want := []chat.ImportedLine{
		{Number: 1, Outcome: chat.ImportLinked}, {Number: 3, Outcome: chat.ImportRefused, Why: "taken"}, {Number: 4, Outcome: chat.ImportLinked},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("told (-want +got):\n%s", diff)
	}
}
