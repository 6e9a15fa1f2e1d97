package app

import (
	"bytes"
	"encoding/json"
	"maps"
	"reflect"
	"strings"
)

// object is one JSON Schema, or a part of one.
type object = map[string]any

// Schema describes what Decode accepts for a struct like cfg as JSON Schema, draft 2020-12, for editors that complete
// and check YAML. It says what tags say; what sections check themselves it cannot.
func Schema(cfg any, opt Options) ([]byte, error) {
	s := schemaWriter{opt: opt, defs: object{
		"reference": object{
			"type":        "string",
			"pattern":     `\$\{(env|file):[^}]+\}`,
			"description": "A value from the environment, ${env:NAME}, or from a file, ${file:PATH}.",
		},
		"duration": object{
			"type":    "string",
			"pattern": `^-?([0-9]+(\.[0-9]*)?|\.[0-9]+)(ns|us|µs|ms|s|m|h)(([0-9]+(\.[0-9]*)?|\.[0-9]+)(ns|us|µs|ms|s|m|h))*$|^0$`,
		},
	}}
	root := s.section(reflect.Indirect(reflect.ValueOf(cfg)).Type())
	root["$schema"] = "https://json-schema.org/draft/2020-12/schema"
	root["title"] = "chatgate configuration"
	root["$defs"] = s.defs
	var out bytes.Buffer
	encoder := json.NewEncoder(&out)
	encoder.SetEscapeHTML(false)
	encoder.SetIndent("", "  ")
	err := encoder.Encode(root)
	return out.Bytes(), err
}

type schemaWriter struct {
	opt  Options
	defs object
}

// section is the schema of a struct: its settings and nothing else.
func (s *schemaWriter) section(t reflect.Type) object {
	properties := object{}
	for _, f := range fieldsOf(t) {
		properties[f.name] = s.setting(f)
	}
	return object{"type": "object", "properties": properties, "additionalProperties": false}
}

// setting is the schema of one key, with what its tags add.
func (s *schemaWriter) setting(f field) object {
	out := maps.Clone(s.value(f.typ, f.rule))
	if f.doc != "" {
		out["description"] = f.doc
	}
	if f.hasFallback {
		out["default"] = defaultJSON(f.typ, f.fallback)
	}
	return out
}

// value is the schema of every value that bind accepts for t.
func (s *schemaWriter) value(t reflect.Type, r rule) object {
	switch {
	case t.Kind() == reflect.Pointer:
		return s.value(t.Elem(), r)
	case isText(t) && t.Kind() == reflect.Slice:
		return object{"anyOf": []any{scalarSchema(t, r), object{"type": "array", "items": s.value(t.Elem(), r)}}}
	case isText(t) && isSection(t):
		return object{"anyOf": []any{scalarSchema(t, r), s.section(t)}}
	case isSection(t):
		return s.section(t)
	case t.Kind() == reflect.Map && t.Elem().Kind() == reflect.Interface:
		return s.kinds(t.Elem())
	case t.Kind() == reflect.Map && !isText(t):
		return object{"type": "object", "additionalProperties": s.value(t.Elem(), r)}
	case t.Kind() == reflect.Slice:
		return object{"type": "array", "items": s.value(t.Elem(), r)}
	}
	return scalarSchema(t, r)
}

// scalarSchema is the schema of a scalar: its own form, or a reference that is converted to it.
func scalarSchema(t reflect.Type, r rule) object {
	var own object
	switch {
	case isSecret(t):
		return object{"type": "string", "writeOnly": true}
	case len(r.enum) > 0:
		own = object{"enum": r.enum}
	case t == durationType:
		own = object{"$ref": "#/$defs/duration"}
	case isText(t) || t.Kind() == reflect.String:
		return object{"type": "string"}
	case t.Kind() == reflect.Bool:
		own = object{"type": "boolean"}
	default:
		own = numberSchema(t, r)
	}
	return object{"anyOf": []any{own, object{"$ref": "#/$defs/reference"}}}
}

func numberSchema(t reflect.Type, r rule) object {
	out := object{"type": "integer"}
	switch t.Kind() {
	case reflect.Float32, reflect.Float64:
		out["type"] = "number"
	case reflect.Uint, reflect.Uint8, reflect.Uint16, reflect.Uint32, reflect.Uint64:
		out["minimum"] = 0
	}
	if r.min != "" {
		out["minimum"] = json.Number(r.min)
	}
	if r.max != "" {
		out["maximum"] = json.Number(r.max)
	}
	return out
}

// kinds is the schema of a map whose sections are chosen by kind: every kind is a definition of its own, and a section
// named like a kind may leave the key out.
func (s *schemaWriter) kinds(t reflect.Type) object {
	choose, ok := s.opt.Kinds[t]
	if !ok {
		return object{"type": "object"}
	}
	_, known := choose("", "")
	var cases []any
	named := object{}
	for _, kind := range known {
		ptr, _ := choose(kind, kind)
		definition := s.section(reflect.TypeOf(ptr).Elem())
		definition["properties"].(object)["kind"] = object{"const": kind}
		s.defs["kind."+kind] = definition
		ref := object{"$ref": "#/$defs/kind." + kind}
		cases = append(cases, object{"if": object{"properties": object{"kind": object{"const": kind}}}, "then": ref})
		named[kind] = object{
			"if":   object{"required": []string{"kind"}},
			"then": object{"$ref": "#/$defs/kinded"},
			"else": ref,
		}
	}
	s.defs["kinded"] = object{
		"type":       "object",
		"required":   []string{"kind"},
		"properties": object{"kind": object{"enum": known}},
		"allOf":      cases,
	}
	return object{"type": "object", "properties": named, "additionalProperties": object{"$ref": "#/$defs/kinded"}}
}

// defaultJSON is a default tag as the file would have it.
func defaultJSON(t reflect.Type, text string) any {
	switch {
	case t.Kind() == reflect.Pointer:
		return defaultJSON(t.Elem(), text)
	case isText(t), t == durationType:
		return text
	case t.Kind() == reflect.Bool:
		return strings.EqualFold(text, "true")
	case isNumber(t):
		return json.Number(text)
	case t.Kind() == reflect.Slice:
		items := []any{}
		for _, item := range splitList(text) {
			items = append(items, defaultJSON(t.Elem(), item))
		}
		return items
	}
	return text
}
