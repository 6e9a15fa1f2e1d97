package app

import (
	"encoding"
	"reflect"
	"strings"
	"time"
)

var (
	durationType = reflect.TypeFor[time.Duration]()
	textType     = reflect.TypeFor[encoding.TextUnmarshaler]()
	secretType   = reflect.TypeFor[revealer]()
)

// field is one setting of a section: an exported struct field with a yaml tag.
type field struct {
	name  string // the key in the file
	index []int  // for reflect.Value.FieldByIndex
	typ   reflect.Type
	doc   string // a sentence for `config schema`
	rule  rule

	// fallback is the default tag: the text a setting that is left out takes, a list's elements divided by commas.
	fallback    string
	hasFallback bool

	// required is the required tag, for the documentation: the loader's checks demand the setting, always or, where the
	// tag has words, unless what they name is set.
	required   string
	isRequired bool
}

// rule narrows what a setting accepts beyond its type. On a list or map it holds for every element.
type rule struct {
	enum     []string // the accepted texts; any when empty
	min, max string   // bounds of a number or duration, written as in the file; none when empty
}

// fieldsOf lists the settings of a struct type in declaration order. A field without a yaml tag is not a setting:
// clocks and clients live beside settings in the same Config. An embedded struct without a tag lends its settings.
func fieldsOf(t reflect.Type) []field {
	var fields []field
	for i := range t.NumField() {
		sf := t.Field(i)
		name, tagged := sf.Tag.Lookup("yaml")
		switch {
		case sf.Anonymous && !tagged && sf.Type.Kind() == reflect.Struct:
			for _, inner := range fieldsOf(sf.Type) {
				inner.index = append([]int{i}, inner.index...)
				fields = append(fields, inner)
			}
		case tagged && name != "-" && sf.IsExported():
			fields = append(fields, newField(sf, name, i))
		}
	}
	return fields
}

func newField(sf reflect.StructField, name string, index int) field {
	f := field{
		name:  name,
		index: []int{index},
		typ:   sf.Type,
		doc:   sf.Tag.Get("doc"),
		rule:  rule{enum: splitList(sf.Tag.Get("enum")), min: sf.Tag.Get("min"), max: sf.Tag.Get("max")},
	}
	f.fallback, f.hasFallback = sf.Tag.Lookup("default")
	f.required, f.isRequired = sf.Tag.Lookup("required")
	return f
}

// splitList divides a tag's list at its commas; an empty text is an empty list.
func splitList(text string) []string {
	if text == "" {
		return nil
	}
	items := strings.Split(text, ",")
	for i := range items {
		items[i] = strings.TrimSpace(items[i])
	}
	return items
}

// isText reports whether t reads itself from a scalar.
func isText(t reflect.Type) bool { return reflect.PointerTo(t).Implements(textType) }

// isSecret reports whether values of t must never be shown.
func isSecret(t reflect.Type) bool { return reflect.PointerTo(t).Implements(secretType) }

// isSection reports whether t is bound key by key. A struct that reads itself from text and has no settings of its
// own, such as netip.Prefix, is a scalar.
func isSection(t reflect.Type) bool {
	return t.Kind() == reflect.Struct && (!isText(t) || len(fieldsOf(t)) > 0)
}
