package app

import (
	"cmp"
	"encoding"
	"errors"
	"fmt"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"time"
)

// bindScalar gives v the value of a scalar: its references expanded, then converted to v's type. A text without
// references is not taken for a number or true, and a number is not taken for a text.
func (d *decoder) bindScalar(v reflect.Value, n *node, path string, r rule) {
	t, text, used := v.Type(), n.text, []lookup(nil)
	if n.kind == kindText {
		var err error
		if text, used, err = d.expander.expand(n.text); err != nil {
			d.fail(path, "%v", err)
			return
		}
		d.remember(path, n.text, used, t)
	}
	if isSecret(t) {
		d.hidden.hide(text, redacted)
	}
	if len(used) == 0 && !written(n.kind, t) {
		d.fail(path, "must be %s, got %s%s", expected(t), n.describe(isSecret(t)), remedy(n, t))
		return
	}
	err := r.set(v, text)
	switch {
	case err == nil:
	case tells(err, text):
		d.fail(path, "%v", err)
	default:
		d.fail(path, "%v, got %s", err, n.describe(isSecret(t)))
	}
}

// remember notes what the references of one value stood for, so that no message and no printed configuration shows it.
// The text of a secret is only kept when there is nothing but references in it.
func (d *decoder) remember(path, source string, used []lookup, t reflect.Type) {
	var references strings.Builder
	for _, l := range used {
		references.WriteString(l.reference)
		d.hidden.hide(l.value, l.reference)
		if isSecret(t) && l.exposed {
			d.warn(path, fmt.Sprintf("every user of this machine may read %s: take the right to read it from others (chmod o-r)", l.file))
		}
	}
	if len(used) > 0 && (!isSecret(t) || references.String() == source) {
		d.references[path] = source
	}
}

// written reports whether YAML writes values of t as scalars of this kind.
func written(kind nodeKind, t reflect.Type) bool {
	switch {
	case kind == kindText:
		return isText(t) || t == durationType || t.Kind() == reflect.String
	case kind == kindNumber:
		return isNumber(t)
	case kind == kindBool:
		return t.Kind() == reflect.Bool
	}
	return false
}

// isNumber reports whether t is a number in the file as well; a duration needs its unit.
func isNumber(t reflect.Type) bool {
	switch t.Kind() {
	case reflect.Int, reflect.Int8, reflect.Int16, reflect.Int32, reflect.Int64,
		reflect.Uint, reflect.Uint8, reflect.Uint16, reflect.Uint32, reflect.Uint64,
		reflect.Float32, reflect.Float64:
		return t != durationType
	}
	return false
}

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

// tells reports whether a type's own error shows the text it objects to already.
func tells(err error, text string) bool {
	return strings.Contains(err.Error(), ", got ") || strings.Contains(err.Error(), strconv.Quote(text))
}

// set converts text to v's type within the rule. Its errors continue "key: ".
func (r rule) set(v reflect.Value, text string) error {
	if len(r.enum) > 0 && !slices.Contains(r.enum, text) {
		return fmt.Errorf("must be one of %s", strings.Join(r.enum, ", "))
	}
	value := reflect.New(v.Type()).Elem()
	if err := setText(value, text); err != nil {
		return err
	}
	if r.min != "" && compareText(value, r.min) < 0 {
		return fmt.Errorf("must be at least %s", r.min)
	}
	if r.max != "" && compareText(value, r.max) > 0 {
		return fmt.Errorf("must be at most %s", r.max)
	}
	v.Set(value)
	return nil
}

// compareText compares a number or duration with a bound as a tag has it.
func compareText(v reflect.Value, bound string) int {
	limit := reflect.New(v.Type()).Elem()
	if err := setText(limit, bound); err != nil {
		return 0 // a tag that is no number bounds nothing
	}
	switch {
	case v.CanInt():
		return cmp.Compare(v.Int(), limit.Int())
	case v.CanUint():
		return cmp.Compare(v.Uint(), limit.Uint())
	case v.CanFloat():
		return cmp.Compare(v.Float(), limit.Float())
	}
	return 0
}

// setDefault converts a default tag to v's type.
func setDefault(v reflect.Value, text string) error {
	switch {
	case v.Kind() == reflect.Pointer:
		target := reflect.New(v.Type().Elem())
		v.Set(target)
		return setDefault(target.Elem(), text)
	case v.Kind() == reflect.Slice && !isText(v.Type()):
		items := splitList(text)
		v.Set(reflect.MakeSlice(v.Type(), len(items), len(items)))
		for i, item := range items {
			if err := setText(v.Index(i), item); err != nil {
				return err
			}
		}
		return nil
	}
	return setText(v, text)
}

// setText converts a scalar's text to v's type. Its errors continue "key: " and do not show the text themselves.
func setText(v reflect.Value, text string) error {
	t := v.Type()
	if isText(t) {
		return unmarshal(v.Addr().Interface().(encoding.TextUnmarshaler), text)
	}
	var err error
	switch {
	case t == durationType:
		var duration time.Duration
		duration, err = time.ParseDuration(text)
		v.SetInt(int64(duration))
	case t.Kind() == reflect.String:
		v.SetString(text)
	case t.Kind() == reflect.Bool:
		v.SetBool(text == "true")
		if text != "true" && text != "false" {
			err = strconv.ErrSyntax
		}
	case isNumber(t):
		err = setNumber(v, text)
	default:
		return fmt.Errorf("is of a type (%s) that cannot be configured", t)
	}
	switch {
	case errors.Is(err, strconv.ErrRange):
		return fmt.Errorf("must be %s that fits in %s", expected(t), t.Kind())
	case err != nil:
		return fmt.Errorf("must be %s", expected(t))
	}
	return nil
}

// setNumber reads decimal numbers only: YAML 1.1 and 1.2 disagree about what 010 is.
func setNumber(v reflect.Value, text string) error {
	digits := strings.TrimPrefix(text, "-")
	if len(digits) > 1 && digits[0] == '0' && digits[1] != '.' || strings.ContainsAny(text, "_+xXpPnNeE") {
		return strconv.ErrSyntax
	}
	bits := v.Type().Bits()
	switch {
	case v.CanInt():
		i, err := strconv.ParseInt(text, 10, bits)
		v.SetInt(i)
		return err
	case v.CanUint():
		u, err := strconv.ParseUint(text, 10, bits)
		v.SetUint(u)
		return err
	default:
		f, err := strconv.ParseFloat(text, bits)
		v.SetFloat(f)
		return err
	}
}

// unmarshal has a type read itself, and turns an error in another library's words into half of a sentence.
func unmarshal(target encoding.TextUnmarshaler, text string) error {
	err := target.UnmarshalText([]byte(text))
	if err == nil || strings.HasPrefix(err.Error(), "must ") {
		return err
	}
	return fmt.Errorf("is not valid (%w)", err)
}
