package talk

import (
	"embed"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
)

// PluginName is what Talk 4 calls the plugin, and the folder that it has to lie in.
const PluginName = "talk-plugin-chatgate"

// The prefix lets files whose names begin with a dot in.
//
//go:embed all:talk-plugin-chatgate
var plugin embed.FS

// ErrPluginThere says that a folder holds a plugin already.
var ErrPluginThere = errors.New("is there already")

// UnpackPlugin writes the plugin for Talk 4 (P1) into a folder of its own below dir, and returns that folder. One that is
// there already stays as it is and is an ErrPluginThere, unless it is to be replaced. The new folder takes its place whole:
// what fails leaves the old one behind.
func UnpackPlugin(dir string, replace bool) (folder string, err error) {
	folder = filepath.Join(dir, PluginName)
	if _, err := os.Lstat(folder); err == nil && !replace {
		return "", fmt.Errorf("%s %w", folder, ErrPluginThere)
	} else if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return "", fmt.Errorf("look for a plugin: %w", err)
	}
	if err := os.MkdirAll(dir, 0o755); err != nil { //nolint:gosec // Talk reads it as another user
		return "", fmt.Errorf("unpack the plugin: %w", err)
	}
	fresh, err := os.MkdirTemp(dir, "."+PluginName+"-")
	if err != nil {
		return "", fmt.Errorf("unpack the plugin: %w", err)
	}
	defer func() { err = errors.Join(err, os.RemoveAll(fresh)) }()
	if err := os.CopyFS(fresh, plugin); err != nil {
		return "", fmt.Errorf("unpack the plugin: %w", err)
	}
	if err := swap(filepath.Join(fresh, PluginName), folder); err != nil {
		return "", err
	}
	return folder, nil
}

// swap puts the folder fresh in the place of folder, which need not be there. The former one is put aside first and removed
// last, since only a rename is whole or not at all.
func swap(fresh, folder string) error {
	former, err := os.MkdirTemp(filepath.Dir(folder), "."+PluginName+"-former-")
	if err != nil {
		return fmt.Errorf("make room for the former plugin: %w", err)
	}
	aside := filepath.Join(former, PluginName)
	if err := os.Rename(folder, aside); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return errors.Join(fmt.Errorf("put the former plugin aside: %w", err), os.Remove(former))
	}
	if err := os.Rename(fresh, folder); err != nil {
		return errors.Join(fmt.Errorf("put the plugin in its place: %w", err), putBack(aside, folder), os.Remove(former))
	}
	if err := os.RemoveAll(former); err != nil {
		return fmt.Errorf("remove the former plugin, whose place the new one has: %w", err)
	}
	return nil
}

// putBack undoes that a plugin was put aside. Where it cannot, its error names both places.
func putBack(aside, folder string) error {
	if err := os.Rename(aside, folder); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("put the former plugin back: %w", err)
	}
	return nil
}
