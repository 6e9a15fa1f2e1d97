package blueprint

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"chatgate/cmd/internal/app"
)

// Folder is where an installation's files go. What is secret in it only its owner reads.
type Folder struct{ Path string }

// maxSecret is the most that is read of a secret's file, in bytes.
const maxSecret = 64 << 10

// Kept are the secrets that are there already, by file name. A folder that is not there has none. One that somebody else has
// put there, or could read, is an error: it would go on to guard this installation.
func (f Folder) Kept() (map[string]app.Secret, error) {
	kept := map[string]app.Secret{}
	folder := filepath.Join(f.Path, secretsFolder)
	entries, err := os.ReadDir(folder)
	if errors.Is(err, fs.ErrNotExist) {
		return kept, nil
	}
	if err != nil {
		return nil, fmt.Errorf("read secrets: %w", err)
	}
	for _, entry := range entries {
		if !entry.Type().IsRegular() {
			return nil, fmt.Errorf("%s is no file of its own: take it away, or choose another folder", filepath.Join(folder, entry.Name()))
		}
		text, err := readSecret(filepath.Join(folder, entry.Name()))
		if err != nil {
			return nil, err
		}
		kept[entry.Name()] = text
	}
	return kept, nil
}

func readSecret(path string) (app.Secret, error) {
	file, err := os.Open(path)
	if err != nil {
		return "", fmt.Errorf("read secret: %w", err)
	}
	defer func() { _ = file.Close() }()
	about, err := file.Stat()
	if err != nil {
		return "", fmt.Errorf("read secret: %w", err)
	}
	if err := checkOwner(path, about, toUse); err != nil {
		return "", err
	}
	text, err := io.ReadAll(io.LimitReader(file, maxSecret+1))
	if err != nil {
		return "", fmt.Errorf("read secret: %w", err)
	}
	if len(text) > maxSecret {
		return "", fmt.Errorf("%s is larger than a secret is: %d bytes at most", path, maxSecret)
	}
	return app.Secret(strings.TrimRight(string(text), "\r\n")), nil
}

// Vacant is an error that names what is in the way of writing here: files of an earlier run unless they may be replaced,
// links in any case, folders that are somebody else's or that others may change, and one of secrets that others may enter.
func (f Folder) Vacant(replace bool) error {
	if err := checkFolder(f.Path, toChange); err != nil {
		return err
	}
	obstacles := []error{checkFolder(filepath.Join(f.Path, secretsFolder), toUse)}
	for _, name := range Names() {
		obstacles = append(obstacles, checkPlace(filepath.Join(f.Path, name), replace))
	}
	return errors.Join(obstacles...)
}

// checkFolder objects to a folder of somebody else's or with any of the permissions that are barred, and to what is none.
func checkFolder(path string, barred fs.FileMode) error {
	about, err := os.Lstat(path)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return nil
	case err != nil:
		return fmt.Errorf("look at the folder: %w", err)
	case !about.IsDir():
		return fmt.Errorf("%s is no folder: take another with --out", path)
	}
	return checkOwner(path, about, barred)
}

func checkPlace(path string, replace bool) error {
	about, err := os.Lstat(path)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return nil
	case err != nil:
		return fmt.Errorf("look at the file: %w", err)
	case !about.Mode().IsRegular():
		return fmt.Errorf("%s is no file of its own: take it away, or choose another folder", path)
	case !replace:
		return fmt.Errorf("%s is there already: --force replaces it, and keeps every secret", path)
	}
	return nil
}

// Write writes the files, once nothing is in their way.
func (f Folder) Write(files []File, replace bool) error {
	if err := f.Vacant(replace); err != nil {
		return err
	}
	if err := os.MkdirAll(filepath.Join(f.Path, secretsFolder), 0o700); err != nil {
		return fmt.Errorf("make the folder: %w", err)
	}
	root, err := os.OpenRoot(f.Path)
	if err != nil {
		return fmt.Errorf("open the folder: %w", err)
	}
	defer func() { _ = root.Close() }()
	for _, file := range files {
		if err := write(root, file, replace && !file.Keep); err != nil {
			return err
		}
	}
	return nil
}

// write never follows a link: O_EXCL makes a new file, and a rename puts one that is complete in the place of another.
func write(root *os.Root, file File, replace bool) error {
	name := filepath.FromSlash(file.Name)
	if !replace {
		err := create(root, name, file)
		if file.Keep && errors.Is(err, fs.ErrExist) {
			return nil
		}
		return err
	}
	fresh := name + ".new"
	if err := root.Remove(fresh); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("write %s: %w", file.Name, err)
	}
	if err := create(root, fresh, file); err != nil {
		return err
	}
	if err := root.Rename(fresh, name); err != nil {
		return errors.Join(fmt.Errorf("write %s: %w", file.Name, err), root.Remove(fresh))
	}
	return nil
}

// create writes a new file. One that could not be written whole is not left behind.
func create(root *os.Root, name string, file File) error {
	out, err := root.OpenFile(name, os.O_WRONLY|os.O_CREATE|os.O_EXCL, file.Mode)
	if err != nil {
		return fmt.Errorf("write %s: %w", file.Name, err)
	}
	_, err = out.WriteString(file.Text.Reveal())
	if err = errors.Join(err, out.Sync(), out.Close()); err != nil {
		return errors.Join(fmt.Errorf("write %s: %w", file.Name, err), root.Remove(name))
	}
	return nil
}
