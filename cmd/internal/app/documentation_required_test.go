package app_test

import (
	"maps"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/goccy/go-yaml"

	"chatgate/cmd/internal/app"
)

// smallest are files with nothing in them that could be left out.
var smallest = map[string]string{
	"rocketchat": `
baseURL: https://sso.example.org
sealing: {current: a, keys: {a: "q83vEjRWeJCrze8SNFZ4kA7xT2mC5sYb0pLwUeVd9Go="}}
redis: {standalone: {address: "cache:6379"}}
providers: {corp: {issuer: https://idp.example.org, client: {id: chatgate, secret: provider-secret}}}
chats: {rocketchat: {url: https://chat.example.org, access: {anyone: true}, api: {userID: abc, token: def}}}
`,
	"talk": `
baseURL: https://sso.example.org
sealing: {current: a, keys: {a: "q83vEjRWeJCrze8SNFZ4kA7xT2mC5sYb0pLwUeVd9Go="}}
redis: {standalone: {address: "cache:6379"}}
providers: {corp: {issuer: https://idp.example.org, client: {id: chatgate, secret: provider-secret}}}
chats: {talk: {profile: talk4, url: https://comments.example.org, access: {anyone: true}}}
`,
}

// TestThePageMarksWhatTheLoaderDemands: a file without what is marked is refused, and nothing else is missed by one.
func TestThePageMarksWhatTheLoaderDemands(t *testing.T) {
	page := app.Documentation(app.Chats())
	for kind, text := range smallest {
		if _, err := parseText(text); err != nil {
			t.Fatalf("the smallest file for %s is refused: %v", kind, err)
		}
		marked := markedIn(page, kind)
		for _, path := range marked {
			var file map[string]any
			if err := yaml.Unmarshal([]byte(text), &file); err != nil {
				t.Fatal(err)
			}
			if !leaveOut(file, strings.Split(path, ".")) {
				t.Errorf("%s is required, and the smallest file for %s does not have it", path, kind)
				continue
			}
			without, err := yaml.Marshal(file)
			if err != nil {
				t.Fatal(err)
			}
			if _, err := parseText(string(without)); err == nil {
				t.Errorf("%s is marked as required, and a file without it is accepted", path)
			}
		}
		for _, must := range []string{"baseURL", "providers.<name>.issuer", "providers.<name>.client", "chats.<name>.url"} {
			if !slices.Contains(marked, must) {
				t.Errorf("%s is not marked as required for %s", must, kind)
			}
		}
	}
}

func parseText(text string) (app.Loaded, error) {
	return app.Parse("chatgate.yaml", []byte(text), app.Chats(), nil)
}

// markedIn are the paths that the page marks, those of another kind of chat left out.
func markedIn(page, kind string) []string {
	var paths []string
	for section := range strings.SplitSeq(page, "\n## ") {
		title, rest, _ := strings.Cut(section, "\n")
		if of, ok := strings.CutPrefix(title, "chats of kind "); ok && of != kind {
			continue
		}
		if strings.HasPrefix(strings.TrimSpace(rest), "*Required") {
			paths = append(paths, strings.Fields(title)[0])
		}
		for _, row := range regexp.MustCompile("(?m)^\\| `([^`]+)` .*\\| \\*Required").FindAllStringSubmatch(rest, -1) {
			paths = append(paths, row[1])
		}
	}
	return paths
}

// leaveOut takes the setting at a path out of a file; <name> is the only key there is.
func leaveOut(section map[string]any, path []string) bool {
	key := path[0]
	if key == "<name>" {
		key = slices.Collect(maps.Keys(section))[0]
	}
	inner, there := section[key]
	if len(path) == 1 {
		delete(section, key)
		return there
	}
	below, ok := inner.(map[string]any)
	return ok && leaveOut(below, path[1:])
}
