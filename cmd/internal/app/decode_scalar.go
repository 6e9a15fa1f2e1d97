package app

import (
	"fmt"
	"reflect"
	"strconv"
	"strings"
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

// tells reports whether a type's own error shows the text it objects to already.
func tells(err error, text string) bool {
	return strings.Contains(err.Error(), ", got ") || strings.Contains(err.Error(), strconv.Quote(text))
}
