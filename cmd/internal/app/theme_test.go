package app_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"chatgate/cmd/internal/app"
)

// themed parses the working configuration with a theme, as a file that lies in folder.
func themed(t *testing.T, folder, section string) (app.Loaded, error) {
	t.Helper()
	source := strings.Replace(working, "redis:\n", "theme: {"+section+"}\nredis:\n", 1)
	return app.Parse(filepath.Join(folder, "chatgate.yaml"), []byte(source), app.Chats(), nil)
}

// inFolder writes files, by their slash-separated names, and returns their folder.
func inFolder(t *testing.T, files map[string]string) string {
	t.Helper()
	folder := t.TempDir()
	for name, content := range files {
		path := filepath.Join(folder, filepath.FromSlash(name))
		if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return folder
}

func TestAThemeStandsBesideTheConfiguration(t *testing.T) {
	folder := inFolder(t, map[string]string{"corp.svg": `<svg xmlns="http://www.w3.org/2000/svg"/>`, "locales/tlh.json": `{"done.title": "bI'el"}`})
	loaded, err := themed(t, folder, `name: Example, logo: corp.svg, colour: "#00695c", contact: help@example.org, language: tlh, locales: locales`)
	if err != nil {
		t.Fatal(err)
	}
	if err := app.Check(loaded.Config); err != nil {
		t.Errorf("Check() = %v, want files beside the configuration to be found", err)
	}
	var out strings.Builder
	if err := loaded.Print(&out); err != nil {
		t.Fatal(err)
	}
	for _, shown := range []string{"logo: corp.svg", `#00695c`, `contact: "help@example.org"`, "language: tlh", "locales: locales"} {
		if !strings.Contains(out.String(), shown) {
			t.Errorf("print lacks %q:\n%s", shown, &out)
		}
	}
}

func TestAWrongThemeStopsTheStartAndNamesTheKey(t *testing.T) { // S150
	folder := inFolder(t, map[string]string{"page.svg": "<html/>", "locales/de.json": `{"done.tilte": "x"}`})
	for _, tc := range []struct{ name, section, want string }{
		{"a colour that is none", `colour: red`, "theme.colour: must be a colour such as #2459b3"},
		{"a colour that ends the rule", `colour: "#000000;}"`, "theme.colour: must be a colour"},
		{"a contact that would run", `contact: "javascript:alert(1)"`, "theme.contact: must be an e-mail address or an https address"},
		{"a language that is none", `language: "!"`, "theme.language: must be a language tag"},
		{"a language that nobody wrote", `language: ja`, "theme.language: there is no file ja.json"},
		{"a logo that is a script", `logo: logo.js`, "theme.logo: must be an .svg or .png file"},
		{"a logo that is not there", `logo: none.svg`, "theme.logo: open "},
		{"a logo that is a page", `logo: page.svg`, "theme.logo: "},
		{"languages that are not there", `locales: none`, "theme.locales: stat "},
		{"a message that nobody shows", `locales: locales`, `theme.locales: de.json: there is no message "done.tilte"`},
	} {
		t.Run(tc.name, func(t *testing.T) {
			loaded, err := themed(t, folder, tc.section)
			if err == nil {
				err = app.Check(loaded.Config)
			}
			if err == nil || !strings.Contains(err.Error(), tc.want) {
				t.Errorf("Parse and Check say %v, want %q", err, tc.want)
			}
		})
	}
}
