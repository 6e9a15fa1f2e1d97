package app_test

import (
	"encoding/json"
	"reflect"
	"strings"
	"testing"

	"chatgate/cmd/internal/app"
)

func sampleSchema(t *testing.T) []byte {
	t.Helper()
	got, err := app.Schema(sample{}, sampleOptions())
	if err != nil {
		t.Fatal(err)
	}
	return got
}

func TestSchemaDescribesTheConfiguration(t *testing.T) { golden(t, "schema.json", sampleSchema(t)) }

func TestSchemaOfDefaultsAndBounds(t *testing.T) {
	got, err := app.Schema(new(tagged), app.Options{})
	if err != nil {
		t.Fatal(err)
	}
	golden(t, "schema-tags.json", got)
}

// Every key that Decode binds is in the schema, and the schema has no others.
func TestSchemaHasEveryKeyThatDecodeBinds(t *testing.T) {
	var root schemaNode
	if err := json.Unmarshal(sampleSchema(t), &root); err != nil {
		t.Fatal(err)
	}
	checkKeys(t, "", reflect.TypeFor[sample](), root)
	for kind, typ := range map[string]reflect.Type{
		"rocketchat": reflect.TypeFor[rocketchatSample](), "talk": reflect.TypeFor[talkSample](),
	} {
		definition := root.Defs["kind."+kind]
		delete(definition.Properties, "kind")
		checkKeys(t, kind, typ, definition)
	}
}

// schemaNode is what the walk needs of a JSON Schema.
type schemaNode struct {
	Properties           map[string]schemaNode `json:"properties"`
	AdditionalProperties json.RawMessage       `json:"additionalProperties"`
	Defs                 map[string]schemaNode `json:"$defs"`
}

func checkKeys(t *testing.T, path string, typ reflect.Type, got schemaNode) {
	t.Helper()
	if string(got.AdditionalProperties) != "false" {
		t.Errorf("the schema of %q allows unknown keys", path)
	}
	bound := boundKeys(typ)
	for key, inner := range bound {
		property, ok := got.Properties[key]
		if !ok {
			t.Errorf("the schema of %q lacks %s", path, key)
			continue
		}
		if inner.Kind() == reflect.Struct {
			checkKeys(t, path+"."+key, inner, property)
		}
	}
	if len(got.Properties) != len(bound) {
		t.Errorf("the schema of %q has %d keys, want %d", path, len(got.Properties), len(bound))
	}
}

// boundKeys asks Decode itself: it names all settings of a struct when it meets a key that is near none.
func boundKeys(typ reflect.Type) map[string]reflect.Type {
	err := app.Decode("x", []byte("'?????????': 1"), reflect.New(typ).Interface(), sampleOptions())
	keys := map[string]reflect.Type{}
	_, list, _ := strings.Cut(err.Error(), "the settings here are ")
	list, _, _ = strings.Cut(list, "\n")
	for _, key := range strings.Split(list, ", ") {
		keys[key] = reflect.TypeFor[string]()
	}
	for i := range typ.NumField() {
		f := typ.Field(i)
		if inner := f.Type; inner.Kind() == reflect.Pointer && keys[f.Tag.Get("yaml")] != nil {
			keys[f.Tag.Get("yaml")] = inner.Elem()
		} else if keys[f.Tag.Get("yaml")] != nil {
			keys[f.Tag.Get("yaml")] = inner
		}
	}
	return keys
}
