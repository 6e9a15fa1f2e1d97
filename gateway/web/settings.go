package web

import (
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"golang.org/x/text/language"
)

// Settings is the configuration's theme section: how pages look, and what they say about the installation.
type Settings struct {
	Name     string `yaml:"name" default:"chatgate" doc:"The organisation or product that pages name."`
	Logo     string `yaml:"logo" doc:"An .svg or .png file of at most 64 KiB, shown beside the name and as the icon of the tab."`
	Colour   Colour `yaml:"colour" doc:"The colour of links and buttons, as #rrggbb. Where it could not be read, by day or by night, a darker or lighter one takes its place."`
	Contact  string `yaml:"contact" doc:"An e-mail address or https address where a refused person finds help."`
	Language string `yaml:"language" default:"en" doc:"The language for readers whose own is not there, as a tag such as de or pt-BR."`
	Locales  string `yaml:"locales" doc:"A directory of <tag>.json files: further languages, or other words for single messages."`
}

// Check reports what can be seen without the files.
func (s *Settings) Check(report func(key, problem string)) {
	if _, err := parseContact(s.Contact); err != nil {
		report("contact", err.Error())
	}
	if _, err := language.Parse(s.Language); s.Language != "" && err != nil {
		report("language", fmt.Sprintf("must be a language tag such as de or pt-BR, got %q", s.Language))
	}
	if _, ok := logoChecks[filepath.Ext(s.Logo)]; s.Logo != "" && !ok {
		report("logo", fmt.Sprintf("must be an .svg or .png file, got %q", s.Logo))
	}
}

// Open reads the files that the settings name, whose relative paths start at dir. Its errors begin with the key of the
// setting.
func (s Settings) Open(dir string) (Config, error) {
	cfg := Config{Name: s.Name, Colour: s.Colour, Contact: s.Contact, Language: s.Language}
	var err error
	if s.Logo != "" {
		if cfg.Logo, err = readLogo(absolute(dir, s.Logo)); err != nil {
			return Config{}, fmt.Errorf("logo: %w", err)
		}
	}
	if s.Locales != "" {
		if cfg.Locales, err = openLocales(absolute(dir, s.Locales)); err != nil {
			return Config{}, fmt.Errorf("locales: %w", err)
		}
	}
	return cfg, nil
}

func absolute(dir, path string) string {
	if filepath.IsAbs(path) {
		return path
	}
	return filepath.Join(dir, path)
}

// openLocales is os.DirFS for a directory that must hold a language: a volume that was not mounted looks like none.
func openLocales(path string) (fs.FS, error) {
	info, err := os.Stat(path)
	if err != nil {
		return nil, err
	}
	if !info.IsDir() {
		return nil, fmt.Errorf("must be a directory, and %s is a file", path)
	}
	directory := os.DirFS(path)
	names, err := fs.Glob(directory, localePattern)
	if err != nil {
		return nil, err
	}
	if len(names) == 0 {
		return nil, fmt.Errorf("there is no <tag>.json file in %s", path)
	}
	return directory, nil
}
