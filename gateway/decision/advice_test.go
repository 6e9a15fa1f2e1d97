package decision_test

import (
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"reflect"
	"strconv"
	"strings"
	"testing"

	"chatgate/gateway/decision"
	"chatgate/gateway/limit"
	"chatgate/oidc"
)

// advised says what an operator is told of an answer with this code, that a step decided with these facts.
func advised(code, reason string, step decision.Step) []string {
	step.Decided = true
	rec := decision.Record{
		Request: "ABCDEFGHJKLM", Chat: "lounge", Provider: "corp", Subject: "ada-1", Code: code, Reason: reason, Steps: []decision.Step{step},
	}
	return rec.Advice()
}

// answer is the step that decides where nothing was noted.
func answer(code, reason string) decision.Step {
	return decision.Step{Code: decision.Reply, Facts: map[string]string{"code": code, "reason": reason}}
}

func TestEveryProblemAndEveryReasonHasAdvice(t *testing.T) {
	found := readRepository(t)
	if len(found.codes) < 30 || len(found.reasons) < 15 || len(found.checks) < 20 {
		t.Fatalf("found %d codes, %d reasons, %d checks: is the repository read?", len(found.codes), len(found.reasons), len(found.checks))
	}
	for code := range found.codes {
		if len(advised(code, "", answer(code, ""))) == 0 {
			t.Errorf("the problem %s has no advice", code)
		}
	}
	for reason := range found.reasons {
		told := false
		for _, code := range []string{"access_denied", "account_refused", "sign_in_request_refused"} {
			told = told || advised(code, reason, answer(code, reason))[0] != advised(code, "", answer(code, ""))[0]
		}
		for _, code := range []decision.Code{decision.RuleRefused, decision.AccountRefused} {
			told = told || advised("access_denied", reason, decision.Step{Code: code, Facts: map[string]string{"reason": reason}})[0] != advised("access_denied", "", answer("access_denied", ""))[0]
		}
		if !told {
			t.Errorf("the reason %s has no advice of its own", reason)
		}
	}
	for check := range found.checks {
		code, general := decision.ProviderRefused, "provider_answer_refused"
		if strings.HasPrefix(check, "logout_token") {
			continue // the clause says it: what a provider's server sends no setting of ours changes
		}
		got := advised(general, "", decision.Step{Code: code, Facts: map[string]string{"check": check}})
		if got[0] == advised(general, "", answer(general, ""))[0] {
			t.Errorf("the check %s has no advice of its own", check)
		}
	}
}

func TestEveryLimitHasAdvice(t *testing.T) {
	general := advised("too_many_requests", "", decision.Step{Code: decision.LimitReached})[0]
	rules := reflect.ValueOf(limit.Settings{}.Rules())
	for i := range rules.NumField() {
		name := rules.Field(i).Interface().(limit.Rule).Name
		got := advised("too_many_requests", "", decision.Step{Code: decision.LimitReached, Facts: map[string]string{"limit": name}})[0]
		if got == general || !strings.Contains(got, "limits.") {
			t.Errorf("the advice on the limit %s is %q, want one that names its setting", name, got)
		}
	}
}

// TestALoginThatTookTooLongIsToldHowLongItMayTake holds the texts to the limit itself, which this package does not know.
func TestALoginThatTookTooLongIsToldHowLongItMayTake(t *testing.T) {
	longest := fmt.Sprintf("longer than %d minutes", int(oidc.AttemptLifetime.Minutes()))
	expired := decision.Step{Code: decision.ProviderRefused, Facts: map[string]string{"check": string(oidc.ReasonAttemptExpired)}}
	for _, text := range []string{decision.AttemptUnknown.Phrase(), advised("provider_answer_refused", "", expired)[0]} {
		if !strings.Contains(text, longest) {
			t.Errorf("%q does not say %q", text, longest)
		}
	}
}

func TestAdviceNamesTheChatAndThePerson(t *testing.T) {
	got := advised("account_is_administrator", "", decision.Step{Code: decision.AccountRefused, Facts: map[string]string{"reason": "administrator"}})
	want := "chatgate accounts link --chat lounge --provider corp --subject ada-1 --username NAME --admin"
	if len(got) != 1 || !strings.Contains(got[0], want) {
		t.Errorf("advice = %q, want one with %q", got, want)
	}
}

// TestAdviceThatIsPastedRunsNothing lets a shell read every command, since a subject is whatever the provider says.
func TestAdviceThatIsPastedRunsNothing(t *testing.T) { // S135
	for _, reason := range []string{"administrator", "several_accounts", "email_ambiguous", "not_linked_by_email", "email_not_confirmed", "address_unconfirmed"} {
		for _, hostile := range []string{
			"7$(touch${IFS}run)", "`touch run`", "a'; touch run; '", "a b", "*", "a\\", "\"", "~", "é", "a&touch run", "x;touch run", "{chat}", "-", "ada@example.org",
		} {
			rec := decision.Record{
				Code: "account_refused", Chat: hostile, Provider: hostile, Subject: hostile,
				Steps: []decision.Step{{Code: decision.AccountRefused, Decided: true, Facts: map[string]string{"reason": reason}}},
			}
			_, command, ok := strings.Cut(rec.Advice()[0], ": chatgate ")
			if !ok {
				t.Fatalf("the advice on %s has no command: %q", reason, rec.Advice()[0])
			}
			command, _, _ = strings.Cut(command, " --username")
			shell := exec.Command("sh", "-c", "printf '%s\\n' "+command)
			shell.Dir = t.TempDir()
			got, err := shell.Output()
			want := fmt.Sprintf("accounts\nlink\n--chat\n%[1]s\n--provider\n%[1]s\n--subject\n%[1]s\n", hostile)
			if err != nil || string(got) != want {
				t.Errorf("a shell reads %q as %q, %v; want %q", command, got, err, want)
			}
			if left, err := os.ReadDir(shell.Dir); err != nil || len(left) > 0 {
				t.Errorf("pasting %q ran what the subject said", command)
			}
		}
	}
}

func TestTheOperatorsOwnWordsComeFirst(t *testing.T) {
	got := advised("chat_unavailable", "", decision.Step{
		Code: decision.OperatorNeeded, Facts: map[string]string{"advice": "give the service account the permission create-user"},
	})
	if len(got) != 2 || got[0] != "Give the service account the permission create-user." {
		t.Errorf("advice = %q", got)
	}
}

// repository is what the code of the gateway can answer with.
type repository struct{ codes, reasons, checks map[string]bool }

// readRepository reads the source: constructors of problems, literals of them, reasons, and the checks of package oidc.
func readRepository(t *testing.T) repository {
	t.Helper()
	found := repository{map[string]bool{}, map[string]bool{}, map[string]bool{}}
	for _, root := range []string{"..", "../../oidc"} {
		err := filepath.WalkDir(root, func(path string, entry fs.DirEntry, err error) error {
			if err != nil || entry.IsDir() || !strings.HasSuffix(path, ".go") || strings.HasSuffix(path, "_test.go") || strings.Contains(path, "test/") {
				return err
			}
			file, err := parser.ParseFile(token.NewFileSet(), path, nil, parser.SkipObjectResolution)
			if err == nil {
				found.read(file, constants(file))
			}
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	return found
}

func (r repository) read(file *ast.File, known map[string]string) {
	ast.Inspect(file, func(n ast.Node) bool {
		switch n := n.(type) {
		case *ast.CallExpr:
			if name, ok := n.Fun.(*ast.Ident); ok && (name.Name == "newError" || name.Name == "newRefusal") && len(n.Args) > 1 {
				add(r.codes, n.Args[1], known)
			}
		case *ast.CompositeLit:
			switch typeName(n.Type) {
			case "Error", "problem.Error":
				add(r.codes, field(n, "Code"), known)
			case "Reason", "problem.Reason":
				add(r.reasons, field(n, "Code"), known)
			}
		case *ast.ValueSpec:
			if len(n.Values) == 1 && typeName(n.Type) == "Reason" && file.Name.Name == "oidc" {
				add(r.checks, n.Values[0], known)
			}
			if len(n.Values) == 1 && typeName(n.Type) == "Reason" && file.Name.Name == "chat" {
				add(r.reasons, n.Values[0], known)
			}
		}
		return true
	})
}

// constants are a file's string constants by name.
func constants(file *ast.File) map[string]string {
	all := map[string]string{}
	ast.Inspect(file, func(n ast.Node) bool {
		if spec, ok := n.(*ast.ValueSpec); ok {
			for i, name := range spec.Names {
				if i < len(spec.Values) {
					if text, ok := literal(spec.Values[i]); ok {
						all[name.Name] = text
					}
				}
			}
		}
		return true
	})
	return all
}

func literal(e ast.Expr) (string, bool) {
	lit, ok := e.(*ast.BasicLit)
	if !ok || lit.Kind != token.STRING {
		return "", false
	}
	text, err := strconv.Unquote(lit.Value)
	return text, err == nil
}

func add(to map[string]bool, e ast.Expr, known map[string]string) {
	if text, ok := literal(e); ok {
		to[text] = true
	}
	if name, ok := e.(*ast.Ident); ok && known[name.Name] != "" {
		to[known[name.Name]] = true
	}
}

func typeName(e ast.Expr) string {
	switch e := e.(type) {
	case *ast.Ident:
		return e.Name
	case *ast.SelectorExpr:
		if pkg, ok := e.X.(*ast.Ident); ok {
			return pkg.Name + "." + e.Sel.Name
		}
	}
	return ""
}

func field(lit *ast.CompositeLit, name string) ast.Expr {
	for _, e := range lit.Elts {
		if pair, ok := e.(*ast.KeyValueExpr); ok {
			if key, ok := pair.Key.(*ast.Ident); ok && key.Name == name {
				return pair.Value
			}
		}
	}
	return nil
}
