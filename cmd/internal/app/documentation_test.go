package app_test

import (
	"encoding/json"
	"os"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"chatgate/cmd/internal/app"
)

const settingsPage = "../../../gateway/SETTINGS.md"

// TestThePageOfSettingsIsThatOfThisProgram: operators read the page beside the code, so it says what the code does.
func TestThePageOfSettingsIsThatOfThisProgram(t *testing.T) {
	got := app.Documentation(app.Chats())
	if *update {
		if err := os.WriteFile(settingsPage, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(settingsPage)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), got); diff != "" {
		t.Errorf("gateway/SETTINGS.md is stale; chatgate config docs prints the page anew (-page +program):\n%s", diff)
	}
}

// TestEverySettingIsDocumented: each with a sentence, and none is left out of the page that the schema has.
func TestEverySettingIsDocumented(t *testing.T) {
	page := app.Documentation(app.Chats())
	documented := map[string]bool{}
	for line := range strings.Lines(page) {
		cells := strings.Split(strings.TrimSuffix(strings.TrimSpace(line), " |"), " | ")
		if !strings.HasPrefix(line, "| `") {
			continue
		}
		path := strings.Trim(strings.TrimPrefix(cells[0], "| "), "`")
		documented[path] = true
		if meaning := cells[len(cells)-1]; len(cells) != 4 || !strings.HasSuffix(meaning, ".") {
			t.Errorf("%s has no sentence: %q", path, line)
		}
	}
	schema, err := app.JSONSchema(app.Chats())
	if err != nil {
		t.Fatal(err)
	}
	var root map[string]any
	if err := json.Unmarshal(schema, &root); err != nil {
		t.Fatal(err)
	}
	walk := schemaWalk{t: t, defs: root["$defs"].(map[string]any), documented: documented}
	walk.properties(root, "")
	walk.properties(walk.defs["kind.rocketchat"].(map[string]any), "chats.<name>")
	walk.properties(walk.defs["kind.talk"].(map[string]any), "chats.<name>")
	if walk.seen < 150 {
		t.Errorf("the schema has %d settings, which cannot be all", walk.seen)
	}
}

// schemaWalk looks for every property of a schema among what is documented.
type schemaWalk struct {
	t          *testing.T
	defs       map[string]any
	documented map[string]bool
	seen       int
}

func (w *schemaWalk) properties(node map[string]any, path string) {
	properties, _ := node["properties"].(map[string]any)
	for name, inner := range properties {
		below := strings.TrimPrefix(path+"."+name, ".")
		w.seen++
		if !w.documented[below] && !w.documented[strings.Replace(below, "chats", "chats.<name>", 1)] && !w.isGroup(below) {
			w.t.Errorf("the page has no %s", below)
		}
		if below != "chats" {
			w.inside(inner.(map[string]any), below)
		}
	}
}

// isGroup says whether the path is a section of the file, which is a heading of the page.
func (w *schemaWalk) isGroup(path string) bool {
	for documented := range w.documented {
		if strings.HasPrefix(documented, path+".") && !strings.Contains(path, ".") {
			return true
		}
	}
	return false
}

func (w *schemaWalk) inside(node map[string]any, path string) {
	w.properties(node, path)
	for _, choice := range list(node["anyOf"]) {
		w.inside(choice.(map[string]any), path)
	}
	if items, ok := node["items"].(map[string]any); ok {
		w.inside(items, path+"[]")
	}
	if values, ok := node["additionalProperties"].(map[string]any); ok {
		for _, key := range []string{"<name>", "<origin>"} {
			if w.documents(path + "." + key) {
				w.inside(values, path+"."+key)
			}
		}
	}
}

func (w *schemaWalk) documents(prefix string) bool {
	for path := range w.documented {
		if strings.HasPrefix(path, prefix+".") {
			return true
		}
	}
	return false
}

func list(v any) []any {
	items, _ := v.([]any)
	return items
}
