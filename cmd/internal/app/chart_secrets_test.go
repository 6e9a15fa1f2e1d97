package app_test

import (
	"encoding/json"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"chatgate/cmd/internal/app"
)

// The chart refuses secrets that are written out in its values, and knows them by a list of its own: a template cannot ask
// the program. The list is that of the settings which the schema calls writeOnly (S148).
func TestTheChartKnowsEverySecret(t *testing.T) {
	compareSettings(t, "secret-settings.txt", func(node map[string]any) bool { return node["writeOnly"] == true })
}

// The chart refuses a file that nothing mounts, and knows by a list which settings name one without a reference (H11). They
// are those whose description says so, save of references, which any setting may be.
func TestTheChartKnowsEverySettingThatNamesAFile(t *testing.T) {
	file := regexp.MustCompile(`\b(file|files|directory)\b`)
	compareSettings(t, "path-settings.txt", func(node map[string]any) bool {
		description, _ := node["description"].(string)
		named := node["type"] == "string" || node["type"] == "array"
		return named && node["writeOnly"] != true && file.MatchString(description) && !strings.Contains(description, "${file:")
	})
}

// compareSettings compares a list in the chart's folder files with the settings of the schema that it is to hold.
func compareSettings(t *testing.T, name string, wanted func(node map[string]any) bool) {
	t.Helper()
	text, err := app.JSONSchema(app.Chats())
	if err != nil {
		t.Fatal(err)
	}
	var schema map[string]any
	if err := json.Unmarshal(text, &schema); err != nil {
		t.Fatal(err)
	}
	found := map[string]bool{}
	settingPaths(schema, schema, nil, wanted, found)

	list, err := os.ReadFile(filepath.Join(chartFolder, "files", name))
	if err != nil {
		t.Fatal(err)
	}
	listed := strings.Fields(string(list))
	slices.Sort(listed)
	if diff := cmp.Diff(slices.Sorted(maps.Keys(found)), listed); diff != "" {
		t.Errorf("files/%s differs from the schema (-schema +file):\n%s", name, diff)
	}
}

var namedChat = regexp.MustCompile(`^chats\.[^.]+`)

// settingPaths finds what is wanted at or below a node, with * for a key of the operator's choice, such as a chat's name.
func settingPaths(root, node map[string]any, path []string, wanted func(node map[string]any) bool, found map[string]bool) {
	if wanted(node) {
		found[namedChat.ReplaceAllString(strings.Join(path, "."), "chats.*")] = true
	}
	if ref, ok := node["$ref"].(string); ok {
		name := strings.TrimPrefix(ref, "#/$defs/")
		settingPaths(root, root["$defs"].(map[string]any)[name].(map[string]any), path, wanted, found)
	}
	properties, _ := node["properties"].(map[string]any)
	for key, child := range properties {
		settingPaths(root, child.(map[string]any), append(slices.Clone(path), key), wanted, found)
	}
	if child, ok := node["additionalProperties"].(map[string]any); ok {
		settingPaths(root, child, append(slices.Clone(path), "*"), wanted, found)
	}
	for _, word := range []string{"if", "then", "else"} {
		if child, ok := node[word].(map[string]any); ok {
			settingPaths(root, child, path, wanted, found)
		}
	}
	for _, word := range []string{"allOf", "anyOf", "oneOf"} {
		choices, _ := node[word].([]any)
		for _, child := range choices {
			settingPaths(root, child.(map[string]any), path, wanted, found)
		}
	}
}
