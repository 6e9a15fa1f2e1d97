package app

import (
	"cmp"
	"fmt"
	"reflect"
	"strings"

	"chatgate/gateway/chat"
)

// setting is one key of the configuration as the documentation tells of it.
type setting struct {
	path     string // from the top of the file, with <name> where the operator chooses a key
	kind     string // in words
	fallback string // the default as the file would have it; empty when there is none
	meaning  string
	required string // when the file must have it, in words; empty when it need not
}

// settingsOf lists the settings of a section, each before those inside it. A map of sections that are chosen by their
// kind is one setting here: its kinds are documented each on its own.
func settingsOf(t reflect.Type, path string) []setting {
	var all []setting
	for _, f := range fieldsOf(t) {
		s := newSetting(f, path)
		all = append(all, s)
		if inner, suffix := inside(f.typ); inner != nil {
			all = append(all, settingsOf(inner, s.path+suffix)...)
		}
	}
	return all
}

func newSetting(f field, path string) setting {
	s := setting{path: join(path, f.name), kind: wordsFor(f), fallback: f.fallback, meaning: f.doc, required: requirement(f)}
	if f.typ.Kind() == reflect.Bool {
		s.fallback = cmp.Or(s.fallback, "false")
	}
	return s
}

// requirement says when the file must have a setting. A section that lies in the file once must be there for what must be
// in it.
func requirement(f field) string {
	if f.isRequired {
		return strings.TrimSpace("required " + f.required)
	}
	if f.typ.Kind() != reflect.Struct || !isSection(f.typ) {
		return ""
	}
	for _, inner := range fieldsOf(f.typ) {
		if needed := requirement(inner); needed != "" {
			return needed
		}
	}
	return ""
}

// inside is the section that lies in a setting, if one does, and how its path goes on.
func inside(t reflect.Type) (section reflect.Type, suffix string) {
	switch {
	case t.Kind() == reflect.Pointer:
		return inside(t.Elem())
	case isSection(t):
		return t, ""
	case isSecret(t) || t.Kind() == reflect.Interface:
		return nil, ""
	case t.Kind() == reflect.Map:
		section, suffix = inside(t.Elem())
		return section, "." + placeholder(t.Key()) + suffix
	case t.Kind() == reflect.Slice:
		section, suffix = inside(t.Elem())
		return section, "[]" + suffix
	}
	return nil, ""
}

// placeholder stands for a key that the operator chooses.
func placeholder(key reflect.Type) string {
	if key == reflect.TypeFor[chat.Origin]() {
		return "<origin>"
	}
	return "<name>"
}

// wordsFor says what a setting's value may be.
func wordsFor(f field) string {
	words := kindOf(f.typ)
	switch {
	case len(f.rule.enum) > 0:
		words = strings.Replace(words, "text", "one of "+strings.Join(f.rule.enum, ", "), 1)
	case f.rule.min != "" && f.rule.max != "":
		words += ", " + f.rule.min + " to " + f.rule.max
	case f.rule.min != "":
		words += ", at least " + f.rule.min
	case f.rule.max != "":
		words += ", at most " + f.rule.max
	}
	return words
}

func kindOf(t reflect.Type) string {
	switch {
	case t.Kind() == reflect.Pointer:
		return kindOf(t.Elem())
	case isSecret(t):
		return "secret"
	case t == durationType:
		return "duration"
	case isText(t) && isSection(t):
		return "text, or a section"
	case isSection(t), t.Kind() == reflect.Interface:
		return "section"
	case isText(t) && t.Kind() == reflect.Slice:
		return "text, or a list"
	case isText(t), t.Kind() == reflect.String:
		return "text"
	case t.Kind() == reflect.Map:
		return fmt.Sprintf("map from %s to %s", strings.Trim(placeholder(t.Key()), "<>"), kindOf(t.Elem()))
	case t.Kind() == reflect.Slice:
		return "list of " + kindOf(t.Elem())
	}
	return strings.TrimPrefix(expected(t), "a ")
}
