package app

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"path/filepath"
	"strings"
)

// maxReferenced is how many bytes a file named by ${file:PATH} may hold.
const maxReferenced = 64 << 10

// expander replaces references inside a scalar. It works on parsed values, so nothing it reads can add keys to a
// configuration, and what it reads is not searched for references again.
type expander struct {
	dir    string // of the configuration file; relative paths start here
	getenv func(name string) (value string, ok bool)
	open   func(path string) (fs.File, error)
}

// lookup is one reference that was found and what it stood for.
type lookup struct {
	reference string // as written, such as ${env:NAME}
	value     string
	file      string // the path that was read; empty for the environment
	exposed   bool   // every user of the machine may read the file
}

// expand replaces ${env:NAME} and ${file:PATH} in text, and $${ by a literal ${. Its errors name the reference.
func (e expander) expand(text string) (string, []lookup, error) {
	var (
		out  strings.Builder
		used []lookup
	)
	for {
		before, rest, found := strings.Cut(text, "${")
		if !found {
			out.WriteString(text)
			return out.String(), used, nil
		}
		if literal, escaped := strings.CutSuffix(before, "$"); escaped {
			out.WriteString(literal + "${")
			text = rest
			continue
		}
		out.WriteString(before)
		name, after, closed := strings.Cut(rest, "}")
		if !closed {
			return "", nil, errors.New("has a ${ without its }; write $${ for the two characters themselves")
		}
		l, err := e.resolve(name)
		if err != nil {
			return "", nil, err
		}
		out.WriteString(l.value)
		used = append(used, l)
		text = after
	}
}

// resolve looks up what stands between ${ and }.
func (e expander) resolve(inner string) (lookup, error) {
	source, name, _ := strings.Cut(inner, ":")
	l := lookup{reference: "${" + inner + "}"}
	var err error
	switch {
	case strings.Contains(name, "${"):
		return l, fmt.Errorf("has a reference inside %s; references do not nest", l.reference)
	case source == "env" && name != "":
		l.value, err = e.variable(name)
	case source == "file" && name != "":
		l.file = e.absolute(name)
		l.value, l.exposed, err = e.file(l.file)
	default:
		return l, fmt.Errorf("%s is neither ${env:NAME} nor ${file:PATH}; write $${ for a literal ${", l.reference)
	}
	if err != nil {
		return l, fmt.Errorf("%s: %w", l.reference, err)
	}
	return l, nil
}

func (e expander) variable(name string) (string, error) {
	value, ok := e.getenv(name)
	if !ok {
		return "", errors.New("this environment variable is not set")
	}
	return value, nil
}

func (e expander) absolute(path string) string {
	if filepath.IsAbs(path) {
		return path
	}
	return filepath.Join(e.dir, path)
}

// file reads a referenced file without its final newline, which editors add and no secret has.
func (e expander) file(path string) (content string, exposed bool, err error) {
	f, err := e.open(path)
	if err != nil {
		return "", false, fileProblem(path, err)
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		return "", false, fileProblem(path, err)
	}
	data, err := io.ReadAll(io.LimitReader(f, maxReferenced+1))
	if err != nil {
		return "", false, fileProblem(path, err)
	}
	if len(data) > maxReferenced {
		return "", false, fmt.Errorf("%s is larger than %d KiB", path, maxReferenced>>10)
	}
	content = strings.TrimSuffix(string(data), "\n")
	if len(content) < len(data) {
		content = strings.TrimSuffix(content, "\r")
	}
	return content, info.Mode().Perm()&0o004 != 0, nil
}

// fileProblem says in an operator's words why a file could not be read.
func fileProblem(path string, err error) error {
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return fmt.Errorf("there is no file %s", path)
	case errors.Is(err, fs.ErrPermission):
		return fmt.Errorf("this process may not read %s", path)
	}
	var pathErr *fs.PathError
	if errors.As(err, &pathErr) {
		err = pathErr.Err
	}
	return fmt.Errorf("read %s: %w", path, err)
}
