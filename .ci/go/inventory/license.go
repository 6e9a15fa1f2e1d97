package main

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
)

// allowed are the licences, by their SPDX names, that ask for nothing but that their text comes along.
var allowed = []string{"Apache-2.0", "BSD-2-Clause", "BSD-3-Clause", "ISC", "MIT"}

// license is one file that has to be passed on. A notice has no name of a licence.
type license struct {
	file  string // its name, below the module
	text  string
	names []string
}

var (
	legalFile = regexp.MustCompile(`(?i)^(licen[cs]e|copying|notice|patents)([-_.].*)?$`)
	source    = regexp.MustCompile(`(?i)\.(go|s|c|h|js|py|sh)$`)
	space     = regexp.MustCompile(`[\s*#/]+`)
)

// phrases are in the text of a licence and in no other's.
var phrases = map[string]string{
	"AGPL-3.0":     "gnu affero general public license version 3",
	"Apache-2.0":   "apache license version 2.0, january 2004",
	"BSD-4-Clause": "all advertising materials mentioning features",
	"GPL":          "gnu general public license version",
	"ISC":          "permission to use, copy, modify, and distribute this software for any purpose with or without fee",
	"LGPL":         "gnu lesser general public license version",
	"MIT":          "permission is hereby granted, free of charge, to any person obtaining a copy",
	"MPL-2.0":      "mozilla public license version 2.0",
	"SSPL-1.0":     "server side public license version 1",
}

// identify names the licences whose text this is.
func identify(text string) []string {
	plain := strings.ToLower(space.ReplaceAllString(text, " "))
	plain = strings.ReplaceAll(plain, "and or distribute", "and distribute")
	var names []string
	for name, phrase := range phrases {
		if strings.Contains(plain, phrase) {
			names = append(names, name)
		}
	}
	if strings.Contains(plain, "redistribution and use in source and binary forms") && !slices.Contains(names, "BSD-4-Clause") {
		names = append(names, bsd(plain))
	}
	slices.Sort(names)
	return names
}

// bsd tells the two apart by the clause that one of them lacks.
func bsd(plain string) string {
	if strings.Contains(plain, "endorse or promote products derived from") {
		return "BSD-3-Clause"
	}
	return "BSD-2-Clause"
}

// license reads the licences of every part and holds them against the list.
func (p *program) license() error {
	var problems []error
	for _, part := range p.parts {
		if err := part.license(); err != nil {
			problems = append(problems, fmt.Errorf("%s %s: %w", part.path, part.version, err))
		}
	}
	return errors.Join(problems...)
}

func (p *part) license() error {
	for _, folder := range p.folders {
		entries, err := os.ReadDir(folder)
		if err != nil {
			return err
		}
		for _, entry := range entries {
			if entry.IsDir() || !legalFile.MatchString(entry.Name()) || source.MatchString(entry.Name()) {
				continue
			}
			text, err := os.ReadFile(filepath.Join(folder, entry.Name()))
			if err != nil {
				return err
			}
			p.keep(license{file: entry.Name(), text: string(bytes.TrimSpace(text)), names: identify(string(text))})
		}
	}
	return p.permitted()
}

// keep leaves out a text that another folder has had.
func (p *part) keep(l license) {
	if !slices.ContainsFunc(p.licenses, func(had license) bool { return had.text == l.text }) {
		p.licenses = append(p.licenses, l)
	}
}

// permitted says what is wrong with the licences of a part. Whoever adds a name to the list has read the licence.
func (p *part) permitted() error {
	names := p.names()
	if len(names) == 0 {
		return errors.New("has no licence that is known")
	}
	for _, name := range names {
		if !slices.Contains(allowed, name) {
			return fmt.Errorf("is under %s, which is not on the list %v", name, allowed)
		}
	}
	return nil
}

func (p *part) names() []string {
	var names []string
	for _, l := range p.licenses {
		names = append(names, l.names...)
	}
	slices.Sort(names)
	return slices.Compact(names)
}

// notice is what those who pass the program on have to pass on with it.
func (p *program) notice() []byte {
	var out bytes.Buffer
	fmt.Fprintf(&out, "%s contains the work of others. Each of them is listed with its licence.\n", p.name())
	for _, part := range p.parts {
		for _, l := range part.licenses {
			fmt.Fprintf(&out, "\n%s\n%s %s: %s\n\n%s\n", strings.Repeat("=", 80), part.path, part.version, l.file, l.text)
		}
	}
	return out.Bytes()
}
