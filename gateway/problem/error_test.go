package problem_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

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

// A constructor that everyProblem forgets would be one that no language has to know.
func TestEveryProblemIsTested(t *testing.T) {
	source, err := os.ReadFile("constructors.go")
	if err != nil {
		t.Fatal(err)
	}
	tested := map[string]bool{}
	for _, e := range everyProblem() {
		tested[e.Code] = true
	}
	for _, m := range regexp.MustCompile(`new(?:Error|Refusal)\(http\.\w+, "(\w+)"`).FindAllSubmatch(source, -1) {
		if code := string(m[1]); !tested[code] {
			t.Errorf("everyProblem lacks %s", code)
		}
	}
}

func TestCodesAreThoseOfEveryProblem(t *testing.T) {
	var want []string
	for _, e := range everyProblem() {
		want = append(want, e.Code)
	}
	slices.Sort(want)
	if diff := cmp.Diff(want, slices.Sorted(slices.Values(problem.Codes()))); diff != "" {
		t.Errorf("Codes() (-want +got):\n%s", diff)
	}
}

// A language that has a file speaks of every problem too, and names the chat and the reason where English does. English
// itself stands beside the codes.
func TestEveryLanguageKnowsEveryProblem(t *testing.T) {
	names, err := filepath.Glob(filepath.Join("..", "web", "locale", "*.json"))
	if err != nil || len(names) < 2 {
		t.Fatalf("Glob = %q, %v", names, err)
	}
	for _, name := range names {
		messages := readMessages(t, name)
		known := map[string]bool{}
		for _, e := range everyProblem() {
			for part, english := range map[string]string{"heading": e.Heading, "detail": e.Detail} {
				key := "problem." + e.Code + "." + part
				known[key] = true
				if filepath.Base(name) != "en.json" {
					checkTranslation(t, name+": "+key, messages[key], english, e.Reason)
				}
			}
		}
		for key := range messages {
			if strings.HasPrefix(key, "problem.") && !known[key] {
				t.Errorf("%s: %s is no problem's", name, key)
			}
		}
	}
}

func readMessages(t *testing.T, name string) map[string]string {
	t.Helper()
	text, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	var messages map[string]string
	if err := json.Unmarshal(text, &messages); err != nil {
		t.Fatalf("%s: %v", name, err)
	}
	return messages
}

// checkTranslation compares a translation with the English sentence, whose places everyProblem has filled.
func checkTranslation(t *testing.T, what, translation, english string, reason problem.Reason) {
	t.Helper()
	if translation == "" {
		t.Errorf("%s is missing; in English: %s", what, english)
	}
	for place, value := range map[string]string{"{chat}": "rocketchat", "{reason}": reason.Phrase} {
		inEnglish := value != "" && strings.Contains(english, value)
		if got := strings.Contains(translation, place); got != inEnglish {
			t.Errorf("%s has %s: %v, want %v as in: %s", what, place, got, inEnglish, english)
		}
	}
}

func TestAnErrorWithoutACauseIsItsCode(t *testing.T) {
	e := problem.NotFound(nil)
	if e.Error() != "not_found" || e.Unwrap() != nil {
		t.Errorf("Error() = %q, Unwrap() = %v, want the code and nil", e.Error(), e.Unwrap())
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
