package app

import (
	"errors"
	"io/fs"
	"os"
	"syscall"
)

// errNotRegular is for a pipe, a socket or a device: whoever reads one may wait for ever.
var errNotRegular = errors.New("it is not a regular file")

// openRegular opens a file or a folder for reading, and nothing else. It does not wait for the other end of a pipe.
func openRegular(path string) (*os.File, error) {
	f, err := os.OpenFile(path, os.O_RDONLY|syscall.O_NONBLOCK, 0) //nolint:gosec // G304: the configuration names it
	if err != nil {
		return nil, err
	}
	info, err := f.Stat()
	if err == nil && !ordinary(info) {
		err = &fs.PathError{Op: "open", Path: path, Err: errNotRegular}
	}
	if err != nil {
		return nil, errors.Join(err, f.Close())
	}
	return f, nil
}

func ordinary(info fs.FileInfo) bool { return info.Mode().IsRegular() || info.IsDir() }

// refuseSpecial looks at files that others are about to read. What is not there is theirs to tell.
func refuseSpecial(paths ...string) error {
	var errs []error
	for _, path := range paths {
		if info, err := os.Stat(path); err == nil && !ordinary(info) {
			errs = append(errs, &fs.PathError{Op: "open", Path: path, Err: errNotRegular})
		}
	}
	return errors.Join(errs...)
}
