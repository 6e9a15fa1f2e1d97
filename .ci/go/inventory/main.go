// Command inventory says what is linked into a program, from what the toolchain wrote into it:
//
//	inventory -root FOLDER -version VERSION -created TIME -out FOLDER PROGRAM
//
// It writes three files beside each other: LICENSE, the program's own; THIRD_PARTY_LICENSES.txt, the texts that those who
// made the linked modules ask to be passed on; and sbom.cdx.json, a bill of materials in CycloneDX 1.5. Equal programs
// make equal files.
//
// It exits 1 when a linked module has a licence that is not on the list, or none that it knows.
package main

import (
	"cmp"
	"context"
	"flag"
	"fmt"
	"os"
	"path/filepath"
)

func main() {
	root := flag.String("root", ".", "the `folder` of the module that the program was built from")
	version := flag.String("version", "", "the program's version; empty means what is written in it")
	created := flag.String("created", "", "the time of the commit (RFC 3339), for the bill of materials")
	out := flag.String("out", "", "the `folder` to write to")
	flag.Parse()
	if flag.NArg() != 1 || *out == "" {
		flag.Usage()
		os.Exit(2)
	}
	if err := run(*root, *version, *created, *out, flag.Arg(0)); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func run(root, version, created, out, path string) error {
	p, err := read(path)
	if err != nil {
		return err
	}
	p.version, p.created = cmp.Or(version, p.version), created
	own, err := os.ReadFile(filepath.Join(root, "LICENSE"))
	if err != nil {
		return err
	}
	if err := p.locate(context.Background(), root); err != nil {
		return err
	}
	if err := p.license(); err != nil {
		return err
	}
	bill, err := p.bill()
	if err != nil {
		return err
	}
	for name, content := range map[string][]byte{"LICENSE": own, "THIRD_PARTY_LICENSES.txt": p.notice(), "sbom.cdx.json": bill} {
		if err := publish(out, name, content); err != nil {
			return err
		}
	}
	return nil
}

// publish writes a file that is in the image for everybody to read.
func publish(folder, name string, content []byte) error {
	if err := os.MkdirAll(folder, 0o755); err != nil { //nolint:gosec // for everybody
		return err
	}
	return os.WriteFile(filepath.Join(folder, name), content, 0o644) //nolint:gosec // for everybody
}
