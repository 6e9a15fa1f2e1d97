//go:build unix

package blueprint

import (
	"fmt"
	"io/fs"
	"os"
	"syscall"
)

// Permissions that others than the owner must not have.
const (
	toChange fs.FileMode = 0o022 // another's files could be put in the place of one's own
	toUse    fs.FileMode = 0o077
)

// checkOwner objects to what belongs to somebody else, who may change it at any time, and to permissions of others. Root
// may do that anyway.
func checkOwner(path string, about fs.FileInfo, barred fs.FileMode) error {
	owner, self := about.Sys().(*syscall.Stat_t).Uid, os.Geteuid()
	switch {
	case owner != 0 && int(owner) != self:
		return fmt.Errorf("%s belongs to user %d, and this is user %d: choose another folder", path, owner, self)
	case about.Mode().Perm()&barred == 0:
		return nil
	case barred == toChange:
		return fmt.Errorf("%s can be changed by others: chmod go-w %s, or choose another folder", path, path)
	case about.IsDir():
		return fmt.Errorf("%s can be entered by others: chmod 700 %s, or choose another folder", path, path)
	}
	return fmt.Errorf("%s can be read or changed by others: make another secret if that matters, and chmod 600 %s", path, path)
}
