package problem_test

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"chatgate/gateway/problem"
	"chatgate/gateway/web"
)

func TestEveryProblemSaysWhatItMust(t *testing.T) {
	codes := map[string]bool{}
	for _, e := range everyProblem() {
		if codes[e.Code] {
			t.Errorf("%s is the code of two problems", e.Code)
		}
		codes[e.Code] = true
		if e.Status < 400 || e.Status > 599 || e.Heading == "" || e.Detail == "" {
			t.Errorf("%s = %+v, want a status, a heading and a detail", e.Code, e)
		}
		if strings.ContainsAny(e.Heading+e.Detail, "{}") {
			t.Errorf("%s says %q, %q, want every place filled", e.Code, e.Heading, e.Detail)
		}
		if !errors.Is(e, errCause) || !strings.Contains(e.Error(), errCause.Error()) {
			t.Errorf("%s hides its cause from the log", e.Code)
		}
		if strings.Contains(e.Heading+e.Detail, "secret-cause") {
			t.Errorf("%s tells its cause: %q, %q", e.Code, e.Heading, e.Detail)
		}
	}
}

// A language that has a file speaks of every problem too. English does so in the constructors.
func TestEveryLanguageKnowsEveryProblem(t *testing.T) {
	names, err := filepath.Glob(filepath.Join("..", "web", "locale", "*.json"))
	if err != nil || len(names) == 0 {
		t.Fatalf("Glob = %q, %v", names, err)
	}
	for _, name := range names {
		if filepath.Base(name) == "en.json" {
			continue
		}
		text, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		for _, e := range everyProblem() {
			for key, english := range map[string]string{".heading": e.Heading, ".detail": e.Detail} {
				if !strings.Contains(string(text), `"problem.`+e.Code+key+`"`) {
					t.Errorf("%s: problem.%s%s is missing; in English: %s", name, e.Code, key, english)
				}
			}
		}
	}
}

func TestAnErrorWithoutACauseIsItsCode(t *testing.T) {
	e := problem.NotFound(nil)
	if e.Error() != "not_found" || e.Unwrap() != nil {
		t.Errorf("Error() = %q, Unwrap() = %v, want the code and nil", e.Error(), e.Unwrap())
	}
}

// S24, S135: a text of somebody else becomes one short line of ours.
func TestQuotedTexts(t *testing.T) {
	tests := []struct{ name, text, want string }{
		{"a plain reason", "Username is already in use", "Username is already in use"},
		{"line breaks and tabs", "a\r\nb\tc", "a  b c"},
		{"terminal escapes", "\x1b[31mred\x1b[0m\x00", "[31mred[0m"},
		{"invisible direction marks", "a\u202eb\u200bc", "abc"},
		{"broken UTF-8", "a\xffb", "ab"},
		{"a place is not filled", "{chat}", "{chat}"},
		{"a megabyte", strings.Repeat("é", 1<<20), strings.Repeat("é", 200) + "…"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			want := "news has no account for you: " + tt.want + "."
			if got := problem.AccountRefused("news", tt.text, nil).Detail; got != want {
				t.Errorf("AccountRefused(%.40q).Detail = %q, want %q", tt.text, got, want)
			}
		})
	}
}

func TestWithActionsLeavesTheOriginalAlone(t *testing.T) {
	e := problem.LoginExpired(errCause)
	usual := fmt.Sprint(e.Actions)
	changed := e.WithActions(web.Action{Label: "action.sign_in", Href: "/login?chat=news"})
	if fmt.Sprint(e.Actions) != usual || len(changed.Actions) != 1 || changed.Actions[0].Href != "/login?chat=news" {
		t.Errorf("WithActions = %v and original %v, want a changed copy", changed.Actions, e.Actions)
	}
	if !errors.Is(changed, errCause) {
		t.Error("WithActions lost the cause")
	}
}
