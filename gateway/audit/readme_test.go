package audit_test

import (
	"bytes"
	"flag"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

var update = flag.Bool("update", false, "write README.md anew")

// tables are the codes of acts.go as Markdown: what each means is said beside it there, and its group in the comment above.
func tables(t *testing.T) string {
	t.Helper()
	file, err := parser.ParseFile(token.NewFileSet(), "acts.go", nil, parser.ParseComments)
	if err != nil {
		t.Fatal(err)
	}
	written := map[string]*bytes.Buffer{"Act": {}, "Reason": {}}
	for _, d := range file.Decls {
		group, ok := d.(*ast.GenDecl)
		if !ok || group.Tok != token.CONST {
			continue
		}
		kind := group.Specs[0].(*ast.ValueSpec).Type.(*ast.Ident).Name
		fmt.Fprintf(written[kind], "\n**%s**\n\n| code | means |\n|---|---|\n", strings.TrimSuffix(oneLine(group.Doc.Text()), "."))
		for _, spec := range group.Specs {
			value := spec.(*ast.ValueSpec)
			code, err := strconv.Unquote(value.Values[0].(*ast.BasicLit).Value)
			if err != nil {
				t.Fatal(err)
			}
			meaning := oneLine(value.Comment.Text())
			if meaning == "" {
				t.Errorf("acts.go does not say what %s means", code)
			}
			fmt.Fprintf(written[kind], "| `%s` | %s |\n", code, meaning)
		}
	}
	return "\n### Acts\n" + written["Act"].String() + "\n### Reasons\n" + written["Reason"].String() + "\n"
}

func oneLine(text string) string { return strings.Join(strings.Fields(text), " ") }

const begins, ends = "<!-- begin: codes -->\n", "<!-- end: codes -->"

func TestTheREADMEListsEveryCode(t *testing.T) { // S142
	text, err := os.ReadFile("README.md")
	if err != nil {
		t.Fatal(err)
	}
	before, rest, found := strings.Cut(string(text), begins)
	listed, after, closed := strings.Cut(rest, ends)
	if !found || !closed {
		t.Fatal("README.md lacks the marks between which the codes stand")
	}
	want := tables(t)
	if *update {
		if err := os.WriteFile("README.md", []byte(before+begins+want+ends+after), 0o600); err != nil {
			t.Fatal(err)
		}
		return
	}
	if diff := cmp.Diff(want, listed); diff != "" {
		t.Errorf("README.md is stale, run go test ./gateway/audit -run README -update (-want +got):\n%s", diff)
	}
}

// facts are the constant keys of all Attrs that events are given anywhere in the module.
func facts(t *testing.T) map[string]bool {
	t.Helper()
	found := map[string]bool{}
	for _, root := range []string{"..", "../../cmd/internal"} {
		err := filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
			if err != nil || d.IsDir() || !strings.HasSuffix(path, ".go") || strings.HasSuffix(path, "_test.go") {
				return err
			}
			file, err := parser.ParseFile(token.NewFileSet(), path, nil, 0)
			if err != nil {
				return nil //nolint:nilerr // the compiler says so, and better
			}
			ast.Inspect(file, func(n ast.Node) bool {
				switch n := n.(type) {
				case *ast.KeyValueExpr:
					if key, ok := n.Key.(*ast.Ident); ok && key.Name == "Attrs" {
						keysOf(n.Value, found)
					}
				case *ast.CallExpr:
					if namesAct(n) {
						keysOf(n, found)
					}
				case *ast.AssignStmt:
					if to, ok := n.Lhs[0].(*ast.SelectorExpr); ok && to.Sel.Name == "Attrs" {
						keysOf(n.Rhs[0], found)
					}
				}
				return true
			})
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	return found
}

// namesAct says whether an act is among a call's arguments.
func namesAct(call *ast.CallExpr) bool {
	return slices.ContainsFunc(call.Args, func(e ast.Expr) bool {
		name, ok := e.(*ast.SelectorExpr)
		return ok && fmt.Sprint(name.X) == "audit"
	})
}

// keysOf finds slog.String("key", …) and its like.
func keysOf(e ast.Expr, found map[string]bool) {
	ast.Inspect(e, func(n ast.Node) bool {
		call, ok := n.(*ast.CallExpr)
		if !ok || len(call.Args) != 2 {
			return true
		}
		if function, ok := call.Fun.(*ast.SelectorExpr); !ok || fmt.Sprint(function.X) != "slog" {
			return true
		}
		if literal, ok := call.Args[0].(*ast.BasicLit); ok {
			if key, err := strconv.Unquote(literal.Value); err == nil {
				found[key] = true
			}
		}
		return true
	})
}

func TestTheREADMEExplainsEveryFact(t *testing.T) { // S142
	text, err := os.ReadFile("README.md")
	if err != nil {
		t.Fatal(err)
	}
	found := facts(t)
	if len(found) == 0 {
		t.Error("no fact was found")
	}
	for key := range found {
		if !strings.Contains(string(text), "`"+key+"`") {
			t.Errorf("README.md does not explain %s", key)
		}
	}
}
