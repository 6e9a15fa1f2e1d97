package talk

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"testing"
)

func TestAPluginThatCannotBeReplacedStays(t *testing.T) { // P1
	dir := t.TempDir()
	folder := filepath.Join(dir, PluginName)
	own := filepath.Join(folder, "own.js")
	if err := errors.Join(os.Mkdir(folder, 0o700), os.WriteFile(own, []byte("own"), 0o600)); err != nil {
		t.Fatal(err)
	}
	if err := swap(filepath.Join(dir, "missing"), folder); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("swap with nothing = %v, want that it is not there", err)
	}
	if content, err := os.ReadFile(own); err != nil || string(content) != "own" {
		t.Errorf("the former plugin's file is %q, %v", content, err)
	}
	if left, err := os.ReadDir(dir); err != nil || len(left) != 1 {
		t.Errorf("beside the plugin lie %v, %v", left, err)
	}
}
