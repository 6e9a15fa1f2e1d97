package app

import (
	"encoding"
	"fmt"
	"io"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"time"
)

// Print writes the effective configuration as YAML: defaults filled in, settings in the order of their structs, maps
// sorted, every secret as [redacted] (S133). Decode reads it back, but for the secrets. See References.Print for
// showing where values come from, and for configurations with sections chosen by kind.
func Print(w io.Writer, cfg any) error { return References(nil).Print(w, cfg) }

// Print is like the function Print, except that a value that came from the environment or a file is shown as the
// reference the file has in its place, a secret's too, and that a section chosen by its kind says so.
func (r References) Print(w io.Writer, cfg any) error {
	root := r.section(reflect.Indirect(reflect.ValueOf(cfg)), "")
	return writeYAML(w, root)
}

// section is a struct as a map of its settings.
func (r References) section(v reflect.Value, path string) *node {
	out := &node{kind: kindMap}
	for _, f := range fieldsOf(v.Type()) {
		target := v.FieldByIndex(f.index)
		if target.IsZero() && !f.hasFallback && leftOut(f.typ) {
			continue
		}
		value := r.value(target, join(path, f.name))
		if value.kind == kindMap && isSection(f.typ) && len(value.entries) == 0 {
			continue
		}
		out.entries = append(out.entries, entry{name: f.name, value: value})
	}
	return out
}

// leftOut reports whether a zero value of t means that the setting is left out of the file. It may be refused when
// it is written: an empty list of origins is not the same as none.
func leftOut(t reflect.Type) bool { return !isSection(t) && t.Kind() != reflect.Bool }

// value is the node that Decode would bind to v again.
func (r References) value(v reflect.Value, path string) *node {
	if source, ok := r[path]; ok {
		return &node{kind: kindText, text: source}
	}
	t := v.Type()
	switch {
	case t.Kind() == reflect.Pointer, t.Kind() == reflect.Interface:
		if v.IsNil() {
			return &node{kind: kindNull}
		}
		return r.value(v.Elem(), path)
	case isSecret(t):
		return &node{kind: kindText, text: redacted}
	case isSection(t):
		return r.section(v, path)
	case t.Kind() == reflect.Map:
		return r.mapping(v, path)
	case t.Kind() == reflect.Slice:
		return r.list(v, path)
	}
	return scalarNode(v)
}

func (r References) mapping(v reflect.Value, path string) *node {
	out := &node{kind: kindMap}
	for _, key := range v.MapKeys() {
		name := textOf(key)
		value := r.value(v.MapIndex(key), join(path, name))
		if kind, ok := r[join(path, name)+".kind"]; ok && v.Type().Elem().Kind() == reflect.Interface {
			value.entries = slices.Insert(value.entries, 0, entry{name: "kind", value: textNode(kind)})
		}
		out.entries = append(out.entries, entry{name: name, value: value})
	}
	slices.SortFunc(out.entries, func(a, b entry) int { return strings.Compare(a.name, b.name) })
	return out
}

func (r References) list(v reflect.Value, path string) *node {
	out := &node{kind: kindList}
	for i := range v.Len() {
		out.items = append(out.items, r.value(v.Index(i), indexed(path, i)))
	}
	return out
}

func scalarNode(v reflect.Value) *node {
	switch {
	case isText(v.Type()) || v.Type() == durationType || v.Kind() == reflect.String:
		return textNode(textOf(v))
	case v.Kind() == reflect.Bool:
		return &node{kind: kindBool, text: strconv.FormatBool(v.Bool())}
	case v.CanFloat():
		return &node{kind: kindNumber, text: strconv.FormatFloat(v.Float(), 'f', -1, v.Type().Bits())}
	}
	return &node{kind: kindNumber, text: fmt.Sprint(v.Interface())}
}

// textNode is a text that says itself: what looks like a reference in it was escaped in the file.
func textNode(text string) *node {
	return &node{kind: kindText, text: strings.ReplaceAll(text, "${", "$${")}
}

// textOf is the text that v is read from.
func textOf(v reflect.Value) string {
	addressable := reflect.New(v.Type())
	addressable.Elem().Set(v)
	switch value := addressable.Interface().(type) {
	case encoding.TextMarshaler:
		if text, err := value.MarshalText(); err == nil {
			return string(text)
		}
	case *time.Duration:
		return durationText(*value)
	}
	if v.Kind() == reflect.String {
		return v.String()
	}
	return fmt.Sprint(addressable.Elem().Interface())
}

// durationText writes 8h where time.Duration writes 8h0m0s.
func durationText(d time.Duration) string {
	text := d.String()
	if strings.HasSuffix(text, "m0s") {
		text = strings.TrimSuffix(text, "0s")
	}
	if strings.HasSuffix(text, "h0m") {
		text = strings.TrimSuffix(text, "0m")
	}
	return text
}
