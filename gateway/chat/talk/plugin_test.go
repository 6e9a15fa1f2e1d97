package talk_test

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"testing"

	"github.com/google/go-cmp/cmp"

	"chatgate/gateway/chat/talk"
)

// files are the contents of a folder's files by their paths in it.
func files(t *testing.T, folder string) map[string]string {
	t.Helper()
	found := map[string]string{}
	root := os.DirFS(folder)
	err := fs.WalkDir(root, ".", func(path string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return err
		}
		content, err := fs.ReadFile(root, path)
		found[path] = string(content)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return found
}

func TestThePluginIsUnpackedWhole(t *testing.T) { // P1
	dir := filepath.Join(t.TempDir(), "talk", "plugins")
	folder, err := talk.UnpackPlugin(dir, false)
	if err != nil || folder != filepath.Join(dir, "talk-plugin-chatgate") {
		t.Fatalf("UnpackPlugin = %q, %v", folder, err)
	}
	unpacked := files(t, folder)
	if diff := cmp.Diff(files(t, "talk-plugin-chatgate"), unpacked); diff != "" {
		t.Errorf("unpacked (-want +got):\n%s", diff)
	}
	for _, name := range []string{
		"index.js", "package.json", "plugins.sample.json", "README.md", "LICENSE",
		"server/verify.js", "server/jwks.js", "server/users.js", "server/popup.js",
		"client/index.js", "client/.eslintrc.json", "client/translations.yml",
	} {
		if unpacked[name] == "" {
			t.Errorf("%s is not in the plugin", name)
		}
	}
	if left, err := os.ReadDir(dir); err != nil || len(left) != 1 {
		t.Errorf("beside the plugin lie %v, %v", left, err)
	}
}

func TestAPluginThatIsThereIsReplacedOnlyOnPurpose(t *testing.T) {
	dir := t.TempDir()
	folder := filepath.Join(dir, talk.PluginName)
	if err := os.Mkdir(folder, 0o700); err != nil {
		t.Fatal(err)
	}
	own := filepath.Join(folder, "own.js")
	if err := os.WriteFile(own, []byte("own"), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := talk.UnpackPlugin(dir, false); !errors.Is(err, talk.ErrPluginThere) {
		t.Errorf("UnpackPlugin = %v, want ErrPluginThere", err)
	}
	if diff := cmp.Diff(map[string]string{"own.js": "own"}, files(t, folder)); diff != "" {
		t.Errorf("after a refusal (-want +got):\n%s", diff)
	}
	if _, err := talk.UnpackPlugin(dir, true); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(files(t, talk.PluginName), files(t, folder)); diff != "" {
		t.Errorf("after a replacement (-want +got):\n%s", diff)
	}
}

func TestUnpackPluginSaysWhereItCannotWrite(t *testing.T) {
	file := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := talk.UnpackPlugin(file, false); err == nil {
		t.Error("UnpackPlugin into a file = nil, want an error")
	}
}
