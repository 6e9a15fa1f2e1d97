package main

import (
	"bytes"
	"cmp"
	"context"
	"crypto/sha256"
	"debug/buildinfo"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path"
	"path/filepath"
	"runtime/debug"
	"slices"
	"strings"
)

// program is what was built, and what is in it.
type program struct {
	path, version, created string // of the main package; of the release
	goVersion              string
	settings               map[string]string
	digest                 [sha256.Size]byte
	parts                  []*part
}

// part is a linked module, or the standard library.
type part struct {
	path, version, sum string
	folders            []string // those that have linked packages, and the folders above them up to the module's own
	licenses           []license
}

// standard is the path that the standard library goes by, in the vulnerability database too.
const standard = "std"

// read takes from the program itself what is in it: what `go version -m` prints.
func read(file string) (*program, error) {
	content, err := os.ReadFile(file)
	if err != nil {
		return nil, err
	}
	info, err := buildinfo.Read(bytes.NewReader(content))
	if err != nil {
		return nil, fmt.Errorf("%s: %w", file, err)
	}
	p := &program{
		path: info.Path, version: info.Main.Version, goVersion: info.GoVersion, settings: map[string]string{}, digest: sha256.Sum256(content),
		parts: []*part{{path: standard, version: strings.TrimPrefix(info.GoVersion, "go")}},
	}
	for _, s := range info.Settings {
		p.settings[s.Key] = s.Value
	}
	for _, m := range info.Deps {
		p.parts = append(p.parts, linked(m))
	}
	slices.SortFunc(p.parts, func(a, b *part) int { return cmp.Compare(a.path, b.path) })
	return p, nil
}

// linked is the module whose code it is: with a replace line that of its right-hand side.
func linked(m *debug.Module) *part {
	if m.Replace != nil {
		m = m.Replace
	}
	return &part{path: m.Path, version: m.Version, sum: m.Sum}
}

// name is the program's own, as in chatgate.
func (p *program) name() string { return path.Base(p.path) }

// listed is what `go list` says of a package.
type listed struct {
	Dir      string
	Standard bool
	Module   *listedModule
}

type listedModule struct {
	Path, Dir string
	Main      bool
	Replace   *listedModule
}

// locate finds the folders of the linked packages, under the tags and for the platform that the program was built with.
func (p *program) locate(ctx context.Context, root string) error {
	tags := "-tags=" + p.settings["-tags"]
	list := exec.CommandContext(ctx, "go", "list", "-deps", "-json=Dir,Standard,Module", tags, p.path) //nolint:gosec // our own program says so
	list.Dir = root
	list.Env = append(os.Environ(), "CGO_ENABLED="+p.settings["CGO_ENABLED"], "GOOS="+p.settings["GOOS"], "GOARCH="+p.settings["GOARCH"])
	var failure strings.Builder
	list.Stderr = &failure
	out, err := list.Output()
	if err != nil {
		return fmt.Errorf("go list %s: %w\n%s", p.path, err, &failure)
	}
	goroot, err := exec.CommandContext(ctx, "go", "env", "GOROOT").Output()
	if err != nil {
		return fmt.Errorf("go env GOROOT: %w", err)
	}
	return p.place(bytes.NewReader(out), strings.TrimSpace(string(goroot)))
}

// place gives each part its folders. A part without one would be a part whose licences nobody has looked for.
func (p *program) place(list io.Reader, goroot string) error {
	parts := map[string]*part{}
	for _, part := range p.parts {
		parts[part.path] = part
	}
	parts[standard].folders = []string{goroot}
	for decoder := json.NewDecoder(list); ; {
		var l listed
		switch err := decoder.Decode(&l); {
		case errors.Is(err, io.EOF):
			return p.placed()
		case err != nil:
			return fmt.Errorf("what go list prints: %w", err)
		}
		if l.Standard || l.Module == nil || l.Module.Main {
			continue
		}
		m := *l.Module
		if m.Replace != nil {
			m.Path = m.Replace.Path
		}
		part, known := parts[m.Path]
		if !known {
			return fmt.Errorf("%s is imported and not in the program: was it built from another commit?", m.Path)
		}
		part.add(m.Dir, l.Dir)
	}
}

func (p *program) placed() error {
	for _, part := range p.parts {
		if len(part.folders) == 0 {
			return fmt.Errorf("%s is in the program and not imported: was it built from another commit?", part.path)
		}
	}
	return nil
}

// add keeps a package's folder and those above it.
func (p *part) add(module, folder string) {
	for {
		if !slices.Contains(p.folders, folder) {
			p.folders = append(p.folders, folder)
		}
		if folder == module || folder == filepath.Dir(folder) {
			return
		}
		folder = filepath.Dir(folder)
	}
}
