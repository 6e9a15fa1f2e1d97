package blueprint_test

import (
	"bufio"
	"errors"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"chatgate/cmd/internal/app"
	"chatgate/cmd/internal/blueprint"
)

// nobody is a network in which no host answers.
type nobody struct{}

func (nobody) RoundTrip(*http.Request) (*http.Response, error) {
	return nil, errors.New("no route to host")
}

// november is the month that sealing keys of these tests are named by.
func november() time.Time { return time.Date(2026, time.November, 22, 9, 0, 0, 0, time.UTC) }

// answers are flags as somebody gives them.
type answers map[string]string

// complete answers everything that has to be answered, and more says what is different; an empty answer takes one away.
func complete(more answers) answers {
	all := answers{
		"rocketchat": "https://chat.example.org", "gateway": "https://sso.example.org",
		"provider": "https://idp.example.org/realms/corp",
	}
	for name, text := range more {
		all[name] = text
	}
	return all
}

// draw draws an installation up without anybody to ask. What it tells is returned.
func draw(t *testing.T, cfg blueprint.Config) (*blueprint.Blueprint, string, error) {
	t.Helper()
	var told strings.Builder
	cfg.Tell = func(n blueprint.Note) { fmt.Fprintf(&told, "%-7s  %s\n", n.Level, n.Text) }
	cfg.Now = november
	if cfg.Surveyor.Transport == nil {
		cfg.Surveyor.Transport = nobody{}
	}
	drawn, err := blueprint.Draw(t.Context(), cfg)
	return drawn, told.String(), err
}

// mustDraw is draw for answers that will do.
func mustDraw(t *testing.T, cfg blueprint.Config) (*blueprint.Blueprint, string) {
	t.Helper()
	drawn, told, err := draw(t, cfg)
	if err != nil {
		t.Fatalf("Draw(%v) = %v", cfg.Given, err)
	}
	return drawn, told
}

// written writes an installation into a new folder, and puts something into every secret that was left to others.
func written(t *testing.T, drawn *blueprint.Blueprint) (folder string) {
	t.Helper()
	folder = filepath.Join(t.TempDir(), "chatgate")
	files, err := drawn.Files()
	if err != nil {
		t.Fatal(err)
	}
	if err := (blueprint.Folder{Path: folder}).Write(files, false); err != nil {
		t.Fatal(err)
	}
	for _, secret := range drawn.Missing() {
		put(t, filepath.Join(folder, "secrets", secret.Name), strings.Repeat("x", 40)+"\n")
	}
	return folder
}

func put(t *testing.T, path, text string) {
	t.Helper()
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}

func read(t *testing.T, path ...string) string {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(path...))
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// check is what config check does, with a warning for a mistake.
func check(t *testing.T, path, source string) error {
	t.Helper()
	loaded, err := app.Parse(path, []byte(source), app.Chats(), func(key, text string) { t.Errorf("%s: warning: %s", key, text) })
	if err != nil {
		return err
	}
	return app.Check(loaded.Config)
}

// inCluster is the configuration in a values file, with secrets where the folder has them.
func inCluster(t *testing.T, folder string) string {
	t.Helper()
	_, config, found := strings.Cut(read(t, folder, "values.yaml"), "\nconfig:\n")
	if !found {
		t.Fatal("values.yaml has no config")
	}
	config = strings.ReplaceAll("\n"+config, "\n  ", "\n")
	return strings.ReplaceAll(config, "/run/secrets/chatgate/", filepath.Join(folder, "secrets")+"/")
}

// prompter types lines, one for each question; nothing more comes then.
func prompter(out *strings.Builder, lines ...string) *blueprint.Prompter {
	text := strings.Join(lines, "\n")
	if len(lines) > 0 {
		text += "\n"
	}
	return &blueprint.Prompter{In: bufio.NewReader(strings.NewReader(text)), Out: out}
}
