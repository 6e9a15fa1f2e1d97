package main

import (
	"bytes"
	"crypto/sha256"
	"debug/elf"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
)

// expectation is what one image has to be.
type expectation struct {
	name, platform             string
	version, revision, created string
	mostProgram                int64
}

// unprivileged is nobody's account on any machine; the numbers let Kubernetes see that it is not root's (H27).
const unprivileged = "65532:65532"

// ports are those that each image says it listens on.
var ports = map[string][]string{
	"chatgate":      {"8080/tcp", "9090/tcp"},
	"chatgate-demo": {"8440/tcp", "8441/tcp", "8442/tcp", "8443/tcp", "8444/tcp", "8446/tcp", "8447/tcp"},
}

var machines = map[string]elf.Machine{
	"linux/amd64": elf.EM_X86_64, "linux/arm64": elf.EM_AARCH64, "linux/arm/v7": elf.EM_ARM,
}

// problems are what does not hold.
func (e expectation) problems(i *image) []error {
	var all []error
	add := func(format string, args ...any) { all = append(all, fmt.Errorf(format, args...)) }
	if got := i.platform(); got != e.platform {
		add("the platform is %s, want %s", got, e.platform)
	}
	if i.Config.User != unprivileged {
		add("the user is %q, want %q", i.Config.User, unprivileged)
	}
	if want := []string{"/" + e.name}; !slices.Equal(i.Config.Entrypoint, want) {
		add("the entrypoint is %q, want %q", i.Config.Entrypoint, want)
	}
	if got := slices.Sorted(maps.Keys(i.Config.ExposedPorts)); !slices.Equal(got, ports[e.name]) {
		add("the ports are %v, want %v", got, ports[e.name])
	}
	if i.compressed > mostCompressed {
		add("the layers have %d bytes compressed, want at most %d (H30)", i.compressed, mostCompressed)
	}
	all = append(all, e.wrongLabels(i.Config.Labels)...)
	all = append(all, e.wrongFiles(i.files)...)
	return append(all, e.wrongProgram(i.files)...)
}

func (e expectation) wrongLabels(labels map[string]string) (all []error) {
	const prefix = "org.opencontainers.image."
	exact := map[string]string{
		"title": e.name, "version": e.version, "revision": e.revision, "created": e.created, "licenses": "Apache-2.0",
	}
	for _, key := range []string{"title", "description", "version", "revision", "created", "source", "documentation", "licenses", "vendor"} {
		got, want := labels[prefix+key], exact[key]
		switch {
		case got == "":
			all = append(all, fmt.Errorf("the label %s%s is missing", prefix, key))
		case want != "" && got != want:
			all = append(all, fmt.Errorf("the label %s%s is %q, want %q", prefix, key, got, want))
		}
	}
	return all
}

// wrongFiles: no shell, no package manager, nothing of the machine that built it (H27).
func (e expectation) wrongFiles(files map[string]file) (all []error) {
	documents := "usr/share/doc/" + e.name + "/"
	want := []string{
		e.name, "etc/ssl/certs/ca-certificates.crt",
		documents + "LICENSE", documents + "THIRD_PARTY_LICENSES.txt", documents + "sbom.cdx.json",
	}
	slices.Sort(want)
	if got := slices.Sorted(maps.Keys(files)); !slices.Equal(got, want) {
		all = append(all, fmt.Errorf("the files are %v, want %v", got, want))
	}
	for name, f := range files {
		if f.uid != 0 || f.gid != 0 || f.mode&0o022 != 0 || f.mode&0o444 != 0o444 || len(f.content) == 0 {
			all = append(all, fmt.Errorf("%s belongs to %d:%d with mode %o and has %d bytes; want root's own that everybody reads",
				name, f.uid, f.gid, f.mode, len(f.content)))
		}
	}
	return all
}

// wrongProgram: any user runs it, on this platform, without a library; and it is what the bill of materials is about.
func (e expectation) wrongProgram(files map[string]file) (all []error) {
	program := files[e.name]
	if size := int64(len(program.content)); size > e.mostProgram {
		all = append(all, fmt.Errorf("the program has %d bytes, want at most %d", size, e.mostProgram))
	}
	if program.mode&0o111 != 0o111 {
		all = append(all, fmt.Errorf("the program's mode is %o, want one that everybody may run", program.mode))
	}
	all = append(all, e.wrongFormat(program.content)...)
	var bill struct {
		Metadata struct {
			Component struct {
				Version string
				Hashes  []struct{ Content string }
			}
		}
	}
	if err := json.Unmarshal(files["usr/share/doc/"+e.name+"/sbom.cdx.json"].content, &bill); err != nil {
		return append(all, fmt.Errorf("the bill of materials: %w", err))
	}
	about, sum := bill.Metadata.Component, sha256.Sum256(program.content)
	if len(about.Hashes) != 1 || about.Hashes[0].Content != hex.EncodeToString(sum[:]) || about.Version != e.version {
		all = append(all, fmt.Errorf("the bill of materials is about version %s, %v; want this program", about.Version, about.Hashes))
	}
	return all
}

func (e expectation) wrongFormat(program []byte) []error {
	parsed, err := elf.NewFile(bytes.NewReader(program))
	if err != nil {
		return []error{fmt.Errorf("the program: %w", err)}
	}
	var all []error
	if parsed.Machine != machines[e.platform] {
		all = append(all, fmt.Errorf("the program is for %s, want %s", parsed.Machine, machines[e.platform]))
	}
	for _, segment := range parsed.Progs {
		if segment.Type == elf.PT_INTERP {
			all = append(all, fmt.Errorf("the program wants a dynamic linker, and there is none"))
		}
	}
	if parsed.Section(".symtab") != nil || slices.ContainsFunc(parsed.Sections, func(s *elf.Section) bool { return strings.HasPrefix(s.Name, ".debug") }) {
		all = append(all, fmt.Errorf("the program is not stripped"))
	}
	return all
}
