package app

import (
	"reflect"
	"slices"
	"strings"
)

// aMap is what expected says of everything that is bound key by key.
const aMap = "a map of keys and values"

// expected is what a value of t looks like, for "must be …".
func expected(t reflect.Type) string {
	switch {
	case t.Kind() == reflect.Pointer:
		return expected(t.Elem())
	case t == durationType:
		return "a duration such as 8h"
	case isSection(t), t.Kind() == reflect.Map, t.Kind() == reflect.Interface:
		return aMap
	case isText(t) && t.Kind() == reflect.Slice:
		return "text or a list"
	case t.Kind() == reflect.Slice:
		return "a list"
	case isText(t), t.Kind() == reflect.String:
		return "text"
	case t.Kind() == reflect.Bool:
		return "true or false"
	case t.Kind() == reflect.Float32, t.Kind() == reflect.Float64:
		return "a number"
	default:
		return "a whole number"
	}
}

// remedy adds to a mismatch what to do about it, where that is not plain.
func remedy(n *node, t reflect.Type) string {
	text := isText(t) || t.Kind() == reflect.String
	switch {
	case n.kind == kindNull:
		return "; leave the key out if you do not need it"
	case t.Kind() == reflect.Slice && strings.HasPrefix(n.text, "-"):
		return "; put a space after the dash"
	case !text && n.kind == kindText && strings.Contains(n.text, ":") && expected(t) == aMap:
		return "; put a space after the colon"
	case text && (n.kind == kindNumber || n.kind == kindBool):
		return "; put it in quotes"
	case n.kind == kindText && setText(reflect.New(t).Elem(), n.text) == nil:
		return "; write it without quotes"
	}
	return ""
}

// holdsSecret reports whether what stands in place of a collection might be a secret that lost its key.
func holdsSecret(t reflect.Type) bool {
	switch t.Kind() {
	case reflect.Interface:
		return true
	case reflect.Pointer, reflect.Map, reflect.Slice:
		return isSecret(t) || holdsSecret(t.Elem())
	case reflect.Struct:
		return slices.ContainsFunc(fieldsOf(t), func(f field) bool { return holdsSecret(f.typ) })
	}
	return isSecret(t)
}
