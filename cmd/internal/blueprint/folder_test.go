package blueprint_test

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"chatgate/cmd/internal/app"
	"chatgate/cmd/internal/blueprint"
)

// files are a small installation.
func files() []blueprint.File {
	return []blueprint.File{
		{Name: "chatgate.yaml", Text: "new", Mode: 0o644}, {Name: "rocketchat.env", Text: "A=b", Mode: 0o600},
		{Name: "secrets/sealing", Text: "new-key", Mode: 0o600, Keep: true},
	}
}

func TestFilesAreTheirOwnersAlone(t *testing.T) { // S133
	folder := filepath.Join(t.TempDir(), "deep", "chatgate")
	if err := (blueprint.Folder{Path: folder}).Write(files(), false); err != nil {
		t.Fatal(err)
	}
	for name, want := range map[string]fs.FileMode{
		".": 0o700, "secrets": 0o700, "secrets/sealing": 0o600, "rocketchat.env": 0o600,
	} {
		about, err := os.Stat(filepath.Join(folder, name))
		if err != nil || about.Mode().Perm() != want {
			t.Errorf("%s is %v, %v; want %v", name, about.Mode(), err, want)
		}
	}
}

func TestNothingIsOverwrittenUnasked(t *testing.T) {
	path := t.TempDir()
	folder := blueprint.Folder{Path: path}
	put(t, filepath.Join(path, "rocketchat.env"), "old")
	err := folder.Write(files(), false)
	if err == nil || !strings.Contains(err.Error(), "rocketchat.env is there already: --force replaces it, and keeps every secret") {
		t.Errorf("Write() = %v, want it refused", err)
	}
	if _, err := os.Stat(filepath.Join(path, "chatgate.yaml")); !errors.Is(err, fs.ErrNotExist) {
		t.Error("a part was written all the same")
	}
	if got := read(t, path, "rocketchat.env"); got != "old" {
		t.Errorf("rocketchat.env = %q", got)
	}
}

func TestForceKeepsEverySecret(t *testing.T) {
	path := filepath.Join(t.TempDir(), "chatgate")
	folder := blueprint.Folder{Path: path}
	if err := folder.Write(files(), false); err != nil {
		t.Fatal(err)
	}
	put(t, filepath.Join(path, "secrets", "sealing"), "the-first-key\n")
	put(t, filepath.Join(path, "chatgate.yaml"), "old")
	put(t, filepath.Join(path, "chatgate.yaml.new"), "of a run that was cut short")
	if err := folder.Write(files(), true); err != nil {
		t.Fatal(err)
	}
	if got := read(t, path, "secrets", "sealing"); got != "the-first-key\n" {
		t.Errorf("the sealing key = %q, want the first", got)
	}
	if got := read(t, path, "chatgate.yaml"); got != "new" {
		t.Errorf("chatgate.yaml = %q, want it new", got)
	}
	if _, err := os.Stat(filepath.Join(path, "chatgate.yaml.new")); !errors.Is(err, fs.ErrNotExist) {
		t.Error("the half of a run is still there")
	}
	kept, err := folder.Kept()
	if err != nil || kept["sealing"] != app.Secret("the-first-key") || len(kept) != 1 {
		t.Errorf("Kept() has %d secrets, %v", len(kept), err)
	}
}

func TestLinksAndOpenFoldersAreRefused(t *testing.T) {
	for _, c := range []struct {
		name    string
		prepare func(t *testing.T, path, elsewhere string) error
		want    string
	}{
		{"a file that leads elsewhere", func(_ *testing.T, path, elsewhere string) error {
			return os.Symlink(elsewhere, filepath.Join(path, "chatgate.yaml"))
		}, "chatgate.yaml is no file of its own"},
		{"one that leads nowhere yet", func(_ *testing.T, path, elsewhere string) error {
			return os.Symlink(elsewhere+"-new", filepath.Join(path, "rocketchat.env"))
		}, "rocketchat.env is no file of its own"},
		{"a folder of secrets that leads elsewhere", func(_ *testing.T, path, elsewhere string) error {
			return os.Symlink(filepath.Dir(elsewhere), filepath.Join(path, "secrets"))
		}, "secrets is no folder"},
		{"a folder of secrets that others may enter", func(_ *testing.T, path, _ string) error {
			return errors.Join(os.Mkdir(filepath.Join(path, "secrets"), 0o700), os.Chmod(filepath.Join(path, "secrets"), 0o750))
		}, "can be entered by others: chmod 700"},
		{"a folder that others may change", func(_ *testing.T, path, _ string) error {
			return os.Chmod(path, 0o770)
		}, "can be changed by others: chmod go-w"},
		{"a folder in a file's place", func(_ *testing.T, path, _ string) error {
			return os.Mkdir(filepath.Join(path, "values.yaml"), 0o700)
		}, "values.yaml is no file of its own"},
	} {
		t.Run(c.name, func(t *testing.T) {
			path, elsewhere := t.TempDir(), filepath.Join(t.TempDir(), "elsewhere")
			put(t, elsewhere, "untouched")
			if err := c.prepare(t, path, elsewhere); err != nil {
				t.Fatal(err)
			}
			for _, force := range []bool{false, true} {
				err := (blueprint.Folder{Path: path}).Write(files(), force)
				if err == nil || !strings.Contains(err.Error(), c.want) {
					t.Errorf("Write(force %t) = %v, want %q", force, err, c.want)
				}
			}
			if got := read(t, elsewhere); got != "untouched" {
				t.Errorf("what the link leads to is %q", got)
			}
		})
	}
}

// TestAFileInTheFoldersPlaceIsOneObstacle: what would be in it is not looked for.
func TestAFileInTheFoldersPlaceIsOneObstacle(t *testing.T) {
	path := filepath.Join(t.TempDir(), "chatgate")
	put(t, path, "a program")
	err := (blueprint.Folder{Path: path}).Vacant(false)
	if want := path + " is no folder: take another with --out"; err == nil || err.Error() != want {
		t.Errorf("Vacant() = %v, want %s", err, want)
	}
}

// TestASecretThatIsALinkIsNotRead: nor is it written through.
func TestASecretThatIsALinkIsNotRead(t *testing.T) {
	path, elsewhere := t.TempDir(), filepath.Join(t.TempDir(), "elsewhere")
	put(t, elsewhere, "somebody else's")
	if err := errors.Join(os.Mkdir(filepath.Join(path, "secrets"), 0o700), os.Symlink(elsewhere, filepath.Join(path, "secrets", "sealing"))); err != nil {
		t.Fatal(err)
	}
	if kept, err := (blueprint.Folder{Path: path}).Kept(); err == nil || !strings.Contains(err.Error(), "sealing is no file of its own") {
		t.Errorf("Kept() = %d secrets, %v; want it refused", len(kept), err)
	}
	if err := (blueprint.Folder{Path: path}).Write(files(), true); err != nil {
		t.Fatal(err)
	}
	if got := read(t, elsewhere); got != "somebody else's" {
		t.Errorf("what the link leads to is %q", got)
	}
}

// TestASecretOfOthersIsNotKept: who has put it there, or could read it, would know what guards the installation.
func TestASecretOfOthersIsNotKept(t *testing.T) { // S133
	for _, c := range []struct {
		name    string
		prepare func(file string) error
		want    string
	}{
		{"one that others may read", func(file string) error { return os.Chmod(file, 0o644) }, "sealing can be read or changed by others"},
		{"one that a group may change", func(file string) error { return os.Chmod(file, 0o620) }, "sealing can be read or changed by others"},
		{"somebody else's", func(file string) error { return os.Chown(file, 4711, -1) }, "sealing belongs to user 4711"},
	} {
		t.Run(c.name, func(t *testing.T) {
			path := t.TempDir()
			file := filepath.Join(path, "secrets", "sealing")
			if err := os.Mkdir(filepath.Dir(file), 0o700); err != nil {
				t.Fatal(err)
			}
			put(t, file, "a key")
			if err := c.prepare(file); errors.Is(err, fs.ErrPermission) {
				t.Skip("only root can give files away")
			} else if err != nil {
				t.Fatal(err)
			}
			kept, err := (blueprint.Folder{Path: path}).Kept()
			if err == nil || !strings.Contains(err.Error(), c.want) || len(kept) > 0 {
				t.Errorf("Kept() = %d secrets, %v; want %q", len(kept), err, c.want)
			}
		})
	}
}

func TestFoldersOfOthersAreRefused(t *testing.T) {
	for _, name := range []string{".", "secrets"} {
		path := t.TempDir()
		if err := os.Mkdir(filepath.Join(path, "secrets"), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.Chown(filepath.Join(path, name), 4711, -1); errors.Is(err, fs.ErrPermission) {
			t.Skip("only root can give folders away")
		} else if err != nil {
			t.Fatal(err)
		}
		if err := (blueprint.Folder{Path: path}).Vacant(true); err == nil || !strings.Contains(err.Error(), "belongs to user 4711") {
			t.Errorf("%s: Vacant() = %v, want it refused", name, err)
		}
	}
}

func TestASealingKeyThatIsThereMustBeOne(t *testing.T) {
	for name, key := range map[string]app.Secret{
		"nothing": "", "no base64": "correct horse battery staple, and long enough", "one that is too short": "MDEyMzQ1Njc4OWFiY2RlZg==",
		"nothing but zeroes": "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=", "one byte again and again": "QUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUE=",
	} {
		kept := known()
		kept["sealing"] = key
		_, _, err := draw(t, blueprint.Config{Given: complete(nil), Kept: kept})
		if err == nil || !strings.Contains(err.Error(), "secrets/sealing is there already and is no key") || key != "" && strings.Contains(err.Error(), key.Reveal()) {
			t.Errorf("%s: Draw() = %v, want it refused without its text", name, err)
		}
	}
}

func TestASecretThatIsTooLargeIsNone(t *testing.T) {
	path := t.TempDir()
	if err := os.Mkdir(filepath.Join(path, "secrets"), 0o700); err != nil {
		t.Fatal(err)
	}
	put(t, filepath.Join(path, "secrets", "sealing"), strings.Repeat("x", 65<<10))
	if _, err := (blueprint.Folder{Path: path}).Kept(); err == nil || !strings.Contains(err.Error(), "larger than a secret is") {
		t.Errorf("Kept() = %v, want it refused", err)
	}
}
