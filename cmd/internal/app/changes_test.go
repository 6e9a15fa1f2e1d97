package app_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"chatgate/cmd/internal/app"
)

func TestChangesAreNamedByTheirPaths(t *testing.T) { // S141
	for _, tc := range []struct {
		name, from, to string
		want           []string
	}{
		{"nothing", "", "", nil},
		{"a text", "https://sso.example.org", "https://login.example.org", []string{"baseURL"}},
		{"a secret", "provider-secret", "rotated", []string{"providers.corp.client.secret"}},
		{"a sealing key that is added", `"MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY="`,
			`"MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY=", next: "MTEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY="`, []string{"sealing.keys.next"}},
		{"a list", "groups: [staff]", "groups: [staff, guests]", []string{"chats.rocketchat.access.groups"}},
		{"a chat that is renamed", "  talk:\n", "  comments:\n    kind: talk\n", []string{"chats.comments", "chats.talk"}},
		{"a section behind a pointer", "standalone: {", "tls: {}\n  standalone: {", []string{"redis.tls"}},
		{"what is in one", "cache:6379", "cache:6380", []string{"redis.standalone.address"}},
		{"a default that is written out", "redis:\n", "session: {idle: 8h}\nredis:\n", nil},
	} {
		t.Run(tc.name, func(t *testing.T) {
			before, err := parse(t, working)
			if err != nil {
				t.Fatal(err)
			}
			after, err := parse(t, strings.Replace(working, tc.from, tc.to, 1))
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(tc.want, app.Changes(before.Config, after.Config)); diff != "" {
				t.Errorf("changes (-want +got):\n%s", diff)
			}
		})
	}
}

// A mounted Secret: the files are links to a folder behind a link, which is replaced in one step.
func TestLooksSeeAMountedSecretChange(t *testing.T) { // S141
	folder := t.TempDir()
	version := func(name, content string) {
		t.Helper()
		if err := os.Mkdir(filepath.Join(folder, name), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(folder, name, "secret"), []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
		next := filepath.Join(folder, "..next")
		if err := os.Symlink(name, next); err != nil {
			t.Fatal(err)
		}
		if err := os.Rename(next, filepath.Join(folder, "..data")); err != nil {
			t.Fatal(err)
		}
	}
	version("..1", "one")
	secret := filepath.Join(folder, "secret")
	if err := os.Symlink(filepath.Join("..data", "secret"), secret); err != nil {
		t.Fatal(err)
	}
	looks := app.NewLooks(secret)
	look := func(want bool, when string) {
		t.Helper()
		if got := looks.Look(); got != want {
			t.Errorf("%s a look says %v, want %v", when, got, want)
		}
	}
	look(false, "before anything has changed")
	version("..2", "one")
	look(false, "when the same is mounted anew")
	version("..3", "two")
	look(false, "at the first sight of a change")
	look(true, "at the second sight of a change")
	looks.Act()
	look(false, "after it was acted on")
	version("..4", "three")
	look(false, "at the first sight of another")
	version("..5", "four")
	look(false, "while it still changes")
	look(true, "when it has settled")
	looks.Act()
	if err := os.Remove(secret); err != nil {
		t.Fatal(err)
	}
	look(false, "at the first sight of a file that is gone")
	look(true, "at the second sight of a file that is gone")
}

// settle has a file been written a while ago.
func settle(t *testing.T, path string) {
	t.Helper()
	ago := time.Now().Add(-time.Minute)
	if err := os.Chtimes(path, ago, ago); err != nil {
		t.Fatal(err)
	}
}

func TestEveryFileOfAConfigurationIsLookedAt(t *testing.T) { // S141, S132
	folder := t.TempDir()
	at := func(name string) string { return filepath.Join(folder, name) }
	if err := os.WriteFile(at("secret"), []byte("provider-secret\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	source := strings.NewReplacer(
		"provider-secret", `"${file:secret}"`, `standalone: {`, "tls: {ca: "+at("ca.pem")+"}\n  standalone: {",
		"url: https://comments.example.org\n", "url: https://comments.example.org\n    signingKeys: {files: ["+at("key.pem")+"]}\n",
	).Replace(working) + "theme: {logo: logo.svg, locales: words}\n"
	if err := os.WriteFile(at("chatgate.yaml"), []byte(source), 0o600); err != nil {
		t.Fatal(err)
	}
	loaded, err := app.Load(at("chatgate.yaml"), app.Chats(), nil)
	if err != nil {
		t.Fatal(err)
	}
	want := []string{at("ca.pem"), at("chatgate.yaml"), at("key.pem"), at("logo.svg"), at("secret"), at("words")}
	if diff := cmp.Diff(want, loaded.AllFiles()); diff != "" {
		t.Errorf("files (-want +got):\n%s", diff)
	}
	wrong, err := app.Parse(at("chatgate.yaml"), []byte(strings.Replace(source, "secret}", "missing}", 1)), app.Chats(), nil)
	if err == nil {
		t.Fatal("Parse() with a secret that is missing = nil")
	}
	looks := app.NewLooks(wrong.AllFiles()...)
	if err := os.WriteFile(at("missing"), []byte("there it is"), 0o600); err != nil {
		t.Fatal(err)
	}
	if looks.Look(); looks.Look() {
		t.Error("a file that was written this moment counts already")
	}
	settle(t, at("missing"))
	if !looks.Look() {
		t.Error("a secret that was missing and is there now is not noticed")
	}
	looks.Act()
	if err := os.MkdirAll(at("words"), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(at("words"), "de.json"), []byte("{}"), 0o600); err != nil {
		t.Fatal(err)
	}
	settle(t, at("words"))
	if looks.Look(); !looks.Look() {
		t.Error("a file in a folder of words is not noticed")
	}
}
