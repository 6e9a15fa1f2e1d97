package web

import (
	"fmt"
	"html/template"
	"io/fs"
	"regexp"
)

// Template is the inside of one kind of page, parsed once for every language.
type Template struct {
	name       string
	byLanguage []*template.Template // in the order of locales.all
}

// Parse reads the template in file of fsys, and partials for what it shares with others. The file's own text is the
// body of the card; it must define "title", and may define "head" for elements of its own there. A message key that
// does not exist is an error here, not on the day the page is shown.
func (p *Pages) Parse(fsys fs.FS, file string, partials ...string) (*Template, error) {
	body, err := fs.ReadFile(fsys, file)
	if err != nil {
		return nil, fmt.Errorf("parse page: %w", err)
	}
	if err := p.locales.checkKeys(body); err != nil {
		return nil, fmt.Errorf("parse page %s: %w", file, err)
	}
	t := &Template{name: file}
	for _, l := range p.locales.all {
		parsed, err := p.parseFor(l, string(body), fsys, partials)
		if err != nil {
			return nil, fmt.Errorf("parse page %s: %w", file, err)
		}
		t.byLanguage = append(t.byLanguage, parsed)
	}
	return t, nil
}

func (p *Pages) parseFor(l locale, body string, fsys fs.FS, partials []string) (*template.Template, error) {
	layout, err := template.New("layout").Option("missingkey=error").Funcs(template.FuncMap{
		"t":       l.text,
		"count":   l.count,
		"ago":     l.ago,
		"within":  l.within,
		"asset":   p.Asset,
		"product": func() string { return p.name },
		"contact": func() contact { return p.contact },
		"logo":    func() string { return p.logo },
	}).Parse(p.layout)
	if err != nil {
		return nil, err
	}
	for _, partial := range partials {
		text, err := fs.ReadFile(fsys, partial)
		if err != nil {
			return nil, err
		}
		if err := p.locales.checkKeys(text); err != nil {
			return nil, err
		}
		if _, err := layout.New(partial).Parse(string(text)); err != nil {
			return nil, err
		}
	}
	if _, err := layout.New("body").Parse(body); err != nil {
		return nil, err
	}
	if layout.Lookup("title") == nil {
		return nil, fmt.Errorf(`does not define "title"`)
	}
	return layout, nil
}

var (
	action  = regexp.MustCompile(`\{\{[^{}]*\}\}`)
	message = regexp.MustCompile(`\bt "([^"]*)"`)
	counted = regexp.MustCompile(`\bcount "([^"]*)"`)
)

// checkKeys looks up every literal key that a template translates.
func (l *locales) checkKeys(text []byte) error {
	for _, a := range action.FindAll(text, -1) {
		for _, m := range message.FindAllSubmatch(a, -1) {
			if _, err := l.english.text(string(m[1])); err != nil {
				return err
			}
		}
		for _, m := range counted.FindAllSubmatch(a, -1) {
			if _, err := l.english.count(string(m[1]), 0); err != nil {
				return err
			}
		}
	}
	return nil
}
