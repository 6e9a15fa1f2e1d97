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
	text, err := app.JSONSchema(app.Chats())
	if err != nil {
		t.Fatal(err)
	}
	var schema map[string]any
	if err := json.Unmarshal(text, &schema); err != nil {
		t.Fatal(err)
	}
	found := map[string]bool{}
	secretPaths(schema, schema, nil, found)

	list, err := os.ReadFile(filepath.Join(chartFolder, "files", "secret-settings.txt"))
	if err != nil {
		t.Fatal(err)
	}
	listed := strings.Fields(string(list))
	slices.Sort(listed)
	if diff := cmp.Diff(slices.Sorted(maps.Keys(found)), listed); diff != "" {
		t.Errorf("files/secret-settings.txt differs from the schema's secrets (-schema +file):\n%s", diff)
	}
}

var namedChat = regexp.MustCompile(`^chats\.[^.]+`)

// secretPaths finds what is writeOnly at or below a node, with * for a key of the operator's choice, such as a chat's name.
func secretPaths(root, node map[string]any, path []string, found map[string]bool) {
	if node["writeOnly"] == true {
		found[namedChat.ReplaceAllString(strings.Join(path, "."), "chats.*")] = true
	}
	if ref, ok := node["$ref"].(string); ok {
		name := strings.TrimPrefix(ref, "#/$defs/")
		secretPaths(root, root["$defs"].(map[string]any)[name].(map[string]any), path, found)
	}
	properties, _ := node["properties"].(map[string]any)
	for key, child := range properties {
		secretPaths(root, child.(map[string]any), append(slices.Clone(path), key), found)
	}
	if child, ok := node["additionalProperties"].(map[string]any); ok {
		secretPaths(root, child, append(slices.Clone(path), "*"), found)
	}
	for _, word := range []string{"if", "then", "else"} {
		if child, ok := node[word].(map[string]any); ok {
			secretPaths(root, child, path, found)
		}
	}
	for _, word := range []string{"allOf", "anyOf", "oneOf"} {
		choices, _ := node[word].([]any)
		for _, child := range choices {
			secretPaths(root, child.(map[string]any), path, found)
		}
	}
}
