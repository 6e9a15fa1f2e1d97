package blueprint

import "io/fs"

const toChange, toUse fs.FileMode = 0, 0

// checkOwner has nothing to say: what others may do stands in access control lists here, which files take from their folder.
func checkOwner(string, fs.FileInfo, fs.FileMode) error { return nil }
