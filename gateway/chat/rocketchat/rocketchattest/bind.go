package rocketchattest

import (
	"encoding/json"
	"errors"
	"fmt"
	"reflect"
	"slices"
	"strings"
)

// bind decodes a request body as Rocket.Chat's JSON schemas do: keys are exact, unknown ones are violations, and so are
// missing ones marked `schema:"required"` and values of another type. Nested structs are held to the same rules.
func bind(body []byte, into any) error {
	if v := violations(body, reflect.TypeOf(into).Elem()); len(v) > 0 {
		return thrown("invalid-params", strings.Join(v, "\n "), nil)
	}
	return bindTolerant(body, into)
}

// bindTolerant is bind for the endpoints of older versions that never looked at unknown keys.
func bindTolerant(body []byte, into any) error {
	err := json.Unmarshal(body, into)
	var mismatch *json.UnmarshalTypeError
	if errors.As(err, &mismatch) {
		return thrown("invalid-params", fmt.Sprintf("must be %s", schemaType(mismatch.Type)), nil)
	}
	return err
}

// violations lists in the validator's words what is wrong with the keys of a JSON object meant for the struct t.
func violations(body []byte, t reflect.Type) []string {
	var object map[string]json.RawMessage
	if json.Unmarshal(body, &object) != nil {
		return []string{"must be object"}
	}
	var found []string
	known := map[string]bool{}
	for _, field := range reflect.VisibleFields(t) {
		key, _, _ := strings.Cut(field.Tag.Get("json"), ",")
		known[key] = true
		value, present := object[key]
		if !present && field.Tag.Get("schema") == "required" {
			found = append(found, fmt.Sprintf("must have required property '%s'", key))
		}
		if present && field.Type.Kind() == reflect.Struct {
			found = append(found, violations(value, field.Type)...)
		}
	}
	for key := range object {
		if !known[key] {
			found = append(found, "must NOT have additional properties")
		}
	}
	slices.Sort(found)
	return found
}

func schemaType(t reflect.Type) string {
	switch t.Kind() {
	case reflect.Pointer:
		return schemaType(t.Elem())
	case reflect.Bool:
		return "boolean"
	case reflect.Slice:
		return "array"
	case reflect.Map, reflect.Struct:
		return "object"
	default:
		return "string"
	}
}
