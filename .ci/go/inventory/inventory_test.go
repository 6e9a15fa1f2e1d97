package main

import (
	"encoding/json"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
)

const (
	mitText = "Permission is hereby granted, free of charge, to any person\n// obtaining a copy of this software"
	bsdText = "Redistribution and use in source and binary forms, with or without modification, are permitted"
)

func TestIdentify(t *testing.T) {
	for _, test := range []struct{ name, text, want string }{
		{"Apache 2.0 as it is printed", "                              Apache License\n                        Version 2.0, January 2004\n", "Apache-2.0"},
		{"MIT, as a comment in capitals", strings.ToUpper(mitText), "MIT"},
		{"ISC in its two wordings", "Permission to use, copy, modify, and/or distribute this\nsoftware for any purpose with or without fee", "ISC"},
		{"BSD with the clause on names", bsdText + " ... endorse or promote products derived from", "BSD-3-Clause"},
		{"BSD without it", bsdText, "BSD-2-Clause"},
		{"BSD with the clause on advertising", bsdText + " ... All advertising materials mentioning features", "BSD-4-Clause"},
		{"two in one file", mitText + "\nApache License\nVersion 2.0, January 2004", "Apache-2.0 MIT"},
		{"a copyleft", "GNU GENERAL PUBLIC LICENSE\n Version 3, 29 June 2007", "GPL"},
		{"a weaker copyleft", "GNU LESSER GENERAL PUBLIC LICENSE\n Version 3", "LGPL"},
		{"one that names the copyleft it goes together with", "Mozilla Public License Version 2.0 ... the GNU General Public License, Version 2.0", "MPL-2.0"},
		{"a notice", "This product includes software developed by somebody.", ""},
	} {
		t.Run(test.name, func(t *testing.T) {
			if got := strings.Join(identify(test.text), " "); got != test.want {
				t.Errorf("identify(%q) = %s, want %s", test.text, got, test.want)
			}
		})
	}
}

// folder makes a module with these files.
func folder(t *testing.T, files map[string]string) string {
	t.Helper()
	root := t.TempDir()
	for name, text := range files {
		path := filepath.Join(root, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	return root
}

func TestAPartMustHaveALicenseOnTheList(t *testing.T) {
	for _, test := range []struct {
		name  string
		files map[string]string
		want  string
	}{
		{"one on the list is fine", map[string]string{"LICENSE": mitText}, ""},
		{"another name of the file too", map[string]string{"COPYING.txt": mitText}, ""},
		{"none at all", map[string]string{"README.md": mitText, "license.go": mitText}, "has no licence that is known"},
		{"a text nobody knows", map[string]string{"LICENSE": "Do as you please."}, "has no licence that is known"},
		{"one that is not on the list", map[string]string{"LICENSE": "Mozilla Public License Version 2.0"}, "is under MPL-2.0"},
		{"one on the list beside one that is not", map[string]string{"LICENSE": mitText, "internal/deep/LICENSE": "GNU General Public License\nVersion 3"}, "is under GPL"},
	} {
		t.Run(test.name, func(t *testing.T) {
			root := folder(t, test.files)
			p := &part{path: "example.org/part"}
			p.add(root, filepath.Join(root, "internal", "deep"))
			if err := os.MkdirAll(filepath.Join(root, "internal", "deep"), 0o755); err != nil {
				t.Fatal(err)
			}
			err := p.license()
			if got := message(err); test.want == "" && got != "" || !strings.Contains(got, test.want) {
				t.Errorf("license() = %q, want %q", got, test.want)
			}
		})
	}
}

func message(err error) string {
	if err == nil {
		return ""
	}
	return err.Error()
}

func TestPlaceWantsTheProgramOfThisVeryCommit(t *testing.T) {
	const list = `{"Dir":"/m/a/x","Module":{"Path":"example.org/a","Dir":"/m/a"}}
{"Dir":"/go/src/fmt","Standard":true}
{"Dir":"/here","Module":{"Path":"chatgate","Dir":"/here","Main":true}}`
	for _, test := range []struct{ name, linked, want string }{
		{"what is linked is what is imported", "example.org/a", ""},
		{"something is imported only", "", "example.org/a is imported and not in the program"},
		{"something is linked only", "example.org/b", "example.org/"},
	} {
		t.Run(test.name, func(t *testing.T) {
			p := &program{parts: []*part{{path: standard}, {path: test.linked}}}
			if test.linked == "" {
				p.parts = p.parts[:1]
			}
			err := p.place(strings.NewReader(list), "/go")
			if got := message(err); test.want == "" && got != "" || !strings.Contains(got, test.want) {
				t.Errorf("place = %q, want %q", got, test.want)
			}
		})
	}
}

// TestInventoryOfAProgram: of this very test, whose only part is the standard library.
func TestInventoryOfAProgram(t *testing.T) {
	program, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	p, err := read(program)
	if err != nil {
		t.Fatal(err)
	}
	p.version, p.created, p.path = "0.1.0", "2026-11-22T09:00:00Z", "chatgate/cmd/chatgate"
	p.parts[0].licenses = []license{{file: "LICENSE", text: "the text", names: []string{"BSD-3-Clause"}}}
	first, err := p.bill()
	if err != nil {
		t.Fatal(err)
	}
	if second, _ := p.bill(); string(first) != string(second) {
		t.Error("the bill of materials differs from one time to the next")
	}
	var b bill
	if err := json.Unmarshal(first, &b); err != nil {
		t.Fatal(err)
	}
	goVersion := strings.TrimPrefix(runtime.Version(), "go")
	if c := b.Components[0]; c.PURL != "pkg:golang/std@"+goVersion || c.Licenses[0].License.ID != "BSD-3-Clause" {
		t.Errorf("the standard library is %+v", c)
	}
	if got := b.Metadata; got.Timestamp != p.created || got.Component.Version != "0.1.0" || len(got.Component.Hashes[0].Content) != 64 {
		t.Errorf("the bill is about %+v", got)
	}
	if got := b.Dependencies[0].DependsOn; len(got) != 1 || got[0] != b.Components[0].Ref {
		t.Errorf("the program depends on %v", got)
	}
	if got := string(p.notice()); !strings.Contains(got, "std "+goVersion+": LICENSE\n\nthe text\n") {
		t.Errorf("what has to be passed on is\n%s", got)
	}
}

func TestInventoryRefusesWhatIsNoProgram(t *testing.T) {
	file := filepath.Join(folder(t, map[string]string{"x": "#!/bin/sh"}), "x")
	if err := run(".", "", "", t.TempDir(), file); err == nil {
		t.Error("a script passes for a Go program")
	}
}
