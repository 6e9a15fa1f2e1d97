package app

import (
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"hash"
	"io"
	"os"
	"path/filepath"
	"slices"
	"time"

	"chatgate/gateway/chat"
)

// maxLooked is how many bytes of one file are looked at: more than any file that a configuration may refer to can have.
const maxLooked = 2 << 20

// digest is of what a number of files held at one moment.
type digest [sha256.Size]byte

// looks notices that the configuration has changed. What files hold is compared, and not their times: a mounted ConfigMap or
// Secret changes by a symbolic link.
type looks struct {
	paths []string
	acted digest // taken up, or refused
	seen  digest // at the last look
	// ways are where the paths led when this began: another way is a link that was replaced, which takes one step.
	ways map[string]string
}

// quiet is how long a file must not have been written before it counts: an editor or a copy may be half done, and what is
// there so far may be a configuration as well.
const quiet = 5 * time.Second

func newLooks(paths []string, seen digest) looks {
	l := looks{paths: paths, acted: seen, seen: seen, ways: map[string]string{}}
	for _, path := range paths {
		l.ways[path], _ = filepath.EvalSymlinks(path)
	}
	return l
}

// look says whether there is something new to act on. Half a change may be on disk, so that this takes two looks that see
// the same.
func (l *looks) look() bool {
	now := contents(l.paths)
	steady := now == l.seen
	l.seen = now
	return steady && now != l.acted && !l.beingWritten(time.Now())
}

// beingWritten says whether one of the files was written a moment ago. A time that is far ahead is another clock's.
func (l *looks) beingWritten(now time.Time) bool {
	return slices.ContainsFunc(l.paths, func(path string) bool {
		if way, err := filepath.EvalSymlinks(path); err == nil && way != l.ways[path] && way != path {
			return false
		}
		info, err := os.Stat(path)
		return err == nil && now.Sub(info.ModTime()).Abs() < quiet
	})
}

// unsettled says that something has changed, and one more look is due.
func (l *looks) unsettled() bool { return l.seen != l.acted }

// contents is the digest of what these files hold now. One that cannot be read counts as well: it may be there next time.
func contents(paths []string) (d digest) {
	sum := sha256.New()
	for _, path := range paths {
		write(sum, []byte(path))
		content, err := content(path)
		if err != nil {
			content = []byte("unreadable: " + err.Error())
		}
		write(sum, content)
	}
	sum.Sum(d[:0])
	return d
}

// write adds one text to a hash, with its length first: ("ab", "c") and ("a", "bc") are two contents.
func write(sum hash.Hash, text []byte) {
	_, _ = sum.Write(binary.BigEndian.AppendUint64(nil, uint64(len(text)))) // a hash takes everything
	_, _ = sum.Write(text)
}

// content is what a file holds, or every file in a directory.
func content(path string) ([]byte, error) {
	f, err := openRegular(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	entries, err := f.ReadDir(-1)
	if err != nil { // it is no directory
		return io.ReadAll(io.LimitReader(f, maxLooked))
	}
	var paths []string
	for _, e := range entries {
		if !e.IsDir() {
			paths = append(paths, filepath.Join(path, e.Name()))
		}
	}
	slices.Sort(paths)
	d := contents(paths)
	return d[:], nil
}

var errUnsteady = errors.New("read configuration: its files change while they are read")

// readStable reads the configuration when none of its files changes meanwhile, so that no part of it is older than another.
// It returns what the files held: those that the configuration names, and those given.
func readStable(source Source, others []string) (loaded Loaded, seen digest, err error) {
	const attempts = 5
	paths := others
	for range attempts {
		seen = contents(paths)
		loaded, err = source()
		found := union(loaded.files(), others)
		if slices.Equal(found, paths) && contents(paths) == seen {
			return loaded, seen, err
		}
		paths = found
	}
	return loaded, seen, errUnsteady
}

func union(a, b []string) []string {
	all := slices.Concat(a, b)
	slices.Sort(all)
	return slices.Compact(all)
}

// files are all that this was read from, and all that will be when it is opened.
func (l Loaded) files() []string {
	return union(l.Files, l.Config.files())
}

// files are those that settings name.
func (c *Config) files() (paths []string) {
	if c == nil {
		return nil
	}
	for _, path := range []string{c.Theme.Logo, c.Theme.Locales} {
		if path != "" {
			paths = append(paths, beside(c.dir, path))
		}
	}
	paths = append(paths, c.Redis.files()...)
	for _, section := range c.Chats {
		if signer, ok := section.(chat.Signer); ok {
			set, _ := signer.SigningKeys()
			paths = append(paths, set.Files...)
		}
	}
	return paths
}

// files are the authorities: the pair is read anew for each connection.
func (r *Redis) files() []string {
	if r.TLS == nil || r.TLS.CA == "" {
		return nil
	}
	return []string{r.TLS.CA}
}
