// Package app turns a configuration file into a running gateway.
//
// Decode binds YAML to the Config structs of the packages that own the settings. It is strict: unknown and duplicate
// keys, values of the wrong type, missing references and whatever a section's own check objects to stop the start,
// all of them told at once with path, line and column (S140). Print shows the effective configuration without its
// secrets, Schema describes what Decode accepts; all three read the same struct tags:
//
//	yaml:"key"      the setting's key; a field without it is no setting
//	default:"8h"    the text a setting takes that is left out; a list's elements are divided by commas
//	enum:"a,b"      the accepted texts
//	min:"1m"        the least accepted number or duration; max likewise
//	doc:"…"         a sentence for whoever fills it in
package app

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"reflect"
)

// Options is what Decode and Schema need to know beyond the struct they bind. The zero value works.
type Options struct {
	// Kinds opens sections whose struct is chosen by their `kind` key, by the interface type of the map that holds
	// them. Given a section's name and kind (the name, when the key is left out) it returns a pointer to a new struct
	// that implements the interface, or nil and the kinds there are.
	Kinds map[reflect.Type]func(name, kind string) (ptr any, known []string)

	// Getenv looks up ${env:NAME}; os.LookupEnv when nil.
	Getenv func(name string) (value string, ok bool)

	// Open opens ${file:PATH}; os.Open when nil. A relative path has been joined to the configuration file's folder.
	Open func(path string) (fs.File, error)

	// Warn hears of what does not stop the start but should be mended, such as a secret's file that every user of the
	// machine may read (S133). Nil ignores it.
	Warn func(path, text string)

	// References, when not nil, is filled with what Print needs to show the file's references in place of values.
	References References
}

// References remembers how the file wrote what Decode expanded or chose: by path, the text of every value with
// ${env:…} or ${file:…} in it, and the kind of every section that has one.
type References map[string]string

// checker is a section that knows more about its settings than tags can say. Check reports each problem at a key
// relative to the section: url, api.token, allow[2], or "" for the section as a whole.
type checker interface {
	Check(report func(key, problem string))
}

// defaulter is a section one of whose settings decides what others are that are left out. SetDefaults comes before
// anything is bound; setting tells what the file says, unexpanded, or an empty text.
type defaulter interface {
	SetDefaults(setting func(key string) string)
}

// Decode binds one YAML document to the struct that into points to, whose type must not contain itself. The name is
// the file's path: it starts every message, and relative ${file:…} paths start at its folder.
//
// A wrong configuration is an Errors, and into is then filled in part. Every section that implements
//
//	Check(report func(key, problem string))
//
// has it called once its settings are bound, inner sections before outer ones. No message shows the value of a secret
// or of a reference.
func Decode(name string, source []byte, into any, opt Options) error {
	target := reflect.ValueOf(into)
	if target.Kind() != reflect.Pointer || target.IsNil() || target.Elem().Kind() != reflect.Struct {
		return fmt.Errorf("decode %s: the target is a %T, want a pointer to a struct", name, into)
	}
	d := newDecoder(name, opt)
	root, err := parseSource(source)
	if err != nil {
		return d.refuse(err)
	}
	d.bind(target.Elem(), root, "", rule{})
	return d.result()
}

// decoder carries one Decode from its first key to its list of problems.
type decoder struct {
	file       string
	opt        Options
	expander   expander
	references References
	places     map[string]position // where each bound key stands
	misbound   map[string]bool     // keys whose value could not be bound
	hidden     masks
	problems   Errors
}

func newDecoder(file string, opt Options) *decoder {
	d := &decoder{
		file:       file,
		opt:        opt,
		expander:   expander{dir: filepath.Dir(file), getenv: opt.Getenv, open: opt.Open},
		references: opt.References,
		places:     map[string]position{"": {1, 1}},
		misbound:   map[string]bool{},
		hidden:     masks{},
	}
	if d.expander.getenv == nil {
		d.expander.getenv = os.LookupEnv
	}
	if d.expander.open == nil {
		d.expander.open = func(path string) (fs.File, error) { return openRegular(path) }
	}
	if d.references == nil {
		d.references = References{}
	}
	return d
}

// refuse reports a source that is no document at all.
func (d *decoder) refuse(err error) error {
	problem := Problem{File: d.file, Text: withoutUserinfo(err.Error())}
	var source *sourceError
	if errors.As(err, &source) {
		problem.Line, problem.Column = source.at.line, source.at.column
	}
	return Errors{problem}
}

// result is nil, or everything that was reported, in file order and without secrets.
func (d *decoder) result() error {
	if len(d.problems) == 0 {
		return nil
	}
	problems := d.problems.ordered()
	for i := range problems {
		problems[i].Text = d.hidden.apply(problems[i].Text)
	}
	return problems
}

// fail reports that the value at path cannot be bound.
func (d *decoder) fail(path, format string, args ...any) {
	d.misbound[path] = true
	d.report(path, d.placeOf(path), fmt.Sprintf(format, args...))
}

func (d *decoder) report(path string, at position, text string) {
	d.problems = append(d.problems, Problem{File: d.file, Line: at.line, Column: at.column, Path: withoutUserinfo(path), Text: withoutUserinfo(text)})
}

// placeOf is where a key stands, or the nearest section around it when the key is left out.
func (d *decoder) placeOf(path string) position {
	for p := range withParents(path) {
		if at, ok := d.places[p]; ok {
			return at
		}
	}
	return position{1, 1}
}

// check lets a bound section object to its settings. What it says of a value that could not be bound is left out: it
// only sees a zero value there.
func (d *decoder) check(v reflect.Value, path string) {
	section, ok := v.Addr().Interface().(checker)
	if !ok {
		return
	}
	section.Check(func(key, problem string) {
		full := join(path, key)
		for p := range withParents(full) {
			if d.misbound[p] {
				return
			}
		}
		d.report(full, d.placeOf(full), problem)
	})
}

func (d *decoder) warn(path, text string) {
	if d.opt.Warn != nil {
		d.opt.Warn(path, text)
	}
}
