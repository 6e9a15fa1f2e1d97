package app

import (
	"fmt"
	"reflect"
	"strings"
)

// maxName is how long a key may be, in bytes. Every key below it repeats it in its path.
const maxName = 256

// section is a map's entries without duplicates, on the way into a struct or a map.
type section struct{ entries []entry }

// take removes and returns the entry called name.
func (s *section) take(name string) (entry, bool) {
	for i, e := range s.entries {
		if e.name == name {
			s.entries = append(s.entries[:i:i], s.entries[i+1:]...)
			return e, true
		}
	}
	return entry{}, false
}

// text is what a scalar entry says, or empty.
func (s *section) text(name string) string {
	for _, e := range s.entries {
		if e.name == name && e.value.kind == kindText {
			return e.value.text
		}
	}
	return ""
}

// bind gives v the value of n. It reports what does not fit, and leaves v as it was there.
func (d *decoder) bind(v reflect.Value, n *node, path string, r rule) {
	t := v.Type()
	scalar := n.kind != kindMap && n.kind != kindList
	switch {
	case t.Kind() == reflect.Pointer:
		d.bindPointer(v, n, path, r)
	case n.kind == kindNull, isText(t) && scalar:
		d.bindScalar(v, n, path, r)
	case isSection(t):
		if s, ok := d.section(n, t, path); ok {
			d.bindStruct(v, s, path)
		}
	case t.Kind() == reflect.Map:
		if s, ok := d.section(n, t, path); ok {
			d.bindMap(v, s, path, r)
		}
	case t.Kind() == reflect.Slice:
		d.bindSlice(v, n, path, r)
	case t.Kind() == reflect.Interface:
		d.fail(path, "is of a type (%s) that cannot be configured", t)
	default:
		d.bindScalar(v, n, path, r)
	}
}

func (d *decoder) bindPointer(v reflect.Value, n *node, path string, r rule) {
	target := reflect.New(v.Type().Elem())
	d.bind(target.Elem(), n, path, r)
	if n.kind != kindNull {
		v.Set(target)
	}
}

// section reads a map's keys, and reports the ones that are set twice or have no proper name.
func (d *decoder) section(n *node, t reflect.Type, path string) (section, bool) {
	if n.kind != kindMap {
		d.fail(path, "must be %s, got %s%s", expected(t), n.describe(holdsSecret(t)), remedy(n, t))
		return section{}, false
	}
	var s section
	first := map[string]position{}
	for _, e := range n.entries {
		before, twice := first[e.name]
		switch {
		case e.name == "":
			d.report(path, e.at, "has a key without a name")
		case len(e.name) > maxName:
			d.report(path, e.at, fmt.Sprintf("has a key of more than %d bytes", maxName))
		case twice:
			d.report(join(path, e.name), e.at, "is set twice; the first is "+before.String())
		default:
			first[e.name] = e.at
			s.entries = append(s.entries, e)
		}
	}
	return s, true
}

// bindStruct gives every setting of v its entry or its default, reports the entries that are no setting, and has the
// section check itself.
func (d *decoder) bindStruct(v reflect.Value, s section, path string) {
	if section, ok := v.Addr().Interface().(defaulter); ok {
		section.SetDefaults(s.text)
	}
	var known []string
	for _, f := range fieldsOf(v.Type()) {
		known = append(known, f.name)
		target, at := v.FieldByIndex(f.index), join(path, f.name)
		e, given := s.take(f.name)
		if !given {
			d.bindAbsent(target, f, at)
			continue
		}
		d.places[at] = e.at
		d.bind(target, e.value, at, f.rule)
	}
	for _, e := range s.entries {
		d.report(join(path, e.name), e.at, "is not a setting; "+suggestion(e.name, known, "settings here"))
	}
	d.check(v, path)
}

// bindAbsent gives a setting that is left out its default. A section that is left out has its settings' defaults and
// is checked like one that is empty; behind a pointer it stays nil.
func (d *decoder) bindAbsent(v reflect.Value, f field, path string) {
	switch {
	case !v.IsZero():
		// The caller has put a value there to be the default.
	case f.hasFallback:
		if err := setDefault(v, f.fallback); err != nil {
			d.fail(path, "has the default %q, which %v", f.fallback, err)
		}
	case isSection(v.Type()):
		d.bindStruct(v, section{}, path)
	}
}

func (d *decoder) bindMap(v reflect.Value, s section, path string, r rule) {
	t := v.Type()
	bound := reflect.MakeMapWithSize(t, len(s.entries))
	for _, e := range s.entries {
		at := join(path, e.name)
		d.places[at] = e.at
		key := reflect.New(t.Key()).Elem()
		if err := setText(key, e.name); err != nil {
			d.fail(at, "is not a valid key: %v", err)
			continue
		}
		value := reflect.New(t.Elem()).Elem()
		if t.Elem().Kind() == reflect.Interface {
			d.bindKind(value, e, at)
		} else {
			d.bind(value, e.value, at, r)
		}
		if value.Kind() != reflect.Interface || !value.IsNil() {
			bound.SetMapIndex(key, value)
		}
	}
	v.Set(bound)
}

// bindKind binds a section whose struct its kind chooses; the kind is the section's name unless it says otherwise.
func (d *decoder) bindKind(v reflect.Value, e entry, path string) {
	choose, ok := d.opt.Kinds[v.Type()]
	if !ok {
		d.fail(path, "is of a type (%s) without kinds", v.Type())
		return
	}
	s, ok := d.section(e.value, v.Type(), path)
	if !ok {
		return
	}
	kind, kindPath := e.name, join(path, "kind")
	given, written := s.take("kind")
	if written {
		d.places[kindPath] = given.at
		d.bind(reflect.ValueOf(&kind).Elem(), given.value, kindPath, rule{})
		if d.misbound[kindPath] {
			return
		}
	}
	target, known := choose(e.name, kind)
	switch {
	case target == nil && written:
		d.fail(kindPath, "is %q, which is no kind; %s", kind, suggestion(kind, known, "kinds"))
	case target == nil:
		d.fail(path, "needs a kind, since its name is none: kind: %s", strings.Join(known, ", or kind: "))
	default:
		d.references[kindPath] = kind
		d.bindStruct(reflect.ValueOf(target).Elem(), s, path)
		v.Set(reflect.ValueOf(target))
	}
}

func (d *decoder) bindSlice(v reflect.Value, n *node, path string, r rule) {
	if n.kind != kindList {
		d.fail(path, "must be %s, got %s%s", expected(v.Type()), n.describe(holdsSecret(v.Type())), remedy(n, v.Type()))
		return
	}
	bound := reflect.MakeSlice(v.Type(), len(n.items), len(n.items))
	for i, item := range n.items {
		at := indexed(path, i)
		d.places[at] = item.at
		d.bind(bound.Index(i), item, at, r)
	}
	v.Set(bound)
}
